"""What `decide` is told about a command: read by the shell in set queries, never looked up by a rule."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

#: In a consent: all channels, or all message topics.
ANY = "*"


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """The newest known will of one subject (`profile:`, `user:` or `address:` + id) for a channel and message topic."""

    subject: str
    channel: str
    topic: str
    state: Literal["opted_in", "opted_out"]
    is_explicit: bool
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """An address we may not use. `scope` is `all`, a category or a message topic."""

    address_hash: str
    channel: str
    scope: str
    reason: str
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """Where a channel reaches the person. `status` is what became of it before: `ok`, `bounced`, `invalid`."""

    value: str
    hash: str
    status: str = "ok"


@dataclass(frozen=True, slots=True, kw_only=True)
class Earlier:
    """Another command for the same journey, step and message, waiting or sent."""

    command_id: str
    profile_id: str
    decided_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything about one command. `accounts`: those in use, by channel, first choice first."""

    is_cancelled: bool
    earlier: tuple[Earlier, ...]
    addresses: Mapping[str, Address]
    consents: tuple[Consent, ...]
    suppressions: tuple[Suppression, ...]
    accounts: Mapping[str, tuple[str, ...]]
