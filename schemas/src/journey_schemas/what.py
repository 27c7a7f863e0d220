"""*NamedWhat* happened: an event, feedback on a message, or the outcome of a human task."""

from typing import Annotated, Literal, Self, get_args

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.comparison import Where
from journey_schemas.written import Names, Texts, Written, as_many

MessageOutcome = Literal[
    "sent",
    "deferred",
    "delivered",
    "displayed",
    "opened",
    "clicked",
    "replied",
    "bounced",
    "complained",
    "unsubscribed",
    "resubscribed",
    "suppressed",
    "expired",
    "cancelled",
    "failed",
    "unknown",
    "mail_updated",
]
TaskOutcome = Literal[
    "reached_converted",
    "reached_interested",
    "reached_not_interested",
    "callback",
    "voicemail",
    "no_answer",
    "busy",
    "wrong_number",
    "do_not_call",
    "failed",
]
MESSAGE_OUTCOMES: tuple[str, ...] = get_args(MessageOutcome)
TASK_OUTCOMES: tuple[str, ...] = get_args(TaskOutcome)
OUTCOMES = (*MESSAGE_OUTCOMES, *(outcome for outcome in TASK_OUTCOMES if outcome not in MESSAGE_OUTCOMES))

Outcome = Literal[MessageOutcome, TaskOutcome]
Outcomes = Annotated[
    tuple[Outcome, ...],
    Field(min_length=1),
    BeforeValidator(as_many, json_schema_input_type=Outcome | tuple[Outcome, ...]),
]


class What(Written):
    """The keys that say what happened.

    `event` with `where`; or `message` with `outcome` (on any channel, machines left out); or `task`, a queue, with
    `outcome`. Lists: any one of them.
    """

    event: Texts | None = None
    message: Names | None = None
    task: Names | None = None
    outcome: Outcomes | None = None
    where: Where = Field(default_factory=dict)

    @property
    def is_named(self) -> bool:
        """Whether it says what happened at all; a trigger may hold a time instead."""
        return self.event is not None or self.message is not None or self.task is not None

    @model_validator(mode="after")
    def _check_what(self) -> Self:
        kinds = [kind for kind in ("event", "message", "task") if getattr(self, kind) is not None]
        if len(kinds) > 1:
            raise PydanticCustomError("what", "`{a}` and `{b}` exclude each other", {"a": kinds[0], "b": kinds[1]})
        if self.event is None and self.where:
            raise PydanticCustomError("what", "`where` belongs to an `event`", {"key": "where"})
        if self.message is None and self.task is None and self.outcome is not None:
            raise PydanticCustomError("what", "`outcome` belongs to a `message` or a `task`", {"key": "outcome"})
        for kind, known in (("message", MESSAGE_OUTCOMES), ("task", TASK_OUTCOMES)):
            if getattr(self, kind) is None:
                continue
            if self.outcome is None:
                raise PydanticCustomError("what", "`{key}` needs an `outcome`", {"key": kind})
            for outcome in self.outcome:
                if outcome not in known:
                    context = {"key": "outcome", "outcome": outcome, "kind": kind}
                    raise PydanticCustomError("what", "`{outcome}` is no outcome of a {kind}", context)
        return self


def need_what(fields: What) -> None:
    """Refuse keys that say nothing of what happened."""
    if not fields.is_named:
        raise PydanticCustomError("what", "say what happened: `event`, `message` or `task`")


class NamedWhat(What):
    """NamedWhat happened, and nothing else."""

    @model_validator(mode="after")
    def _need_what(self) -> Self:
        need_what(self)
        return self


Whats = Annotated[
    tuple[NamedWhat, ...],
    Field(min_length=1),
    BeforeValidator(as_many, json_schema_input_type=NamedWhat | tuple[NamedWhat, ...]),
]
