"""Runs one task: takes what waits, carries it through, and opens the task again after any failure."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Generic, TypeVar

from aiokafka.errors import InvalidProducerEpoch, KafkaError, ProducerFenced

from journey_runtime import metrics
from journey_runtime.errors import Stop, StoreFenced, TryAgain, TwoOwners
from journey_runtime.log import logger
from journey_runtime.processor import Position, Record
from journey_runtime.task import MOST_BYTES, Task

E = TypeVar("E")
S = TypeVar("S")

log = logger(__name__)

_BACK_OFF_S = (0.1, 5.0)
_IDLE_S = 0.2
_MARKERS_S = 1.0
_FINISH_S = 5.0
_MOST_WAITING = 4_000
_MOST_WAITING_BYTES = 8 << 20
_MOST_FENCED, _FENCED_S = 3, 60.0
_MOST_UNKNOWN = 5
_SAY_AGAIN_S = 60.0


class Runner(Generic[E, S]):
    """The inbox of one task and the loop that empties it.

    The reading loop of the process delivers: it seeks to `seek_to` when that is set, calls `begin`, and from then on
    `deliver` and `passed`. `still_ours` waits until the group has confirmed that the process is a member.
    """

    def __init__(self, task: Task[E, S], still_ours: Callable[[], Awaitable[None]], resume: Callable[[], None]) -> None:
        self.task = task
        self.seek_to: dict[Position, int] | None = None
        self.is_delivering = False
        self.is_paused = False
        self._still_ours = still_ours
        self._resume = resume
        self._inbox: deque[tuple[Position, list[Record], int]] = deque()
        self._waiting = 0
        self._waiting_bytes = 0
        self._passed: dict[Position, int] = {}
        self._committed: dict[Position, int] = {}
        self._committed_at = 0.0
        self._has_committed = False
        self._wake = asyncio.Event()
        self._is_closing = False
        self._is_open = False
        self._fenced: deque[float] = deque()
        self._unknown = 0
        self._said: tuple[str, float] = ("", 0.0)
        self._running: asyncio.Task[None] | None = None

    @property
    def is_open(self) -> bool:
        """The task works."""
        return self._is_open

    @property
    def is_full(self) -> bool:
        """So much waits that reading must pause."""
        return self._waiting >= _MOST_WAITING or self._waiting_bytes >= _MOST_WAITING_BYTES

    # -- called by the reading loop ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """The consumer stands where the task asked for; what comes from now on is for it."""
        self.seek_to = None
        self.is_delivering = True

    def deliver(self, place: Position, records: list[Record], size: int) -> None:
        """Records of one partition, in offset order, `size` bytes."""
        self._inbox.append((place, records, size))
        self._waiting += len(records)
        self._waiting_bytes += size
        self._wake.set()

    def passed(self, place: Position, position: int) -> None:
        """Everything before `position` was delivered or holds no record."""
        self._passed[place] = position

    # -- life ----------------------------------------------------------------------------------------------------------

    def start(self, on_stop: Callable[[BaseException], Awaitable[None]]) -> None:
        """Run until `finish`; `on_stop` is told of what ends the process."""
        self._running = asyncio.create_task(self._run(on_stop))

    async def finish(self) -> None:
        """Finish the batch within 5 s, else give it up; then close the task."""
        running = self._running
        self._is_closing = True
        self._wake.set()
        if running is not None:
            if self._is_open:
                await asyncio.wait({running}, timeout=_FINISH_S)
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await running
        self._forget()
        await self.task.close()

    async def _run(self, on_stop: Callable[[BaseException], Awaitable[None]]) -> None:
        pause, longest = _BACK_OFF_S
        while not self._is_closing:
            try:
                positions = await self.task.open()
                self._committed = dict(positions)
                self._is_open = True
                self.seek_to = positions
                log.info("task_opened", task=self.task.number)
                await self._work()
            except Stop as error:
                await on_stop(error)
                return
            except (Exception, asyncio.CancelledError) as error:
                if isinstance(error, asyncio.CancelledError) and is_asked():
                    raise
                if self._has_committed:
                    pause, self._has_committed = _BACK_OFF_S[0], False
                fatal = await self._failed(error)
                if fatal is not None:
                    await on_stop(fatal)
                    return
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)

    async def _failed(self, error: BaseException) -> BaseException | None:
        """Forget the batch and close the producer; returns what must end the process."""
        self._forget()
        cause = _cause(error)
        metrics.reopens.labels(cause).inc()
        self._say(cause, error)
        await self.task.drop("fenced" if cause == "fenced" else "aborted")
        if cause == "fenced":
            now = time.monotonic()
            self._fenced.append(now)
            while self._fenced[0] < now - _FENCED_S:
                self._fenced.popleft()
            if len(self._fenced) >= _MOST_FENCED:
                return TwoOwners(f"task {self.task.number} was fenced {_MOST_FENCED} times within {_FENCED_S:.0f} s")
            await self._still_ours()
        if cause == "unknown":
            self._unknown += 1
            if self._unknown >= _MOST_UNKNOWN:
                return error
        return None

    def _forget(self) -> None:
        self._is_open = self.is_delivering = self.is_paused = False
        self.seek_to = None
        self._inbox.clear()
        self._waiting = self._waiting_bytes = 0
        self._passed.clear()

    def _say(self, cause: str, error: BaseException) -> None:
        now = time.monotonic()
        said, at = self._said
        if cause == said and now - at < _SAY_AGAIN_S:
            return
        self._said = (cause, now)
        if cause == "unknown":
            log.exception("task_failed", task=self.task.number, cause=cause)  # noqa: LOG004 - its caller handles one
        else:
            log.warning("task_failed", task=self.task.number, cause=cause, error=f"{type(error).__name__}: {error}")

    # -- work ----------------------------------------------------------------------------------------------------------

    async def _work(self) -> None:
        while not self._is_closing:
            due, swept = self.task.due(is_busy=self._waiting > 0)
            records, moved = self._take()
            if self.is_paused and not self.is_full:
                self._resume()
            if records or due:
                await self.task.batch(records, moved, due, swept)
                self._done(moved)
                continue
            metrics.last_progress.set_to_current_time()
            if moved and time.monotonic() - self._committed_at >= _MARKERS_S:
                await self.task.commit_positions(moved)
                self._done(moved)
                continue
            self._wake.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._wake.wait(), _IDLE_S)

    def _done(self, positions: Mapping[Position, int]) -> None:
        self._committed.update(positions)
        self._committed_at = time.monotonic()
        self._has_committed = True
        self._unknown = 0
        metrics.last_progress.set_to_current_time()

    def _take(self) -> tuple[list[Record], dict[Position, int]]:
        """What one batch may hold, and where reading stands behind it, markers included, if that moved."""
        limit, room = self.task.most_records, MOST_BYTES
        taken: list[Record] = []
        while self._inbox and len(taken) < limit and room > 0:
            place, chunk, size = self._inbox.popleft()
            if len(chunk) > limit - len(taken) or size > room:
                part, part_size = _fitting(chunk, limit - len(taken), room, at_least=0 if taken else 1)
                rest = chunk[len(part) :]
                if rest:
                    self._inbox.appendleft((place, rest, size - part_size))
                if not part:
                    break
                chunk, size = part, part_size
            taken.extend(chunk)
            room -= size
            self._waiting -= len(chunk)
            self._waiting_bytes -= size
        waiting = {place for place, _, _ in self._inbox}
        committed = self._committed
        moved = {place: at for place, at in self._passed.items() if place not in waiting and at > committed[place]}
        return taken, moved


def _fitting(chunk: list[Record], count: int, room: int, *, at_least: int) -> tuple[list[Record], int]:
    """The longest start of a chunk of at most `count` records and `room` bytes, and its bytes."""
    size = number = 0
    for record in chunk[:count]:
        one = record_size(record.key, record.value)
        if size + one > room and number >= at_least:
            break
        size += one
        number += 1
    return chunk[:number], size


def record_size(key: bytes | None, value: bytes | None) -> int:
    """Bytes that count against the limits of an inbox and a batch."""
    return len(key or b"") + len(value or b"")


def is_asked() -> bool:
    """Whether the running asyncio task was asked to end. The client also raises CancelledError of its own."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def _cause(error: BaseException) -> str:
    """Which of a closed set of causes an exception has; its own causes are looked through."""
    found = "unknown"
    one: BaseException | None = error
    while one is not None:
        if isinstance(one, ProducerFenced | InvalidProducerEpoch | StoreFenced):
            return "fenced"
        if "AuthorizationFailed" in type(one).__name__:
            return "refused"
        if found == "unknown":
            if isinstance(one, TryAgain):
                found = "store" if type(one).__name__ == "StoreAway" else "transaction"
            elif isinstance(one, KafkaError | OSError | TimeoutError):
                found = "broker"
        one = one.__cause__
    return found


def records_of(topic: str, partition: int, found: list[Any]) -> tuple[list[Record], int]:  # Any: aiokafka is untyped
    """The client's records as ours, under the catalogue's topic name, and their bytes."""
    records = [
        Record(topic, partition, one.offset, one.timestamp, one.key, one.value, tuple(one.headers)) for one in found
    ]
    return records, sum(len(one.key or b"") + len(one.value or b"") for one in records)
