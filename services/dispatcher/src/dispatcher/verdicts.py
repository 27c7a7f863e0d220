"""From the answer of a provider to where its command stands."""

from datetime import datetime, timedelta
from typing import assert_never

from dispatcher.channels.answer import Answer
from dispatcher.deliveries import delivery, origin_of
from dispatcher.domain.decide import End, Said
from dispatcher.domain.retry import retry_after
from dispatcher.outgoing import Attempt, Outgoing, Settled
from journey_schemas.delivery import Delivery

_AGAIN = timedelta(seconds=30)
_ACCOUNT = timedelta(seconds=60)
_STATES = {"suppressed": "SUPPRESSED", "expired": "EXPIRED", "cancelled": "CANCELLED", "failed": "FAILED"}
_MESSAGE_REASONS = {"too_large": "too_large", "552": "too_large", "no_sender": "no_account"}


def ended(item: Outgoing, end: End, at: datetime, said: Said | None = None, *, state: str | None = None) -> Settled:
    """A command that ends before anything of it left."""
    return Settled(
        item=item,
        from_state="QUEUED",
        to_state=state or _STATES[end.outcome],
        delivery=_delivery(item, end.outcome, at, reason=end.reason, said=said),
    )


def waiting(item: Outgoing, due_at: datetime, reason: str) -> Settled:
    """A command that has not begun to leave and waits."""
    return Settled(
        item=item, from_state="QUEUED", to_state="QUEUED", due_at=min(due_at, item.command.expires_at),
        wait_reason=reason,
    )  # fmt: skip


def answered(
    item: Outgoing, answer: Answer, *, provider: str, attempt: Attempt, chance: float, is_at_least_once: bool
) -> Settled:
    """What one attempt leads to. `item.attempt` counts it."""
    at = attempt.ended_at
    match answer.verdict:
        case "sent":
            return Settled(
                item=item, from_state="SENDING", to_state="SENT", attempt=attempt,
                provider_message_id=answer.message_id,
                delivery=_delivery(item, "sent", at, answer=answer, provider=provider),
            )  # fmt: skip
        case "retry_safe":
            return _again(item, attempt, at + retry_after(item.send.channel, item.attempt, chance), "retry")
        case "retry_later":
            return _again(item, attempt, at + (answer.after or _ACCOUNT), "rate")
        case "permanent_account":
            return _again(item, attempt, at + _ACCOUNT, "account")
        case "ambiguous":
            if is_at_least_once and not item.is_possible_duplicate:
                return _again(item, attempt, at + _AGAIN, "retry", is_repeated=True)
            return _over(item, "UNKNOWN", "unknown", None, attempt, answer, provider)
        case "permanent_recipient":
            return _over(item, "FAILED", "failed", "rejected_recipient", attempt, answer, provider)
        case "permanent_message":
            reason = _MESSAGE_REASONS.get(answer.code or "", "rejected_message")
            return _over(item, "DEAD", "failed", reason, attempt, answer, provider)
        case _:
            assert_never(answer.verdict)


def _again(item: Outgoing, attempt: Attempt, due_at: datetime, reason: str, *, is_repeated: bool = False) -> Settled:
    return Settled(
        item=item, from_state="SENDING", to_state="QUEUED", attempt=attempt, wait_reason=reason,
        due_at=min(due_at, item.command.expires_at), is_possible_duplicate=is_repeated,
    )  # fmt: skip


def _over(
    item: Outgoing, state: str, outcome: str, reason: str | None, attempt: Attempt, answer: Answer, provider: str
) -> Settled:
    return Settled(
        item=item,
        from_state="SENDING",
        to_state=state,
        attempt=attempt,
        delivery=_delivery(item, outcome, attempt.ended_at, reason=reason, answer=answer, provider=provider),
        address_status="bounced" if answer.is_address_gone else None,
    )


def _delivery(
    item: Outgoing,
    outcome: str,
    at: datetime,
    *,
    reason: str | None = None,
    answer: Answer | None = None,
    provider: str | None = None,
    said: Said | None = None,
) -> Delivery:
    return delivery(
        origin_of(item.command),
        profile_id=item.profile_id,
        outcome=outcome,
        at=at,
        key="end",
        explanation=(*item.explanation, said) if said else item.explanation,
        reason=reason,
        attempt=item.attempt,
        channel=item.send.channel,
        provider=provider,
        account=item.send.account,
        provider_message_id=answer.message_id if answer else None,
        provider_code=answer.code if answer else None,
        is_possible_duplicate=item.is_possible_duplicate,
    )
