"""The SMTP side: every recipient exists, every mail is kept."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any

from aiosmtpd.smtp import SMTP

from local_stack.mailbox.store import Store

_LARGEST = 32 * 1024 * 1024


# The longest line of RFC 5321, its end included, and a byte for a doubled dot.
_LONGEST_LINE = 1001


class _Session(SMTP):
    """One connection.

    The library takes the longest line for the size of its read buffer too, and then pauses the connection every two
    kilobytes, which halves what it can accept. The buffer is made while the attribute is large.
    """

    line_length_limit = 256 * 1024

    def __init__(self, keeper: "Keeper") -> None:
        super().__init__(
            keeper, hostname="mailbox", ident="Waypost mailbox", data_size_limit=_LARGEST, enable_SMTPUTF8=True
        )
        self.line_length_limit = _LONGEST_LINE


class Keeper:
    """What the SMTP library calls with each mail."""

    def __init__(self, store: Store, clock: Callable[[], datetime]) -> None:
        self._store = store
        self._clock = clock

    # The library finds the method by this name; its session and envelope are untyped, hence `Any`.
    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        """Keep it and tell its number."""
        mail = self._store.add(
            bytes(envelope.original_content),
            mail_from=str(envelope.mail_from or ""),
            rcpt_tos=tuple(envelope.rcpt_tos),
            at=self._clock(),
        )
        return f"250 2.0.0 kept as {mail.n}"


@contextlib.asynccontextmanager
async def serve(keeper: Keeper, host: str, port: int) -> AsyncIterator[int]:
    """Accept mail while the block runs; yields the port bound (`port` 0: any free one)."""

    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: _Session(keeper), host, port, backlog=1024)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        await server.wait_closed()
