"""From the outbox to Kafka: published first, deleted then. Published twice, a record carries the same outcome id.

Writes `deliveries` and, of what people did, `touchpoints`.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from typing import Any  # Any: aiokafka's producer and asyncpg's rows carry no types

from aiokafka.errors import KafkaError

from dispatcher import metrics
from dispatcher.deliveries import touchpoint
from dispatcher.store import outbox
from dispatcher.store.pool import AWAY
from journey_runtime.log import logger
from journey_schemas.delivery import DELIVERY_TYPE, Delivery
from journey_schemas.headers import Headers, cloud_event_headers
from journey_schemas.moment import to_text
from journey_schemas.partition import partition_of
from journey_schemas.records import decoder, encode
from journey_schemas.touchpoint import TOUCHPOINT_TYPE

log = logger(__name__)

DELIVERIES, TOUCHPOINTS = "deliveries", "touchpoints"
_BATCH = 500
_IDLE_S = 0.5
_LOCKS_S = 5.0
_BACK_OFF_S = 0.5
_SOURCE = "/services/dispatcher"
_decode = decoder(Delivery).decode


class Relay:
    """Publishes the shards whose lock it could get; other replicas publish the others."""

    def __init__(self, pool: Any, producer: Any, prefix: str, partitions: Mapping[str, int]) -> None:
        self._pool = pool
        self._producer = producer
        self._prefix = prefix
        self._partitions = partitions
        self._awake = asyncio.Event()
        self._is_ending = False

    def wake(self) -> None:
        """Say that the outbox has something new."""
        self._awake.set()

    def end(self) -> None:
        """Publish what is left, then let `run` return."""
        self._is_ending = True
        self._awake.set()

    async def run(self) -> None:
        """Publish until `end`."""
        while True:
            try:
                async with self._pool.acquire(timeout=10) as connection:
                    await self._publish(connection)
                return
            except (*AWAY, KafkaError) as error:
                log.warning("relay_interrupted", error=type(error).__name__)
                await asyncio.sleep(_BACK_OFF_S)
                if self._is_ending:
                    return

    async def _publish(self, connection: Any) -> None:
        loop = asyncio.get_running_loop()
        shards: list[int] = []
        tried_s = -_LOCKS_S
        while True:
            if len(shards) < outbox.SHARDS and loop.time() - tried_s >= _LOCKS_S:
                tried_s = loop.time()
                missing = [shard for shard in range(outbox.SHARDS) if shard not in shards]
                shards += [shard for shard in missing if await outbox.try_lock(connection, shard)]
            self._awake.clear()
            rows = await outbox.read(connection, shards, _BATCH)
            if rows:
                await self._send(rows)
                await outbox.remove(connection, [row["outbox_id"] for row in rows])
                continue
            if self._is_ending:
                return
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._awake.wait(), _IDLE_S)

    async def _send(self, rows: Sequence[Any]) -> None:
        futures = []
        for row in rows:
            record = _decode(row["record"])
            key = record.profile_id.encode()
            futures.append(await self._put(DELIVERIES, key, row["record"], _headers(record, DELIVERY_TYPE)))
            if row["is_feedback"]:
                source_key = (record.anonymous_id or record.user_id or record.profile_id).encode()
                value = encode(touchpoint(record))
                futures.append(await self._put(TOUCHPOINTS, source_key, value, _headers(record, TOUCHPOINT_TYPE)))
        results = await asyncio.gather(*futures, return_exceptions=True)
        for result in results:
            if isinstance(result, BaseException):
                raise result

    async def _put(self, topic: str, key: bytes, value: bytes, headers: Headers) -> Any:
        return await self._producer.send(
            self._prefix + topic,
            value=value,
            key=key,
            partition=partition_of(key, self._partitions[topic]),
            headers=list(headers),
        )

    async def measure(self) -> None:
        """Refresh the gauge."""
        async with self._pool.acquire(timeout=10) as connection:
            metrics.outbox_oldest_seconds.set(await outbox.oldest_s(connection))


def _headers(record: Delivery, kind: str) -> Headers:
    return cloud_event_headers(
        ce_id=record.outcome_id, ce_type=kind, ce_source=_SOURCE, ce_time=to_text(record.recorded_at)
    )
