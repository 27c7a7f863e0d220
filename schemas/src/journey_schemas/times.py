"""Times have one shape in `wait`, `up_to`, `due` and triggers."""

from typing import Annotated, Any, Literal, Self  # Any: values before they are checked

from pydantic import BeforeValidator, Field, model_validator

from journey_schemas.duration import Duration, Offset
from journey_schemas.written import Many, Written

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun", "weekdays"]


class TimeFields(Written):
    """A duration, a date, a local time of day; each narrows the one before it to the first such time not before."""

    for_: Duration | None = Field(default=None, alias="for")
    since: Literal["entry", "stage"] | None = None
    date: str | None = None
    offset: Offset | None = None
    every: Literal["year"] | None = None
    time: str | None = Field(default=None, pattern=r"^([01]\d|2[0-3]):[0-5]\d$")
    days: Many[Day] | None = None
    zone: str | None = None

    @property
    def is_time(self) -> bool:
        """Whether any part of a time is given."""
        return any(value is not None for value in (self.for_, self.date, self.time))


class TimeForms(TimeFields):
    """A time that must say something."""

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.is_time:
            raise ValueError("a time is a duration (3d), or has for, date or time")
        if self.for_ is not None and self.date is not None:
            raise ValueError("give for or date, not both")
        return self


def _normal(value: Any) -> Any:
    return {"for": value} if isinstance(value, str) else value


#: A time: a bare duration, or a map.
Time = Annotated[TimeForms, BeforeValidator(_normal)]
