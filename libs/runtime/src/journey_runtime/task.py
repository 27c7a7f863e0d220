"""A task: a fixed set of partitions with one owner, one transactional producer and one store.

Each step's place in the order is its safety. Opening: the producer fences the former owner and ends its transaction;
only then the store is fenced, positions are read and the store catches up. A batch: states, outputs, dead letters and
positions become true in one transaction, and only after it the local copy follows. A task that failed in any step is
dropped and opened again; it never goes on with the same producer.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar  # Any: aiokafka's classes and each service's reference type

from journey_runtime import metrics
from journey_runtime.clock import Clock, wall_ms
from journey_runtime.dead_letter import Breaker, dead_letter
from journey_runtime.errors import (
    PositionAboveLogEnd,
    PositionBelowLogStart,
    PositionsExpired,
    Stop,
    StoreAway,
    StoreFenced,
    TransactionFailed,
)
from journey_runtime.log import logger
from journey_runtime.offsets import Offsets
from journey_runtime.processor import (
    Batch,
    Due,
    Effects,
    Key,
    Out,
    Plan,
    Position,
    Processor,
    Record,
    due_keys,
    plan,
    process,
)
from journey_runtime.transaction import AtPoint, commit, nothing, send_all

E = TypeVar("E")
S = TypeVar("S")

log = logger(__name__)

_ABORT_S = 2.0
_STOP_S = 5.0
_BACK_OFF_S = (0.1, 5.0)
_BLOCK_S = 0.05
_REPAIR = "run `positions --from-state`"
_MISSED = "retention passed it; read what is missing, then run `positions --to-start`"
MOST_RECORDS = 2_000
MOST_BYTES = 4 << 20


class StorePort(Protocol[S]):
    """Keeps the states of one task. The task calls it in the order of these methods, one call at a time.

    For a store outside Kafka `before_commit` makes the states durable; for a local copy of a changelog `after_commit`
    brings the copy level. After an exception `load` is asked again; that of any other method re-opens the task.
    """

    async def fence(self, task: int) -> None:
        """Make the former owner's writes fail. Only for a store outside Kafka."""
        ...

    async def has_state(self, partition: int) -> bool:
        """Whether committed states of this partition exist: then a missing committed position is an error.

        Records of aborted transactions are no state. A store that compares positions itself in `open` answers False.
        """
        ...

    async def open(self, task: int, committed: Mapping[Position, int | None]) -> tuple[Out, ...]:
        """Catch up to the committed positions (None: none yet). Returns outputs that a dead owner left unsent."""
        ...

    async def load(self, keys: Collection[Key]) -> Mapping[Key, S | None]:
        """The states of `keys`, None where there is none; it may bring more than was asked for."""
        ...

    def due(self, partition: int, up_to_ms: int, limit: int) -> list[Due]:
        """Keys with timers due at or before `up_to_ms`, in index order."""
        ...

    def sweep(self, partition: int, limit: int) -> list[bytes]:
        """Keys that have not yet met the present reference; empty when the sweep is over.

        They come back in `Effects.due` of the batch that applied them, and their last one in `Effects.swept`.
        """
        ...

    async def before_commit(self, effects: Effects[S]) -> None:
        """Write what must be durable before Kafka commits. Raises `StoreFenced` when a newer owner holds the store."""
        ...

    def changelog(self, effects: Effects[S]) -> tuple[Out, ...]:
        """One record per written key, with its partition."""
        ...

    async def after_commit(self, effects: Effects[S], offsets: Mapping[int, int]) -> None:
        """Kafka has it: bring the copy level. `offsets` is the next changelog offset per partition written."""
        ...

    async def close(self) -> None:
        """Give up what was opened; the task may be opened again later."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskParts(Generic[E, S]):
    """What all tasks of a process share, and what makes their differing parts.

    `producer(name)` builds a transactional producer, `store(task, partitions)` a store, `reference()` the snapshot that
    rules read; it changes between batches only. `prefix` is that of the environment. Without `clock` no timer fires.
    """

    service: str
    version: str
    prefix: str
    processor: Processor[E, S]
    tasks: int
    store: Callable[[int, Mapping[str, tuple[int, ...]]], StorePort[S]]
    producer: Callable[[str], Any]
    offsets: Offsets
    breaker: Breaker
    clock: Clock | None = None
    reference: Callable[[], Any] = lambda: None
    now_ms: Callable[[], int] = wall_ms
    at_point: AtPoint = nothing
    report: Callable[[str, bool, str], None] = field(default=lambda name, ok, detail: None)


class Task(Generic[E, S]):
    """Task `number` of `parts.tasks`: partition p of every topic read is its own when p % tasks == number."""

    def __init__(self, parts: TaskParts[E, S], number: int, counts: Mapping[str, int]) -> None:
        self.number = number
        self.owned = {topic: tuple(range(number, counts[topic], parts.tasks)) for topic in parts.processor.reads}
        self.partitions = tuple(sorted({one for own in self.owned.values() for one in own}))
        self._parts = parts
        self._counts = counts
        self._group = parts.prefix + parts.service
        self._store = parts.store(number, self.owned)
        self._producer: Any = None
        self._is_in_transaction = False
        self._cost_s = _BLOCK_S / MOST_RECORDS
        self._scanned: dict[int, int] = {}

    # -- opening and closing -------------------------------------------------------------------------------------------

    async def open(self) -> dict[Position, int]:
        """Take the task over; returns where to read. Raises `Stop` kinds for positions that a person must look at."""
        parts = self._parts
        producer = parts.producer(f"{parts.service}.task-{self.number}")
        self._producer = producer
        await producer.start()
        with _as_away("fence"):
            await self._store.fence(self.number)
        committed, starts = await self._checked_positions()
        with _as_away("open"):
            unsent = await self._store.open(self.number, committed)
        parts.at_point("caught_up")
        if unsent:
            await self._transact(unsent, {})
        self._scanned.clear()
        if parts.clock is not None:
            for (topic, partition), position in starts.items():
                parts.clock.applied(topic, partition, position)
        return starts

    async def _checked_positions(self) -> tuple[dict[Position, int | None], dict[Position, int]]:
        places = [(topic, partition) for topic, own in self.owned.items() for partition in own]
        offsets = self._parts.offsets
        committed = await offsets.committed(self._parts.service, places)
        log_starts, log_ends = await offsets.log_starts(places), await offsets.log_ends(places)
        starts = {}
        for place, offset in committed.items():
            topic, partition = place
            if offset is None:
                if any(committed[other] is not None for other in places if other[1] == partition):
                    starts[place] = log_starts[place]  # a topic that was added to those read
                    continue
                with _as_away("has_state"):
                    has_state = await self._store.has_state(partition)
                if has_state:
                    raise PositionsExpired(f"{topic}/{partition}: state exists, no committed position: {_REPAIR}")
                starts[place] = log_starts[place]
            elif offset < log_starts[place]:
                raise PositionBelowLogStart(f"{topic}/{partition}: {offset} is below {log_starts[place]}, {_MISSED}")
            elif offset > log_ends[place]:
                raise PositionAboveLogEnd(f"{topic}/{partition}: {offset} is above {log_ends[place]}: re-created?")
            else:
                starts[place] = offset
        return committed, starts

    async def drop(self, outcome: str = "aborted") -> None:
        """Forget what is not committed: abort within 2 s, close the producer within 5 s; the next owner fences it."""
        producer, self._producer = self._producer, None
        if producer is None:
            return
        if self._is_in_transaction:
            self._is_in_transaction = False
            metrics.transactions.labels(outcome).inc()
            with contextlib.suppress(Exception):
                await asyncio.wait_for(producer.abort_transaction(), _ABORT_S)
        with contextlib.suppress(Exception):
            await asyncio.wait_for(producer.stop(), _STOP_S)

    async def close(self) -> None:
        """Give the task up, its store too."""
        if self._parts.clock is not None:
            self._parts.clock.closed(self.partitions)
        await self.drop()
        await self._store.close()

    # -- one batch -----------------------------------------------------------------------------------------------------

    @property
    def most_records(self) -> int:
        """Records of one batch: fewer when rules are so slow that they would block the event loop over 50 ms."""
        return max(1, min(MOST_RECORDS, int(_BLOCK_S / self._cost_s)))

    def due(self, *, is_busy: bool) -> tuple[tuple[Due, ...], dict[int, bytes]]:
        """Timers that may fire now, then keys of the sweep, and the last of these per partition; few while busy."""
        clock = self._parts.clock
        if clock is None:
            return (), {}
        found: list[Due] = []
        limit = 500 if is_busy else 2_000
        for partition in self.partitions:
            up_to_ms = clock.at(partition)
            if up_to_ms and up_to_ms != self._scanned.get(partition) and len(found) < limit:
                wanted = limit - len(found)
                fired = self._store.due(partition, up_to_ms, wanted)
                found.extend(fired)
                if len(fired) < wanted:
                    self._scanned[partition] = up_to_ms
        swept: dict[int, bytes] = {}
        room = 20 if is_busy or found else 500
        for partition in self.partitions:
            keys = self._store.sweep(partition, room) if room > 0 else []
            if keys:
                room -= len(keys)
                swept[partition] = keys[-1]
                found.extend(Due(partition, key, clock.at(partition)) for key in keys)
        return tuple(found), swept

    async def batch(
        self,
        records: Sequence[Record],
        positions: Mapping[Position, int],
        due: tuple[Due, ...] = (),
        swept: Mapping[int, bytes] | None = None,
    ) -> None:
        """Carry one batch through; `positions` are those past the markers behind the last records. Any exception means:
        drop and open again."""
        parts, at_point = self._parts, self._parts.at_point
        at_point("taken")
        begun = time.perf_counter()
        work = plan(parts.processor, records)
        decoded = time.perf_counter()
        keys = work.keys | due_keys(parts.processor, due) if due else work.keys
        states = await self._load(keys) if keys else {}
        loaded = time.perf_counter()
        at_point("loaded")
        now_ms = parts.now_ms()
        effects = self._decide(work, states, due, now_ms)
        effects.swept = dict(swept or {})
        for place, position in positions.items():
            if position > effects.positions.get(place, -1):
                effects.positions[place] = position
        decided = time.perf_counter()
        self._learn_cost(len(records) + len(due), (decoded - begun) + (decided - loaded))
        at_point("processed")
        parts.breaker.check(effects.count, effects.dead, time.monotonic())
        with _as_away("before_commit"):
            await self._store.before_commit(effects)
        at_point("before_commit")
        stored = time.perf_counter()
        metrics.batch_seconds.labels("decode").observe(decoded - begun)
        metrics.batch_seconds.labels("decide").observe(decided - loaded)
        await self._commit(effects, now_ms, store_s=(loaded - decoded) + (stored - decided))

    def _decide(self, work: Plan[E], states: Mapping[Key, S | None], due: tuple[Due, ...], now_ms: int) -> Effects[S]:
        parts = self._parts
        batch = Batch(work, states, self._counts, parts.reference(), due)
        return process(parts.processor, batch, now_ms)

    async def _commit(self, effects: Effects[S], now_ms: int, *, store_s: float) -> None:
        """The transaction, then the local copy, then what is told about it."""
        parts = self._parts
        changelog = self._store.changelog(effects)
        letters = [
            dead_letter(
                one,
                service=parts.service,
                version=parts.version,
                at_ms=now_ms,
                timer_topic=parts.processor.reads[-1],
                partitions=self._counts,
            )
            for one in effects.dead
        ]
        next_offsets = await self._transact([*changelog, *effects.out, *letters], effects.positions, now_ms)
        parts.at_point("committed")
        committed = time.perf_counter()
        logs = {one.topic for one in changelog}
        with _as_away("after_commit"):
            await self._store.after_commit(
                effects, {partition: offset for (topic, partition), offset in next_offsets.items() if topic in logs}
            )
        metrics.batch_seconds.labels("store").observe(store_s + time.perf_counter() - committed)
        self._tell(effects)

    async def commit_positions(self, positions: Mapping[Position, int]) -> None:
        """Commit positions that moved past transaction markers only; a store outside Kafka notes them first."""
        with _as_away("before_commit"):
            await self._store.before_commit(Effects(dict(positions)))
        await self._transact([], positions)
        self._applied(positions)

    async def _transact(
        self, outs: Sequence[Out], positions: Mapping[Position, int], now_ms: int | None = None
    ) -> dict[Position, int]:
        parts, producer = self._parts, self._producer
        at_ms = parts.now_ms() if now_ms is None else now_ms
        begun = time.perf_counter()
        try:
            await producer.begin_transaction()
            self._is_in_transaction = True
            parts.at_point("begun")
            next_offsets = await send_all(producer, outs, prefix=parts.prefix, now_ms=at_ms, at_point=parts.at_point)
            sent = time.perf_counter()
            await commit(producer, positions, prefix=parts.prefix, group=self._group, at_point=parts.at_point)
        except Exception as error:  # - the client raises anything, AssertionError too: all mean the same
            raise TransactionFailed(type(error).__name__) from error
        self._is_in_transaction = False
        metrics.batch_seconds.labels("send").observe(sent - begun)
        metrics.batch_seconds.labels("commit").observe(time.perf_counter() - sent)
        metrics.transactions.labels("committed").inc()
        return next_offsets

    async def _load(self, keys: Collection[Key]) -> Mapping[Key, S | None]:
        """Ask until the store answers: nothing was begun yet, so the records can wait."""
        pause, longest = _BACK_OFF_S
        name = f"store_of_task_{self.number}"
        while True:
            try:
                states = await self._store.load(keys)
            except Exception as error:  # noqa: BLE001 - whatever keeps a store from answering: ask again
                self._parts.report(name, False, type(error).__name__)  # noqa: FBT003 - `Health.report`
                log.warning("store_away", task=self.number, error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
                continue
            self._parts.report(name, True, "")  # noqa: FBT003 - `Health.report`
            return states

    def _learn_cost(self, inputs: int, seconds: float) -> None:
        if inputs:
            self._cost_s += 0.2 * (seconds / inputs - self._cost_s)

    def _tell(self, effects: Effects[S]) -> None:
        for topic, count in effects.processed.items():
            metrics.records.labels(topic, "processed").inc(count)
        for topic, count in effects.duplicates.items():
            metrics.records.labels(topic, "duplicate").inc(count)
        for one in effects.dead:
            topic = one.record.topic if one.record is not None else "timer"
            metrics.records.labels(topic, "dead_lettered").inc()
            log.warning("dead_letter", task=self.number, topic=topic, code=one.code, detail=one.message)
        if len(effects.due) > len(effects.failed_due):
            self._scanned.clear()
        self._applied(effects.positions)

    def _applied(self, positions: Mapping[Position, int]) -> None:
        clock = self._parts.clock
        if clock is not None:
            for (topic, partition), position in positions.items():
                clock.applied(topic, partition, position)


@contextlib.contextmanager
def _as_away(call: str) -> Iterator[None]:
    """What a store raises means: re-open, for as long as it takes. What names its meaning passes."""
    try:
        yield
    except (Stop, StoreFenced):
        raise
    except Exception as error:
        raise StoreAway(f"{call}: {type(error).__name__}") from error
