"""Applications write into the topic themselves: nothing is assumed, everything ends as a touchpoint or with a code."""

from collections.abc import Mapping
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.decode import Event, EventDecoder
from identity.domain.identifiers import Identifier
from journey_runtime.processor import BadRecord, Record
from journey_schemas.moment import from_ms

AT_MS = 1_769_860_800_123
CODES = {
    "missing_value", "not_json", "wrong_shape", "unknown_type", "no_identifier", "missing_event", "bad_event_name",
    "bad_field", "bad_cloudevent", "missing_previous_id", "missing_group_id", "event_too_large",
}  # fmt: skip
SMALLEST = b'{"type":"track","event":"Store Visit","userId":"u-1"}'
NESTED = b'{"type":"track","event":"e","userId":"u","properties":' + b'{"a":' * 5_000 + b"1" + b"}" * 5_001

decoder = EventDecoder(
    namespace=UUID("5b1f2c33-7c8e-4f51-9d6a-2f3b8a1e9c07"), cluster_id="c", region="DE", forced_sources=()
)


def decoded(value: bytes | None, headers: Mapping[str, bytes] | None = None, *, offset: int = 7) -> Event:
    return decoder.decode(Record("touchpoints", 3, offset, AT_MS, None, value, tuple((headers or {}).items())))


def test_the_smallest_record_is_filled_from_where_it_stands() -> None:
    one = decoded(SMALLEST).touchpoint
    assert (one.source, one.v, one.received_at, one.timestamp) == ("kafka", 1, from_ms(AT_MS), from_ms(AT_MS))
    assert one.message_id == decoded(SMALLEST).touchpoint.message_id
    assert one.message_id != decoded(SMALLEST, offset=8).touchpoint.message_id
    assert "message_id_derived" in one.flags
    assert decoded(SMALLEST).seen is None


def test_headers_fill_what_the_value_leaves_out_and_the_value_wins() -> None:
    filled = decoded(SMALLEST, {"ce_type": b"waypost.touchpoint.v1", "ce_id": b"m-9", "ce_source": b"/sources/shop"})
    assert (filled.touchpoint.message_id, filled.touchpoint.source) == ("m-9", "shop")
    assert filled.seen is not None
    own = b'{"type":"page","userId":"u","messageId":"m-1","source":"web"}'
    one = decoded(own, {"ce_id": b"m-9", "ce_source": b"/sources/shop"}).touchpoint
    assert (one.message_id, one.source) == ("m-1", "web")
    assert decoded(SMALLEST, {"ce_source": b"Not A Source"}).touchpoint.source == "kafka"


def test_nobody_can_claim_another_time_of_receipt() -> None:
    value = b"""{"v":1,"type":"page","userId":"u","messageId":"m",
        "timestamp":"2026-01-01T00:00:00Z","receivedAt":"2020-01-01T00:00:00Z"}"""
    one = decoded(value)
    assert one.touchpoint.received_at == from_ms(AT_MS)
    assert not one.is_deep
    assert decoded(b'{"type":"page","userId":"u","messageId":"m"}').is_deep
    assert decoded(value, {"wp-replayed-from": b"x"}).is_deep


def test_a_foreign_cloud_event_is_a_track() -> None:
    headers = {
        "ce_specversion": b"1.0",
        "ce_id": b"77",
        "ce_type": b"shop.order",
        "ce_source": b"/shop",
        "ce_subject": b"u",
    }
    one = decoded(b'{"total":3}', headers).touchpoint
    assert (one.event, one.user_id, one.message_id, one.properties) == ("shop.order", "u", "77", {"total": 3})
    whole = b'{"specversion":"1.0","id":"78","type":"shop.order","source":"/shop","subject":"u","data":[1]}'
    other = decoded(whole, {"content-type": b"application/cloudevents+json; charset=utf-8"}).touchpoint
    assert (other.message_id, other.properties) == ("78", {"value": [1]})


@pytest.mark.parametrize(
    ("value", "headers", "code"),
    [
        (None, {}, "missing_value"),
        (b"", {}, "missing_value"),
        (b"{", {}, "not_json"),
        (b'{"type":"\xff"}', {}, "not_json"),
        (b'{"type":"track","n":1e400}', {}, "not_json"),
        (NESTED, {}, "not_json"),
        (b"[1]", {}, "wrong_shape"),
        (b"null", {}, "wrong_shape"),
        (b'{"type":"buy","userId":"u"}', {}, "unknown_type"),
        (b'{"type":"track","event":"e"}', {}, "no_identifier"),
        (b'{"type":"track","event":"e","userId":"null","anonymousId":"-1"}', {}, "no_identifier"),
        (b'{"type":"track","userId":"u"}', {}, "missing_event"),
        (b'{"type":"track","event":7,"userId":"u"}', {}, "bad_event_name"),
        (b'{"type":"page","userId":"u","properties":[]}', {}, "bad_field"),
        (b'{"type":"alias","userId":"u"}', {}, "missing_previous_id"),
        (b'{"type":"group","userId":"u"}', {}, "missing_group_id"),
        (b"{}", {"ce_type": b"shop.order", "ce_specversion": b"0.3"}, "bad_cloudevent"),
        (b"[]", {"content-type": b"application/cloudevents+json"}, "bad_cloudevent"),
        (b'"' + b"x" * 768 * 1024 + b'"', {}, "event_too_large"),
    ],
)  # fmt: skip
def test_what_cannot_be_used_is_named(value: bytes | None, headers: dict[str, bytes], code: str) -> None:
    with pytest.raises(BadRecord) as caught:
        decoded(value, headers)
    assert caught.value.code == code


@pytest.mark.parametrize("message_id", [b'"  "', b"true", b"[]", b"{}", b"null", b'""'])
def test_a_message_id_that_is_none_is_replaced(message_id: bytes) -> None:
    one = decoded(b'{"type":"page","userId":"u","messageId":' + message_id + b"}")
    assert len(one.touchpoint.message_id) == 36
    assert one.seen is None


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
_fields = [
    "type", "messageId", "source", "userId", "anonymousId", "profileId", "event", "traits", "context", "v", "timestamp",
    "receivedAt", "flags", "previousId", "properties", "extra",
]  # fmt: skip


@given(
    st.dictionaries(st.sampled_from(_fields), _json)
    | st.fixed_dictionaries({"type": st.just("page"), "userId": st.just("u"), "context": _json, "messageId": _json})
)
def test_any_json_is_a_touchpoint_or_a_named_fault(item: dict[str, object]) -> None:
    value = msgspec.json.encode(item)
    code, event = None, None
    try:
        event = decoded(value)
    except BadRecord as bad:
        code = bad.code
    if event is None:
        assert code in CODES
    else:
        assert event.touchpoint.message_id
        assert event.touchpoint.profile_id or event.links.identifiers


def test_phone_numbers_are_read_by_the_region() -> None:
    value = b'{"type":"identify","userId":"u","traits":{"phone":"0170 1234567"}}'
    assert Identifier("phone", "+491701234567") in decoded(value).links.identifiers
    odd = b'{"type":"identify","userId":"u","traits":{"phone":"call me"}}'
    assert decoded(odd).links.identifiers == (Identifier("user_id", "u"),)
