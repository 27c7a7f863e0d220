"""Cells of the rollups: what facts are counted under. A cell with its count is one row."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from typing import NamedTuple, Protocol, TypeVar


class JourneyCell(NamedTuple):
    """A count of a journey.

    `kind`: entered, exited (`way` = reason), objective, stage_entered, stage_reached (instances, each once), moved
    (`stage` to `way`; `entry` and `exit` are the ends), stage_exited (`way` = reason), refused, passed, stuck.
    """

    journey: str
    version: str
    day: date
    kind: str
    stage: str
    way: str


class MessageCell(NamedTuple):
    """A count of commands by outcome; `commanded` is an outcome too."""

    journey: str
    stage: str
    message: str
    day: date
    channel: str
    outcome: str
    reason: str


class TouchCell(NamedTuple):
    """A count of touchpoints by event."""

    event: str
    day: date


C = TypeVar("C")
K = TypeVar("K")
D = TypeVar("D")


class Countable(Protocol[C]):
    """A row that adds to counts."""

    def cells(self) -> list[C]:
        """The cells to which it adds one each."""


def day_of(at: datetime) -> date:
    """The day in UTC."""
    return at.astimezone(UTC).date()


def difference(before: Mapping[K, Countable[D]], after: Iterable[tuple[K, Countable[D]]]) -> Counter[D]:
    """What the counts change by when rows become what they are after; cells that do not change are left out."""
    change: Counter[D] = Counter()
    for key, row in after:
        change.update(row.cells())
        old = before.get(key)
        if old is not None:
            change.subtract(old.cells())
    return Counter({cell: n for cell, n in change.items() if n})
