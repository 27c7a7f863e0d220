"""Triggers: what `enter`, `exit`, `objective` and `wait_for` look for. In a list any one will do."""

from typing import TYPE_CHECKING, Self

from pydantic import Field, model_validator

from journey_schemas.condition import Condition, What
from journey_schemas.duration import Duration
from journey_schemas.times import TimeFields
from journey_schemas.written import Many

if TYPE_CHECKING:
    from journey_schemas.step import Step


class Trigger(What, TimeFields):
    """A touchpoint (a moment), a condition (`when`, a level), or a time.

    `if` must hold with the touchpoint counted in.
    """

    if_: Condition | None = Field(default=None, alias="if")
    when: Condition | None = None
    schedule: str | None = None

    @model_validator(mode="after")
    def _looks_for_something(self) -> Self:
        kinds = [self.is_named, self.when is not None, self.is_time or self.schedule is not None]
        if not any(kinds) and "reach" not in type(self).model_fields:
            raise ValueError("a trigger names an event, a message, a task, a when, or a time")
        if self.is_named and self.when is not None:
            raise ValueError("give an event or a when, not both; beside an event stands if")
        return self


class EnterTrigger(Trigger):
    """What lets people in."""

    each: str | None = None
    max_age: Duration | None = None
    existing: bool = False


class ExitTrigger(Trigger):
    """What takes people out, and the reason that is recorded."""

    reason: str = "exit rule"


class WaitTrigger(Trigger):
    """What a `wait_for` waits for, and the steps that follow it."""

    then: "Many[Step]" = ()


class Objective(Trigger):
    """What a journey is for: a stage reached or a trigger, within a time from entry. Recorded once; ends nothing."""

    reach: str | None = None
    within: Duration | None = None
    target: str | None = Field(default=None, pattern=r"^\d{1,3}(\.\d+)?\s*%$")

    @model_validator(mode="after")
    def _one_aim(self) -> Self:
        if (self.reach is not None) == (self.is_named or self.when is not None):
            raise ValueError("an objective is a stage (reach) or a trigger (event or when), one of them")
        return self
