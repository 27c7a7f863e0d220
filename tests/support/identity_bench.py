"""Identity's task on real engines, driven by hand: what it read, what it left in Kafka and PostgreSQL."""

import asyncio
import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any  # Any: JSON, and aiokafka's and asyncpg's untyped values
from uuid import UUID

import asyncpg
import msgspec
from aiokafka import AIOKafkaProducer

from identity.decode import Event, EventDecoder
from identity.domain.rules import Rules
from identity.duplicates import Duplicates
from identity.migrate import newest
from identity.outputs import RESOLVED
from identity.resolver import TOUCHPOINTS, Resolver
from identity.state import State
from identity.store.graph_store import GraphStore
from identity.vault import Vault
from journey_runtime import clients
from journey_runtime.clock import wall_ms
from journey_runtime.dead_letter import Breaker
from journey_runtime.errors import TryAgain
from journey_runtime.offsets import Offsets
from journey_runtime.processor import Position, Record
from journey_runtime.settings import RuntimeSettings
from journey_runtime.task import Task, TaskParts
from journey_schemas.partition import partition_of
from support.identity_world import SECRET
from support.ledger_check import PARTITIONS, read_all, until

TOPICS = (TOUCHPOINTS, f"{TOUCHPOINTS}-dlq", RESOLVED)
KEYRING = json.dumps({"active": "k1", "keys": {"k1": base64.b64encode(b"k" * 32).decode()}})
LOOKUP_KEY = b"l" * 32
TABLES = "task_fence, position, profile, identifier, merge_log, seen, conflict"

IdentityTask = Task[Event, State]


def touchpoint(message_id: str, **fields: Any) -> dict[str, Any]:
    """A page view as ingest writes it."""
    return {
        "v": 1,
        "type": "page",
        "messageId": message_id,
        "source": "web",
        "timestamp": "2026-01-31T12:00:00.000Z",
        "receivedAt": "2026-01-31T12:00:00.020Z",
    } | fields


class Line(msgspec.Struct, frozen=True):
    """A record of `resolved-touchpoints`, decoded."""

    partition: int
    key: str
    ce_type: str
    ce_id: str
    body: dict[str, Any]


class Bench:
    """Tasks that own all partitions. `fail_at` names the point at which the next batch breaks off."""

    def __init__(self, kafka: str, prefix: str, dsn: str, *, cache_entries: int = 10_000) -> None:
        self.kafka, self.prefix, self.dsn = kafka, prefix, dsn
        self.settings = RuntimeSettings(kafka=kafka, topic_prefix=prefix)
        self.offsets = Offsets(clients.security(self.settings), prefix)
        self.tasks: list[IdentityTask] = []
        self.fail_at = ""
        self.rules = Rules(SECRET)
        self.cache_entries = cache_entries
        self._producer: Any = None

    async def start(self) -> None:
        await self.offsets.start()
        self._producer = AIOKafkaProducer(bootstrap_servers=self.kafka)
        await self._producer.start()
        await until(self._has_coordinator)

    async def _has_coordinator(self) -> bool:
        """A broker that has just started still makes the topic of offsets."""
        try:
            await self.offsets.committed("identity", [(TOUCHPOINTS, 0)])
        except TryAgain:
            return False
        return True

    async def stop(self) -> None:
        for task in self.tasks:
            await task.close()
        await self._producer.stop()
        await self.offsets.stop()

    def task(self, *, namespace: UUID = SECRET, schema_version: str | None = None) -> IdentityTask:
        """A task with a store of its own."""
        decoder = EventDecoder(namespace=namespace, cluster_id="c", region=None, forced_sources=())
        parts = TaskParts(
            service="identity",
            version="1",
            prefix=self.prefix,
            processor=Resolver(decoder, self.rules),
            tasks=1,
            store=lambda task, owned: GraphStore(
                dsn=self.dsn,
                vault=Vault(KEYRING, LOOKUP_KEY),
                namespace=namespace,
                schema_version=schema_version or newest(),
                cache_entries=self.cache_entries,
                duplicates=Duplicates(24, 1_000_000),
                partition_counts=self.offsets.partition_counts,
            ),
            producer=lambda name: clients.transactional_producer(self.settings, name),
            offsets=self.offsets,
            breaker=Breaker((TOUCHPOINTS,)),
            at_point=self._at_point,
        )
        self.tasks.append(Task(parts, 0, dict.fromkeys(TOPICS, PARTITIONS)))
        return self.tasks[-1]

    def _at_point(self, name: str) -> None:
        if name == self.fail_at:
            self.fail_at = ""
            raise ConnectionResetError(name)

    async def send(self, *values: Mapping[str, Any] | bytes | None, partition: int | None = None) -> None:
        """Append touchpoints one after the other; each under its source key unless `partition` is given."""
        for value in values:
            key, body = b"", value
            if isinstance(value, Mapping):
                key = str(value.get("anonymousId") or value.get("userId") or value["messageId"]).encode()
                body = json.dumps(value).encode()
            number = partition_of(key, PARTITIONS) if partition is None else partition
            stored = await self._producer.send_and_wait(
                self.prefix + TOUCHPOINTS, value=body, key=key or (None if body else b"key"), partition=number
            )
            # Across partitions only the broker's milliseconds tell the order: the next one gets a later one.
            while wall_ms() <= stored.timestamp:  # noqa: ASYNC110 - there is no event for the next millisecond
                await asyncio.sleep(0)

    async def waiting(self, task: IdentityTask) -> list[Record]:
        """Opens the task; what it has to read."""
        return self.after(await task.open(), await read_all(self.kafka, self.prefix + TOUCHPOINTS))

    def after(self, starts: Mapping[Position, int], records: Iterable[Record]) -> list[Record]:
        """Those at or after the positions, under the catalogue's topic name."""
        return [
            msgspec.structs.replace(one, topic=TOUCHPOINTS)
            for one in records
            if one.offset >= starts[TOUCHPOINTS, one.partition]
        ]

    async def resolve(self, *, sizes: Sequence[int] = (1_000_000,)) -> IdentityTask:
        """Open a task and let it read everything, in batches of these sizes, again and again."""
        task = self.task()
        records = await self.waiting(task)
        taken = number = 0
        while taken < len(records):
            size = sizes[number % len(sizes)]
            await task.batch(records[taken : taken + size], {})
            taken, number = taken + size, number + 1
        return task

    async def resolved(self) -> list[Line]:
        """All of `resolved-touchpoints`, by partition and offset."""
        lines = []
        for one in await read_all(self.kafka, self.prefix + RESOLVED):
            assert one.key is not None
            headers = {name: content.decode() for name, content in one.headers}
            body = msgspec.json.decode(one.value or b"")
            lines.append(Line(one.partition, one.key.decode(), headers["ce_type"], headers["ce_id"], body))
        return lines

    async def rows(self, query: str) -> list[Any]:
        """What stands in PostgreSQL."""
        connection = await asyncpg.connect(self.dsn, timeout=10)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


def empty(dsn: str) -> None:
    """A migrated database as if nothing had ever been resolved."""

    async def run() -> None:
        connection = await asyncpg.connect(dsn, timeout=10)
        try:
            names = ", ".join(f"identity.{name.strip()}" for name in TABLES.split(","))
            await connection.execute(f"TRUNCATE {names}")
        finally:
            await connection.close()

    asyncio.run(run())
