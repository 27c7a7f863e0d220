"""A mail relay that does what a test tells it to, at the point the test names."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import cast

#: Where the relay may misbehave: before its greeting, at a command, after the final dot.
Stage = str
EOF, SILENT = "EOF", "SILENT"

#: Given the stage and the recipient known so far (or ""), a reply, `EOF`, `SILENT`, or None for good behaviour.
Script = Callable[[Stage, str], str | None]


class SmtpServer:
    """Keeps every mail that was handed over to its final dot, also when it then does not say so."""

    def __init__(self) -> None:
        self.mails: list[tuple[str, EmailMessage]] = []
        self.raw: list[bytes] = []
        self.script: Script = lambda stage, recipient: None
        self.port = 0
        self.connections = 0
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> None:
        """Listen, on the same port as before when there was one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, limit=32 << 20)
        self.port = self._server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Refuse and drop connections."""
        if self._server is not None:
            self._server.close()
            for writer in list(self._writers):
                writer.close()
            await self._server.wait_closed()
            self._server = None

    def to(self, recipient: str) -> list[EmailMessage]:
        """The mails of one recipient."""
        return [mail for to, mail in self.mails if to == recipient]

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await self._talk(reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        recipient = ""
        if not await self._answer("connect", recipient, "220 fake", writer):
            return
        while line := await reader.readline():
            verb = line.split(b":")[0].split()[0].upper().decode() if line.split() else ""
            match verb:
                case "EHLO" | "HELO":
                    ok = await self._answer("ehlo", recipient, "250-fake\r\n250 SMTPUTF8", writer)
                case "MAIL":
                    recipient = ""
                    ok = await self._answer("mail", recipient, "250 ok", writer)
                case "RCPT":
                    recipient = line.partition(b"<")[2].partition(b">")[0].decode()
                    ok = await self._answer("rcpt", recipient, "250 ok", writer)
                case "DATA":
                    ok = await self._data(recipient, reader, writer)
                case "QUIT":
                    writer.write(b"221 bye\r\n")
                    return
                case _:
                    writer.write(b"250 ok\r\n")
                    ok = True
            if not ok:
                return

    async def _data(self, recipient: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        said = self.script("data", recipient)
        if said is not None:
            return await self._say(said, writer)
        writer.write(b"354 go on\r\n")
        content = await reader.readuntil(b"\r\n.\r\n")
        reply = self.script("dot", recipient)
        if reply is None or reply in {EOF, SILENT}:
            raw = content.removesuffix(b".\r\n").replace(b"\r\n..", b"\r\n.")
            self.raw.append(raw)
            self.mails.append((recipient, cast("EmailMessage", message_from_bytes(raw, policy=policy.default))))
        return await self._say(reply or "250 2.0.0 taken", writer)

    async def _answer(self, stage: Stage, recipient: str, good: str, writer: asyncio.StreamWriter) -> bool:
        return await self._say(self.script(stage, recipient) or good, writer)

    async def _say(self, reply: str, writer: asyncio.StreamWriter) -> bool:
        if reply == EOF:
            return False
        if reply == SILENT:
            await asyncio.sleep(3600)
        writer.write(reply.encode() + b"\r\n")
        await writer.drain()
        return True


@contextlib.asynccontextmanager
async def serving() -> AsyncIterator[SmtpServer]:
    """A relay while the block runs."""
    server = SmtpServer()
    await server.start()
    try:
        yield server
    finally:
        await server.stop()
