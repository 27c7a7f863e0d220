"""The ingest application on real Kafka, called through ASGI; and what it left on its topics."""

import asyncio
import base64
import contextlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition

from ingest import connect
from ingest.__main__ import public_app
from ingest.producer import Writer
from ingest.settings import IngestSettings
from ingest.sources import Sources
from journey_schemas.dead_letter import DeadLetter
from journey_schemas.records import decoder

_SOURCES = """
sources:
  web: {{kind: browser, keys: [{{sha256: {web}}}]}}
  shop-web: {{kind: browser, keys: [{{sha256: {shop-web}}}], origins: ["https://shop.example"]}}
  app: {{kind: server, keys: [{{sha256: {app}}}]}}
  roomy: {{kind: server, keys: [{{sha256: {roomy}}}], limits: {{event_bytes: 786432}}}}
  off: {{kind: server, keys: [{{sha256: {off}}}], enabled: false}}
  rotating: {{kind: server, keys: [{{sha256: {old}, expires: "2026-01-01T00:00:00Z"}}, {{sha256: {new}}}]}}
"""


def write_sources(path: Path) -> None:
    """Each source's write key is its name; `rotating` has the keys `old`, expired, and `new`."""
    names = ("web", "shop-web", "app", "roomy", "off", "old", "new")
    path.write_text(_SOURCES.format(**{name: digest(name) for name in names}))


def digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()


def basic(key: str) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


@dataclass(frozen=True, kw_only=True)
class Record:
    """A record as it stands on a topic."""

    key: str | None
    value: dict[str, Any]
    headers: dict[str, str]
    partition: int
    raw: bytes


@dataclass(frozen=True, kw_only=True)
class Door:
    """The running application."""

    client: httpx.AsyncClient
    writer: Writer
    sources: Sources
    settings: IngestSettings

    async def post(self, path: str, body: Any, key: str | None = "app", **headers: str) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        own = basic(key) if key else {}
        return await self.client.post(
            path, content=content, headers=own | {k.replace("_", "-"): v for k, v in headers.items()}
        )

    async def touchpoints(self) -> list[Record]:
        return await on_topic(self.settings, connect.TOPIC)

    async def dead_letters(self) -> list[DeadLetter]:
        read = decoder(DeadLetter).decode
        return [read(record.raw) for record in await on_topic(self.settings, connect.DEAD_LETTERS)]


async def on_topic(settings: IngestSettings, topic: str) -> list[Record]:
    """All records of a topic, by partition and offset."""
    name = settings.topic_prefix + topic
    consumer = AIOKafkaConsumer(
        bootstrap_servers=settings.kafka, auto_offset_reset="earliest", enable_auto_commit=False
    )
    await consumer.start()
    try:
        numbers = await consumer._client._wait_on_metadata(name)
        partitions = [TopicPartition(name, number) for number in sorted(numbers)]
        consumer.assign(partitions)
        ends = await consumer.end_offsets(partitions)
        found: list[Record] = []
        async with asyncio.timeout(10):
            for partition, end in ends.items():
                consumer.pause(*(set(partitions) - {partition}))
                consumer.resume(partition)
                while await consumer.position(partition) < end:
                    for record in (await consumer.getmany(partition, timeout_ms=100)).get(partition, []):
                        found.append(_record(record))
        return found
    finally:
        await consumer.stop()


def _record(record: Any) -> Record:
    return Record(
        key=None if record.key is None else record.key.decode(),
        value=json.loads(record.value),
        headers={name: content.decode() for name, content in record.headers},
        partition=record.partition,
        raw=record.value,
    )


@contextlib.asynccontextmanager
async def opened(settings: IngestSettings) -> AsyncIterator[Door]:
    """The application as `python -m ingest` builds it, without the server."""
    sources = Sources(settings.ingest_sources)
    sources.load()
    writer = Writer(
        partial(connect.connect, settings),
        ack_deadline_s=settings.ingest_ack_deadline_seconds,
        circuit_after_s=settings.ingest_circuit_after_seconds,
        max_unacked_bytes=settings.ingest_max_unacked_bytes,
    )
    counts = await connect.partition_counts(settings)
    running = asyncio.create_task(writer.run())
    try:
        async with asyncio.timeout(20):
            await writer.connected.wait()
        app = public_app(settings, sources, writer, counts)
        transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://ingest") as client:
            yield Door(client=client, writer=writer, sources=sources, settings=settings)
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
