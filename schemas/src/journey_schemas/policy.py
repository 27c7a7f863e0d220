"""The company's rules: `policy.yaml`."""

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.condition import Channels
from journey_schemas.duration import Duration
from journey_schemas.times import Clock, Days, Zone
from journey_schemas.written import Name, Names, Words, Written, as_many

#: Built into every policy; `delivery.md` section 5 has their rules.
BUILT_IN_CATEGORIES = ("marketing", "service", "transactional")

Tracking = Literal["individual", "aggregate", "off"]


class Category(Written):
    """Which rules apply to messages of this category."""

    consent: Literal["required", "not_refused", "not_asked"] = "required"
    caps: StrictBool = True
    quiet: Literal["hold", "drop", "ignore"] = "hold"
    may_ignore_quiet: StrictBool = False
    guarantee: Literal["at_most_once", "at_least_once"] = "at_most_once"
    life: Duration | None = None


class MessageTopic(Written):
    """What people subscribe to, on which channels, and how."""

    channels: Channels | None = None
    consent: Literal["opt_in", "opt_out", "double_opt_in", "always"] = "opt_in"


class EmailSender(Written):
    """Who writes. `postal_address` stands below marketing mail."""

    from_: Words
    postal_address: Words | None = None
    reply_to: Words | None = None


class Senders(Written):
    """Senders by name; `default` is taken where a message names none."""

    email: dict[Name, EmailSender] = Field(default_factory=dict)


class Cap(Written):
    """At most `limit` messages `per` calendar unit or rolling duration, of those that match all lists given."""

    name: Name
    limit: Annotated[int, Field(strict=True, ge=0)]
    per: Literal["hour", "day", "week", "month"] | Duration
    channels: Channels | None = None
    categories: Names | None = None
    topics: Names | None = None
    over: Literal["suppress", "hold", "next_channel"] = "suppress"
    instead_of: Names | None = None


class QuietHours(Written):
    """Local hours in which messages are held or dropped; `from` later than `to` goes over midnight."""

    from_: Clock
    to: Clock
    channels: Channels | None = None
    categories: Names | None = None
    days: Days | None = None


class CallingWindow(Written):
    """When a country, or a region of it, allows calls."""

    country: Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
    from_: Clock
    to: Clock
    region: Name | None = None
    days: Days | None = None


class GlobalHoldout(Written):
    """The share of all people that gets no marketing, for comparison. A new `salt` draws anew."""

    percent: Annotated[float, Field(strict=True, ge=0, le=100)] = 0
    salt: Words = "1"


class MessageTracking(Written):
    """Whether opens and clicks are recorded per person, as totals, or not at all."""

    opens: Tracking = "individual"
    clicks: Tracking = "individual"


class SoftBounces(Written):
    """An address pauses after `count` soft bounces `within` a window."""

    count: Annotated[int, Field(strict=True, ge=1)]
    within: Duration
    pause: Duration


class Policy(Written):
    """One policy per project. `time_zone` is for people without one."""

    time_zone: Zone = "UTC"
    channel_order: Channels = ("email",)
    categories: dict[Name, Category] = Field(default_factory=dict)
    topics: dict[Name, MessageTopic] = Field(default_factory=dict)
    senders: Senders = Field(default_factory=Senders)
    caps: Annotated[tuple[Cap, ...], BeforeValidator(as_many)] = ()
    quiet_hours: Annotated[tuple[QuietHours, ...], BeforeValidator(as_many)] = ()
    calling_windows: Annotated[tuple[CallingWindow, ...], BeforeValidator(as_many)] = ()
    global_holdout: GlobalHoldout = Field(default_factory=GlobalHoldout)
    tracking: MessageTracking = Field(default_factory=MessageTracking)
    soft_bounces: SoftBounces | None = None
    reply_text: StrictBool = False

    @model_validator(mode="after")
    def _check_names(self) -> Self:
        for name in BUILT_IN_CATEGORIES:
            if name in self.categories:
                text = "`{key}` is a built-in category: its rules are fixed"
                raise PydanticCustomError("policy", text, {"key": name})
        return self
