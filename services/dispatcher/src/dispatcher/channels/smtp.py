"""One connection to a relay, and what its behaviour means.

A client library raises the same error for a connection lost before and after the mail was handed over. Between the two
lies everything, so the stage is kept.
"""

import re
import socket
import time
from datetime import timedelta

from aiosmtplib import SMTP, SMTPResponse
from aiosmtplib.errors import (
    SMTPAuthenticationError,
    SMTPConnectError,
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
    SMTPTimeoutError,
)
from aiosmtplib.protocol import SMTPProtocol

from dispatcher.channels.answer import Answer
from dispatcher.providers import SmtpAccount

_MOST_MAILS = 100
_IDLE_S = 30.0
_ASK_AGAIN_S = 10.0
_LATER = timedelta(seconds=60)
_ENHANCED = re.compile(r"\b5\.[0-9]+\.[0-9]+\b")
_UNKNOWN_USER = re.compile(r"\b5\.1\.[0-9]+\b")


class _Staged(SMTPProtocol):
    """Knows whether the mail was handed over when a connection ends. `final_timeout_s` is for the last answer."""

    stage = "pre"
    final_timeout_s = 60.0

    async def execute_data_command(self, message: bytes, timeout: float | None = None) -> SMTPResponse:
        """DATA, the mail, the dot; `stage` tells how far it came."""
        if self._command_lock is None:
            raise SMTPServerDisconnected("not connected")
        async with self._command_lock:
            self.stage = "data_command"
            self._response_pending = True
            self.write(b"DATA\r\n")
            start = await self.read_response(timeout=timeout)
            if start.code != 354:
                raise SMTPDataError(start.code, start.message)
            self.stage = "body_sent"
            self._response_pending = True
            self.write(message.replace(b"\r\n.", b"\r\n..") + b".\r\n")
            done = await self.read_response(timeout=self.final_timeout_s)
            self.stage = "answered"
            if done.code != 250:
                raise SMTPDataError(done.code, done.message)
        return done


class Connection:
    """Holds a connection for up to 100 mails, or 30 s without one."""

    def __init__(self, account: SmtpAccount) -> None:
        self._account = account
        self._client: SMTP | None = None
        self._mails = 0
        self._used_s = 0.0

    async def ready(self) -> Answer | None:
        """Be connected; None, or why it cannot be."""
        now = time.monotonic()
        idle = now - self._used_s
        if self._client is not None and (self._mails >= _MOST_MAILS or idle > _IDLE_S):
            await self.close()
        try:
            if self._client is not None and not self._client.is_connected:
                await self.close()
            if self._client is None:
                await self._connect()
            elif idle > _ASK_AGAIN_S:
                await self._client.noop()
        except (SMTPException, OSError, TimeoutError) as error:
            await self.close()
            return _answer(error, "pre")
        self._used_s = now
        return None

    async def send(self, sender: str, recipient: str, mail: bytes) -> Answer:
        """One mail to one recipient. Never raises for what the relay does."""
        assert self._client is not None
        protocol = self._client.protocol
        stage = "pre"
        try:
            if not isinstance(protocol, _Staged):
                raise SMTPServerDisconnected("connection lost")
            protocol.stage = "pre"
            is_wide = not (sender.isascii() and recipient.isascii())
            options = ["SMTPUTF8"] if is_wide else []
            if is_wide and not self._client.supports_extension("SMTPUTF8"):
                return Answer(verdict="permanent_recipient", stage="pre", code="SMTPUTF8")
            encoding = "utf-8" if is_wide else "ascii"
            await self._client.mail(sender, options=options, encoding=encoding)
            await self._client.rcpt(recipient, encoding=encoding)
            done = await protocol.execute_data_command(mail, timeout=self._account.timeout_s)
        except (SMTPException, OSError, TimeoutError) as error:
            stage = protocol.stage if isinstance(protocol, _Staged) else "pre"
            # Whatever is left of this transaction must not meet the next one.
            await self.close()
            return _answer(error, stage)
        self._mails += 1
        self._used_s = time.monotonic()
        return Answer(verdict="sent", stage="answered", code="250", message_id=done.message[:200])

    async def close(self) -> None:
        """Say good-bye where somebody listens."""
        client, self._client = self._client, None
        if client is not None:
            try:
                if client.is_connected:
                    await client.quit(timeout=1)
            except (SMTPException, OSError, TimeoutError):
                pass
            finally:
                client.close()

    async def _connect(self) -> None:
        account = self._account
        client = SMTP(
            hostname=account.host,
            local_hostname=socket.gethostname(),
            port=account.port,
            timeout=account.timeout_s,
            start_tls=account.starttls,
            username=account.username,
            password=account.password.get_secret_value() if account.password else None,
        )
        self._client, self._mails = client, 0
        await client.connect()
        await client.ehlo()
        protocol = client.protocol
        assert protocol is not None
        # The library makes the protocol itself and offers no way to say which.
        protocol.__class__ = _Staged
        assert isinstance(protocol, _Staged)
        protocol.final_timeout_s = account.final_timeout_s


def _answer(error: Exception, stage: str) -> Answer:
    match error:
        case SMTPAuthenticationError() | SMTPNotSupported():
            return Answer(verdict="permanent_account", stage=stage, code=_code(error))
        case SMTPRecipientRefused():
            return _recipient(error, stage)
        case SMTPSenderRefused():
            return _sender(error, stage)
        case SMTPDataError():
            return _data(error, stage)
        case SMTPResponseException():
            return Answer(
                verdict="retry_safe" if error.code < 500 else "permanent_account", stage=stage, code=_code(error)
            )
        case SMTPConnectError():
            return Answer(verdict="retry_safe", stage=stage, code="connect")
    code = "timeout" if isinstance(error, SMTPTimeoutError | TimeoutError) else "disconnected"
    return Answer(verdict="ambiguous" if stage == "body_sent" else "retry_safe", stage=stage, code=code)


def _recipient(error: SMTPRecipientRefused, stage: str) -> Answer:
    if error.code == 421:
        return Answer(verdict="retry_safe", stage=stage, code=_code(error))
    if error.code < 500:
        return Answer(verdict="retry_later", stage=stage, code=_code(error), after=_LATER)
    return _gone(error, stage)


def _gone(error: SMTPRecipientRefused | SMTPDataError, stage: str) -> Answer:
    """Refused for good. That the address does not exist is only taken from what says so, or says nothing more."""
    enhanced = _ENHANCED.search(error.message)
    is_gone = enhanced is None or enhanced.group().startswith("5.1.")
    return Answer(verdict="permanent_recipient", stage=stage, code=_code(error), is_address_gone=is_gone)


def _sender(error: SMTPSenderRefused, stage: str) -> Answer:
    verdict = "retry_safe" if error.code < 500 else "permanent_account"
    return Answer(verdict=verdict, stage=stage, code=_code(error))  # type: ignore[arg-type] # both are verdicts


def _data(error: SMTPDataError, stage: str) -> Answer:
    if error.code == 421:
        return Answer(verdict="retry_safe", stage=stage, code=_code(error))
    if error.code < 500:
        return Answer(verdict="retry_later", stage=stage, code=_code(error), after=_LATER)
    if _UNKNOWN_USER.search(error.message):
        return _gone(error, stage)
    return Answer(verdict="permanent_message", stage=stage, code=_code(error))


def _code(error: Exception) -> str:
    return str(error.code) if isinstance(error, SMTPResponseException) else type(error).__name__
