"""The process as it runs: it stops when asked, survives being killed, and says why it will not start."""

import asyncio
import base64
import os
import socket
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from urllib.request import urlopen

import pytest

from support.identity_bench import KEYRING, LOOKUP_KEY, Bench, touchpoint
from support.identity_world import SECRET
from support.ledger_check import until


class Identity:
    """`python -m identity` with its log."""

    def __init__(self, bench: Bench, **settings: str) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            self.port = free.getsockname()[1]
        env = {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")}
        env |= {
            "WAYPOST_KAFKA": bench.kafka,
            "WAYPOST_POSTGRES": bench.dsn,
            "WAYPOST_TOPIC_PREFIX": bench.prefix,
            "WAYPOST_SESSION_SECONDS": "6",
            "WAYPOST_KEYRING": KEYRING,
            "WAYPOST_IDENTITY_NAMESPACE_UUID": str(SECRET),
            "WAYPOST_IDENTITY_LOOKUP_KEY": base64.b64encode(LOOKUP_KEY).decode(),
            "WAYPOST_IDENTITY_ADMIN_PORT": str(self.port),
        }
        env |= {f"WAYPOST_{name.upper()}": value for name, value in settings.items()}
        self._log = TemporaryFile(mode="w+", encoding="utf-8")  # noqa: SIM115 - `close` closes it
        self.process = subprocess.Popen(
            [sys.executable, "-m", "identity"], env=env, stdout=self._log, stderr=subprocess.STDOUT
        )

    def output(self) -> str:
        return os.pread(self._log.fileno(), 1 << 24, 0).decode()

    async def until_logged(self, event: str) -> None:
        async def is_logged() -> bool:
            assert self.process.poll() is None, self.output()
            return f'"event": "{event}"' in self.output()

        await until(is_logged)

    async def ended(self, within_s: float) -> int:
        async def is_over() -> bool:
            return self.process.poll() is not None

        await until(is_over, within_s=within_s)
        return self.process.wait()

    def get(self, path: str) -> str:
        with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
            return str(answer.read().decode())

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self._log.close()


@contextmanager
def identity(bench: Bench, **settings: str) -> Iterator[Identity]:
    running = Identity(bench, **settings)
    try:
        yield running
    finally:
        running.close()


class Load:
    """People who browse on two devices, then sign in on both; one touchpoint after the other until `finish`."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._is_over = False
        self._running = asyncio.create_task(self._send())

    async def _send(self) -> int:
        sent = 0
        while not self._is_over:
            person, step = divmod(sent, 5)
            device = "web" if step in {0, 2} else "app"
            user = {"userId": f"user-{person}"} if step in {2, 3} else {}
            await self._bench.send(touchpoint(f"m{sent}", anonymousId=f"{device}-{person}", **user))
            sent += 1
        return sent

    async def finish(self) -> int:
        """Stop; how many were sent."""
        self._is_over = True
        return await self._running


@pytest.fixture
async def load(bench: Bench) -> AsyncIterator[Load]:
    running = Load(bench)
    yield running
    await running.finish()


async def _check(bench: Bench, sent: int) -> None:
    """Every touchpoint once; each source key in order; markers before what relies on them."""

    async def is_all_there() -> bool:
        return sum(1 for line in await bench.resolved() if "messageId" in line.body) >= sent

    await until(is_all_there, within_s=30)
    lines = await bench.resolved()
    assert Counter(line.body["messageId"] for line in lines if "messageId" in line.body) == Counter(
        f"m{number}" for number in range(sent)
    )
    ended: set[str] = set()
    reached: dict[tuple[str, str], int] = {}
    for line in lines:
        body = line.body
        if body.get("role") == "from":
            ended.add(line.key)
        elif "messageId" in body:
            assert line.key not in ended, "a loser gets nothing after its marker"
            device = (line.key, body.get("anonymousId", ""))
            assert int(body["messageId"][1:]) > reached.get(device, -1)
            reached[device] = int(body["messageId"][1:])
    users = await bench.rows(
        "SELECT count(DISTINCT coalesce(p.merged_into, p.id)) FROM identity.identifier i"
        " JOIN identity.profile p ON p.id = i.profile_id WHERE i.namespace = 'user_id'"
    )
    assert users == [((sent + 2) // 5,)]


async def test_asked_to_stop_under_load_it_ends_within_5_s_and_a_new_one_goes_on(bench: Bench, load: Load) -> None:
    with identity(bench) as first:
        await first.until_logged("task_opened")
        await until(_has_resolved(bench, 200))
        assert '"ok":true' in first.get("/readyz").replace(" ", "")
        assert "journey_identity_touchpoints_total" in first.get("/metrics")
        first.process.terminate()
        assert await first.ended(5) == 0, first.output()
    with identity(bench) as second:
        await second.until_logged("task_opened")
        await _check(bench, await load.finish())
        assert "user-0" not in second.output()


async def test_killed_again_and_again_under_load_nothing_is_lost_or_twice(bench: Bench, load: Load) -> None:
    for round_ in range(3):
        with identity(bench) as running:
            await running.until_logged("task_opened")
            await until(_has_resolved(bench, 150 * (round_ + 1)))
            running.process.kill()
            await running.ended(5)
    with identity(bench) as last:
        await _check(bench, await load.finish())
        assert await _epoch(bench) == 4
        last.process.terminate()
        assert await last.ended(5) == 0


async def test_without_its_tables_or_secrets_it_does_not_start(bench: Bench) -> None:
    with identity(bench, postgres=bench.dsn.rsplit("/", 1)[0] + "/template1") as running:
        assert await running.ended(20) == 3
        assert "identity migrate" in running.output()
    with identity(bench, keyring="{}") as running:
        assert await running.ended(20) == 2
    with identity(bench, identity_lookup_key="c2hvcnQ=") as running:
        assert await running.ended(20) == 2
        assert "WAYPOST_IDENTITY_LOOKUP_KEY" in running.output()
        assert "c2hvcnQ" not in running.output()


def _has_resolved(bench: Bench, count: int):  # type: ignore[no-untyped-def] # a condition for `until`
    async def has_resolved() -> bool:
        rows = await bench.rows("SELECT coalesce(sum(next_offset), 0) FROM identity.position")
        return bool(rows[0][0] >= count)

    return has_resolved


async def _epoch(bench: Bench) -> int:
    ((epoch,),) = await bench.rows("SELECT epoch FROM identity.task_fence")
    return int(epoch)
