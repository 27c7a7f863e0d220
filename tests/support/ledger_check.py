"""Feeds the ledger and compares what it left on Kafka with what one `process` per record says it must be."""

import asyncio
import os
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from journey_runtime.processor import Batch, Key, Record, plan, process
from journey_runtime.runner import records_of
from journey_schemas.partition import partition_of
from support.ledger import COMMANDS, EVERY_TOPIC, LOG, SOURCE, Entry, Ledger

PARTITIONS = 4
GROUP = "ledger"
_WORKER = Path(__file__).with_name("ledger_worker.py")


async def until(holds: Callable[[], Awaitable[bool]], *, within_s: float = 20) -> None:
    """Wait for a condition; raises TimeoutError."""
    deadline = asyncio.get_running_loop().time() + within_s
    while not await holds():
        if asyncio.get_running_loop().time() > deadline:
            raise TimeoutError
        await asyncio.sleep(0.1)


@asynccontextmanager
async def producer(kafka: str) -> AsyncIterator[Any]:
    """A plain producer."""
    client = AIOKafkaProducer(bootstrap_servers=kafka, linger_ms=5)
    try:
        await client.start()
        yield client
    finally:
        await client.stop()


async def feed(kafka: str, prefix: str, values: Sequence[tuple[bytes | None, bytes | None]]) -> None:
    """Append keys and values to the source, in order per key."""
    async with producer(kafka) as client:
        futures = [
            await client.send(prefix + SOURCE, key=key, value=value, partition=partition_of(key or b"", PARTITIONS))
            for key, value in values
        ]
        await asyncio.gather(*futures)


def numbers(count: int, *, keys: int = 40, first: int = 0) -> list[tuple[bytes | None, bytes | None]]:
    """Good inputs: `n` grows over all keys, skipping the numbers that the ledger refuses."""
    return [(b"key-%d" % (n % keys), b'{"n":%d}' % (n * 1_000)) for n in range(first, first + count)]


async def read_all(kafka: str, topic: str) -> list[Record]:
    """All committed records of a topic, by partition and offset."""
    client = AIOKafkaConsumer(
        bootstrap_servers=kafka,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    await client.start()
    try:
        partitions = [TopicPartition(topic, number) for number in range(PARTITIONS)]
        client.assign(partitions)
        ends = await client.end_offsets(partitions)
        await client.seek_to_beginning(*partitions)
        found: dict[int, list[Record]] = {number: [] for number in range(PARTITIONS)}
        while True:
            for partition, records in (await client.getmany(timeout_ms=100)).items():
                found[partition.partition].extend(records_of(topic, partition.partition, records)[0])
            if all([await client.position(one) >= ends[one] for one in partitions]):
                return [record for number in sorted(found) for record in found[number]]
    finally:
        await client.stop()


async def committed(kafka: str, prefix: str) -> dict[int, int]:
    """Committed offsets of the ledger on its source."""
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka)
    await admin.start()
    try:
        found = await admin.list_consumer_group_offsets(prefix + GROUP)
        return {place.partition: at.offset for place, at in found.items() if place.topic == prefix + SOURCE}
    finally:
        await admin.close()


async def ends(kafka: str, topic: str) -> dict[int, int]:
    """Ends of a topic's partitions, markers included."""
    client = AIOKafkaConsumer(bootstrap_servers=kafka, enable_auto_commit=False)
    await client.start()
    try:
        found = await client.end_offsets([TopicPartition(topic, number) for number in range(PARTITIONS)])
        return {place.partition: end for place, end in found.items()}
    finally:
        await client.stop()


async def until_read(kafka: str, prefix: str, *, within_s: float = 20) -> None:
    """Wait until the ledger has committed everything in its source."""

    async def is_read() -> bool:
        try:
            at, stored = await committed(kafka, prefix), await ends(kafka, prefix + SOURCE)
        except KafkaError:  # a broker that has just started
            return False
        return all(at.get(number, 0) == end for number, end in stored.items())

    await until(is_read, within_s=within_s)


@dataclass
class Expected:
    """What the ledger must have left: states without timers, commands, dead letters by place."""

    states: dict[Key, Entry] = field(default_factory=dict)
    commands: Counter[tuple[int, bytes, bytes | None]] = field(default_factory=Counter)
    dead: set[tuple[int, int, str]] = field(default_factory=set)


def recompute(source: Sequence[Record]) -> Expected:
    """One `process` per record, in memory."""
    expected = Expected()
    ledger = Ledger()
    states: dict[Key, Entry] = expected.states
    counts = dict.fromkeys(EVERY_TOPIC, PARTITIONS)
    for record in source:
        work = plan(ledger, [msgspec.structs.replace(record, topic=SOURCE)])
        effects = process(ledger, Batch(work, {key: states.get(key) for key in work.keys}, counts), 0)
        states.update({key: state for key, state in effects.states.items() if state is not None})
        for out in effects.out:
            assert out.partition is not None
            expected.commands[out.partition, out.key, out.value] += 1
        expected.dead.update((record.partition, record.offset, one.code) for one in effects.dead)
    return expected


async def check_exact(kafka: str, prefix: str) -> Expected:
    """The oracle: states, commands, dead letters and positions are those of a run without faults."""
    expected = recompute(await read_all(kafka, prefix + SOURCE))
    states: dict[Key, Entry] = {}
    for record in await read_all(kafka, prefix + LOG):
        assert record.value is not None
        states[record.partition, record.key] = msgspec.json.decode(record.value, type=Entry)
    assert {key: _timeless(state) for key, state in states.items()} == {
        key: _timeless(state) for key, state in expected.states.items()
    }
    commands = Counter((one.partition, one.key, one.value) for one in await read_all(kafka, prefix + COMMANDS))
    assert commands == expected.commands
    letters = [msgspec.json.decode(one.value or b"") for one in await read_all(kafka, f"{prefix}{SOURCE}-dlq")]
    assert sorted((one["partition"], one["offset"], one["code"]) for one in letters) == sorted(expected.dead)
    stored = {number: end for number, end in (await ends(kafka, prefix + SOURCE)).items() if end}
    assert await committed(kafka, prefix) == stored
    return expected


def _timeless(state: Entry) -> Entry:
    return msgspec.structs.replace(state, due=None)


class Worker:
    """A ledger in a process of its own."""

    def __init__(self, kafka: str, prefix: str, **settings: str) -> None:
        env = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
        env |= {
            "WAYPOST_KAFKA": kafka,
            "WAYPOST_TOPIC_PREFIX": prefix,
            "WAYPOST_SESSION_SECONDS": "6",
            "PYTHONPATH": str(_WORKER.parents[1]),
        }
        env |= {f"WAYPOST_{name.upper()}": value for name, value in settings.items()}
        self._log = TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 - `close` closes it
        self.process = subprocess.Popen(
            [sys.executable, str(_WORKER)], env=env, stdout=self._log, stderr=subprocess.STDOUT, text=True
        )

    async def ended(self, within_s: float = 20) -> int:
        """The exit code, negative for a signal."""

        async def is_over() -> bool:
            return self.process.poll() is not None

        await until(is_over, within_s=within_s)
        return self.process.wait()

    async def until_logged(self, event: str, *, times: int = 1, within_s: float = 20) -> None:
        """Wait until the event stands in its log so often."""

        async def is_logged() -> bool:
            return self.output().count(f'"event": "{event}"') >= times

        await until(is_logged, within_s=within_s)

    def output(self) -> str:
        """Its log so far."""
        return os.pread(self._log.fileno(), 1 << 24, 0).decode()

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()
