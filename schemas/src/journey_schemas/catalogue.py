"""The catalogue of touchpoints (`touchpoints.yaml`): the events that journeys may name, and their properties."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, RootModel

from journey_schemas.condition import Channel
from journey_schemas.what import MESSAGE_OUTCOMES
from journey_schemas.written import Words, Written

ValueType = Literal["text", "number", "money", "boolean", "time", "date"]
PropertyName = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^.$]+$")]


class Elements(RootModel[tuple["dict[PropertyName, PropertyType]"]]):
    """`[{sku: text}]`: a list whose elements have these properties."""

    model_config = ConfigDict(frozen=True)

    @property
    def properties(self) -> "dict[PropertyName, PropertyType]":
        """The properties of each element."""
        return self.root[0]


def _property_type(written: Any) -> Any:  # whatever was written; the union checks it
    return tuple(written) if isinstance(written, list) else written


PropertyType = Annotated[ValueType | Elements, Field(union_mode="left_to_right"), BeforeValidator(_property_type)]


class CatalogueEvent(Written):
    """One event.

    `external`: the customer does it; `internal`: we do; `peripheral`: somebody else's part, like a parcel service.
    """

    kind: Literal["external", "internal", "peripheral"]
    owner: Words
    properties: Annotated[dict[PropertyName, PropertyType], Field(min_length=1)] | None = None


class Catalogue(RootModel[dict[Words, CatalogueEvent]]):
    """Event name to what it is."""

    model_config = ConfigDict(frozen=True)


#: How a channel is called in the names of its feedback events.
CHANNEL_WORDS: dict[Channel, str] = {
    "email": "Email",
    "sms": "SMS",
    "push": "Push",
    "in_app": "In-App",
    "whatsapp": "WhatsApp",
    "webhook": "Webhook",
    "mail": "Mail",
    "task": "Task",
}


def feedback_event(channel: Channel, outcome: str) -> str:
    """The name of a feedback touchpoint: `Email Clicked`, `Task Updated`."""
    return f"{CHANNEL_WORDS[channel]} {outcome.removeprefix('mail_').removeprefix('task_').title()}"


#: Events that every catalogue knows: feedback, and entries asked for over the API.
BUILT_IN_EVENTS = frozenset(
    {
        feedback_event(channel, outcome)
        for channel in CHANNEL_WORDS
        for outcome in MESSAGE_OUTCOMES
        if "_" not in outcome
    }
    | {feedback_event("mail", "mail_updated"), feedback_event("task", "task_updated"), "Journey Requested"}
)

Elements.model_rebuild()
