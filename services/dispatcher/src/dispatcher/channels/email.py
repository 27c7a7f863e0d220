"""Email: the mail with its headers, over SMTP to a relay."""

import hashlib
import re
from collections.abc import Callable
from datetime import datetime
from email.utils import parseaddr

from dispatcher.channels.answer import Answer
from dispatcher.channels.mime import BadHeader, mail, mailbox, words
from dispatcher.channels.smtp import Connection
from dispatcher.outgoing import Outgoing
from dispatcher.providers import SmtpAccount
from dispatcher.urls import Urls
from journey_messages import RenderedEmail, RenderedWebhook
from journey_schemas.policy import EmailSender, Policy

_LETTERS = re.compile(r"[^a-z]")
_LARGEST = 10 * 1024 * 1024


class EmailCarrier:
    """Carries the mails of one account over one connection."""

    def __init__(
        self,
        account: SmtpAccount,
        urls: Urls,
        sender: Callable[[Outgoing], EmailSender | None],
        now: Callable[[], datetime],
    ) -> None:
        self._connection = Connection(account)
        self._urls = urls
        self._sender = sender
        self._now = now

    async def ready(self) -> Answer | None:
        """Be connected."""
        return await self._connection.ready()

    async def send(self, item: Outgoing, rendered: RenderedEmail | RenderedWebhook) -> Answer:
        """Write the mail and hand it over."""
        assert isinstance(rendered, RenderedEmail)
        sender = self._sender(item)
        if sender is None:
            return Answer(verdict="permanent_message", stage="pre", code="no_sender")
        _, address = parseaddr(sender.from_)
        recipient = item.send.address.value
        try:
            content = write(item, rendered, sender, self._urls, self._now())
        except BadHeader:
            return Answer(verdict="permanent_message", stage="pre", code="bad_header")
        if len(content) > _LARGEST:
            return Answer(verdict="permanent_message", stage="pre", code="too_large")
        return await self._connection.send(address, recipient, content)

    async def close(self) -> None:
        """Let the connection go."""
        await self._connection.close()


def sender_of(policy: Policy, name: str | None) -> EmailSender | None:
    """Who writes; `default` unless the message names another. None when the policy has no such sender."""
    return policy.senders.email.get(name or "default")


def write(item: Outgoing, rendered: RenderedEmail, sender: EmailSender, urls: Urls, at: datetime) -> bytes:
    """The mail's bytes; the same Message-ID on every attempt. Raises `BadHeader`."""
    command = item.command
    name, address = parseaddr(sender.from_)
    domain = address.rpartition("@")[2]
    headers = [
        ("From", mailbox(name, address)),
        ("To", item.send.address.value),
        ("Subject", words(rendered.subject)),
        ("Message-ID", f"<{command.command_id}@{domain}>"),
        ("X-Waypost-Id", urls.token_of(command.command_id)),
        ("Feedback-ID", f"main:{command.journey}:{command.category}:{_feedback_sender(domain)}"),
    ]
    if sender.reply_to:
        reply_name, reply_address = parseaddr(sender.reply_to)
        headers.append(("Reply-To", mailbox(reply_name, reply_address)))
    if command.category != "transactional":
        headers.append(("List-Unsubscribe", f"<{urls.unsubscribe(item)}>"))
        headers.append(("List-Unsubscribe-Post", "List-Unsubscribe=One-Click"))
        headers.append(("List-ID", f"<{command.topic or command.category}.{domain}>"))
    boundary = "=_" + hashlib.sha256(command.command_id.encode()).hexdigest()[:32]
    return mail(headers, text=rendered.text, html=rendered.html, boundary=boundary, at=at)


def _feedback_sender(domain: str) -> str:
    """5 to 15 letters that name the sender to mailbox providers."""
    letters = _LETTERS.sub("", domain.lower())[:15]
    return letters if len(letters) >= 5 else (letters + "waypost")[:15]
