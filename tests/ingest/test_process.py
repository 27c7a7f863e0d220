"""The process: it starts, it dies, it ends when asked; what it acknowledged is stored."""

import asyncio
import contextlib
import json
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from ingest import connect
from ingest.settings import IngestSettings
from support.ingest_door import basic, on_topic
from support.ingest_process import IngestProcess, running


@pytest.fixture
async def ingest(
    settings: IngestSettings, topics: Callable[..., Awaitable[None]], tmp_path: Path
) -> AsyncIterator[IngestProcess]:
    await topics(connect.TOPIC, connect.DEAD_LETTERS)
    environment = {
        "WAYPOST_KAFKA": settings.kafka,
        "WAYPOST_TOPIC_PREFIX": settings.topic_prefix,
        "WAYPOST_INGEST_SOURCES": str(settings.ingest_sources),
    }
    with running(environment, tmp_path / "ingest.log") as process:
        yield process


class Load:
    """Requests without pause; which were acknowledged, which were answered otherwise."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.acknowledged: list[str] = []
        self.refused: list[int] = []
        self.lost_connections = 0
        self.is_over = False

    async def run(self, clients: int) -> None:
        limits = httpx.Limits(max_connections=clients, max_keepalive_connections=clients)
        async with httpx.AsyncClient(base_url=self.url, headers=basic("app"), limits=limits, timeout=20) as client:
            await asyncio.gather(*(self._one(client, number) for number in range(clients)))

    async def _one(self, client: httpx.AsyncClient, number: int) -> None:
        count = 0
        while not self.is_over:
            count += 1
            message_id = f"m-{number}-{count}"
            item = {"event": "E", "userId": f"u-{number}", "messageId": message_id}
            try:
                answer = await client.post("/v1/track", json=item)
            except httpx.TransportError:
                self.lost_connections += 1
                return
            if answer.status_code == 200:
                self.acknowledged.append(message_id)
            else:
                self.refused.append(answer.status_code)

    async def reached(self, count: int) -> None:
        async with asyncio.timeout(60):
            while len(self.acknowledged) < count:  # noqa: ASYNC110 - the count has no event
                await asyncio.sleep(0.01)


async def stored_ids(settings: IngestSettings) -> list[str]:
    return [record.value["messageId"] for record in await on_topic(settings, connect.TOPIC)]


async def test_what_was_acknowledged_before_a_kill_is_stored(ingest: IngestProcess, settings: IngestSettings) -> None:
    load = Load(ingest.url)
    running_load = asyncio.create_task(load.run(50))
    await load.reached(1_000)
    ingest.process.kill()
    await running_load
    await asyncio.to_thread(ingest.process.wait, 10)
    assert load.lost_connections == 50
    await asyncio.to_thread(ingest.start)
    answer = await asyncio.to_thread(
        lambda: httpx.post(ingest.url + "/v1/track", json={"event": "E", "userId": "u"}, headers=basic("app"))
    )
    assert answer.status_code == 200
    stored = await stored_ids(settings)
    assert set(stored) >= set(load.acknowledged)
    assert len(set(stored)) == len(stored)


async def test_sigterm_finishes_what_was_accepted(ingest: IngestProcess, settings: IngestSettings) -> None:
    load = Load(ingest.url)
    running_load = asyncio.create_task(load.run(20))
    await load.reached(300)
    began = time.monotonic()
    ingest.process.send_signal(signal.SIGTERM)
    code = await asyncio.to_thread(ingest.process.wait, 20)
    assert code == 0
    assert time.monotonic() - began < 5
    load.is_over = True
    await running_load
    assert load.refused == []
    assert set(await stored_ids(settings)) >= set(load.acknowledged)


async def test_a_bomb_leaves_memory_as_it_was(ingest: IngestProcess) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b" " * (1 << 30)) + packer.flush()
    before = ingest.resident_bytes()
    async with httpx.AsyncClient(base_url=ingest.url, headers=basic("app")) as client:
        for _ in range(3):
            answer = await client.post("/v1/batch", content=bomb, headers={"Content-Encoding": "gzip"})
            assert answer.status_code == 413
    assert ingest.resident_bytes() - before < 32 << 20


async def test_the_admin_port_tells_health_and_metrics(ingest: IngestProcess) -> None:
    async with httpx.AsyncClient(base_url=ingest.admin_url) as admin:
        for path in ("/livez", "/healthz", "/startz", "/readyz"):
            assert (await admin.get(path)).status_code == 200
        assert (await admin.get("/version")).json()["service"] == "ingest"
        text = (await admin.get("/metrics")).text
    for name in ("requests_total", "touchpoints_total", "ack_seconds", "unacked_bytes", "circuit_open"):
        assert f"journey_ingest_{name}" in text


async def test_logs_hold_no_key_no_id_and_no_payload(ingest: IngestProcess, tmp_path: Path) -> None:
    item = {"event": "E-secret", "userId": "id-secret", "traits": 7}
    async with httpx.AsyncClient(base_url=ingest.url) as client:
        await client.post("/v1/track?writeKey=app", json=item)
        await client.post("/v1/track?writeKey=key-secret", json=item)
    with contextlib.suppress(ProcessLookupError):
        ingest.process.terminate()
    await asyncio.to_thread(ingest.process.wait, 10)
    lines = (await asyncio.to_thread((tmp_path / "ingest.log").read_text)).splitlines()
    assert {json.loads(line)["event"] for line in lines} == {"serving", "stop_asked"}
    assert all("secret" not in line for line in lines)


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({}, "WAYPOST_KAFKA"),
        ({"WAYPOST_KAFKA": "127.0.0.1:9", "WAYPOST_INGEST_SOURCES": "/nowhere.yaml"}, "WAYPOST_INGEST_SOURCES"),
        (
            {"WAYPOST_KAFKA": "127.0.0.1:9", "WAYPOST_INGEST_SOURCES": "/x", "WAYPOST_INGEST_PROT": "1"},
            "WAYPOST_INGEST_PROT",
        ),
    ],
)
def test_wrong_settings_end_the_start_with_exit_code_2(environment: dict[str, str], said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "ingest"], env=environment, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 2
    assert said in done.stdout + done.stderr


async def test_missing_topics_end_the_start_with_exit_code_4(settings: IngestSettings) -> None:
    environment = {
        "WAYPOST_KAFKA": settings.kafka,
        "WAYPOST_TOPIC_PREFIX": settings.topic_prefix,
        "WAYPOST_INGEST_SOURCES": str(settings.ingest_sources),
        "WAYPOST_INGEST_ADMIN_PORT": "0",
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ingest", env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(process.communicate(), 30)
    assert process.returncode == 4
    assert b"touchpoints does not exist" in output
