"""Conditions: one grammar for segments, `if`, `when` and history queries, with a closed set of operators."""

from typing import Annotated, Any, Literal, Self  # Any: values before they are checked

from pydantic import BeforeValidator, Field, model_validator

from journey_schemas.comparison import CountComparison, Where
from journey_schemas.duration import Duration
from journey_schemas.written import Many, Written


class What(Written):
    """Which touchpoints: by event name, or what became of a message, or of a human task; `where` narrows."""

    event: Many[str] | None = None
    message: Many[str] | None = None
    task: Many[str] | None = None
    outcome: Many[str] | None = None
    where: Where = Field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether it says which touchpoints."""
        return bool(self.event or self.message or self.task)

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if sum(kind is not None for kind in (self.event, self.message, self.task)) > 1:
            raise ValueError("name one of event, message, task")
        if (self.message or self.task) and not self.outcome:
            raise ValueError("beside message or task stands its outcome, such as clicked")
        if self.outcome and self.event:
            raise ValueError("outcome belongs to message or task; of an event, ask by where")
        return self


class NamedWhat(What):
    """A `What` that must say which touchpoints."""

    @model_validator(mode="after")
    def _named(self) -> Self:
        if not self.is_named:
            raise ValueError("name an event, a message or a task")
        return self


class Windowed(NamedWhat):
    """Touchpoints in a window: `within` back from now, or `since` entry, stage or a date."""

    within: Duration | None = None
    since: str | None = None

    @model_validator(mode="after")
    def _one_window(self) -> Self:
        if self.within is not None and self.since is not None:
            raise ValueError("give within or since, not both")
        return self


class Did(Windowed, CountComparison):
    """So many touchpoints in the window; without a comparison at least one."""


class Measured(Did):
    """An aggregate `of` a property, less that of another; without a comparison it is a value."""

    of: str | None = None
    less: "Less | None" = None
    limit: int | None = Field(default=None, ge=1, le=20)


class Less(NamedWhat):
    """What is taken off a sum."""

    of: str


class Newest(NamedWhat):
    """The newest (or oldest) of these touchpoints, whatever its properties, matches `where`; with `of` a value."""

    within: Duration | None = None
    since: str | None = None
    of: str | None = None


class Sequence(Written):
    """Touchpoints in this order, all inside `within`, first to last in `span`, none of `without` between."""

    of: tuple[NamedWhat, ...] = Field(min_length=2)
    within: Duration | None = None
    span: Duration | None = None
    without: Many[NamedWhat] = ()


class Inside(Written):
    """Is in this journey now, in one of these stages if any are named."""

    journey: str | None = None
    stage: Many[str] = ()


class Reached(CountComparison):
    """Entered a stage so often; without `journey`, in this instance."""

    stage: str
    journey: str | None = None
    within: Duration | None = None
    since: str | None = None


class Subscribed(Written):
    """The person's preference, as feedback told it."""

    topic: str | None = None
    channel: str | None = None


class ConditionForms(Written):
    """The forms of a condition; several in one map must all hold."""

    all: tuple["Condition", ...] | None = None
    any: tuple["Condition", ...] | None = None
    not_: "Condition | None" = Field(default=None, alias="not")
    always: Literal[True] | None = None
    profile: Where | None = None
    event: Where | None = None
    entry: Where | None = None
    item: Where | None = None
    did: Did | None = None
    did_not: Did | None = None
    sum: Measured | None = None
    average: Measured | None = None
    smallest: Measured | None = None
    largest: Measured | None = None
    distinct: Measured | None = None
    count: Measured | None = None
    list: Measured | None = None
    last: Newest | None = None
    first: Newest | None = None
    sequence: Sequence | None = None
    segment: Many[str] | None = None
    inside: Inside | None = None
    came_from: Many[str] | None = None
    reached: Reached | None = None
    subscribed: Subscribed | None = None
    reachable: Many[str] | None = None

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("an empty condition; write always for one that always holds")
        return self


def _normal(value: Any) -> Any:
    return {"always": True} if value == "always" else value


#: A condition: a map of forms, or the word `always`.
Condition = Annotated[ConditionForms, BeforeValidator(_normal)]

Measured.model_rebuild()
ConditionForms.model_rebuild()
