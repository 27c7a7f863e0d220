"""Times: one shape for `wait`, `up_to`, `due` and triggers."""

import re
from datetime import date
from typing import Annotated, Any, Literal, Self, get_args

from pydantic import BeforeValidator, Field, PlainValidator, WithJsonSchema, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.duration import Duration, Offset
from journey_schemas.path import is_path, parse
from journey_schemas.written import Written, as_many

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)

Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
WEEKDAYS: tuple[str, ...] = get_args(Weekday)


def _clock(written: Any) -> str:  # whatever was written
    if not isinstance(written, str) or not _CLOCK.fullmatch(written):
        raise PydanticCustomError("clock", 'a time of day is written like "09:30", from 00:00 to 23:59')
    return written


def _days(written: Any) -> Any:  # whatever was written; the element type checks it
    return WEEKDAYS[:5] if written == "weekdays" else as_many(written)


def _zone(written: Any) -> str:  # whatever was written
    if not isinstance(written, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_+\-]*(/[A-Za-z0-9_+\-]+)*", written):
        raise PydanticCustomError("zone", "a time zone is written like Europe/Berlin")
    return written


def _date(written: Any) -> str:  # whatever was written
    text = "a date is a path like $profile.birthday, or written like 2026-12-24"
    if not isinstance(written, str):
        raise PydanticCustomError("date", text)
    try:
        if is_path(written):
            parse(written)
        else:
            date.fromisoformat(written)
    except ValueError as error:
        raise PydanticCustomError("date", text) from error
    return written


def _since(written: Any) -> str:  # whatever was written
    if isinstance(written, str):
        if written in {"entry", "stage"}:
            return written
        try:
            return date.fromisoformat(written).isoformat()
        except ValueError:
            pass
    raise PydanticCustomError("since", "since is `entry`, `stage` or a date like 2026-01-31")


#: "HH:MM", local.
Clock = Annotated[str, PlainValidator(_clock), WithJsonSchema({"type": "string", "pattern": _CLOCK.pattern})]
#: An IANA name; whether it exists is checked where zones are at hand.
Zone = Annotated[str, PlainValidator(_zone), WithJsonSchema({"type": "string", "examples": ["Europe/Berlin"]})]
Days = Annotated[
    tuple[Weekday, ...],
    Field(min_length=1, max_length=7),
    BeforeValidator(_days, json_schema_input_type=Literal[Weekday, "weekdays"] | tuple[Weekday, ...]),
]
#: A path to a date, or a date.
DateText = Annotated[
    str, PlainValidator(_date), WithJsonSchema({"type": "string", "examples": ["$profile.birthday", "2026-12-24"]})
]
#: Where a window begins: `entry`, `stage`, or a calendar date (in UTC).
Since = Annotated[
    str,
    PlainValidator(_since),
    WithJsonSchema({"type": "string", "examples": ["entry", "stage", "2026-01-31"]}),
]


class TimeFields(Written):
    """The keys that say when.

    `for` a duration, counted from now, or `since` the entry or the visit's start; or a `date` (a path or
    `2026-12-24`) moved by `offset`, `every` year. `time`, `days` and `zone` move it to the first such local time not
    before; `time` or `days` alone is the next one.
    """

    for_: Duration | None = None
    since: Literal["entry", "stage"] | None = None
    date: DateText | None = None
    offset: Offset | None = None
    every: Literal["year"] | None = None
    time: Clock | None = None
    days: Days | None = None
    zone: Zone | None = None

    @property
    def is_time(self) -> bool:
        """Whether it says when; a trigger may hold an event instead."""
        return self.for_ is not None or self.date is not None or self.time is not None or self.days is not None

    @model_validator(mode="after")
    def _check_time(self) -> Self:
        if self.for_ is not None and self.date is not None:
            raise PydanticCustomError("time", "`for` and `date` exclude each other", {"key": "date"})
        for key, value, needs, basis in (
            ("since", self.since, "for", self.for_),
            ("offset", self.offset, "date", self.date),
            ("every", self.every, "date", self.date),
        ):
            if value is not None and basis is None:
                raise PydanticCustomError("time", "`{key}` needs a `{needs}`", {"key": key, "needs": needs})
        return self


class TimeForms(TimeFields):
    """One time."""

    @model_validator(mode="after")
    def _need_time(self) -> Self:
        if not self.is_time:
            raise PydanticCustomError("time", "say when: a duration, `for`, `date` or `time`")
        return self


def _as_time(written: Any) -> Any:  # whatever was written; the model checks it
    return written if isinstance(written, dict | TimeForms) else {"for": written}


#: A time as people write it: `3d`, or a map.
Time = Annotated[TimeForms, BeforeValidator(_as_time, json_schema_input_type=TimeForms | Duration)]
