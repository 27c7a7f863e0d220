"""The decision about a command: which channel carries it to which address, or why it stays here."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from dispatcher.domain.consent import channel_will, topic_will
from dispatcher.domain.facts import Address, Facts
from journey_schemas.message_command import SendMessage
from journey_schemas.policy import Policy

_DUPLICATE_WITHIN = timedelta(hours=24)
_ASKED = {"marketing": "required", "service": "not_refused", "transactional": "not_asked"}

Outcome = Literal["suppressed", "expired", "cancelled", "failed"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Hand it to this account, for this address."""

    channel: str
    address: Address
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """It does not leave; `reason` is of the closed list of its outcome."""

    outcome: Outcome
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What one rule said, and of what it judged. Holds no address."""

    rule: str
    verdict: str
    saw: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The verdict and how it came about, in the order of the rules."""

    verdict: Send | End
    explanation: tuple[Said, ...]


def decide(command: SendMessage, facts: Facts, policy: Policy, at: datetime) -> Decision:
    """Judge a command at `at`. The first refusal ends it: known, consent, channel."""
    said: list[Said] = []
    ended = _known(command, facts, at, said) or _topic(command, facts, policy, said)
    verdict = ended or _choose(command, facts, policy, at, said)
    return Decision(verdict=verdict, explanation=tuple(said))


def is_at_least_once(category: str, policy: Policy) -> bool:
    """Whether a message that may have arrived is sent once more."""
    own = policy.categories.get(category)
    return own.guarantee == "at_least_once" if own else category == "transactional"


def _known(command: SendMessage, facts: Facts, at: datetime, said: list[Said]) -> End | None:
    if facts.is_cancelled:
        said.append(Said(rule="cancel", verdict="cancelled"))
        return End(outcome="cancelled")
    if command.expires_at <= at:
        said.append(Said(rule="expiry", verdict="expired", saw=command.expires_at.isoformat()))
        return End(outcome="expired")
    for other in facts.earlier:
        apart = abs(command.decided_at - other.decided_at)
        if other.profile_id != command.profile_id and apart <= _DUPLICATE_WITHIN:
            said.append(Said(rule="duplicate", verdict="duplicate", saw=other.command_id))
            return End(outcome="suppressed", reason="duplicate")
    said.append(Said(rule="known", verdict="pass"))
    return None


def _topic(command: SendMessage, facts: Facts, policy: Policy, said: list[Said]) -> End | None:
    if _asked(command, policy) == "not_asked":
        said.append(Said(rule="consent", verdict="pass", saw=f"{command.category}: not asked"))
        return None
    if command.topic is not None and topic_will(facts.consents, command.topic) == "out":
        said.append(Said(rule="consent", verdict="unsubscribed", saw=command.topic))
        return End(outcome="suppressed", reason="unsubscribed")
    return None


def _choose(command: SendMessage, facts: Facts, policy: Policy, at: datetime, said: list[Said]) -> Send | End:
    refusals: list[End] = []
    for channel in _order(command, policy):
        refusal = _refusal(command, facts, policy, channel, at)
        if refusal is not None:
            said.append(Said(rule="channel", verdict=refusal.reason or refusal.outcome, saw=channel))
            refusals.append(refusal)
            continue
        account = facts.accounts[channel][0]
        said.append(Said(rule="channel", verdict="send", saw=f"{channel} by {account}"))
        return Send(channel=channel, address=facts.addresses[channel], account=account)
    return refusals[0] if refusals else End(outcome="failed", reason="no_account")


def _order(command: SendMessage, policy: Policy) -> Iterator[str]:
    if command.is_order_fixed:
        yield from command.channels
        return
    yield from (channel for channel in policy.channel_order if channel in command.channels)
    yield from (channel for channel in command.channels if channel not in policy.channel_order)


def _refusal(command: SendMessage, facts: Facts, policy: Policy, channel: str, at: datetime) -> End | None:
    address = facts.addresses.get(channel)
    if address is None:
        return End(outcome="suppressed", reason="no_address")
    reason = _standing(command, facts, policy, channel, address, at) or _channel(command, facts, policy, channel)
    if reason is not None:
        return End(outcome="suppressed", reason=reason)
    if not facts.accounts.get(channel):
        return End(outcome="failed", reason="no_account")
    return None


def _standing(
    command: SendMessage, facts: Facts, policy: Policy, channel: str, address: Address, at: datetime
) -> str | None:
    if address.status != "ok":
        return "bounced" if address.status == "bounced" else "address_invalid"
    is_asked = _asked(command, policy) != "not_asked"
    for one in facts.suppressions:
        if one.address_hash != address.hash or one.channel != channel:
            continue
        if one.expires_at is not None and one.expires_at <= at:
            continue
        is_complaint = one.reason == "complained" and is_asked
        if one.scope == "all" or is_complaint or (is_asked and one.scope in (command.category, command.topic)):
            return one.reason
    return None


def _channel(command: SendMessage, facts: Facts, policy: Policy, channel: str) -> str | None:
    asked = _asked(command, policy)
    if asked == "not_asked":
        return None
    own = channel_will(facts.consents, channel, command.topic)
    if own == "out":
        return "unsubscribed"
    if asked == "not_refused":
        return None
    topic = policy.topics.get(command.topic) if command.topic is not None else None
    rule = topic.consent if topic else "opt_in"
    if rule in {"opt_out", "always"} or own == "in":
        return None
    if command.topic is not None and topic_will(facts.consents, command.topic) == "in":
        return None
    return "no_consent"


def _asked(command: SendMessage, policy: Policy) -> str:
    own = policy.categories.get(command.category)
    return own.consent if own else _ASKED.get(command.category, "required")
