"""The engines and what isolates one test from another: a topic prefix, a database of its own."""

import asyncio
import contextlib
import os
import secrets
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest

from journey_runtime.topics import apply
from journey_schemas import topics as topic_catalogue
from local_stack.engines import pair
from local_stack.engines.pair import Engines
from local_stack.errors import NoEngineError
from local_stack.watchdog import WatchdogProcess

_TESTS = Path(__file__).parent
_MIGRATING = ("identity", "dispatcher", "metrics")


def pytest_report_header() -> str:
    """Which engines the tests will use, before any of them is started."""
    try:
        return str(pair.plan())
    except NoEngineError as missing:
        return f"engines: {missing}"


@pytest.fixture(scope="session")
def engines() -> Iterator[Engines]:
    """Kafka and PostgreSQL, started only when a test asks."""
    chosen = pair.plan()
    watchdog = WatchdogProcess()
    with contextlib.closing(watchdog), tempfile.TemporaryDirectory(prefix="waypost-tests-") as folder:
        watchdog.remove_at_end(Path(folder))
        running = pair.start(chosen, Path(folder), watchdog)
        yield running
        running.stop()


@pytest.fixture
def topic_prefix() -> str:
    """What the test's topics, groups and transactional ids begin with."""
    return f"t{secrets.token_hex(4)}-"


@pytest.fixture
def topics(engines: Engines, topic_prefix: str) -> Callable[..., Awaitable[None]]:
    """`await topics("touchpoints", partitions=4)` creates topics of the catalogue under the prefix."""

    async def create(*names: str, partitions: int = 4) -> None:
        every = topic_catalogue.catalogue()
        wanted = {name: every[name] for name in names}
        await apply(engines.kafka, topic_prefix, wanted, partitions=partitions)

    return create


@pytest.fixture(scope="session")
def templates(engines: Engines) -> Iterator[dict[tuple[str, ...], str]]:
    """Names of migrated databases by the services whose schemas they hold; filled as tests ask."""
    made: dict[tuple[str, ...], str] = {}
    yield made
    for name in made.values():
        _execute(engines.postgres, f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")


@pytest.fixture(scope="module")
def database(engines: Engines, templates: dict[tuple[str, ...], str], request: pytest.FixtureRequest) -> Iterator[str]:
    """The DSN of a fresh database: tests of one service get its schema, all others get every service's."""
    folder = request.path.relative_to(_TESTS).parts[0]
    services = (folder,) if folder in _MIGRATING else _MIGRATING
    if services not in templates:
        templates[services] = _migrated(engines.postgres, services)
    name = f"t{secrets.token_hex(6)}"
    _execute(engines.postgres, f"CREATE DATABASE {name} TEMPLATE {templates[services]}")
    yield _dsn(engines.postgres, name)
    _execute(engines.postgres, f"DROP DATABASE {name} WITH (FORCE)")


def _migrated(server: str, services: tuple[str, ...]) -> str:
    name = f"template{secrets.token_hex(6)}"
    _execute(server, f"CREATE DATABASE {name}")
    for service in services:
        env = {**os.environ, "WAYPOST_POSTGRES": _dsn(server, name), "WAYPOST_KAFKA": "127.0.0.1:9"}
        command = [sys.executable, "-m", service, "migrate"]
        done = subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)
        if done.returncode != 0:
            pytest.fail(f"{service} migrate: exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return name


def _dsn(server: str, database: str) -> str:
    return urlsplit(server)._replace(path=f"/{database}").geturl()


def _execute(server: str, statement: str) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(server, timeout=10)
        try:
            await connection.execute(statement)
        finally:
            await connection.close()

    # In a thread of its own: a fixture may be set up while the event loop of the tests is running.
    with ThreadPoolExecutor(1) as thread:
        thread.submit(asyncio.run, run()).result()
