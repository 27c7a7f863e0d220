"""A small topic held whole by every process: read from its start, then followed."""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Any

from aiokafka import AIOKafkaConsumer
from aiokafka.errors import KafkaError

from journey_runtime.log import logger
from journey_runtime.processor import Headers

log = logger(__name__)

OnRecord = Callable[[bytes | None, bytes | None, Headers], None]
_BACK_OFF_S = 0.5


class TopicReplica:
    """Follows one topic without a group, `read_committed`, on all its partitions.

    `topic` is the name on the broker. `on_record` is called in the order of each partition, also for tombstones
    (value None). An exception of `on_record` ends the reading and is raised by `caught_up` and `stop`.
    """

    def __init__(self, bootstrap: str, topic: str, on_record: OnRecord, **client_options: Any) -> None:
        self._topic = topic
        self._on_record = on_record
        self._options = {"bootstrap_servers": bootstrap} | client_options
        self._caught_up = asyncio.Event()
        self._running: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Begin to read; returns at once."""
        self._running = asyncio.create_task(self._follow())

    async def stop(self) -> None:
        """End the reading."""
        if self._running is not None:
            self._running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._running

    async def __aenter__(self) -> "TopicReplica":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()

    async def caught_up(self, timeout_s: float | None = None) -> None:
        """Wait until all that was in the topic when reading began was passed on. Starts the reading if needed."""
        if self._running is None:
            await self.start()
        assert self._running is not None
        reached = asyncio.create_task(self._caught_up.wait())
        try:
            done, _ = await asyncio.wait(
                {reached, self._running}, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            reached.cancel()
        if not done:
            raise TimeoutError
        if self._running in done:
            self._running.result()

    async def _follow(self) -> None:
        positions: dict[Any, int] = {}
        while True:
            consumer = AIOKafkaConsumer(
                self._topic,
                isolation_level="read_committed",
                enable_auto_commit=False,
                auto_offset_reset="earliest",
                fetch_max_wait_ms=100,
                **self._options,
            )
            try:
                await consumer.start()
                await self._read(consumer, positions)
            except KafkaError as error:
                log.warning("replica_interrupted", topic=self._topic, error=type(error).__name__)
                await asyncio.sleep(_BACK_OFF_S)
            finally:
                await consumer.stop()

    async def _read(self, consumer: Any, positions: dict[Any, int]) -> None:
        partitions = sorted(consumer.assignment())
        for partition in partitions:
            if partition in positions:
                consumer.seek(partition, positions[partition])
        ends = await consumer.end_offsets(partitions)
        while True:
            for records in (await consumer.getmany(timeout_ms=200)).values():
                for record in records:
                    self._on_record(record.key, record.value, tuple(record.headers))
            for partition in partitions:
                positions[partition] = await consumer.position(partition)
            if not self._caught_up.is_set() and all(positions[one] >= ends[one] for one in partitions):
                self._caught_up.set()
