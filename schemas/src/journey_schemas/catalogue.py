"""The catalogue of touchpoints (`touchpoints.yaml`): the events that journeys may name, and their properties."""

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, RootModel

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

    def as_json(self) -> dict[str, Any]:  # any JSON
        """The JSON of the definition record."""
        return {name: event.as_json() for name, event in self.root.items()}


_CHANNEL_WORDS = ("Email", "SMS", "Push", "In-App", "WhatsApp", "Webhook", "Mail", "Task")

#: Events that every catalogue knows: feedback (`Email Clicked`, `Task Updated`) and entries asked for over the API.
BUILT_IN_EVENTS = frozenset(
    {f"{channel} {outcome.title()}" for channel in _CHANNEL_WORDS for outcome in MESSAGE_OUTCOMES if "_" not in outcome}
    | {"Mail Updated", "Task Updated", "Journey Requested"}
)

Elements.model_rebuild()
