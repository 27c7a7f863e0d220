"""How states, timer rows and notes lie in the three column families.

| family | key | value |
|---|---|---|
| `state` | u16be partition, profile id | u64be row, changelog value |
| `timers` | u16be partition, u64be row in ms, profile id | empty |
| `meta` | text | text |

`row` is the place of the profile's only index row in `timers`, 0 for none.
"""

from struct import Struct
from typing import NamedTuple

STATE, TIMERS, META = "state", "timers", "meta"

_PARTITION = Struct(">H")
_ROW = Struct(">Q")
_PLACE = Struct(">HQ")


class TimerRow(NamedTuple):
    """One index row: look at this profile's timers at `row_ms`."""

    partition: int
    row_ms: int
    profile: bytes


def state_key(partition: int, profile: bytes) -> bytes:
    """Key of a profile's state."""
    return _PARTITION.pack(partition) + profile


def state_value(row_ms: int, packed: bytes) -> bytes:
    """Value of a profile's state."""
    return _ROW.pack(row_ms) + packed


def split_value(value: bytes) -> tuple[int, bytes]:
    """Row and packed state of a value."""
    return _ROW.unpack_from(value)[0], value[8:]


def profile_of(key: bytes) -> bytes:
    """The profile id in a state's key."""
    return key[2:]


def partition_prefix(partition: int) -> bytes:
    """What all keys of one partition begin with, in `state` and in `timers`."""
    return _PARTITION.pack(partition)


def timer_key(row: TimerRow) -> bytes:
    """Key of an index row; keys sort by partition, then time, then profile."""
    return _PLACE.pack(row.partition, row.row_ms) + row.profile


def timer_row(key: bytes) -> TimerRow:
    """The index row of a key."""
    partition, row_ms = _PLACE.unpack_from(key)
    return TimerRow(partition, row_ms, key[10:])
