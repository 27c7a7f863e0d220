"""Message commands: orders of the stage-engine to the dispatcher."""

from typing import Any

from journey_schemas.records import Moment, Record

SEND_TYPE = "waypost.command.send.v1"
CANCEL_TYPE = "waypost.command.cancel.v1"
PROFILE_MERGED_TYPE = "waypost.profile.merged.v1"


class Addresses(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Where each channel reaches the person, as known to the engine when it decided."""

    email: str | None = None
    phone: str | None = None
    webhook: str | None = None


class SendMessage(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Send one message. `command_id` is a UUIDv5 of its cause, so a repeated command is recognised.

    `data` holds the roots `profile`, `event`, `vars` with exactly the paths the message names. `expires_at` ends its
    life unsent.
    `caused_at` is when the causing touchpoint was stored (timers: the due time), from which reaction times are taken.
    """

    command_id: str
    profile_id: str
    cause: str
    at: Moment
    decided_at: Moment
    caused_at: Moment
    journey: str
    version: str
    release: int
    instance_id: str
    stage: str
    step: str
    visit: int
    message: str
    message_version: str
    category: str
    channels: tuple[str, ...]
    data: dict[str, dict[str, Any]]
    addresses: Addresses
    expires_at: Moment
    user_id: str | None = None
    anonymous_id: str | None = None
    topic: str | None = None
    priority: int = 50
    is_order_fixed: bool = False
    locale: str | None = None
    time_zone: str | None = None


class CancelMessages(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Take back what has not left yet.

    `scope` is `command`, `visit`, `instance` or `profile`; `target` the id in that scope (a visit:
    `<instance>/<visit>`).
    """

    command_id: str
    profile_id: str
    scope: str
    target: str
    reason: str
    cause: str
    at: Moment
    decided_at: Moment


class ProfileMerged(Record, frozen=True, kw_only=True, omit_defaults=True):
    """A merge as the dispatcher hears of it: it keeps an alias from loser to winner."""

    seq: int
    loser: str
    winner: str
    at: Moment
