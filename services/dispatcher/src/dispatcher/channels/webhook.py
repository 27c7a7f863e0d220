"""Webhooks in the form of Standard Webhooks: signed, with the command's id, to configured targets only."""

import ipaddress
import socket
import time
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any  # Any: resolver results of aiohttp

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from aiohttp.resolver import ThreadedResolver
from standardwebhooks import Webhook

from dispatcher.channels.answer import Answer
from dispatcher.outgoing import Outgoing
from dispatcher.providers import Target, WebhookAccount
from journey_messages import RenderedEmail, RenderedWebhook
from journey_runtime.log import logger
from journey_schemas.records import encode

log = logger(__name__)

_TRANSIENT = frozenset({408, 425, 429, 500, 502, 503, 504})
_DISABLED_S = 3600.0
_LARGEST = 1 << 20


class _PrivateAddressError(OSError):
    """The name leads into a private network."""


class _PublicOnly(AbstractResolver):
    """Resolves, checks and so pins: the connection goes to exactly the addresses that were checked."""

    def __init__(self) -> None:
        self._inner = ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: Any = socket.AF_INET) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)
        if not found or any(is_private(one["host"]) for one in found):
            raise _PrivateAddressError("the target's address is not public")
        return found

    async def close(self) -> None:
        await self._inner.close()


class Posting:
    """The sessions that the carriers of an account share, and which targets are disabled for now."""

    def __init__(self, account: WebhookAccount) -> None:
        self.account = account
        self.disabled: dict[str, float] = {}
        timeout = aiohttp.ClientTimeout(total=account.timeout_s)
        self._public = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(resolver=_PublicOnly(), limit=account.concurrency), timeout=timeout
        )
        self._any = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=account.concurrency), timeout=timeout)

    def session(self, target: Target) -> aiohttp.ClientSession:
        """The one that may reach the target."""
        return self._any if target.allow_private else self._public

    async def close(self) -> None:
        """Close both."""
        await self._public.close()
        await self._any.close()


class WebhookCarrier:
    """Posts to the target that the command, else the message, names."""

    def __init__(self, posting: Posting) -> None:
        self._posting = posting

    async def ready(self) -> Answer | None:
        """Always: connections are made per target."""
        return None

    async def close(self) -> None:
        """Nothing of its own."""

    async def send(self, item: Outgoing, rendered: RenderedEmail | RenderedWebhook) -> Answer:
        """Sign and post."""
        assert isinstance(rendered, RenderedWebhook)
        name = item.send.address.value
        target = self._posting.account.targets.get(name)
        if target is None:
            return Answer(verdict="permanent_message", stage="pre", code="unknown_target")
        if self._posting.disabled.get(name, 0.0) > time.monotonic():
            return Answer(verdict="retry_later", stage="pre", code="disabled", after=timedelta(seconds=_DISABLED_S))
        body = encode(rendered.json)
        if len(body) > _LARGEST:
            return Answer(verdict="permanent_message", stage="pre", code="too_large")
        if not target.allow_private and is_private(target.url.host or ""):
            return Answer(verdict="permanent_message", stage="pre", code="private_address")
        answer = await self._post(target, item.command_id, body)
        if answer.code in {"410", "401", "403"}:
            log.error("webhook_target_disabled", target=name, code=answer.code)
            self._posting.disabled[name] = time.monotonic() + _DISABLED_S
        return answer

    async def _post(self, target: Target, command_id: str, body: bytes) -> Answer:
        headers = signed(target, command_id, body, datetime.now(UTC))
        try:
            async with self._posting.session(target).post(
                str(target.url), data=body, headers=headers, allow_redirects=False
            ) as response:
                return _answer(response.status, response.headers.get("Retry-After"))
        except _PrivateAddressError:
            return Answer(verdict="permanent_message", stage="pre", code="private_address")
        except aiohttp.ClientConnectorError as error:
            if isinstance(error.os_error, _PrivateAddressError):
                return Answer(verdict="permanent_message", stage="pre", code="private_address")
            return Answer(verdict="retry_safe", stage="pre", code="connect")
        except (TimeoutError, aiohttp.ClientError, OSError) as error:
            # The same id again is the same webhook to its receiver, so nothing here is ambiguous.
            return Answer(verdict="retry_safe", stage="body_sent", code=type(error).__name__)


def signed(target: Target, command_id: str, body: bytes, at: datetime) -> dict[str, str]:
    """The headers of a post. During a rotation both secrets sign."""
    secrets = [target.secret] + ([target.previous_secret] if target.previous_secret else [])
    text = body.decode()
    signatures = [Webhook(secret.get_secret_value()).sign(command_id, at, text) for secret in secrets]
    return {
        "content-type": "application/json",
        "webhook-id": command_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": " ".join(signatures),
    }


def is_private(host: str) -> bool:
    """Whether an address literal is anything but a public one; names are none."""
    try:
        address = ipaddress.ip_address(host.strip("[]").partition("%")[0])
    except ValueError:
        return host.lower().rstrip(".") == "localhost"
    mapped = getattr(address, "ipv4_mapped", None)
    return not (mapped or address).is_global or (mapped or address).is_multicast


def _answer(status: int, retry_after: str | None) -> Answer:
    code = str(status)
    if 200 <= status < 300:
        return Answer(verdict="sent", stage="answered", code=code)
    after = _after(retry_after)
    if status in {429, 503} and after is not None:
        return Answer(verdict="retry_later", stage="answered", code=code, after=after)
    if status in _TRANSIENT:
        return Answer(verdict="retry_safe", stage="answered", code=code)
    if status == 410:
        return Answer(verdict="retry_later", stage="answered", code=code, after=timedelta(seconds=_DISABLED_S))
    if status in {401, 403}:
        return Answer(verdict="retry_later", stage="answered", code=code, after=timedelta(seconds=_DISABLED_S))
    return Answer(verdict="permanent_message", stage="answered", code=code)


def _after(value: str | None) -> timedelta | None:
    if value is None:
        return None
    if value.strip().isdigit():
        return timedelta(seconds=min(int(value), 86_400))
    try:
        return max(timedelta(0), parsedate_to_datetime(value) - datetime.now(UTC))
    except (ValueError, TypeError):
        return None
