"""Comparing positions at an opening: has Kafka what PostgreSQL has?

PostgreSQL commits first, so it may be one batch ahead of Kafka, never behind and never more.
"""

from collections.abc import Iterable, Mapping
from enum import Enum
from typing import NamedTuple

from journey_runtime.errors import OffsetsDisagree
from journey_runtime.processor import Position

NONE = -1
"""The offset that stands for: no position is committed."""


class Opening(Enum):
    """`PENDING`: PostgreSQL has the last batch, Kafka does not."""

    CLEAN = "clean"
    PENDING = "pending"


class Reached(NamedTuple):
    """How far a batch has come in one partition: from `prev_offset` to `next_offset`."""

    place: Position
    prev_offset: int
    next_offset: int
    batch_seq: int


def compare(reached: Iterable[Reached], batch_seq: int, committed: Mapping[Position, int | None]) -> Opening:
    """How the last batch, `batch_seq`, ended. Raises `OffsetsDisagree`: a person must look at it."""
    rows = {one.place: one for one in reached if one.place in committed}
    last = [one for one in rows.values() if one.batch_seq == batch_seq]
    at = {place: NONE if offset is None else offset for place, offset in committed.items()}
    for place, offset in at.items():
        row = rows.get(place)
        if row is None or row.batch_seq != batch_seq:
            _agree(place, offset, NONE if row is None else row.next_offset)
    if all(at[one.place] == one.next_offset for one in last):
        return Opening.CLEAN
    if all(at[one.place] == one.prev_offset for one in last):
        return Opening.PENDING
    for one in last:
        _agree(one.place, at[one.place], one.next_offset)
    raise AssertionError  # one of them differed


def _agree(place: Position, committed: int, expected: int) -> None:
    if committed != expected:
        topic, partition = place
        raise OffsetsDisagree(f"{topic}/{partition}: Kafka has {committed}, the graph {expected} (-1: none)")
