"""What one person really did, with the times that went out with it: the generator's own bookkeeping.

It knows nothing of how the platform works; `expectation` derives from it what must have come of it.
"""

from collections import Counter
from dataclasses import dataclass, field

from local_stack.demo.people import Person


@dataclass(slots=True, kw_only=True)
class Order:
    """One order: when, and what."""

    at_s: float
    product: str


@dataclass(slots=True, kw_only=True)
class Diary:
    """Times are seconds since 1970, as sent in `timestamp`; None: did not happen."""

    person: Person
    events: Counter[str] = field(default_factory=Counter)
    viewed_at: list[float] = field(default_factory=list)
    signed_up_at: float | None = None
    browsed_second_device: bool = False
    signed_in_second_device: bool = False
    closed_at: float | None = None
    orders: list[Order] = field(default_factory=list)
    #: Message name to the time of the first click on a link in it.
    clicked_at: dict[str, float] = field(default_factory=dict)
    unsubscribed_at: float | None = None
