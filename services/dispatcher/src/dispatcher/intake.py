"""The loop over `message-commands`: a batch is stored in PostgreSQL, handed to the lanes, and only then committed.

Reads `message-commands`; writes `message-commands-dlq`.
"""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any  # Any: aiokafka carries no types

import asyncpg
from aiokafka import TopicPartition
from aiokafka.errors import KafkaError

from dispatcher.decode import decode
from dispatcher.dispatch import Command, Dispatch, Stored
from dispatcher.lane import Lane
from dispatcher.store.pool import AWAY
from journey_runtime import metrics as runtime_metrics
from journey_runtime.dead_letter import Breaker, dead_letter
from journey_runtime.health import Health
from journey_runtime.log import logger
from journey_runtime.processor import BadRecord, Dead, Record

log = logger(__name__)

COMMANDS = "message-commands"
_MOST = 500
_POLL_MS = 50
_BACK_OFF_S = 0.5
Place = tuple[int, Record, Command]


class Intake:
    """Takes batches until asked to stop. `is_full` says that enough waits already."""

    def __init__(
        self,
        *,
        consumer: Any,
        producer: Any,
        prefix: str,
        partitions: Mapping[str, int],
        dispatch: Dispatch,
        lanes: Mapping[str, Lane],
        health: Health,
        wake: Callable[[], None],
        is_full: Callable[[], bool],
    ) -> None:
        self._consumer = consumer
        self._producer = producer
        self._prefix = prefix
        self._partitions = partitions
        self._dispatch = dispatch
        self._lanes = lanes
        self._health = health
        self._wake = wake
        self._is_full = is_full
        self._breaker = Breaker()

    async def run(self, stop: asyncio.Event) -> None:
        """Raises `TooManyDeadLetters`."""
        while not stop.is_set():
            try:
                await self._step()
                self._health.report("kafka", ok=True)
            except KafkaError as error:
                self._health.report("kafka", ok=False, detail=type(error).__name__)
                log.warning("intake_interrupted", error=type(error).__name__)
                await asyncio.sleep(_BACK_OFF_S)

    async def _step(self) -> None:
        assigned = self._consumer.assignment()
        if self._is_full():
            self._consumer.pause(*assigned)
        elif paused := self._consumer.paused():
            self._consumer.resume(*paused)
        polled = await self._consumer.getmany(timeout_ms=_POLL_MS, max_records=_MOST)
        self._health.progress()
        runtime_metrics.last_progress.set_to_current_time()
        records = [self._record(one) for batch in polled.values() for one in batch]
        if records:
            await self._take(records)
            ends = {partition: batch[-1].offset + 1 for partition, batch in polled.items() if batch}
            await self._commit(ends)

    async def _take(self, records: Sequence[Record]) -> None:
        dead: list[Dead] = []
        good: list[Place] = []
        for index, record in enumerate(records):
            try:
                good.append((index, record, decode(record)))
            except BadRecord as error:
                dead.append(Dead(error.code, error.message, error.path, record=record, index=index))
        dead.extend(await self._store(good))
        self._breaker.check(len(records), dead, time.monotonic())
        await self._bury(dead)
        runtime_metrics.records.labels(COMMANDS, "processed").inc(len(records) - len(dead))
        runtime_metrics.records.labels(COMMANDS, "dead_lettered").inc(len(dead))

    async def _store(self, places: Sequence[Place]) -> list[Dead]:
        if not places:
            return []
        room = {name: lane.room for name, lane in self._lanes.items()}
        try:
            stored = await self._dispatch.store([command for _, _, command in places], room)
        except AWAY:
            raise
        except asyncpg.PostgresError as error:
            # PostgreSQL cannot take a value of one of them (a NUL in a text): find it, the others go on.
            if len(places) == 1:
                log.error("command_refused", error=type(error).__name__)
                return [_bug(places[0], error)]
            return [dead for place in places for dead in await self._store([place])]
        self._hand_over(stored)
        return [_bug(places[at], error) for at, error in stored.bugs.items()]

    def _hand_over(self, stored: Stored) -> None:
        for name, lane in self._lanes.items():
            lane.offer([item for item in stored.outgoing if item.send.account == name])
        self._wake()

    async def _bury(self, dead: Sequence[Dead]) -> None:
        futures = []
        for one in dead:
            out = dead_letter(
                one, service="dispatcher", version=self._health.version, at_ms=int(time.time() * 1000),
                timer_topic=COMMANDS, partitions=self._partitions,
            )  # fmt: skip
            log.error("dead_letter", code=one.code, message=one.message)
            futures.append(
                await self._producer.send(
                    self._prefix + out.topic, value=out.value, key=out.key, partition=out.partition,
                    headers=list(out.headers),
                )
            )  # fmt: skip
        for future in futures:
            await future

    async def _commit(self, ends: Mapping[TopicPartition, int]) -> None:
        try:
            await self._consumer.commit(dict(ends))
        except KafkaError as error:
            # Given to another process meanwhile: it reads them again and finds each id taken.
            log.warning("positions_not_committed", error=type(error).__name__)

    def _record(self, one: Any) -> Record:
        return Record(
            topic=one.topic.removeprefix(self._prefix),
            partition=one.partition,
            offset=one.offset,
            appended_ms=one.timestamp,
            key=one.key,
            value=one.value,
            headers=tuple(one.headers),
        )


def _bug(place: Place, error: Exception) -> Dead:
    return Dead("bug", f"{type(error).__name__} in the dispatcher", record=place[1], index=place[0])
