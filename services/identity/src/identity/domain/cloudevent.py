"""CloudEvents 1.0 as touchpoints: a foreign event is a `track` of what its `type` names.

Binary mode carries the attributes in headers and the data as value, structured mode all in one JSON object.
"""

from collections.abc import Mapping

from journey_schemas.touchpoint import Json


def item_of(attributes: Mapping[str, object], data: object) -> Json | None:
    """The fields of a touchpoint, not yet normalised; None when it is no CloudEvent 1.0 with id, type and source."""
    if attributes.get("specversion") != "1.0":
        return None
    if not all(type(attributes.get(name)) is str and attributes[name] for name in ("id", "type", "source")):
        return None
    item: Json = {
        "type": "track",
        "messageId": attributes["id"],
        "event": attributes["type"],
        "context": {"cloudevent": {"source": attributes["source"]}},
    }
    for field, attribute in (("userId", "subject"), ("anonymousId", "anonymousid"), ("originalTimestamp", "time")):
        if attributes.get(attribute) is not None:
            item[field] = attributes[attribute]
    if data is not None:
        item["properties"] = data if type(data) is dict else {"value": data}
    return item


def structured(event: Mapping[str, object]) -> Json | None:
    """As `item_of`, of an event in structured mode. Data in base64 stays text."""
    data = event.get("data")
    return item_of(event, event.get("data_base64") if data is None else data)
