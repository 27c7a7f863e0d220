"""Waiting until a PostgreSQL answers queries."""

import asyncio
import time
from typing import Protocol

import asyncpg

from local_stack.errors import NotReadyError, ProcessDiedError


class Watchable(Protocol):
    """A process whose end makes waiting pointless."""

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""

    def last_lines(self) -> str:
        """The end of its output."""


def wait(process: Watchable, dsn: str, timeout_s: float = 30.0) -> None:
    """Return when the server behind `dsn` answers. Call it outside of an event loop."""
    deadline = time.monotonic() + timeout_s
    while not asyncio.run(_answers(dsn)):
        if process.exit_code is not None:
            message = f"postgres ended with exit code {process.exit_code}:\n{process.last_lines()}"
            raise ProcessDiedError(message)
        if time.monotonic() > deadline:
            message = f"postgres did not answer within {timeout_s:.0f} s:\n{process.last_lines()}"
            raise NotReadyError(message)
        time.sleep(0.05)


async def _answers(dsn: str) -> bool:
    try:
        connection = await asyncpg.connect(dsn, timeout=5)
    except (OSError, TimeoutError, asyncpg.CannotConnectNowError):
        return False
    try:
        await connection.execute("SELECT 1", timeout=5)
    finally:
        await connection.close(timeout=5)
    return True
