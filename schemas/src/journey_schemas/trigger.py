"""Triggers: what `enter`, `exit`, `objective` and `wait_for` look for. In a list any one will do."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.aggregate import Property
from journey_schemas.condition import Condition
from journey_schemas.duration import Duration
from journey_schemas.share import Share
from journey_schemas.times import TimeFields
from journey_schemas.what import What
from journey_schemas.written import Name, Words, as_many

Kind = Literal["what", "when", "time", "schedule"]


class Trigger(What, TimeFields):
    """A touchpoint (`event`, `message`, `task`), a condition (`when`), a time, or a `schedule` (RRULE).

    `if` narrows all but `when`. `kind` tells which of the four it is; the keys of the others are None.
    """

    if_: Condition | None = None
    when: Condition | None = None
    schedule: Annotated[str, Field(pattern=r"^(RRULE:)?FREQ=[A-Z]+(;[A-Z]+=[^;]+)*$")] | None = None

    @property
    def names_trigger(self) -> bool:
        """Whether there is anything to look for."""
        return bool(self._kinds())

    @property
    def kind(self) -> Kind:
        """Which of the four it is."""
        return self._kinds()[0]

    def _kinds(self) -> tuple[Kind, ...]:
        kinds: list[Kind] = []
        if self.is_named:
            kinds.append("what")
        if self.when is not None:
            kinds.append("when")
        if self.schedule is not None:
            kinds.append("schedule")
        elif self.is_time:
            kinds.append("time")
        return tuple(kinds)

    @model_validator(mode="after")
    def _check_trigger(self) -> Self:
        kinds = self._kinds()
        if len(kinds) > 1:
            text = "a trigger is one thing, here are two: {a} and {b}"
            raise PydanticCustomError("trigger", text, {"a": _NAMES[kinds[0]], "b": _NAMES[kinds[1]]})
        if self.when is not None and self.if_ is not None:
            raise PydanticCustomError("trigger", "put `if` into the `when`", {"key": "if"})
        if self.schedule is not None and (self.for_ is not None or self.date is not None or self.days is not None):
            raise PydanticCustomError("trigger", "a `schedule` takes `time` and `zone` only", {"key": "schedule"})
        if self.zone is not None and kinds and kinds[0] in {"what", "when"}:
            raise PydanticCustomError("trigger", "`zone` belongs to a time", {"key": "zone"})
        return self


_NAMES: dict[Kind, str] = {
    "what": "something that happens",
    "when": "a condition (`when`)",
    "time": "a time",
    "schedule": "a `schedule`",
}


class NamedTrigger(Trigger):
    """One trigger."""

    @model_validator(mode="after")
    def _need_trigger(self) -> Self:
        if not self.names_trigger:
            raise PydanticCustomError("trigger", "say what to look for: `event`, `message`, `task`, `when` or a time")
        return self


class EnterTrigger(NamedTrigger):
    """What lets a person in.

    `max_age` refuses late touchpoints; `existing`, beside `when`, also takes those for whom it held at the publish;
    `each` makes one entry per element of a list property.
    """

    max_age: Duration | None = None
    existing: StrictBool = False
    each: Property | None = None

    @model_validator(mode="after")
    def _check_entry(self) -> Self:
        if self.existing and self.when is None:
            raise PydanticCustomError("enter", "`existing` belongs to `when`", {"key": "existing"})
        for key, value in (("max_age", self.max_age), ("each", self.each)):
            if value is not None and self.kind != "what":
                raise PydanticCustomError("enter", "`{key}` belongs to an `event`", {"key": key})
        if self.for_ is not None:
            raise PydanticCustomError("enter", "nobody enters after a duration: name a `date`", {"key": "for"})
        return self


class ExitTrigger(NamedTrigger):
    """What takes a person out, and why."""

    reason: Words

    @model_validator(mode="after")
    def _check_exit(self) -> Self:
        _refuse_schedule(self)
        return self


class Objective(Trigger):
    """What the journey is for: a stage to `reach`, or a trigger; `within` from entry, with a target."""

    reach: Name | None = None
    within: Duration | None = None
    target: Share | None = None

    @model_validator(mode="after")
    def _check_objective(self) -> Self:
        if (self.reach is not None) == self.names_trigger:
            raise PydanticCustomError("objective", "an objective is a stage to `reach` or a trigger, one of them")
        _refuse_schedule(self)
        return self


def _refuse_schedule(trigger: Trigger) -> None:
    if trigger.schedule is not None:
        raise PydanticCustomError("trigger", "`schedule` belongs to `enter` only", {"key": "schedule"})


Enters = Annotated[
    tuple[EnterTrigger, ...],
    Field(min_length=1),
    BeforeValidator(as_many, json_schema_input_type=EnterTrigger | tuple[EnterTrigger, ...]),
]
Exits = Annotated[
    tuple[ExitTrigger, ...],
    Field(min_length=1),
    BeforeValidator(as_many, json_schema_input_type=ExitTrigger | tuple[ExitTrigger, ...]),
]
