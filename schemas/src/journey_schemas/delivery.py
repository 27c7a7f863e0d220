"""Deliveries: what became of a command."""

from typing import Any

from journey_schemas.records import Moment, Record

DELIVERY_TYPE = "waypost.delivery.v1"

OUTCOMES = frozenset(
    [
        "held",
        "suppressed",
        "expired",
        "cancelled",
        "failed",
        "unknown",
        "sent",
        "delivered",
        "opened",
        "clicked",
        "bounced",
        "complained",
        "unsubscribed",
        "resubscribed",
    ]
)
#: What ends a command before or at the provider; each command gets exactly one of these.
TERMINAL = frozenset({"sent", "suppressed", "expired", "cancelled", "failed", "unknown"})
SUPPRESSED_REASONS = frozenset(
    [
        "duplicate",
        "erased",
        "no_address",
        "address_invalid",
        "no_consent",
        "unsubscribed",
        "bounced",
        "complained",
        "manual",
        "missing_variable",
        "message_skip",
    ]
)
FAILED_REASONS = frozenset(
    ["render_error", "no_account", "unknown_message", "rejected_recipient", "rejected_message", "too_large"]
)


class Delivery(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One outcome.

    `outcome_id` is a UUIDv5 of command and running number (our own) or of account and the provider's key; readers
    drop repeats.

    `occurred_at` is when it happened, `recorded_at` when we wrote it. `link` = `{no, url}` of a click, without the
    query of the url.
    `explanation` lists `{rule, verdict, saw}` of the decision, on the first record of a command.
    """

    outcome_id: str
    profile_id: str
    outcome: str
    occurred_at: Moment
    recorded_at: Moment
    command_id: str | None = None
    reason: str | None = None
    attempt: int = 0
    channel: str | None = None
    provider: str | None = None
    account: str | None = None
    provider_message_id: str | None = None
    provider_code: str | None = None
    is_machine: bool = False
    is_possible_duplicate: bool = False
    until: Moment | None = None
    link: dict[str, Any] | None = None
    explanation: tuple[dict[str, Any], ...] = ()
    journey: str | None = None
    version: str | None = None
    release: int | None = None
    instance_id: str | None = None
    stage: str | None = None
    step: str | None = None
    visit: int | None = None
    message: str | None = None
    message_version: str | None = None
    category: str | None = None
    topic: str | None = None
    caused_at: Moment | None = None
    user_id: str | None = None
    anonymous_id: str | None = None
