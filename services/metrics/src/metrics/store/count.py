"""Counting a batch of facts: rows are folded with what is stored, and the counts change by the difference.

All within the caller's transaction. Whatever is read twice or in another order leads to the same rows, hence counts.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol, Self, TypeVar  # Any: keys are tuples of texts and numbers

import asyncpg

from metrics.decode import Fact
from metrics.domain.cell import C, Countable, JourneyCell, MessageCell, TouchCell, difference
from metrics.domain.instance import Instance
from metrics.domain.merge import Merge
from metrics.domain.outcome import Outcome
from metrics.domain.touch import Identifier, Passing, Touch
from metrics.domain.visit import Reach, Visit
from metrics.store.people import apply_merges, insert_profiles
from metrics.store.table import (
    DELIVERIES,
    IDENTIFIERS,
    INSTANCES,
    PASSINGS,
    REACHES,
    TOUCHES,
    VISITS,
    Row,
    Table,
)


class Folding(Row, Countable[C], Protocol[C]):
    """A row that grows by folding."""

    def fold(self, other: Self) -> Self:
        """Both together."""
        ...


class Fixed(Row, Countable[C], Protocol[C]):
    """A row of which the first record is kept."""


F = TypeVar("F", bound=Folding[Any])
X = TypeVar("X", bound=Fixed[Any])
T = TypeVar("T")


async def count(connection: asyncpg.Connection, facts: Sequence[Fact]) -> int:
    """Write the facts and change the counts; returns how many touchpoints were new."""
    merges = [one for one in facts if isinstance(one, Merge)]
    touches = _of(Touch, facts)
    await _people(connection, touches, merges)
    await IDENTIFIERS.insert(connection, list({one.key: one for one in _of(Identifier, facts)}.values()))

    by_event: Counter[TouchCell] = await _insert(connection, TOUCHES, touches)
    by_journey: Counter[JourneyCell] = await _insert(connection, PASSINGS, _of(Passing, facts))
    by_journey.update(await _fold(connection, INSTANCES, _of(Instance, facts)))
    by_journey.update(await _fold(connection, VISITS, _of(Visit, facts)))
    by_journey.update(await _fold(connection, REACHES, _of(Reach, facts)))
    by_message: Counter[MessageCell] = await _fold(connection, DELIVERIES, _of(Outcome, facts))

    await _add(connection, "touch_daily", TouchCell._fields, by_event)
    await _add(connection, "journey_daily", JourneyCell._fields, by_journey)
    await _add(connection, "message_daily", MessageCell._fields, by_message)
    return by_event.total()


async def _people(connection: asyncpg.Connection, touches: Sequence[Touch], merges: Sequence[Merge]) -> None:
    profiles = {one.profile_id for one in touches}
    profiles.update(profile for one in merges for profile in (one.loser, one.winner))
    new = await insert_profiles(connection, profiles)
    applied = await apply_merges(connection, merges)
    kinds = {("profiles",): new, ("merges",): applied}
    await _add(connection, "people_total", ("kind",), {kind: n for kind, n in kinds.items() if n})


async def _insert(connection: asyncpg.Connection, table: Table[X], rows: Sequence[X]) -> Counter[Any]:
    """Insert what is new; the cells it adds to."""
    if not rows:
        return Counter()
    given: dict[Any, X] = {}
    for row in rows:
        given.setdefault(row.key, row)
    new = await table.insert(connection, list(given.values()))
    return Counter(cell for key in new for cell in given[key].cells())


async def _fold(connection: asyncpg.Connection, table: Table[F], rows: Sequence[F]) -> Counter[Any]:
    """Fold the rows with those stored; how the cells change."""
    if not rows:
        return Counter()
    folded: dict[Any, F] = {}
    for row in rows:
        former = folded.get(row.key)
        folded[row.key] = row if former is None else former.fold(row)
    before = await table.load(connection, folded)
    after = {key: before[key].fold(row) if key in before else row for key, row in folded.items()}
    await table.save(connection, before, after)
    return difference(before, after.items())


async def _add(connection: asyncpg.Connection, table: str, fields: Sequence[str], changes: Mapping[Any, int]) -> None:
    """Add to counts, in the order of their keys so that two batches never wait for each other in a circle."""
    cells = sorted((cell, n) for cell, n in changes.items() if n)
    if not cells:
        return
    names = ", ".join(fields)
    types = ", ".join(f"${n}::{'date' if name == 'day' else 'text'}[]" for n, name in enumerate(fields, 1))
    await connection.execute(
        f"INSERT INTO metrics.{table} AS c ({names}, n) SELECT * FROM unnest({types}, ${len(fields) + 1}::bigint[])"  # noqa: S608 - names of ours
        f" ON CONFLICT ({names}) DO UPDATE SET n = c.n + excluded.n",
        *zip(*(cell for cell, _ in cells), strict=True),
        [n for _, n in cells],
    )


def _of(kind: type[T], facts: Iterable[object]) -> list[T]:
    return [one for one in facts if isinstance(one, kind)]
