"""The first look at Kafka, and each new producer."""

import asyncio
from collections.abc import Mapping
from typing import Any  # Any: aiokafka's producer carries no types

from aiokafka.errors import KafkaError

from ingest.settings import IngestSettings
from journey_runtime import topics
from journey_runtime.clients import producer as new_producer
from journey_runtime.errors import TryAgain
from journey_runtime.log import logger
from journey_schemas.topics import catalogue, dead_letter_topic

log = logger(__name__)

TOPIC = "touchpoints"
DEAD_LETTERS = dead_letter_topic(TOPIC)

_CONNECT_S = 10.0
_BACK_OFF_S = 0.5


async def partition_counts(settings: IngestSettings) -> Mapping[str, int]:
    """Partitions of our topics, as soon as Kafka answers. Raises `WrongTopics`."""
    every = catalogue()
    ours = {name: every[name] for name in (TOPIC, DEAD_LETTERS)}
    while True:
        try:
            return await topics.check(settings.kafka, settings.topic_prefix, ours)
        except (KafkaError, OSError, TimeoutError, TryAgain) as error:
            log.warning("kafka_away", error=type(error).__name__)
            await asyncio.sleep(_BACK_OFF_S)


async def connect(settings: IngestSettings) -> Any:
    """A started producer that knows our topics. Raises KafkaError, OSError or TimeoutError."""
    producer = new_producer(settings, linger_ms=5, max_request_size=2 << 20)
    try:
        async with asyncio.timeout(_CONNECT_S):
            await producer.start()
            for topic in (TOPIC, DEAD_LETTERS):
                await producer.partitions_for(settings.topic_prefix + topic)
    except BaseException:
        await producer.stop()
        raise
    return producer
