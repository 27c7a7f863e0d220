"""Writes what could not be counted to `<topic>-dlq`, before the batch that held it is counted."""

import time
from collections.abc import Mapping, Sequence
from typing import Any  # Any: aiokafka's producer carries no types

from journey_runtime import metrics as runtime_metrics
from journey_runtime.dead_letter import dead_letter
from journey_runtime.log import logger
from journey_runtime.processor import Dead
from metrics import metrics
from metrics.decode import TOPICS

log = logger(__name__)


class DeadLetters:
    """`partitions` are the partition counts by topic; topics carry the prefix on the broker only."""

    def __init__(self, producer: Any, prefix: str, partitions: Mapping[str, int], version: str) -> None:
        self._producer = producer
        self._prefix = prefix
        self._partitions = partitions
        self._version = version

    async def write(self, dead: Sequence[Dead]) -> None:
        """Returns when Kafka has them all. The same record again gives a dead letter of the same id."""
        for one in dead:
            at_ms = time.time_ns() // 1_000_000
            out = dead_letter(
                one,
                service="metrics",
                version=self._version,
                at_ms=at_ms,
                timer_topic=TOPICS[0],
                partitions=self._partitions,
            )
            await self._producer.send_and_wait(
                self._prefix + out.topic,
                key=out.key,
                value=out.value,
                headers=list(out.headers),
                partition=out.partition,
            )
            assert one.record is not None
            runtime_metrics.records.labels(one.record.topic, "dead_lettered").inc()
            metrics.dead_letters.labels(one.record.topic, one.code).inc()
            log.warning(
                "dead_lettered",
                topic=one.record.topic,
                partition=one.record.partition,
                offset=one.record.offset,
                code=one.code,
                detail=one.message,
            )
