"""Durations as people write them: `90s 10m 4h 3d 2w`, exact (`1d` is 24 hours, over clock changes too)."""

import re
from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_UNITS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
_FORM = re.compile(r"(-?)([0-9]{1,10})([smhdw])", re.ASCII)
#: A hundred years: longer than any person's journey, and far from where dates overflow.
_LONGEST_S = 36_525 * 86_400


def parse(text: str) -> timedelta:
    """The duration of `3d` or `-3d`. Raises ValueError on anything else, and above 100 years."""
    form = _FORM.fullmatch(text)
    if form is None:
        message = "a duration is a whole number and a unit, like 90s, 10m, 4h, 3d, 2w"
        raise ValueError(message)
    seconds = int(form[2]) * _UNITS[form[3]]
    if seconds > _LONGEST_S:
        message = "a duration is at most 100 years"
        raise ValueError(message)
    return timedelta(seconds=-seconds if form[1] else seconds)


def to_text(duration: timedelta) -> str:
    """The shortest way to write it: `2w`, `90s`. Inverse of `parse`; fractions of a second cannot be written."""
    seconds = duration // timedelta(seconds=1)
    for unit, size in sorted(_UNITS.items(), key=lambda pair: -pair[1]):
        if seconds % size == 0:
            return f"{seconds // size}{unit}" if seconds else "0s"
    raise AssertionError(seconds)  # every whole number divides by the second


def _signed(written: Any) -> timedelta:  # whatever was written
    if isinstance(written, timedelta):
        return written
    if not isinstance(written, str):
        raise PydanticCustomError("duration", "a duration is a whole number and a unit, like 90s, 10m, 4h, 3d, 2w")
    try:
        return parse(written)
    except ValueError as error:
        raise PydanticCustomError("duration", "{why}", {"why": str(error)}) from error


def _positive(written: Any) -> timedelta:  # whatever was written
    duration = _signed(written)
    if duration <= timedelta():
        raise PydanticCustomError("duration", "a duration here is longer than nothing")
    return duration


_PATTERN = {"type": "string", "pattern": "^[0-9]+[smhdw]$", "examples": ["90s", "10m", "4h", "3d", "2w"]}

#: A positive duration.
Duration = Annotated[
    timedelta, BeforeValidator(_positive), PlainSerializer(to_text, return_type=str), WithJsonSchema(_PATTERN)
]
#: A duration with a sign: `-7d` is a week before.
Offset = Annotated[
    timedelta,
    BeforeValidator(_signed),
    PlainSerializer(to_text, return_type=str),
    WithJsonSchema({**_PATTERN, "pattern": "^-?[0-9]+[smhdw]$"}),
]
