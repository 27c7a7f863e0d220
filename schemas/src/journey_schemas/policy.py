"""The company's rules, in one file."""

from typing import Any, Literal  # Any: parts that no service reads yet

from pydantic import Field

from journey_schemas.duration import Duration
from journey_schemas.written import Many, Written

CATEGORIES = ("marketing", "service", "transactional")


class MessageTopic(Written):
    """What people subscribe to."""

    channels: Many[str] = ()
    consent: Literal["opt_in", "opt_out", "double_opt_in", "always"] = "opt_in"
    title: str | None = None


class Category(Written):
    """A category of the company's own."""

    consent: Literal["required", "not_refused", "not_asked"]
    caps: bool = True
    quiet: Literal["hold", "drop", "ignore"] = "hold"
    may_ignore_quiet: bool = False
    guarantee: Literal["at_most_once", "at_least_once"] = "at_most_once"
    life: Duration | None = None


class EmailSender(Written):
    """Who a mail is from. Commercial mail names a postal address."""

    from_: str = Field(alias="from")
    postal_address: str | None = None
    reply_to: str | None = None


class Senders(Written):
    """Senders by channel and name."""

    email: dict[str, EmailSender] = Field(default_factory=dict)
    sms: dict[str, Any] | None = None


class Cap(Written):
    """Most messages per window."""

    name: str
    channels: Many[str] = ()
    topics: Many[str] = ()
    categories: Many[str] = ()
    limit: int = Field(ge=0)
    per: str
    over: Literal["suppress", "hold", "next_channel"] = "suppress"
    instead_of: Many[str] = ()


class QuietHours(Written):
    """Local hours in which a category is held or dropped."""

    channels: Many[str] = ()
    from_: str = Field(alias="from")
    to: str


class CallingWindow(Written):
    """When a human may call."""

    country: str
    region: str | None = None
    days: Many[str] = ()
    from_: str = Field(alias="from")
    to: str


class Holdout(Written):
    """The share of people that gets no marketing at all, for comparison."""

    percent: float = Field(default=0, ge=0, le=10)
    salt: str = "1"


class Tracking(Written):
    """Whether opens and clicks are counted per person, in total, or not."""

    opens: Literal["individual", "aggregate", "off"] = "individual"
    clicks: Literal["individual", "aggregate", "off"] = "individual"


class SoftBounces(Written):
    """When an address that bounces softly is paused."""

    count: int = 3
    within: Duration
    pause: Duration


class Policy(Written):
    """A policy file."""

    time_zone: str = "UTC"
    channel_order: Many[str] = ("email",)
    categories: dict[str, Category] = Field(default_factory=dict)
    topics: dict[str, MessageTopic] = Field(default_factory=dict)
    senders: Senders = Field(default_factory=Senders)
    caps: tuple[Cap, ...] = ()
    quiet_hours: tuple[QuietHours, ...] = ()
    calling_windows: tuple[CallingWindow, ...] = ()
    global_holdout: Holdout | None = None
    tracking: Tracking = Field(default_factory=Tracking)
    soft_bounces: SoftBounces | None = None
    reply_text: bool = False
