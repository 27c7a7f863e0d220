"""Durations and shares as people write them. A duration is exact: `1d` is 24 hours, over clock changes too."""

import re
from datetime import timedelta
from typing import Annotated, Any  # Any: values before they are checked

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema

_UNITS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PATTERN = re.compile(r"(-?)(\d{1,7})([wdhms])")
_SHARE = re.compile(r"(\d{1,3}(?:\.\d+)?)\s*%")


def parse_duration(value: Any) -> Any:
    """`90s 10m 4h 3d 2w` as a timedelta. Raises ValueError on anything else."""
    if isinstance(value, timedelta):
        return value
    found = _PATTERN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError("a duration is a whole number with a unit: 90s, 10m, 4h, 3d, 2w")
    sign, number, unit = found.groups()
    return timedelta(seconds=int(number) * _UNITS[unit] * (-1 if sign else 1))


def duration_text(value: timedelta) -> str:
    """The shortest writing of a duration; the inverse of `parse_duration`."""
    seconds = int(value.total_seconds())
    for unit, size in _UNITS.items():
        if seconds % size == 0:
            return f"{seconds // size}{unit}"
    raise AssertionError("every number of seconds is a multiple of one")


def _positive(value: timedelta) -> timedelta:
    if value <= timedelta(0):
        raise ValueError("must be longer than nothing")
    return value


_SCHEMA = WithJsonSchema({"type": "string", "pattern": r"^-?\d{1,7}[wdhms]$"})
_WRITTEN = PlainSerializer(duration_text, return_type=str, when_used="json")

#: A length of time, above zero.
Duration = Annotated[timedelta, BeforeValidator(lambda value: _positive(parse_duration(value))), _WRITTEN, _SCHEMA]
#: A length of time that may point back.
Offset = Annotated[timedelta, BeforeValidator(parse_duration), _WRITTEN, _SCHEMA]


def _parse_share(value: Any) -> Any:
    if isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    found = _SHARE.fullmatch(value) if isinstance(value, str) else None
    if found is None or float(found.group(1)) > 100:
        raise ValueError("a share is a percentage from 0% to 100%, such as 10%")
    return float(found.group(1))


#: Percent, from 0 to 100.
Share = Annotated[
    float,
    BeforeValidator(_parse_share),
    PlainSerializer(lambda value: f"{value:g}%", return_type=str, when_used="json"),
    WithJsonSchema({"type": "string", "pattern": r"^\d{1,3}(\.\d+)?\s*%$"}),
]
