"""How far each group is behind, seen from outside: from committed positions and the logs themselves.

An end offset alone misleads: each transaction leaves a marker behind its last record, which nobody ever reads. So where
a position is before the end, the record there is looked for with a committed reading; none found means no lag.
"""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any  # Any: aiokafka's consumer carries no types

from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from journey_runtime.errors import TryAgain
from journey_runtime.log import logger
from journey_runtime.offsets import Offsets
from journey_runtime.processor import Position
from metrics import metrics

log = logger(__name__)

#: Who reads what. `touchpoints` is written by applications too, the rest by the platform.
READS: Mapping[str, tuple[str, ...]] = {
    "identity": ("touchpoints",),
    "stage-engine": ("resolved-touchpoints", "profile-handoffs"),
    "dispatcher": ("message-commands",),
    "metrics": ("resolved-touchpoints", "stage-transitions", "deliveries"),
}
_LOOK_S = 1.0
_ROUND_MS = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """Of one group on one topic: records not read, and how long ago the oldest of them was stored."""

    group: str
    topic: str
    records: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Found:
    """The first record at or after a position: its offset and time; both None where there is only a marker."""

    offset: int | None
    stored_s: float | None


class LagProbe:
    """Looks from time to time. `latest` is empty until the first look."""

    def __init__(self, offsets: Offsets, consumer: Any, prefix: str) -> None:
        self._offsets = offsets
        self._consumer = consumer
        self._prefix = prefix
        self._known: dict[tuple[Position, int, int], _Found] = {}
        self.latest: list[Lag] = []

    async def run(self, every_s: float) -> None:
        """Look until cancelled; a failed look leaves the last one standing."""
        while True:
            try:
                self.latest = await self.look()
            except (KafkaError, TryAgain, OSError) as error:
                log.warning("lag_unknown", error=type(error).__name__)
            for one in self.latest:
                metrics.lag_records.labels(one.group, one.topic).set(one.records)
                metrics.lag_seconds.labels(one.group, one.topic).set(one.seconds)
            await asyncio.sleep(every_s)

    async def look(self) -> list[Lag]:
        """The lag of every group on every topic of it that exists."""
        counts = await self._offsets.partition_counts()
        places = {
            (topic, partition)
            for topics in READS.values()
            for topic in topics
            for partition in range(counts.get(topic, 0))
        }
        if not places:
            return []
        # Positions before ends: in the other order a group could seem to be ahead of the log.
        committed = {
            group: await self._offsets.committed(group, [place for place in sorted(places) if place[0] in topics])
            for group, topics in READS.items()
        }
        ends, starts = await self._offsets.log_ends(places), await self._offsets.log_starts(places)
        found = []
        used: dict[tuple[Position, int, int], _Found] = {}
        for group, topics in READS.items():
            behind = {}
            for place, offset in committed[group].items():
                at = max(starts[place], offset or 0)
                if at < ends[place]:
                    behind[place] = at
            first = await self._first_records(behind, ends)
            used.update({(place, at, ends[place]): first[place] for place, at in behind.items()})
            found += [_lag(group, topic, first, ends) for topic in topics if counts.get(topic)]
        self._known = used
        return found

    async def _first_records(
        self, behind: Mapping[Position, int], ends: Mapping[Position, int]
    ) -> dict[Position, _Found]:
        """The first record of each partition at or after the position given; what was seen before is not read again."""
        found = {
            place: self._known[place, at, ends[place]]
            for place, at in behind.items()
            if (place, at, ends[place]) in self._known
        }
        open_ = {TopicPartition(self._prefix + place[0], place[1]): place for place in behind if place not in found}
        if not open_:
            return found
        self._consumer.assign(list(open_))
        for partition, place in open_.items():
            self._consumer.seek(partition, behind[place])
        deadline = time.monotonic() + _LOOK_S
        while open_ and time.monotonic() < deadline:
            fetched = await self._consumer.getmany(*open_, timeout_ms=_ROUND_MS)
            for partition, records in fetched.items():
                if records and partition in open_:
                    place = open_.pop(partition)
                    found[place] = _Found(records[0].offset, records[0].timestamp / 1000)
            for partition in list(open_):
                # Past the end without a record: markers only, or an open transaction that nobody can read yet.
                stable = self._consumer.last_stable_offset(partition)
                at = await self._consumer.position(partition)
                if stable is not None and at >= stable:
                    found[open_.pop(partition)] = _Found(None, None)
        for place in open_.values():
            found[place] = _Found(behind[place], time.time())
        self._consumer.unsubscribe()
        return found


def _lag(group: str, topic: str, first: Mapping[Position, _Found], ends: Mapping[Position, int]) -> Lag:
    records, oldest = 0, None
    for place, one in first.items():
        if place[0] == topic and one.offset is not None and one.stored_s is not None:
            records += ends[place] - one.offset
            oldest = one.stored_s if oldest is None else min(oldest, one.stored_s)
    return Lag(
        group=group, topic=topic, records=records, seconds=0.0 if oldest is None else max(0.0, time.time() - oldest)
    )
