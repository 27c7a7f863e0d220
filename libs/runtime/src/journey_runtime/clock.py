"""The clock of timers: per partition a time before which everything stored upstream has been applied.

Each probe notes the wall time, then the ends of the outermost topic, waits until each reader of the chain has committed
that far, then notes the ends of our own topic; once these are applied too, the noted time (less a grace for what is
still on its way to Kafka) is the partition's clock. So no timer fires while something older waits unread.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from aiokafka.errors import KafkaError

from journey_runtime import metrics
from journey_runtime.errors import TryAgain
from journey_runtime.log import logger
from journey_runtime.offsets import Offsets

log = logger(__name__)

_JUMP_S = 2.0
_STAND_S = 60.0
_MOST_WAITING = 4_096


def wall_ms() -> int:
    """UTC milliseconds."""
    return time.time_ns() // 1_000_000


class Clock(Protocol):
    """What tasks ask and tell. 0 means: nothing fires yet."""

    def at(self, partition: int) -> int:
        """Timers due at or before this time (ms) may fire in this partition."""
        ...

    def applied(self, topic: str, partition: int, position: int) -> None:
        """Everything of this partition before `position` is applied and committed."""
        ...

    def closed(self, partitions: Iterable[int]) -> None:
        """These partitions are no longer ours."""
        ...


class ManualClock:
    """A clock that moves only when told, for tests."""

    def __init__(self, at_ms: int = 0) -> None:
        self.at_ms = at_ms

    def at(self, partition: int) -> int:
        return self.at_ms

    def applied(self, topic: str, partition: int, position: int) -> None:
        """Nothing to learn."""

    def closed(self, partitions: Iterable[int]) -> None:
        """Nothing to forget."""


class ProbedClock:
    """The clock of a processor that reads `topic`, at the end of `chain`: (topic, the service that reads it) pairs.

    For stage-engine: chain `(("touchpoints", "identity"),)`, topic `resolved-touchpoints`.
    """

    def __init__(
        self,
        offsets: Offsets,
        *,
        chain: tuple[tuple[str, str], ...],
        topic: str,
        grace_ms: int = 1_000,
        interval_ms: int = 1_000,
        ask_ms: int = 100,
        now_ms: Callable[[], int] = wall_ms,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._offsets = offsets
        self._chain = chain
        self._topic = topic
        self._grace_ms = grace_ms
        self._interval_s = interval_ms / 1000
        self._ask_s = ask_ms / 1000
        self._now_ms = now_ms
        self._monotonic = monotonic
        self._applied: dict[int, int] = {}
        self._at: dict[int, int] = {}
        self._waiting: dict[int, deque[tuple[int, int]]] = {}
        self._last: tuple[int, float] | None = None
        self._stands_until = 0.0

    def at(self, partition: int) -> int:
        return self._at.get(partition, 0)

    def applied(self, topic: str, partition: int, position: int) -> None:
        if topic == self._topic:
            self._applied[partition] = position
            self._settle(partition)

    def closed(self, partitions: Iterable[int]) -> None:
        for partition in partitions:
            self._applied.pop(partition, None)
            self._waiting.pop(partition, None)

    async def run(self) -> None:
        """Probe for ever, one probe in flight."""
        while True:
            begun = self._monotonic()
            try:
                await self.probe()
            except (KafkaError, TryAgain) as error:
                log.warning("clock_probe_failed", error=type(error).__name__)
            if self._applied:
                lowest = min(self.at(partition) for partition in self._applied)
                metrics.clock_lag.set((self._now_ms() - lowest) / 1000 if lowest else 0)
            await asyncio.sleep(max(0.0, begun + self._interval_s - self._monotonic()))

    async def probe(self) -> None:
        """One probe: ends when the chain has applied what stood in its topics when the probe began."""
        if not self._is_steady():
            return
        noted_ms = self._now_ms()
        counts = await self._offsets.partition_counts()
        for topic, reader in self._chain:
            if topic not in counts:
                raise TryAgain(f"{topic} is not there")
            ends = await self._offsets.log_ends([(topic, number) for number in range(counts[topic])])
            while any(ends.values()):
                committed = await self._offsets.committed(reader, ends)
                if all((committed[place] or 0) >= end for place, end in ends.items() if end):
                    break
                await asyncio.sleep(self._ask_s)
        own = sorted(self._applied)
        ends = await self._offsets.log_ends([(self._topic, number) for number in own])
        for partition in own:
            waiting = self._waiting.setdefault(partition, deque())
            if len(waiting) >= _MOST_WAITING:
                waiting.pop()
            waiting.append((ends[self._topic, partition], noted_ms - self._grace_ms))
            self._settle(partition)

    def _settle(self, partition: int) -> None:
        waiting = self._waiting.get(partition)
        applied = self._applied.get(partition)
        while waiting and applied is not None and waiting[0][0] <= applied:
            _, at_ms = waiting.popleft()
            if at_ms > self._at.get(partition, 0):
                self._at[partition] = at_ms

    def _is_steady(self) -> bool:
        """Whether wall and monotonic time agree; after a jump the clock stands, then the new wall time holds."""
        wall, monotonic = self._now_ms(), self._monotonic()
        if self._last is not None:
            drift = (wall - self._last[0]) / 1000 - (monotonic - self._last[1])
            if abs(drift) > _JUMP_S:
                self._stands_until = monotonic + _STAND_S
                metrics.clock_jumps.inc()
                log.warning("clock_jumped", seconds=round(drift, 3))
        self._last = (wall, monotonic)
        return monotonic >= self._stands_until
