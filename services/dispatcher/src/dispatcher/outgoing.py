"""A command on its way out: what was decided about it and how far it has come."""

from dataclasses import dataclass
from datetime import datetime

from dispatcher.domain.decide import Said, Send
from journey_schemas.delivery import Delivery
from journey_schemas.message_command import SendMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class Outgoing:
    """A command with its verdict `send`.

    `profile_id` is the canonical one. `attempt`: how many were made. `asked_at_s`: monotonic time of the last
    decision. `created_at`: when the ledger took it.
    """

    command: SendMessage
    profile_id: str
    send: Send
    explanation: tuple[Said, ...]
    attempt: int
    is_possible_duplicate: bool
    created_at: datetime
    asked_at_s: float

    @property
    def command_id(self) -> str:
        """The command's."""
        return self.command.command_id

    @property
    def urgency(self) -> int:
        """0 before 1: what a person waits for goes first."""
        return urgency_of(self.command.category)


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """One try at a provider. `stage`: how far it came; `verdict`: its class."""

    stage: str
    verdict: str
    code: str | None
    started_at: datetime
    ended_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Settled:
    """Where a command stands after a step, to be written in one transaction.

    `from_state` guards it: a row that is elsewhere by now stays as it is. With `due_at` the command waits again, for
    `wait_reason`; else it is over.
    """

    item: Outgoing
    from_state: str
    to_state: str
    delivery: Delivery | None = None
    attempt: Attempt | None = None
    provider_message_id: str | None = None
    due_at: datetime | None = None
    wait_reason: str | None = None
    is_possible_duplicate: bool = False
    address_status: str | None = None


def urgency_of(category: str) -> int:
    """The place of a category in a lane."""
    return 0 if category == "transactional" else 1
