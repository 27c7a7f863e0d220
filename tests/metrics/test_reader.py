"""The whole process on real Kafka and PostgreSQL: figures are exact whenever it dies."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition

from local_stack.engines.pair import Engines
from support.metrics_process import PARTITIONS, TOPICS, MetricsProcess, wait_until, write
from support.shop_story import Story, definitions, shape, story

_BEGIN = datetime.now(UTC).replace(microsecond=0) - timedelta(days=20)
MakeTopics = Callable[..., Awaitable[None]]


@pytest.fixture
def process(engines: Engines, topic_prefix: str, database: str, tmp_path: Path) -> Iterator[MetricsProcess]:
    environment = {
        "WAYPOST_KAFKA": engines.kafka,
        "WAYPOST_POSTGRES": database,
        "WAYPOST_TOPIC_PREFIX": topic_prefix,
    }
    running = MetricsProcess(environment, tmp_path / "metrics.log")
    yield running
    if running.process is not None and running.process.poll() is None:
        running.kill()


@pytest.fixture(autouse=True)
async def _empty(database: str) -> None:
    """Each test begins with empty tables: a prefix of its own does not divide a database."""
    connection = await asyncpg.connect(database)
    names = await connection.fetch(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'metrics' AND tablename <> 'alembic_version'"
    )
    await connection.execute("TRUNCATE " + ", ".join(f"metrics.{row['tablename']}" for row in names))
    await connection.close()


async def test_killed_at_any_moment_it_counts_everything_once(
    engines: Engines, topic_prefix: str, topics: MakeTopics, process: MetricsProcess
) -> None:
    await topics(*TOPICS)
    whole = story(600, seed=11, begin=_BEGIN, over=timedelta(days=9))
    repeated = random.Random(1).sample(whole.told, len(whole.told) // 4)
    await write(engines.kafka, topic_prefix, [*whole.told, *repeated], definitions(1, _BEGIN))
    process.start()
    chance = random.Random(2)
    for _ in range(5):
        seen = _touches(process)
        wait_until(lambda seen=seen: _touches(process) > seen or _is_complete(process, whole), "it moves on")
        await asyncio.sleep(chance.uniform(0, 0.15))  # somewhere inside a batch
        process.kill()
        process.start()
    wait_until(lambda: _is_complete(process, whole), "every total is exact")
    assert process.stop() == 0


async def test_positions_in_kafka_are_only_advice(
    engines: Engines, topic_prefix: str, topics: MakeTopics, process: MetricsProcess
) -> None:
    """Kafka says that all was read; PostgreSQL knows better."""
    await topics(*TOPICS)
    whole = story(100, seed=12, begin=_BEGIN, over=timedelta(days=9))
    await write(engines.kafka, topic_prefix, whole.told)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=engines.kafka, group_id=f"{topic_prefix}metrics", enable_auto_commit=False
    )
    await consumer.start()
    places = [TopicPartition(topic_prefix + topic, number) for topic in TOPICS[:5:2] for number in range(PARTITIONS)]
    consumer.assign(places)
    await consumer.commit(await consumer.end_offsets(places))
    await consumer.stop()
    process.start()
    wait_until(lambda: _is_complete(process, whole), "every total is exact")


async def test_lag_ends_at_zero_in_spite_of_transaction_markers(
    engines: Engines, topic_prefix: str, topics: MakeTopics, process: MetricsProcess
) -> None:
    await topics(*TOPICS)
    whole = story(20, seed=13, begin=_BEGIN, over=timedelta(days=9))
    await write(engines.kafka, topic_prefix, whole.told)
    process.start()
    wait_until(lambda: _is_complete(process, whole), "every total is exact")
    wait_until(lambda: _lag(process) == 0, "lag is 0")
    status = process.get("/v1/status")
    assert status is not None
    unread = {(one["group"], one["topic"]): one for one in status["lag"]}
    behind = unread["stage-engine", "resolved-touchpoints"]
    assert behind["records"] >= sum(whole.events.values()), "a group that never read is behind by everything"
    assert behind["seconds"] > 0
    async with httpx.AsyncClient(base_url=process.admin_url) as admin:
        page = (await admin.get("/metrics")).text
        ready = await admin.get("/readyz")
    assert 'journey_metrics_lag_seconds{group="metrics",topic="deliveries"} 0.0' in page
    assert ready.status_code == 200


async def test_a_bad_record_is_kept_as_a_dead_letter_and_the_rest_counted(
    engines: Engines, topic_prefix: str, topics: MakeTopics, process: MetricsProcess
) -> None:
    await topics(*TOPICS)
    whole = story(20, seed=14, begin=_BEGIN, over=timedelta(days=9))
    bad = replace(next(one for one in whole.told if one.topic == "deliveries"), value=b'{"outcome": 5}')
    await write(engines.kafka, topic_prefix, [*whole.told[:50], bad, *whole.told[50:]])
    process.start()
    wait_until(lambda: _is_complete(process, whole), "every total is exact")
    consumer = AIOKafkaConsumer(
        f"{topic_prefix}deliveries-dlq", bootstrap_servers=engines.kafka, auto_offset_reset="earliest"
    )
    await consumer.start()
    letter = await consumer.getone()
    await consumer.stop()
    assert b'"code":"wrong_shape"' in letter.value


async def test_too_many_bad_records_stop_the_process_before_it_commits_them(
    engines: Engines, topic_prefix: str, topics: MakeTopics, process: MetricsProcess
) -> None:
    await topics(*TOPICS)
    told = story(5, seed=15, begin=_BEGIN, over=timedelta(days=9)).told
    await write(engines.kafka, topic_prefix, [replace(told[0], value=b"no json")] * 30)
    process.start()
    assert process.process is not None
    assert process.process.wait(timeout=40) == 6


def test_without_its_tables_it_does_not_start(engines: Engines, topic_prefix: str, tmp_path: Path) -> None:
    environment = {
        "WAYPOST_KAFKA": engines.kafka,
        "WAYPOST_POSTGRES": engines.postgres,
        "WAYPOST_TOPIC_PREFIX": topic_prefix,
    }
    running = MetricsProcess(environment, tmp_path / "metrics.log")
    running.start()
    assert running.process is not None
    assert running.process.wait(timeout=30) == 3
    assert "python -m metrics migrate" in running.log()


def _is_complete(process: MetricsProcess, whole: Story) -> bool:
    totals = process.totals()
    return totals is not None and shape(totals) == whole.totals()


def _touches(process: MetricsProcess) -> int:
    totals = process.totals()
    return -1 if totals is None else sum(totals["touchpoints"].values())


def _lag(process: MetricsProcess) -> int | None:
    status = process.get("/v1/status")
    own = [one["records"] for one in status["lag"] if one["group"] == "metrics"] if status else []
    return sum(own) if len(own) == 3 else None
