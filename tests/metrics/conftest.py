"""What tests of the read side need: a connection to a migrated database."""

from collections.abc import AsyncIterator

import asyncpg
import pytest_asyncio


@pytest_asyncio.fixture
async def connection(database: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection whose work is undone at the end of the test."""
    connected = await asyncpg.connect(database, timeout=10, server_settings={"timezone": "UTC"})
    undone = connected.transaction()
    await undone.start()
    yield connected
    await undone.rollback()
    await connected.close()
