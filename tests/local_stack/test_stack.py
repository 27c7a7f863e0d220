"""A stack of the engines and the mailbox: what every stack does, whatever services it has."""

import asyncio
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import httpx
import psutil
import pytest

from local_stack import paths, ports, run_folder
from local_stack.engines.kafka_jars import jars
from local_stack.engines.pair import Engines
from local_stack.errors import DamagedJarsError, NameTakenError
from local_stack.stack import Stack


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("WAYPOST_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def stack(home: Path, engines: Engines, topic_prefix: str) -> Iterator[Stack]:
    database = f"waypost_{topic_prefix.rstrip('-')}"
    stack = Stack("test", engines=engines, topic_prefix=topic_prefix, database=database, services=())
    yield stack
    stack.stop()


async def test_each_role_sees_its_own_schema_and_no_other(stack: Stack) -> None:
    await asyncio.to_thread(stack.start)
    identity = await asyncpg.connect(stack.dsns["identity"])
    dispatcher = await asyncpg.connect(stack.dsns["dispatcher"])
    try:
        await dispatcher.execute("CREATE SCHEMA dispatcher")
        await dispatcher.execute("CREATE TABLE dispatcher.ledger (id int)")
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await identity.fetch("SELECT * FROM dispatcher.ledger")
    finally:
        await identity.close()
        await dispatcher.close()


def test_a_stopped_stack_leaves_no_process_port_or_lock(stack: Stack) -> None:
    stack.start()
    assert httpx.get(f"{stack.urls['mailbox']}/api/stats", trust_env=False).json()["count"] == 0
    known = json.loads((paths.run_folder("test") / "stack.json").read_text())
    assert known["write_keys"].keys() == {"web", "app", "shop"}
    pid = known["processes"]["mailbox"]["pid"]
    stack.kill("mailbox")
    stack.start_service("mailbox")
    assert not stack.died.is_set()
    stack.stop()
    assert not psutil.pid_exists(pid)
    assert ports.is_free(stack.smtp_port)
    assert run_folder.read("test") is None


def test_the_same_name_twice_is_refused(stack: Stack) -> None:
    with pytest.raises(NameTakenError):
        Stack("test", services=())


def test_a_death_is_noticed(stack: Stack) -> None:
    stack.start()
    psutil.Process(run_folder.read("test")["processes"]["mailbox"]["pid"]).kill()  # type: ignore[index] # it was written
    assert stack.died.wait(15)
    assert [death.name for death in stack.deaths] == ["mailbox"]


def test_a_damaged_jar_is_refused(home: Path) -> None:
    lib = paths.kafka_cache() / "lib"
    lib.mkdir(parents=True)
    (lib / "stamp").write_text(hashlib.sha256(paths.POM.read_bytes()).hexdigest())
    (lib / "kafka_2.13-4.3.1.jar").write_bytes(b"not a jar")
    with pytest.raises(DamagedJarsError, match=r"kafka_2\.13-4\.3\.1\.jar"):
        jars()
