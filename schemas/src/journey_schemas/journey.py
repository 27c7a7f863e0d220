"""A journey: a statechart per person."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.condition import Condition
from journey_schemas.duration import Duration
from journey_schemas.path import PathText
from journey_schemas.share import Share
from journey_schemas.step import Steps
from journey_schemas.trigger import Enters, Exits, Objective
from journey_schemas.written import Name, Names, Texts, Words, Written, as_many

#: Words that the language uses where a stage could stand.
RESERVED_STAGES = frozenset({"entry", "none", "exit"})


class StageMap(Written):
    """What the journey map shows beside a stage."""

    touchpoints: Texts | None = None
    pains: Texts | None = None
    owner: Words | None = None


class Stage(Written):
    """A state that behaviour decides.

    Without `when` it is reached by `goto` only, or as the first. `from` names the stages one may come from (`entry`:
    on entering the journey); without it, any.
    """

    stage: Name
    phase: Name | None = None
    map: StageMap | None = None
    when: Condition | None = None
    from_: Names | None = None
    steps: Steps = ()
    final: StrictBool = False


class Journey(Written):
    """One journey file.

    `reenter` counts per key from the last exit. `max_per` maps a duration to how many entries a person may have in it.
    """

    journey: Name
    title: Words | None = None
    owner: Words | None = None
    objective: Objective | None = None
    priority: Annotated[int, Field(strict=True, ge=0, le=100)] = 50
    enter: Enters = ()
    key: PathText | None = None
    reenter: Literal["never", "always"] | Duration = "never"
    max_per: Annotated[dict[Duration, Annotated[int, Field(strict=True, ge=1)]], Field(min_length=1)] | None = None
    exit: Exits = ()
    holdout: Share | None = None
    rollout: Literal["shadow"] | Share | None = None
    status: Literal["live", "closed", "paused", "ended"] = "live"
    migrate: Annotated[dict[str, str], Field(min_length=1)] | None = None
    on_merge: Literal["furthest", "winner", "both", "exit"] = "furthest"
    historical: StrictBool = False
    stages: Annotated[
        tuple[Stage, ...],
        Field(min_length=1),
        BeforeValidator(as_many, json_schema_input_type=Stage | tuple[Stage, ...]),
    ]

    @model_validator(mode="after")
    def _check_keys(self) -> Self:
        if self.on_merge == "both" and self.key is None:
            raise PydanticCustomError("on_merge", "`on_merge: both` needs a `key`", {"key": "on_merge"})
        return self
