"""A foreign CloudEvent is a track; what is no CloudEvent 1.0 is refused."""

from typing import Any

import pytest

from identity.domain.cloudevent import item_of, structured

_EVENT: dict[str, Any] = {"specversion": "1.0", "id": "7", "type": "order.placed", "source": "/shop"}


def test_the_attributes_become_fields() -> None:
    event = _EVENT | {"subject": "u", "anonymousid": "a", "time": "2026-01-31T12:00:00Z", "data": {"total": 3}}
    assert structured(event) == {
        "type": "track",
        "messageId": "7",
        "event": "order.placed",
        "userId": "u",
        "anonymousId": "a",
        "originalTimestamp": "2026-01-31T12:00:00Z",
        "properties": {"total": 3},
        "context": {"cloudevent": {"source": "/shop"}},
    }


@pytest.mark.parametrize(("data", "properties"), [([1], {"value": [1]}), ("x", {"value": "x"}), (0, {"value": 0})])
def test_data_that_is_no_object_is_kept_as_value(data: object, properties: dict[str, object]) -> None:
    item = item_of(_EVENT, data)
    assert item is not None
    assert item["properties"] == properties


def test_binary_data_stays_as_text() -> None:
    item = structured(_EVENT | {"data_base64": "AAE="})
    assert item is not None
    assert item["properties"] == {"value": "AAE="}


@pytest.mark.parametrize("broken", [{"specversion": "0.3"}, {"id": ""}, {"type": 7}, {"source": None}])
def test_what_is_no_cloud_event_is_refused(broken: dict[str, object]) -> None:
    assert structured(_EVENT | broken) is None
