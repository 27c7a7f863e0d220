"""The clock's promise: what was stored upstream before it has been applied to the partition."""

import asyncio
from collections.abc import Iterable
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from journey_runtime.clock import ProbedClock
from journey_runtime.offsets import Offsets
from journey_runtime.processor import Position

FRONT, OWN, READER = "touchpoints", "resolved-touchpoints", "identity"
PARTITIONS = 2


class World(Offsets):
    """Touchpoints are stored, a reader resolves them in transactions, an engine applies them; all at its own pace.

    Whatever asks the broker gives the others a moment, so that schedules differ by the seed.
    """

    def __init__(self, seed: int) -> None:
        super().__init__({})
        self.random = Random(seed)
        self.at_ms = 10_000
        self.stored: list[tuple[int, int]] = []
        self.resolved_until = 0
        self.own: list[list[int]] = [[] for _ in range(PARTITIONS)]
        self.open_transaction: list[list[int]] | None = None
        self.applied = [0] * PARTITIONS
        self.is_reader_stuck = False
        self.is_idle = False
        self.clock = ProbedClock(
            self,
            chain=((FRONT, READER),),
            topic=OWN,
            grace_ms=0,
            ask_ms=0,
            now_ms=lambda: self.at_ms,
            monotonic=lambda: self.at_ms / 1000,
        )

    def live(self) -> None:
        for _ in range(0 if self.is_idle else self.random.randint(0, 6)):
            self.at_ms += self.random.randint(0, 400)
            self.random.choice((self._store, self._store, self._resolve, self._resolve, self._apply, self._stall))()
            self.check()

    def _store(self) -> None:
        self.stored.append((self.at_ms, self.random.randrange(PARTITIONS)))

    def _resolve(self) -> None:
        if self.is_reader_stuck:
            return
        if self.open_transaction is None:
            until = min(len(self.stored), self.resolved_until + self.random.randint(1, 5))
            self.open_transaction = [
                [number for number in range(self.resolved_until, until) if self.stored[number][1] == partition]
                for partition in range(PARTITIONS)
            ]
            return
        for partition, numbers in enumerate(self.open_transaction):
            self.own[partition].extend(numbers)
            self.resolved_until += len(numbers)
        self.open_transaction = None

    def _apply(self) -> None:
        partition = self.random.randrange(PARTITIONS)
        new = self.random.randint(0, 3)
        self.applied[partition] = min(len(self.own[partition]), self.applied[partition] + new)
        self.clock.applied(OWN, partition, self.applied[partition])

    def _stall(self) -> None:
        self.is_reader_stuck = self.random.random() < 0.2

    def check(self) -> None:
        for partition in range(PARTITIONS):
            clock = self.clock.at(partition)
            done = set(self.own[partition][: self.applied[partition]])
            for number, (stored_at, goes_to) in enumerate(self.stored):
                if goes_to == partition and stored_at < clock:
                    assert number in done, f"clock {clock} ran ahead of a touchpoint stored at {stored_at}"

    async def partition_counts(self) -> dict[str, int]:
        self.live()
        return {FRONT: 1, OWN: PARTITIONS}

    async def log_ends(self, positions: Iterable[Position]) -> dict[Position, int]:
        self.live()
        return {
            (topic, number): len(self.stored) if topic == FRONT else len(self.own[number])
            for topic, number in positions
        }

    async def committed(self, group: str, positions: Iterable[Position]) -> dict[Position, int | None]:
        assert group == READER
        self.live()
        if self.is_reader_stuck and self.random.random() < 0.3:
            self.is_reader_stuck = False
        return dict.fromkeys(positions, self.resolved_until or None)


@settings(max_examples=400, deadline=None)
@given(seed=st.integers(0, 1 << 40))
def test_no_clock_runs_ahead_of_what_is_stored_upstream_and_not_applied(seed: int) -> None:
    world = World(seed)
    for partition in range(PARTITIONS):
        world.clock.applied(OWN, partition, 0)

    async def probe_often() -> None:
        for _ in range(6):
            await world.clock.probe()
            world.live()

    asyncio.run(probe_often())


async def test_an_idle_platform_lets_the_clock_go_on() -> None:
    world = World(1)
    world.is_idle = True
    world.clock.applied(OWN, 0, 0)
    await world.clock.probe()
    assert world.clock.at(0) == 10_000
    world.at_ms = 11_000
    await world.clock.probe()
    assert world.clock.at(0) == 11_000


async def test_before_the_first_probe_and_without_its_partition_nothing_fires() -> None:
    world = World(1)
    await world.clock.probe()
    assert [world.clock.at(partition) for partition in range(PARTITIONS)] == [0, 0]


async def test_after_a_jump_of_the_wall_clock_the_clock_stands_for_a_minute() -> None:
    world = World(1)
    world.is_idle = True
    wall = {"ms": 0}
    monotonic = {"s": 0.0}
    clock = ProbedClock(
        world, chain=(), topic=OWN, grace_ms=0, now_ms=lambda: wall["ms"], monotonic=lambda: monotonic["s"]
    )
    clock.applied(OWN, 0, 0)

    async def probe_at(wall_ms: int, monotonic_s: float) -> int:
        wall["ms"], monotonic["s"] = wall_ms, monotonic_s
        await clock.probe()
        return clock.at(0)

    assert await probe_at(1_000, 1) == 1_000
    assert await probe_at(3_602_000, 2) == 1_000
    assert await probe_at(3_661_000, 61) == 1_000
    assert await probe_at(3_663_000, 63) == 3_663_000
