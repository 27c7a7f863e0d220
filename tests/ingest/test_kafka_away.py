"""What clients see while Kafka, a broker of its own here, is away: 503, Retry-After; nothing acknowledged is lost."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from aiokafka import TopicPartition

from ingest import connect, metrics
from ingest.settings import IngestSettings
from journey_runtime.topics import apply
from journey_schemas.topics import catalogue
from local_stack.engines import kafka_native
from local_stack.engines.kafka_native import NativeKafka
from local_stack.watchdog import WatchdogProcess
from support.ingest_door import Door, opened


@pytest.fixture(scope="module")
def kafka(tmp_path_factory: pytest.TempPathFactory) -> Iterator[NativeKafka]:
    with contextlib.closing(WatchdogProcess()) as watchdog:
        broker = kafka_native.start(tmp_path_factory.mktemp("kafka"), watchdog)
        yield broker
        broker.stop()


@pytest.fixture
async def door(kafka: NativeKafka, topic_prefix: str, sources_file: Path) -> AsyncIterator[Door]:
    settings = IngestSettings(
        kafka=kafka.address,
        topic_prefix=topic_prefix,
        ingest_sources=sources_file,
        ingest_ack_deadline_seconds=3,
        ingest_max_unacked_bytes=1 << 20,
    )
    every = catalogue()
    ours = {name: every[name] for name in (connect.TOPIC, connect.DEAD_LETTERS)}
    await apply(kafka.address, topic_prefix, ours, partitions=4)
    async with opened(settings) as door:
        yield door


async def send(door: Door, message_id: str, user: str | None = None) -> tuple[int, float]:
    """Status, and how many seconds it took."""
    began = time.monotonic()
    answer = await door.post("/v1/track", {"event": "E", "userId": user or message_id, "messageId": message_id})
    if answer.status_code == 503:
        assert answer.json()["code"] == "kafka_unavailable"
        assert answer.headers["retry-after"] == "1"
    return answer.status_code, time.monotonic() - began


async def sent_again_until_stored(door: Door, message_id: str) -> None:
    async with asyncio.timeout(60):
        while (await send(door, message_id))[0] != 200:  # noqa: ASYNC110 - what an SDK does
            await asyncio.sleep(0.2)


async def closed(door: Door) -> None:
    async with asyncio.timeout(20):
        while door.writer.is_open():  # noqa: ASYNC110 - the circuit is asked, it does not tell
            await asyncio.sleep(0.05)


async def test_while_kafka_is_away_requests_are_refused_and_nothing_acknowledged_is_lost(
    door: Door, kafka: NativeKafka
) -> None:
    acknowledged = [f"before-{number}" for number in range(20)]
    assert {status for status, _ in [await send(door, one) for one in acknowledged]} == {200}
    await asyncio.to_thread(kafka.kill)
    first = await asyncio.gather(*(send(door, f"first-{number}") for number in range(10)))
    assert all(status == 503 for status, _ in first)
    assert max(seconds for _, seconds in first) < 5
    assert door.writer.is_open()
    later = [await send(door, f"later-{number}") for number in range(20)]
    assert all(status == 503 and seconds < 0.05 for status, seconds in later)
    await asyncio.to_thread(kafka.restart)
    again = [f"first-{number}" for number in range(10)] + [f"later-{number}" for number in range(20)]
    for one in again:
        await sent_again_until_stored(door, one)
    acknowledged += again
    stored = [record.value["messageId"] for record in await door.touchpoints()]
    assert set(stored) >= set(acknowledged)
    # Late records of the first refusals may lie there twice, with the same ids; nothing else may.
    assert {one for one in stored if stored.count(one) > 1} <= {f"first-{number}" for number in range(10)}
    assert door.writer.unacked_bytes == 0


async def test_a_paused_broker_opens_the_circuit_and_confirmations_close_it(door: Door, kafka: NativeKafka) -> None:
    assert (await send(door, "before"))[0] == 200
    await asyncio.to_thread(kafka.pause)
    try:
        assert (await send(door, "waits"))[0] == 503
        assert (await send(door, "refused"))[1] < 0.05
    finally:
        await asyncio.to_thread(kafka.resume)
    await closed(door)
    assert (await send(door, "after"))[0] == 200
    stored = [record.value["messageId"] for record in await door.touchpoints()]
    assert sorted(stored) == ["after", "before", "waits"]


async def test_a_producer_that_lost_its_sequence_is_replaced(door: Door) -> None:
    assert (await send(door, "one", "u-1"))[0] == 200
    before = metrics.producer_rebuilds._value.get()
    spoiled = door.writer._producer
    # As if the broker had forgotten what came before: the next batch claims a place far ahead.
    for partition in range(4):
        place = TopicPartition(door.settings.topic_prefix + connect.TOPIC, partition)
        spoiled._txn_manager.increment_sequence_number(place, 1_000)
    assert (await send(door, "two", "u-1"))[0] == 503
    await sent_again_until_stored(door, "two")
    assert door.writer._producer is not spoiled
    assert metrics.producer_rebuilds._value.get() == before + 1
    stored = [record.value["messageId"] for record in await door.touchpoints()]
    assert sorted(stored) == ["one", "two"]


async def test_too_many_unconfirmed_bytes_are_refused_as_overload(door: Door, kafka: NativeKafka) -> None:
    def batch(name: str) -> dict[str, object]:
        return {
            "batch": [
                {"type": "track", "event": "E", "userId": "u", "messageId": f"{name}-{n}", "name": "x" * 200,
                 "properties": {"x": "y" * 30_000}}
                for n in range(20)
            ]
        }  # fmt: skip

    await closed(door)
    await asyncio.to_thread(kafka.pause)
    try:
        answers = await asyncio.gather(*(door.post("/v1/batch", batch(name)) for name in ("first", "second")))
    finally:
        await asyncio.to_thread(kafka.resume)
    assert [(answer.status_code, answer.json()["code"]) for answer in answers] == [
        (503, "kafka_unavailable"),
        (503, "overloaded"),
    ]
    assert answers[1].headers["retry-after"] == "1"
