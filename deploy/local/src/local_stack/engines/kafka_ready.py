"""Waiting until a broker works: an open port is not yet a broker."""

import asyncio
import time
from typing import Protocol

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from local_stack.errors import NotReadyError, ProcessDiedError


class Watchable(Protocol):
    """A process whose end makes waiting pointless."""

    @property
    def exit_code(self) -> int | None:
        """None while it runs."""

    def last_lines(self) -> str:
        """The end of its output."""


def wait(process: Watchable, address: str, timeout_s: float = 60.0) -> None:
    """Return when the broker at `address` lists itself. Call it outside of an event loop."""
    deadline = time.monotonic() + timeout_s
    while not asyncio.run(_answers(address)):
        if process.exit_code is not None:
            message = f"kafka ended with exit code {process.exit_code}:\n{process.last_lines()}"
            raise ProcessDiedError(message)
        if time.monotonic() > deadline:
            message = f"kafka did not answer within {timeout_s:.0f} s:\n{process.last_lines()}"
            raise NotReadyError(message)
        time.sleep(0.1)


async def _answers(address: str) -> bool:
    host, port = address.rsplit(":", 1)
    try:
        _, writer = await asyncio.open_connection(host, int(port))
        writer.close()
        await writer.wait_closed()
    except OSError:
        # Looked at first, because the client logs an error for each refused connection.
        return False
    admin = AIOKafkaAdminClient(bootstrap_servers=address, request_timeout_ms=5_000)
    try:
        await admin.start()
        return bool((await admin.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await admin.close()
