"""`python -m dispatcher` as a process of its own, with the topics it reads and writes."""

import asyncio
import base64
import json
import os
import sys
import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any  # Any: aiokafka carries no types; JSON of records
from uuid import uuid4

import asyncpg
import httpx
import msgspec
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from ruamel.yaml import YAML

from journey_schemas.definition import DEFINITION_TYPE, Definition, version_of
from journey_schemas.headers import cloud_event_headers
from journey_schemas.message_command import (
    CANCEL_TYPE,
    PROFILE_MERGED_TYPE,
    SEND_TYPE,
    Addresses,
    CancelMessages,
    SendMessage,
)
from journey_schemas.moment import from_ms
from journey_schemas.partition import partition_of
from journey_schemas.records import encode
from local_stack import ports

TOPICS = ("message-commands", "message-commands-dlq", "deliveries", "touchpoints", "journey-definitions")
KEYRING = json.dumps({"active": "k1", "keys": {"k1": base64.b64encode(b"k" * 32).decode()}})
SECRET = "a secret of the tests, long enough"
TOKEN = "token"
PARTITIONS = 4
_TYPES = {SendMessage: SEND_TYPE, CancelMessages: CANCEL_TYPE}
_START_S = 40.0


class DispatcherProcess:
    """One dispatcher and what a test asks of its surroundings."""

    def __init__(self, *, kafka: str, prefix: str, database: str, folder: Path, accounts: list[dict[str, Any]]) -> None:
        port, admin = ports.free(2)
        self.url, self.admin_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}"
        self.database = database
        self.folder = folder
        self._kafka = kafka
        self._prefix = prefix
        providers = folder / "providers.yaml"
        with providers.open("w") as stream:
            YAML(typ="safe", pure=True).dump({"accounts": accounts}, stream)
        self.environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")},
            "WAYPOST_KAFKA": kafka,
            "WAYPOST_POSTGRES": database,
            "WAYPOST_TOPIC_PREFIX": prefix,
            "WAYPOST_SESSION_SECONDS": "6",
            "WAYPOST_KEYRING": KEYRING,
            "WAYPOST_ADMIN_TOKEN": TOKEN,
            "WAYPOST_DISPATCHER_PORT": str(port),
            "WAYPOST_DISPATCHER_ADMIN_PORT": str(admin),
            "WAYPOST_DISPATCHER_PUBLIC_URL": self.url,
            "WAYPOST_DISPATCHER_PROVIDERS": str(providers),
            "WAYPOST_DISPATCHER_SECRET": SECRET,
        }
        self.process: asyncio.subprocess.Process | None = None
        self._producer: Any = None
        self._consumers: dict[str, Any] = {}
        self._read: dict[str, list[dict[str, Any]]] = {}

    async def start(self, **more: str) -> None:
        """Start, also again, and wait until it is ready."""
        with (self.folder / "dispatcher.log").open("ab") as log:
            self.process = await asyncio.create_subprocess_exec(
                sys.executable, "-m", "dispatcher", env=self.environment | more, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_S
        async with httpx.AsyncClient() as http:
            while not await _is_ready(http, self.admin_url):
                if self.process.returncode is not None or time.monotonic() > deadline:
                    raise AssertionError("the dispatcher did not get ready:\n" + self.log())
                await asyncio.sleep(0.05)

    def log(self) -> str:
        """What it wrote."""
        return (self.folder / "dispatcher.log").read_text()

    async def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()

    async def end(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return await asyncio.wait_for(self.process.wait(), 30)

    async def close(self) -> None:
        """Kill what runs and close the clients."""
        if self.process is not None:
            await self.kill()
        if self._producer is not None:
            await self._producer.stop()
        for consumer in self._consumers.values():
            await consumer.stop()

    async def _put(self, topic: str, key: str, value: bytes, kind: str) -> None:
        if self._producer is None:
            self._producer = AIOKafkaProducer(bootstrap_servers=self._kafka, linger_ms=2)
            await self._producer.start()
        headers = cloud_event_headers(ce_id=str(uuid4()), ce_type=kind, ce_source="/tests", ce_time="")
        count = 1 if topic == "journey-definitions" else PARTITIONS
        await self._producer.send(
            self._prefix + topic,
            value=value,
            key=key.encode(),
            partition=partition_of(key.encode(), count),
            headers=list(headers),
        )

    async def define(self, kind: str, name: str, body: dict[str, Any]) -> str:
        """Publish a definition; its version."""
        version = version_of(body)
        record = Definition(kind=kind, name=name, version=version, release=1, body=body)
        await self._put("journey-definitions", f"{kind}/{name}", encode(record), DEFINITION_TYPE)
        await self._producer.flush()
        return version

    async def order(self, *commands: Any) -> None:
        """Write commands in order."""
        for command in commands:
            kind = _TYPES.get(type(command), PROFILE_MERGED_TYPE)
            key = command.winner if kind == PROFILE_MERGED_TYPE else command.profile_id
            await self._put("message-commands", key, encode(command), kind)
        await self._producer.flush()

    async def raw(self, value: bytes, kind: str = SEND_TYPE) -> None:
        """Write bytes as a command."""
        await self._put("message-commands", "raw", value, kind)
        await self._producer.flush()

    async def records(self, topic: str) -> list[dict[str, Any]]:
        """All records of a topic so far."""
        if topic not in self._consumers:
            consumer = AIOKafkaConsumer(
                self._prefix + topic, bootstrap_servers=self._kafka, auto_offset_reset="earliest",
                isolation_level="read_committed", enable_auto_commit=False,
            )  # fmt: skip
            await consumer.start()
            self._consumers[topic], self._read[topic] = consumer, []
        batches = await self._consumers[topic].getmany(timeout_ms=200, max_records=10_000)
        for batch in batches.values():
            self._read[topic].extend(msgspec.json.decode(record.value) for record in batch)
        return self._read[topic]

    async def deliveries(self, count: int, timeout_s: float = 30) -> list[dict[str, Any]]:
        """All deliveries, as soon as there are `count`."""
        return await self.until(lambda: self.records("deliveries"), lambda found: len(found) >= count, timeout_s)

    async def until(
        self,
        look: Callable[[], Awaitable[Any]],
        holds: Callable[[Any], bool],
        timeout_s: float = 30,
    ) -> Any:
        """What `look` finds once it `holds`."""
        deadline = time.monotonic() + timeout_s
        while True:
            found = await look()
            if holds(found):
                return found
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {timeout_s} s: {found!r:.2000}\n{self.log()[-6000:]}")
            await asyncio.sleep(0.02)

    async def sql(self, query: str, *values: Any) -> list[dict[str, Any]]:
        """Ask its tables."""
        connection = await asyncpg.connect(self.database)
        try:
            return [dict(row) for row in await connection.fetch(query, *values)]
        finally:
            await connection.close()

    async def states(self) -> dict[str, int]:
        """How many commands are in which state."""
        rows = await self.sql("SELECT state, count(*) AS n FROM dispatcher.send_ledger GROUP BY state")
        return {row["state"]: row["n"] for row in rows}


async def _is_ready(http: httpx.AsyncClient, url: str) -> bool:
    try:
        return (await http.get(url + "/readyz", timeout=2)).status_code == 200
    except httpx.TransportError:
        return False


POLICY: dict[str, Any] = {
    "topics": {"offers": {"consent": "opt_out"}, "letter": {"consent": "opt_in"}},
    "senders": {"email": {"default": {"from": "Corner Shop <hello@shop.example>", "postal_address": "Shop, Town"}}},
}
EMAIL: dict[str, Any] = {
    "subject": "Grüße, {{ profile.first_name | default: 'you' }}",
    "body": '<p>See <a href="https://shop.example/b?x=1&amp;y=2">B</a>'
    " <a href=\"{{ vars.link | default: 'https://shop.example/none' }}\">yours</a></p>",
}


def message(name: str, category: str, **channels: Any) -> dict[str, Any]:
    """A message's body."""
    return {"message": name, "category": category, "channels": channels or {"email": EMAIL}}


def command(version: str, category: str = "marketing", **changes: Any) -> SendMessage:
    """An order to send, of a new person unless told."""
    now_ms = int(time.time() * 1000)
    values: dict[str, Any] = {
        "command_id": str(uuid4()), "profile_id": str(uuid4()), "cause": "m-1", "at": from_ms(now_ms),
        "decided_at": from_ms(now_ms), "caused_at": from_ms(now_ms), "journey": "cross-sell", "version": "0" * 16,
        "release": 1, "instance_id": str(uuid4()), "stage": "bought-a", "step": "bought-a/0", "visit": 1,
        "message": "offer", "message_version": version, "category": category, "channels": ("email",),
        "data": {"profile": {"first_name": "Ann"}, "event": {}, "vars": {"link": "https://shop.example/mine?t=9"}},
        "expires_at": from_ms(now_ms + 3_600_000), "topic": "offers" if category == "marketing" else None,
    }  # fmt: skip
    values["addresses"] = Addresses(email=f"p{values['command_id'][:8]}@shop.example")
    return SendMessage(**(values | changes))


def outcomes(deliveries: Iterable[dict[str, Any]]) -> dict[str, list[str]]:
    """Command id to its outcomes."""
    found: dict[str, list[str]] = {}
    for one in deliveries:
        found.setdefault(one["command_id"], []).append(one["outcome"])
    return found
