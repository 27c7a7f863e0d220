"""Connections, and the one way to run a transaction on them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, TypeVar  # Any: asyncpg carries no types

import asyncpg
import msgspec

from journey_runtime.errors import WrongSchema
from journey_runtime.log import logger

log = logger(__name__)

T = TypeVar("T")

#: PostgreSQL is away, or two of us stood in each other's way: the same again may work.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.TooManyConnectionsError,
    asyncpg.DeadlockDetectedError,
    asyncpg.SerializationError,
    asyncpg.QueryCanceledError,
)
_BACK_OFF_S = (0.05, 2.0)
_STATEMENT_S = 15.0


@asynccontextmanager
async def connected(dsn: str, size: int = 6) -> AsyncIterator[Any]:
    """A pool while the block runs."""
    pool = await asyncpg.create_pool(
        dsn, min_size=1, max_size=size, init=_prepare, command_timeout=_STATEMENT_S, timeout=10
    )
    try:
        yield pool
    finally:
        try:
            await asyncio.wait_for(pool.close(), 5)
        except TimeoutError:
            pool.terminate()


async def _prepare(connection: Any) -> None:
    await connection.set_type_codec(
        "jsonb",
        schema="pg_catalog",
        encoder=lambda value: msgspec.json.encode(value).decode(),
        decoder=msgspec.json.decode,
    )


async def transact(pool: Any, work: Callable[[Any], Awaitable[T]]) -> T:
    """Run `work(connection)` in one transaction, again and again until PostgreSQL takes it.

    `work` must bear being run again from its start. What is not a fault of the connection is raised.
    """
    pause, longest = _BACK_OFF_S
    while True:
        try:
            async with pool.acquire(timeout=10) as connection, connection.transaction():
                return await work(connection)
        except AWAY as error:
            log.warning("postgres_retry", error=type(error).__name__)
            await asyncio.sleep(pause)
            pause = min(pause * 2, longest)


async def check_schema(pool: Any, expected: str) -> None:
    """Raises `WrongSchema` when the tables are not those of this program."""
    try:
        found = await pool.fetchval("SELECT version_num FROM dispatcher.alembic_version")
    except asyncpg.UndefinedTableError:
        found = None
    if found != expected:
        raise WrongSchema(f"schema version {found}, this program knows {expected}: run `python -m dispatcher migrate`")
