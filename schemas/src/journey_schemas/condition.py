"""Conditions: one grammar for segments, `if`, `when` and history queries. A condition is a level: it holds or not."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.aggregate import MEASURES, Did, DidNot, Measure, Newest, WindowFields, check_less
from journey_schemas.comparison import CountComparison, Where
from journey_schemas.duration import Duration
from journey_schemas.what import What, Whats
from journey_schemas.written import Name, Names, Written, as_many

__all__ = ["Condition", "ConditionForms", "Did", "DidNot", "Inside", "What"]

Channel = Literal["email", "sms", "push", "in_app", "whatsapp", "mail", "webhook", "task"]


Channels = Annotated[
    tuple[Channel, ...],
    Field(min_length=1, max_length=8),
    BeforeValidator(as_many, json_schema_input_type=Channel | tuple[Channel, ...]),
]


class Sequence(Written):
    """These, in this order.

    All inside `within`, first to last in `span`, none of `without` between.
    """

    of: Annotated[Whats, Field(min_length=2)]
    within: Duration | None = None
    span: Duration | None = None
    without: Whats | None = None


class Inside(Written):
    """Is in that journey now; with `stage`, in one of these stages of it."""

    journey: Name
    stage: Names = ()


class Reached(WindowFields, CountComparison):
    """Entered the stage so often, at least once; without `journey`, in this instance."""

    stage: Names
    journey: Name | None = None


class Subscribed(Written):
    """Wants this topic, this channel, or this topic on this channel."""

    topic: Name | None = None
    channel: Channel | None = None

    @model_validator(mode="after")
    def _need_one(self) -> Self:
        if self.topic is None and self.channel is None:
            raise PydanticCustomError("subscribed", "say which `topic` or `channel`")
        return self


class ConditionForms(Written):
    """All forms given must hold. `model_fields_set` tells which; Python's reserved words carry a `_` at the end."""

    all: "Conditions | None" = None
    any: "Conditions | None" = None
    not_: "Condition | None" = None
    always: Literal[True] | None = None
    profile: Where | None = None
    event: Where | None = None
    entry: Where | None = None
    item: Where | None = None
    did: Did | None = None
    did_not: DidNot | None = None
    sum: Measure | None = None
    average: Measure | None = None
    smallest: Measure | None = None
    largest: Measure | None = None
    distinct: Measure | None = None
    last: Newest | None = None
    first: Newest | None = None
    sequence: Sequence | None = None
    segment: Names | None = None
    inside: Inside | None = None
    came_from: Names | None = None
    reached: Reached | None = None
    subscribed: Subscribed | None = None
    reachable: Channels | None = None

    @model_validator(mode="after")
    def _check_forms(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("condition", "a condition needs at least one form, like `did` or `profile`")
        for name in MEASURES:
            measure: Measure | None = getattr(self, name)
            if measure is not None and not measure.compares:
                raise PydanticCustomError("condition", "compare the {key}: at_least, at_most, ...", {"key": name})
            check_less(name, measure)
        return self


def _as_condition(written: Any) -> Any:  # whatever was written; the model checks it
    return {"always": True} if written == "always" else written


#: A condition as people write it: a map, or the word `always`.
Condition = Annotated[
    ConditionForms, BeforeValidator(_as_condition, json_schema_input_type=ConditionForms | Literal["always"])
]
Conditions = Annotated[
    tuple[Condition, ...],
    Field(min_length=1),
    BeforeValidator(as_many, json_schema_input_type=Condition | tuple[Condition, ...]),
]

ConditionForms.model_rebuild()
