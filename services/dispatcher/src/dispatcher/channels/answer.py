"""What a provider's behaviour means, whatever the channel."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal, Protocol

from dispatcher.outgoing import Outgoing
from journey_messages import RenderedEmail, RenderedWebhook

Verdict = Literal[
    "sent", "retry_safe", "retry_later", "ambiguous", "permanent_recipient", "permanent_message", "permanent_account"
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """The class of one attempt.

    `stage`: how far it came (`pre`, `data_command`, `body_sent`, `answered`); `after`: when the provider wants to be
    asked again; `is_address_gone`: nobody is there, so nothing more is sent to it.
    """

    verdict: Verdict
    stage: str
    code: str | None = None
    message_id: str | None = None
    after: timedelta | None = None
    is_address_gone: bool = False


class Carrier(Protocol):
    """Carries messages of one account over one connection at a time. A lane has as many as its concurrency."""

    async def ready(self) -> Answer | None:
        """Be connected, before anything is marked as being sent. None: go on; else why it cannot be."""

    async def send(self, item: Outgoing, rendered: RenderedEmail | RenderedWebhook) -> Answer:
        """Make one attempt. Never raises for what a provider does."""

    async def close(self) -> None:
        """Let the connection go."""
