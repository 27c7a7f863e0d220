"""The first look at the engines: asked until they answer."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar  # Any: aiokafka carries no types

from aiokafka.errors import KafkaError

from dispatcher.intake import COMMANDS
from dispatcher.relay import DELIVERIES, TOUCHPOINTS
from dispatcher.settings import Settings
from dispatcher.store.pool import AWAY
from journey_runtime import clients, topics
from journey_runtime.errors import TryAgain
from journey_runtime.health import Health
from journey_runtime.log import logger
from journey_schemas.topics import catalogue, dead_letter_topic

log = logger(__name__)

DEFINITIONS = "journey-definitions"
_TOPICS = (COMMANDS, DELIVERIES, TOUCHPOINTS, DEFINITIONS, dead_letter_topic(COMMANDS))
_BACK_OFF_S = (0.1, 5.0)
T = TypeVar("T")


class Stopped(Exception):  # noqa: N818 - no failure
    """Asked to stop before an engine answered."""


async def patiently(name: str, work: Callable[[], Awaitable[T]], health: Health, stop: asyncio.Event) -> T:
    """`work`, again until the engine `name` answers. Raises `Stopped`."""
    pause, longest = _BACK_OFF_S
    while not stop.is_set():
        try:
            result = await work()
        except (KafkaError, TryAgain, *AWAY) as error:
            health.report(name, ok=False, detail=type(error).__name__)
            log.warning("engine_away", engine=name, error=type(error).__name__)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause)
            pause = min(pause * 2, longest)
        else:
            health.report(name, ok=True)
            return result
    raise Stopped


async def partition_counts(settings: Settings) -> Mapping[str, int]:
    """Partitions of our topics. Raises `WrongTopics`."""
    every = catalogue()
    return await topics.check(settings.kafka, settings.topic_prefix, {name: every[name] for name in _TOPICS})


async def started_producer(settings: Settings) -> Any:
    """A producer that is connected."""
    producer = clients.producer(settings)
    try:
        await producer.start()
    except BaseException:
        await producer.stop()
        raise
    return producer


async def started_consumer(settings: Settings) -> Any:
    """A member of our group. A group without positions begins with the oldest command: each id is taken once only."""
    consumer = clients.consumer(settings, COMMANDS, group="dispatcher", auto_offset_reset="earliest")
    try:
        await consumer.start()
    except BaseException:
        await consumer.stop()
        raise
    return consumer
