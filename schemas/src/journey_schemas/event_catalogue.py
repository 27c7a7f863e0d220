"""The catalogue: which touchpoints journeys may name, with the types of their properties."""

from typing import Any, Literal  # Any: a property's type may nest

from pydantic import Field, RootModel

from journey_schemas.written import Written

TYPES = ("text", "number", "money", "boolean", "time", "date")

#: Outcomes that come back as touchpoints, and how a channel is called in them.
FEEDBACK_CHANNELS = {
    "email": "Email",
    "sms": "SMS",
    "push": "Push",
    "in_app": "In-App",
    "whatsapp": "WhatsApp",
    "webhook": "Webhook",
    "mail": "Mail",
    "task": "Task",
}
FEEDBACK_OUTCOMES = (
    "suppressed",
    "expired",
    "cancelled",
    "failed",
    "unknown",
    "sent",
    "deferred",
    "delivered",
    "displayed",
    "opened",
    "clicked",
    "replied",
    "bounced",
    "complained",
    "unsubscribed",
    "resubscribed",
    "updated",
)


def feedback_event(channel: str, outcome: str) -> str:
    """The event name of a feedback touchpoint: `Email Clicked`."""
    return f"{FEEDBACK_CHANNELS[channel]} {outcome.replace('_', ' ').title()}"


#: Events that stand in no project's catalogue.
BUILT_IN = frozenset(
    feedback_event(channel, outcome) for channel in FEEDBACK_CHANNELS for outcome in FEEDBACK_OUTCOMES
) | {"Journey Requested"}


class CatalogueEvent(Written):
    """One event: whose it is, and what it carries."""

    kind: Literal["external", "internal", "peripheral"] = "external"
    owner: str | None = None
    title: str | None = None
    properties: dict[str, Any] = Field(default_factory=dict)


class Catalogue(RootModel[dict[str, CatalogueEvent]]):
    """A catalogue file: event name to what is known of it."""
