"""The admin port answers what the orchestrator asks; every error has one shape."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from journey_runtime.health import Health
from journey_runtime.http import admin_app, error, install_errors, serve


@pytest.fixture
def health() -> Health:
    return Health("shop", "1.2")


@pytest.fixture
async def admin(health: Health) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        serve(admin_app(health), "127.0.0.1", 0) as port,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        yield client


async def test_ready_means_started_and_every_check_good(admin: httpx.AsyncClient, health: Health) -> None:
    assert (await admin.get("/readyz")).status_code == 503
    health.mark_started()
    assert (await admin.get("/readyz")).status_code == 200
    health.report("kafka", ok=False, detail="away")
    answer = await admin.get("/readyz")
    assert answer.status_code == 503
    (check,) = answer.json()["checks"]
    assert (check["name"], check["ok"], check["detail"]) == ("kafka", False, "away")
    health.report("kafka", ok=True)
    assert (await admin.get("/readyz")).json()["ok"]
    health.stopping()
    assert (await admin.get("/readyz")).status_code == 503
    assert (await admin.get("/livez")).status_code == 200


def test_a_loop_that_stands_still_is_not_live() -> None:
    now = 0.0
    health = Health("shop", "1", monotonic=lambda: now)
    health.tick()
    health.progress()
    now = 4.0
    assert health.live()["ok"]
    now = 6.0
    assert not health.live()["ok"]
    health.tick()
    assert health.live()["ok"]
    now = 61.0
    health.tick()
    assert [check["ok"] for check in health.live()["checks"]] == [True, False]


async def test_metrics_and_version_are_told(admin: httpx.AsyncClient) -> None:
    assert "journey_runtime_records_total" in (await admin.get("/metrics")).text
    assert (await admin.get("/version")).json()["version"] == "1.2"


async def test_every_error_is_an_object_with_code_and_message(admin: httpx.AsyncClient) -> None:
    answer = await admin.get("/nothing")
    assert answer.status_code == 404
    assert set(answer.json()) == {"code", "message"}
    assert set((await admin.post("/livez")).json()) == {"code", "message"}


async def test_an_unexpected_exception_is_a_500_that_tells_nothing() -> None:
    async def broken(request: Request) -> Response:
        raise RuntimeError("secret")

    app = Starlette(routes=[Route("/", broken)])
    install_errors(app)
    async with serve(app, "127.0.0.1", 0) as port, httpx.AsyncClient() as client:
        answer = await client.get(f"http://127.0.0.1:{port}/")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "secret" not in answer.text


def test_an_error_may_carry_headers() -> None:
    answer = error(503, "away", "try later", {"Retry-After": "2"})
    assert answer.headers["retry-after"] == "2"


_SERVICE = """
import asyncio
from journey_runtime.run import run
async def main(stop):
    print("ready", flush=True)
    await stop.wait()
    print("asked", flush=True)
    await asyncio.sleep({linger_s})
    return 7
run(main)
"""


@pytest.mark.parametrize(("linger_s", "signals", "code"), [(0, 1, 7), (60, 2, 1)])
def test_a_signal_asks_and_a_second_one_ends_the_process(linger_s: int, signals: int, code: int) -> None:
    command = [sys.executable, "-c", _SERVICE.format(linger_s=linger_s)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(signals):
            assert process.stdout.readline().strip() in {"ready", "asked"}
            process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=10) == code
