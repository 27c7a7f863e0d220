"""What the Kafka client does, where our order of steps depends on it: an upgrade that changes it shows here."""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any  # Any: aiokafka carries no types

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import MessageSizeTooLargeError, ProducerFenced

from journey_runtime import clients
from journey_runtime.processor import Out
from journey_runtime.settings import RuntimeSettings
from journey_runtime.transaction import send_all
from local_stack.engines.pair import Engines
from support.ledger import COMMANDS
from support.ledger_check import read_all


@pytest.fixture
def settings(engines: Engines, topic_prefix: str) -> RuntimeSettings:
    return RuntimeSettings(kafka=engines.kafka, topic_prefix=topic_prefix)


@pytest.fixture
async def producer(settings: RuntimeSettings, topics: Callable[..., Awaitable[None]]) -> AsyncIterator[Any]:
    await topics(COMMANDS)
    client = clients.transactional_producer(settings, "facts")
    await client.start()
    yield client
    await client.stop()


async def test_a_transaction_commits_although_a_batch_of_it_failed(producer: Any, settings: RuntimeSettings) -> None:
    topic = settings.topic_prefix + COMMANDS
    await producer.begin_transaction()
    good = await producer.send(topic, b"1", b"good", partition=0)
    bad = await producer.send(topic, os.urandom(2 << 20), b"bad", partition=1)
    outcomes = await asyncio.gather(good, bad, return_exceptions=True)
    assert isinstance(outcomes[1], MessageSizeTooLargeError)
    await producer.commit_transaction()
    assert [one.key for one in await read_all(settings.kafka, topic)] == [b"good"]


async def test_so_a_failed_send_is_raised_before_anything_can_be_committed(
    producer: Any, settings: RuntimeSettings
) -> None:
    outs = [Out(COMMANDS, b"good", b"1", (), 0), Out(COMMANDS, b"bad", os.urandom(2 << 20), (), 1)]
    await producer.begin_transaction()
    with pytest.raises(MessageSizeTooLargeError):
        await send_all(producer, outs, prefix=settings.topic_prefix, now_ms=0)
    await producer.abort_transaction()
    assert await read_all(settings.kafka, settings.topic_prefix + COMMANDS) == []


async def test_send_all_tells_the_next_offset_of_each_partition(producer: Any, settings: RuntimeSettings) -> None:
    outs = [Out(COMMANDS, b"%d" % number, os.urandom(40_000), (("a", b"b"),), number % 2) for number in range(30)]
    await producer.begin_transaction()
    first = await send_all(producer, outs, prefix=settings.topic_prefix, now_ms=0)
    await producer.commit_transaction()
    assert first == {(COMMANDS, 0): 15, (COMMANDS, 1): 15}
    found = await read_all(settings.kafka, settings.topic_prefix + COMMANDS)
    assert [one.key for one in found if one.partition == 0] == [b"%d" % number for number in range(0, 30, 2)]
    assert found[0].headers == (("a", b"b"),)
    await producer.begin_transaction()
    assert await send_all(producer, outs[:1], prefix=settings.topic_prefix, now_ms=0) == {(COMMANDS, 0): 17}
    await producer.abort_transaction()


async def test_a_newer_producer_of_the_same_name_fences_the_older(producer: Any, settings: RuntimeSettings) -> None:
    await producer.begin_transaction()
    newer = clients.transactional_producer(settings, "facts")
    await newer.start()
    with pytest.raises(ProducerFenced):
        await send_all(producer, [Out(COMMANDS, b"k", b"v", (), 0)], prefix=settings.topic_prefix, now_ms=0)
    await newer.stop()


async def test_ends_are_stable_or_high_by_isolation_and_positions_pass_markers(
    producer: Any, settings: RuntimeSettings
) -> None:
    place = TopicPartition(settings.topic_prefix + COMMANDS, 0)
    await producer.begin_transaction()
    await producer.send_and_wait(place.topic, b"1", b"k", partition=0)
    ends = {}
    for isolation in ("read_committed", "read_uncommitted"):
        consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, isolation_level=isolation)
        await consumer.start()
        ends[isolation] = (await consumer.end_offsets([place]))[place]
        await consumer.stop()
    assert ends == {"read_committed": 0, "read_uncommitted": 1}
    await producer.abort_transaction()
    consumer = clients.consumer(settings)
    await consumer.start()
    consumer.assign([place])
    consumer.seek(place, 0)
    async with asyncio.timeout(10):
        while await consumer.position(place) < 2:
            assert await consumer.getmany(timeout_ms=50) == {}
    await consumer.stop()


async def test_a_batch_takes_a_first_record_of_any_size_and_then_says_that_it_is_full(producer: Any) -> None:
    batch = producer.create_batch()
    assert batch.append(timestamp=1, key=b"k", value=b"x" * (1 << 20), headers=[]) is not None
    assert batch.append(timestamp=1, key=b"k", value=b"x", headers=[]) is None


async def test_stopping_right_after_an_assignment_raises_a_cancellation_nobody_asked_for(
    settings: RuntimeSettings, topics: Callable[..., Awaitable[None]]
) -> None:
    await topics(COMMANDS)
    consumer = AIOKafkaConsumer(bootstrap_servers=settings.kafka, enable_auto_commit=False)
    await consumer.start()
    consumer.assign([TopicPartition(settings.topic_prefix + COMMANDS, 0)])
    with pytest.raises(asyncio.CancelledError):
        await consumer.stop()
    await consumer._client.close()


async def test_headers_are_taken_as_a_list_only(producer: AIOKafkaProducer) -> None:
    with pytest.raises(TypeError):
        producer.create_batch().append(timestamp=1, key=b"k", value=b"v", headers=(("a", b"b"),))
