"""One journey: a statechart per person, in one file."""

from collections.abc import Iterator
from typing import Any, Literal, Self  # Any: steps of all kinds

from pydantic import Field, model_validator

from journey_schemas.condition import Condition
from journey_schemas.duration import Duration, Share
from journey_schemas.step import Step, walk_steps
from journey_schemas.trigger import EnterTrigger, ExitTrigger, Objective
from journey_schemas.written import Many, Written

NAME = r"^[a-z0-9][a-z0-9-]{0,63}$"


class StageMap(Written):
    """What people believe of a stage; the read side shows the figures beside it."""

    touchpoints: Many[str] = ()
    pains: Many[str] = ()
    owner: str | None = None


class Stage(Written):
    """A state that behaviour decides, and the steps that run in it."""

    stage: str = Field(pattern=NAME)
    phase: str | None = None
    map: StageMap | None = None
    when: Condition | None = None
    from_: Many[str] | None = Field(default=None, alias="from")
    steps: Many[Step] = ()
    final: bool = False


class Journey(Written):
    """A journey file."""

    journey: str = Field(pattern=NAME)
    title: str | None = None
    owner: str | None = None
    objective: Objective | None = None
    priority: int = Field(default=50, ge=0, le=100)
    enter: Many[EnterTrigger] = ()
    key: str | None = None
    reenter: Literal["never", "always"] | Duration = "never"
    max_per: dict[str, int] | None = None
    exit: Many[ExitTrigger] = ()
    holdout: Share | None = None
    rollout: Share | Literal["shadow"] | None = None
    status: Literal["live", "closed", "paused", "ended"] = "live"
    migrate: dict[str, str] | None = None
    on_merge: Literal["furthest", "winner", "both", "exit"] = "furthest"
    historical: bool = False
    stages: tuple[Stage, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _different_stages(self) -> Self:
        names = [stage.stage for stage in self.stages]
        twice = {name for name in names if names.count(name) > 1}
        if twice:
            raise ValueError(f"stages carry different names; twice here: {', '.join(sorted(twice))}")
        return self

    def steps(self) -> Iterator[tuple[str, Stage, Any]]:
        """Every step with its id and its stage, in file order."""
        for stage in self.stages:
            for step_id, step in walk_steps(stage.stage, stage.steps):
                yield step_id, stage, step
