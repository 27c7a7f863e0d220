"""What must have come of what people did: every total of the platform, worked out by hand from the diaries.

Written from the journey files by a person, not with the engine: two independent ways to one figure.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from local_stack.demo.days import (
    CONSIDERING_S,
    CROSS_SELL_OBJECTIVE_S,
    HOW_WAS_IT_S,
    LAPSED_EXIT_S,
    LAPSED_S,
    NUDGE_S,
    RECOMMENDED_S,
    REPEAT_OBJECTIVE_S,
    SEEN_WITHIN_S,
    WELCOME_ENDS_S,
    WELCOME_OBJECTIVE_S,
)
from local_stack.demo.diary import Diary

MARKETING = frozenset({"first-steps", "seen-something", "recommend-b", "we-miss-you"})
NEVER = float("inf")


@dataclass(slots=True)
class Totals:
    """Every figure that is compared. Keys are tuples of names; `ends_at` is when the last journey is over."""

    events: Counter[str] = field(default_factory=Counter)
    profiles: int = 0
    merges: int = 0
    entered: Counter[str] = field(default_factory=Counter)
    stages: Counter[tuple[str, str]] = field(default_factory=Counter)
    exits: Counter[tuple[str, str]] = field(default_factory=Counter)
    objectives: Counter[str] = field(default_factory=Counter)
    commanded: Counter[str] = field(default_factory=Counter)
    sent: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[tuple[str, str]] = field(default_factory=Counter)
    clicked: Counter[str] = field(default_factory=Counter)
    ends_at: float = 0.0


def expected(diaries: Iterable[Diary]) -> Totals:
    """The totals that the platform must show once all journeys of these people are over."""
    totals = Totals()
    for diary in diaries:
        totals.events.update(diary.events)
        totals.profiles += 1
        totals.merges += diary.browsed_second_device and diary.signed_in_second_device
        _welcome(diary, totals)
        _cross_sell(diary, totals)
        _second_purchase(diary, totals)
        for message in diary.clicked_at:
            totals.clicked[message] += 1
    return totals


def _welcome(diary: Diary, totals: Totals) -> None:
    begins = diary.signed_up_at
    if begins is None:
        return
    totals.entered["welcome"] += 1
    totals.stages["welcome", "new"] += 1
    _send(diary, totals, "welcome", begins)
    nudge = begins + NUDGE_S
    ordered = min((order.at_s for order in diary.orders if order.at_s > begins), default=NEVER)
    closed = diary.closed_at or NEVER
    leaves = min(ordered, closed)
    if leaves > nudge:
        has_seen = any(nudge - SEEN_WITHIN_S < at <= nudge for at in diary.viewed_at)
        message = "seen-something" if has_seen else "first-steps"
        _send(diary, totals, message, nudge)
        leaves = min(leaves, begins + WELCOME_ENDS_S, diary.clicked_at.get(message, NEVER))
    if leaves == ordered:
        totals.stages["welcome", "customer"] += 1
        _send(diary, totals, "thanks-for-joining", ordered)
        totals.exits["welcome", "completed"] += 1
        totals.objectives["welcome"] += ordered <= begins + WELCOME_OBJECTIVE_S
    else:
        totals.exits["welcome", "account closed" if leaves == closed else "no order yet"] += 1
    totals.ends_at = max(totals.ends_at, leaves)


def _cross_sell(diary: Diary, totals: Totals) -> None:
    begins = min((order.at_s for order in diary.orders if order.product == "A"), default=None)
    if begins is None:
        return
    totals.entered["cross-sell"] += 1
    totals.stages["cross-sell", "bought-a"] += 1
    _send(diary, totals, "recommend-b", begins)
    bought = min((order.at_s for order in diary.orders if order.product == "B" and order.at_s > begins), default=NEVER)
    clicked = diary.clicked_at.get("recommend-b", NEVER)
    gives_up, reason = begins + RECOMMENDED_S, "not interested"
    if clicked < min(bought, gives_up):
        totals.stages["cross-sell", "considering"] += 1
        gives_up, reason = clicked + CONSIDERING_S, "looked only"
    if bought < gives_up:
        totals.stages["cross-sell", "bought-b"] += 1
        totals.exits["cross-sell", "completed"] += 1
        totals.objectives["cross-sell"] += bought <= begins + CROSS_SELL_OBJECTIVE_S
    else:
        totals.exits["cross-sell", reason] += 1
    totals.ends_at = max(totals.ends_at, min(bought, gives_up))


def _second_purchase(diary: Diary, totals: Totals) -> None:
    if not diary.orders:
        return
    times = sorted(order.at_s for order in diary.orders)
    begins, again = times[0], times[1] if len(times) > 1 else NEVER
    totals.entered["second-purchase"] += 1
    totals.stages["second-purchase", "first"] += 1
    if again > begins + HOW_WAS_IT_S:
        _send(diary, totals, "how-was-it", begins + HOW_WAS_IT_S)
    if again < begins + LAPSED_S:
        totals.stages["second-purchase", "repeat"] += 1
        totals.exits["second-purchase", "completed"] += 1
        totals.objectives["second-purchase"] += again <= begins + REPEAT_OBJECTIVE_S
        totals.ends_at = max(totals.ends_at, again)
        return
    totals.stages["second-purchase", "lapsed"] += 1
    _send(diary, totals, "we-miss-you", begins + LAPSED_S)
    totals.exits["second-purchase", "lapsed"] += 1
    totals.ends_at = max(totals.ends_at, begins + LAPSED_EXIT_S)


def _send(diary: Diary, totals: Totals, message: str, at_s: float) -> None:
    totals.commanded[message] += 1
    if not diary.person.has_email:
        totals.suppressed[message, "no_address"] += 1
    elif message in MARKETING and diary.unsubscribed_at is not None and diary.unsubscribed_at < at_s:
        totals.suppressed[message, "unsubscribed"] += 1
    else:
        totals.sent[message] += 1
