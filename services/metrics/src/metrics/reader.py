"""The Kafka loop: reads `resolved-touchpoints`, `stage-transitions`, `deliveries`; writes `<topic>-dlq` only.

Positions live in PostgreSQL beside the counts; what is committed to Kafka is advisory, for those who look at lag.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any  # Any: aiokafka's consumer carries no types

import asyncpg
from aiokafka import ConsumerRebalanceListener, TopicPartition
from aiokafka.errors import KafkaError

from journey_runtime import metrics as runtime_metrics
from journey_runtime.dead_letter import Breaker
from journey_runtime.errors import PositionAboveLogEnd, PositionBelowLogStart, Stop, TryAgain, TwoOwners
from journey_runtime.health import Health
from journey_runtime.log import logger
from journey_runtime.processor import Position, Record
from metrics import metrics
from metrics.batch import gather
from metrics.dead_letters import DeadLetters
from metrics.errors import Replaced
from metrics.pace import Pace
from metrics.store.ledger import Ledger

log = logger(__name__)

_POLL_MS = 200
_COMMIT_EVERY_S = 0.5
_BACK_OFF_S = 1.0
_REPLACED_MOST, _REPLACED_WITHIN_S = 3, 60.0


class Reader:
    """Reads until asked to stop; opens everything again after a failure."""

    def __init__(  # every part is a port of its own
        self,
        *,
        topics: Mapping[str, str],
        owner: str,
        consumer: Callable[[], Any],
        connect: Callable[[], Any],
        dead_letters: DeadLetters,
        pace: Pace,
        health: Health,
        batch_records: int,
    ) -> None:
        """`topics` maps names on the broker to names of the catalogue; `connect()` is awaited for a connection."""
        self._topics = topics
        self._owner = owner
        self._consumer = consumer
        self._connect = connect
        self._dead_letters = dead_letters
        self._breaker = Breaker()
        self._pace = pace
        self._health = health
        self._batch_records = batch_records
        self._replaced_at: list[float] = []

    async def run(self, stop: asyncio.Event) -> None:
        """Read until `stop`. Raises `Stop` when a person has to act."""
        while not stop.is_set():
            try:
                await self._read(stop)
            except Replaced as error:
                self._replaced(error)
                await asyncio.sleep(_BACK_OFF_S)
            except (TryAgain, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                log.warning("reading_interrupted", error=type(error).__name__, detail=str(error))
                self._health.report("reader", ok=False, detail=type(error).__name__)
                await asyncio.sleep(_BACK_OFF_S)

    def _replaced(self, error: Replaced) -> None:
        """Once is a pause that lasted longer than the session; three times in a minute are two owners."""
        now = time.monotonic()
        self._replaced_at = [at for at in self._replaced_at if at > now - _REPLACED_WITHIN_S] + [now]
        log.warning("replaced", partition=str(error))
        if len(self._replaced_at) >= _REPLACED_MOST:
            raise TwoOwners("another process reads under the same WAYPOST_INSTANCE") from error

    async def _read(self, stop: asyncio.Event) -> None:
        connection = await self._connect()
        consumer = self._consumer()
        try:
            reading = _Reading(consumer, Ledger(connection, self._owner), self._topics)
            await consumer.start()
            consumer.subscribe(list(self._topics), listener=reading)
            while not stop.is_set():
                fetched = await consumer.getmany(timeout_ms=_POLL_MS, max_records=self._batch_records)
                reading.raise_failure()
                if fetched:
                    await self._count(reading, [record for some in fetched.values() for record in some])
                await reading.tell_kafka(is_idle=not fetched)
                self._health.report("reader", ok=True)
                self._health.progress()
            await reading.tell_kafka(is_idle=True)
        finally:
            await consumer.stop()
            await connection.close(timeout=5)

    async def _count(self, reading: "_Reading", fetched: Iterable[Any]) -> None:
        began = time.monotonic()
        epochs = dict(reading.epochs)
        # Before the take-over has sought its position, the client may deliver from where Kafka believes us to be.
        known = [_record(one, self._topics[one.topic]) for one in fetched]
        records = [record for record in known if (record.topic, record.partition) in epochs]
        if not records:
            return
        batch = gather(records)
        self._breaker.check(batch.count, batch.dead, began)
        await self._dead_letters.write(batch.dead)
        new, refused = await reading.ledger.write(batch, epochs)
        await self._dead_letters.write(refused)
        self._breaker.check(0, refused, began)
        reading.counted(batch.end)
        self._pace.counted(new, batch.received())
        metrics.batch_seconds.observe(time.monotonic() - began)
        for topic in self._topics.values():
            count = sum(1 for record in records if record.topic == topic)
            if count:
                runtime_metrics.records.labels(topic, "processed").inc(count)


class _Reading(ConsumerRebalanceListener):  # type: ignore[misc] # aiokafka carries no types
    """Partitions owned now, and where reading stands in them."""

    def __init__(self, consumer: Any, ledger: Ledger, topics: Mapping[str, str]) -> None:
        self._consumer = consumer
        self.ledger = ledger
        self._names = topics
        self._places = {catalogue: name for name, catalogue in topics.items()}
        self.epochs: dict[Position, int] = {}
        self._told: dict[Position, int] = {}
        self._counted: dict[Position, int] = {}
        self._told_at = 0.0
        self._failure: BaseException | None = None

    async def on_partitions_revoked(self, revoked: Iterable[Any]) -> None:
        """Nothing of these is counted until they are taken over again; the epoch guards what is on its way."""
        self.epochs.clear()

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """Take the partitions over and read on where the counts stand. aiokafka swallows what this raises: kept."""
        try:
            await self._take_over(sorted(assigned))
        except (Stop, KafkaError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            self._failure = error

    def raise_failure(self) -> None:
        """Raise what kept us from taking partitions over."""
        if self._failure is not None:
            raise self._failure

    async def _take_over(self, assigned: list[Any]) -> None:
        if not assigned:
            return
        places = {(self._names[one.topic], one.partition): one for one in assigned}
        starts = await self._consumer.beginning_offsets(assigned)
        ends = await self._consumer.end_offsets(assigned)
        owned = await self.ledger.take_over(list(places))
        fresh = {place: starts[places[place]] for place, (offset, _) in owned.items() if offset is None}
        await self.ledger.start_at(fresh)
        for place, (offset, epoch) in owned.items():
            at = fresh[place] if offset is None else offset
            if at < starts[places[place]]:
                raise PositionBelowLogStart(f"{place[0]}/{place[1]}: {at}, the log starts at {starts[places[place]]}")
            if at > ends[places[place]]:
                raise PositionAboveLogEnd(f"{place[0]}/{place[1]}: {at}, the log ends at {ends[places[place]]}")
            self._consumer.seek(places[place], at)
            self.epochs[place] = epoch
            self._counted[place] = at
        log.info("partitions_taken", count=len(places))

    def counted(self, ends: Mapping[Position, int]) -> None:
        """These positions are committed in PostgreSQL."""
        self._counted.update(ends)

    async def tell_kafka(self, *, is_idle: bool) -> None:
        """Commit to Kafka, at most twice a second; when idle also what lies behind the last record (markers)."""
        if not is_idle and time.monotonic() - self._told_at < _COMMIT_EVERY_S:
            return
        owned = self._consumer.assignment()
        offsets = {}
        for place, at in self._counted.items():
            partition = TopicPartition(self._places[place[0]], place[1])
            if partition not in owned:
                continue
            target = max(at, await self._consumer.position(partition)) if is_idle else at
            if target != self._told.get(place):
                offsets[partition] = target
                self._told[place] = target
        self._told_at = time.monotonic()
        if offsets:
            try:
                await self._consumer.commit(offsets)
            except KafkaError as error:  # a rebalance: the new owner reads its position from PostgreSQL anyway
                log.debug("advisory_commit_failed", error=type(error).__name__)
                self._told.clear()


def _record(one: Any, topic: str) -> Record:
    return Record(topic, one.partition, one.offset, one.timestamp, one.key, one.value, tuple(one.headers))
