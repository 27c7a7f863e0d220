"""The loop of a processor: one consumer reads for all tasks of the process; Faust starts, watches and stops it.

Reads the topics of the processor and writes what its rules say, through one transactional producer per task. The only
module that knows Faust and the group's consumer.
"""

import asyncio
import contextlib
import os
import shutil
import socket
import tempfile
import threading
import time
from collections import deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any, Generic, TypeVar  # Any: aiokafka, Faust and mode carry no types

import faust
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import IllegalStateError, KafkaError, NoOffsetForPartitionError, OffsetOutOfRangeError
from faust.app.base import BootStrategy
from mode import Service

from journey_runtime import metrics
from journey_runtime.assignor import task_assignor
from journey_runtime.clients import consumer
from journey_runtime.clock import ProbedClock
from journey_runtime.errors import TwoOwners, WrongTopics
from journey_runtime.health import Health
from journey_runtime.log import logger
from journey_runtime.runner import Runner, is_asked, records_of
from journey_runtime.settings import RuntimeSettings
from journey_runtime.task import Task, TaskParts

E = TypeVar("E")
S = TypeVar("S")

log = logger(__name__)

_POLL_MS = 100
_BACK_OFF_S = (0.1, 5.0)
_WATCHDOG_S = 12.0
_MOST_GIVEN, _GIVEN_S = 6, 60.0


class TaskWorker(Service, Generic[E, S]):
    """Runs the tasks that the group gives to this process. `failure` is what ended it, if anything did."""

    def __init__(self, settings: RuntimeSettings, parts: TaskParts[E, S], health: Health) -> None:
        super().__init__()
        self.failure: BaseException | None = None
        self.over = asyncio.Event()
        self._settings = settings
        self._parts = parts
        self._health = health
        self._counts: dict[str, int] = {}
        self._consumer: Any = None
        self._runners: dict[int, Runner[E, S]] = {}
        self._background: list[asyncio.Task[None]] = []
        self._is_leaving = False
        self._given: deque[tuple[float, tuple[int, ...]]] = deque(maxlen=_MOST_GIVEN)

    # -- started, watched and stopped by Faust -------------------------------------------------------------------------

    async def on_start(self) -> None:
        """Wait for the broker, check the topics, join the group."""
        parts = self._parts
        await self._until_broker(parts.offsets.start)
        self._counts = await parts.offsets.partition_counts()
        missing = [topic for topic in parts.processor.reads if not self._counts.get(topic)]
        if missing:
            raise WrongTopics(f"topics that are read do not exist: {', '.join(missing)}")
        assignor = task_assignor(parts.tasks, self._settings.instance_name)
        self._consumer = consumer(
            self._settings, group=parts.service, partition_assignment_strategy=(assignor,), retry_backoff_ms=50
        )
        names = [parts.prefix + topic for topic in parts.processor.reads]
        self._consumer.subscribe(names, listener=_Listener(self._assigned, self._revoked))
        self._background = [asyncio.create_task(self._guarded(self._read()))]
        if isinstance(parts.clock, ProbedClock):
            self._background.append(asyncio.create_task(self._guarded(parts.clock.run())))

    async def on_stop(self) -> None:
        """Finish or abort the batches, then leave; bounded by the watchdog of `host`."""
        self._is_leaving = True
        self._health.stopping()
        for one in self._background:
            one.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        await self._revoked(set())
        if self._consumer is not None:
            await self._consumer.stop()
        await self._parts.offsets.stop()

    async def fail(self, reason: BaseException) -> None:
        """End the process because of `reason`."""
        if self.failure is None:
            self.failure = reason
            self.over.set()
            await self.crash(reason)

    async def _guarded(self, work: Awaitable[None]) -> None:
        try:
            await work
        except asyncio.CancelledError as error:
            if not is_asked():
                await self.fail(error)
            raise
        except Exception as error:  # noqa: BLE001 - passed on whole: it ends the process
            await self.fail(error)

    async def _until_broker(self, connect: Callable[[], Awaitable[None]]) -> None:
        pause, longest = _BACK_OFF_S
        while True:
            try:
                await connect()
            except KafkaError as error:
                self._health.report("kafka", False, type(error).__name__)  # noqa: FBT003 - read as "kafka not ok"
                log.warning("broker_away", error=type(error).__name__)
                await asyncio.sleep(pause)
                pause = min(pause * 2, longest)
                continue
            self._health.report("kafka", True)  # noqa: FBT003 - read as "kafka ok"
            return

    # -- ownership -----------------------------------------------------------------------------------------------------

    async def _assigned(self, assigned: set[Any]) -> None:
        if self._is_leaving:
            return
        prefix, tasks = self._parts.prefix, self._parts.tasks
        numbers = sorted({partition.partition % tasks for partition in assigned})
        metrics.rebalances.inc()
        self._given.append((time.monotonic(), tuple(numbers)))
        if self._is_contested():
            await self.fail(TwoOwners(f"another process is {self._settings.instance_name} too: give each its own name"))
            return
        metrics.tasks_expected.set(len(numbers))
        self._consumer.pause(*assigned)
        for number in numbers:
            task = Task(self._parts, number, self._counts)
            partitions = [TopicPartition(prefix + topic, one) for topic, own in task.owned.items() for one in own]
            runner = Runner(task, self._still_ours, partial(self._resume, number, partitions))
            self._runners[number] = runner
            runner.start(self.fail)
        log.info("tasks_assigned", tasks=",".join(map(str, numbers)))
        self._health.mark_started()
        self._report_tasks()

    def _is_contested(self) -> bool:
        """The same tasks over and over: a twin with our instance name joins whenever we do."""
        return (
            len(self._given) == _MOST_GIVEN
            and len({numbers for _, numbers in self._given}) == 1
            and self._given[-1][0] - self._given[0][0] < _GIVEN_S
        )

    async def _revoked(self, revoked: set[Any]) -> None:
        runners, self._runners = self._runners, {}
        results = await asyncio.gather(*(runner.finish() for runner in runners.values()), return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                log.warning("task_close_failed", error=f"{type(result).__name__}: {result}")
        metrics.tasks_open.set(0)
        if runners:
            log.info("tasks_closed", tasks=",".join(map(str, sorted(runners))))

    async def _still_ours(self) -> None:
        """Wait for a heartbeat: after it the group has told us if another process owns our tasks."""
        await asyncio.sleep(self._settings.session_seconds / 6 + 0.3)

    def _resume(self, number: int, partitions: list[Any]) -> None:
        runner = self._runners.get(number)
        if runner is not None and runner.is_paused:
            with contextlib.suppress(IllegalStateError):
                self._consumer.resume(*partitions)
            runner.is_paused = False

    def _report_tasks(self) -> None:
        is_open = [runner.is_open for runner in self._runners.values()]
        metrics.tasks_open.set(sum(is_open))
        detail = f"{sum(is_open)} of {len(is_open)} tasks open"
        self._health.report("tasks", all(is_open), detail)

    # -- reading -------------------------------------------------------------------------------------------------------

    async def _read(self) -> None:
        """The one reading loop. Seeks happen here, between two polls, so that no record read before a seek is delivered
        after it."""
        await self._until_broker(self._consumer.start)
        while True:
            self._health.tick()
            self._seek()
            try:
                found = await self._consumer.getmany(timeout_ms=_POLL_MS)
            except NoOffsetForPartitionError:
                await asyncio.sleep(_POLL_MS / 1000)  # a task not open yet: its opening seeks
                continue
            except OffsetOutOfRangeError as error:
                log.error("position_out_of_range", detail=str(error))
                await self._revoked(set())
                await self._assigned(self._consumer.assignment())
                continue
            for partition, records in found.items():
                self._deliver(partition, records)
            await self._note_positions()
            self._report_tasks()
            self._health.progress()

    def _seek(self) -> None:
        for runner in list(self._runners.values()):
            if runner.seek_to is None:
                continue
            try:
                for (topic, number), offset in runner.seek_to.items():
                    partition = TopicPartition(self._parts.prefix + topic, number)
                    self._consumer.seek(partition, offset)
                    self._consumer.resume(partition)
            except IllegalStateError:
                continue  # revoked meanwhile: the listener closes the task
            runner.begin()

    def _deliver(self, partition: Any, found: list[Any]) -> None:
        runner = self._runners.get(partition.partition % self._parts.tasks)
        if runner is None or not runner.is_delivering:
            return
        topic = partition.topic.removeprefix(self._parts.prefix)
        records, size = records_of(topic, partition.partition, found)
        runner.deliver((topic, partition.partition), records, size)

    async def _note_positions(self) -> None:
        for runner in list(self._runners.values()):
            if not runner.is_delivering:
                continue
            partitions = [
                TopicPartition(self._parts.prefix + topic, number)
                for topic, own in runner.task.owned.items()
                for number in own
            ]
            with contextlib.suppress(IllegalStateError):
                for partition in partitions:
                    position = await self._consumer.position(partition)
                    runner.passed((partition.topic.removeprefix(self._parts.prefix), partition.partition), position)
                if runner.is_full and not runner.is_paused:
                    self._consumer.pause(*partitions)
                    runner.is_paused = True


class _Listener(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka is untyped
    def __init__(
        self, assigned: Callable[[set[Any]], Awaitable[None]], revoked: Callable[[set[Any]], Awaitable[None]]
    ) -> None:
        self._assigned = assigned
        self._revoked = revoked

    async def on_partitions_assigned(self, assigned: Any) -> None:
        await self._assigned(set(assigned))

    async def on_partitions_revoked(self, revoked: Any) -> None:
        await self._revoked(set(revoked))


class _Boot(BootStrategy):
    """Faust hosts; reading and writing are the worker's."""

    enable_kafka_consumer = False
    enable_kafka_producer = False
    enable_web = False
    enable_sensors = False


async def host(settings: RuntimeSettings, worker: TaskWorker[E, S], service: str, stop: asyncio.Event) -> int:
    """Run a worker under a Faust app until `stop` is set or it fails; raises what it failed with.

    A stop that takes over 12 s (the broker is gone) ends the process with exit code 1; the next owner fences what is
    open.
    """
    folder = tempfile.mkdtemp(prefix="waypost-faust-")
    app = faust.App(
        f"waypost-{service}-control-{socket.gethostname()}-{os.getpid()}",
        broker=[f"kafka://{one}" for one in settings.kafka.split(",")],
        datadir=folder,
        web_enabled=False,
        autodiscover=False,
        store="memory://",
    )
    app.boot_strategy = _Boot(app)
    app.producer_only = True
    app.service(worker)  # type: ignore[arg-type] # Faust takes a built service as well as a class
    starting = asyncio.create_task(app.start())
    stopping = asyncio.create_task(stop.wait())
    over = asyncio.create_task(worker.over.wait())
    try:
        await asyncio.wait({starting, stopping, over}, return_when=asyncio.FIRST_COMPLETED)
        if starting.done():
            starting.result()
        await asyncio.wait({stopping, over}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        watchdog = threading.Timer(_WATCHDOG_S, os._exit, args=(1,))
        watchdog.daemon = True
        watchdog.start()
        for one in (starting, stopping, over):
            one.cancel()
        await asyncio.gather(starting, stopping, over, return_exceptions=True)
        await app.stop()
        watchdog.cancel()
        shutil.rmtree(folder, ignore_errors=True)
    if worker.failure is not None:
        raise worker.failure
    return 0
