"""The rules by which an item becomes a touchpoint, one by one."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from journey_schemas.identifiers_blocked import is_blocked
from journey_schemas.normalise import Rejection, normalise, normalise_record, source_key
from journey_schemas.touchpoint import Touchpoint

RECEIVED = datetime(2026, 1, 31, 12, 0, 1, 23_456, tzinfo=UTC)
AT = datetime(2026, 1, 31, 12, 0, 1, 23_000, tzinfo=UTC)


def made(item: object, **request: Any) -> Touchpoint | Rejection:
    given: dict[str, Any] = {"source": "web", "received_at": RECEIVED, "fallback_message_id": "own"} | request
    return normalise(item, **given)


def touchpoint(item: dict[str, Any], **request: Any) -> Touchpoint:
    whole = {"type": "track", "event": "E", "userId": "u", "messageId": "m"} | item
    result = made(whole, **request)
    assert isinstance(result, Touchpoint), result
    return result


def code(item: object, **request: Any) -> str:
    result = made(item, **request)
    assert isinstance(result, Rejection), result
    return result.code


EXAMPLES = sorted((Path(__file__).parents[2] / "schemas" / "examples" / "touchpoints").glob("*.json"))


def text(moment: datetime) -> str:
    return moment.isoformat()


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ([], "wrong_shape"),
        ("track", "wrong_shape"),
        (None, "wrong_shape"),
        ({"userId": "u"}, "unknown_type"),
        ({"type": "tracking", "userId": "u"}, "unknown_type"),
        ({"type": ["track"], "userId": "u"}, "unknown_type"),
        ({"type": "erase", "userId": "u"}, "unknown_type"),
        ({"type": "merge", "userId": "u"}, "unknown_type"),
        ({"type": "track", "event": "E"}, "no_identifier"),
        ({"type": "track", "event": "E", "userId": "null", "anonymousId": "0000-0000"}, "no_identifier"),
        ({"type": "track", "event": "E", "userId": True}, "no_identifier"),
        ({"type": "track", "event": "E", "profileId": "0b0e5a0e-6d1c-5b0a-9b0e-0c9f3f1f9a01"}, "no_identifier"),
        ({"type": "identify", "traits": {"email": "a@b.c"}}, "no_identifier"),
        ({"type": "alias", "userId": "u"}, "missing_previous_id"),
        ({"type": "group", "userId": "u"}, "missing_group_id"),
        ({"type": "track", "userId": "u"}, "missing_event"),
        ({"type": "track", "userId": "u", "event": " "}, "missing_event"),
        ({"type": "track", "userId": "u", "event": None}, "missing_event"),
        ({"type": "track", "userId": "u", "event": "e" * 256}, "bad_event_name"),
        ({"type": "track", "userId": "u", "event": 7}, "bad_event_name"),
        ({"type": "track", "userId": "u", "event": "E", "properties": []}, "bad_field"),
        ({"type": "identify", "userId": "u", "traits": "x"}, "bad_field"),
        ({"type": "identify", "userId": "u", "context": 1}, "bad_field"),
        ({"type": "identify", "userId": "u", "integrations": False}, "bad_field"),
        ({"type": "page", "userId": "u", "name": 5}, "bad_field"),
    ],
)
def test_an_unusable_item_is_rejected_with_its_own_code(item: object, expected: str) -> None:
    assert code(item) == expected


def test_a_rejection_names_the_place_and_no_value() -> None:
    result = made({"type": "identify", "userId": "u", "traits": "secret"})
    assert result == Rejection(code="bad_field", message="traits is no object", path="$.traits")


def test_the_type_comes_from_the_path_and_may_not_contradict_it() -> None:
    assert touchpoint({"type": None}, path_type="track").type == "track"
    assert code({"type": "page", "userId": "u"}, path_type="track") == "type_mismatch"


@pytest.mark.parametrize(
    ("written", "stored", "is_flagged"),
    [
        (42, "42", False),
        (42.0, "42", False),
        (4.5, "4.5", False),
        (" u-1 ", "u-1", False),
        ("U-1", "U-1", False),
        (None, None, False),
        ("null", "null", True),
        ("  ", None, True),
        (True, None, True),
        (["u"], None, True),
        ({"id": "u"}, None, True),
        ("x" * 256, "x" * 256, True),
        (10**400, None, True),
    ],
)
def test_an_id_is_read_as_text_and_what_is_none_is_flagged(written: object, stored: str, is_flagged: bool) -> None:  # noqa: FBT001 - a column of the table
    result = touchpoint({"userId": written, "anonymousId": "device-1"})
    assert result.user_id == stored
    assert ("identifier_ignored" in result.flags) == is_flagged


def test_the_source_key_is_the_device_then_the_person_then_the_profile_then_the_message() -> None:
    assert source_key(touchpoint({"anonymousId": "device-1"})) == "device-1"
    assert source_key(touchpoint({})) == "u"
    assert source_key(touchpoint({"anonymousId": "undefined"})) == "u"
    feedback = {"type": "track", "event": "E", "profileId": "0B0E5A0E-6d1c-5b0a-9b0e-0c9f3f1f9a01"}
    record = normalise_record(feedback, received_at=RECEIVED, fallback_message_id="own")
    assert isinstance(record, Touchpoint)
    assert source_key(record) == "0b0e5a0e-6d1c-5b0a-9b0e-0c9f3f1f9a01"


@pytest.mark.parametrize(
    "value",
    ["", "null", "NULL", '"null"', "'undefined'", "[object Object]", "0", "0000-0000", "-", "-1", "n/a", "id", "a\0b"],
)
def test_words_for_nothing_are_no_identifiers(value: str) -> None:
    assert is_blocked(value)


@pytest.mark.parametrize("value", ["u-1", "7", "nullify", "0a", "x" * 255, "Ann"])
def test_other_values_are_identifiers(value: str) -> None:
    assert not is_blocked(value)


def test_one_character_names_no_device() -> None:
    assert is_blocked("7", is_movable=True)
    assert source_key(touchpoint({"anonymousId": "7"})) == "u"


def test_a_missing_message_id_is_made_up_and_flagged() -> None:
    for nothing in (None, "", "  "):
        result = touchpoint({"messageId": nothing})
        assert (result.message_id, result.flags[0]) == ("own", "message_id_generated")
    assert touchpoint({"messageId": " m-1 "}).message_id == "m-1"
    assert touchpoint({"messageId": 7}).message_id == "7"


def test_a_long_message_id_is_hashed_equally_for_equal_input() -> None:
    first, again, other = (touchpoint({"messageId": "x" * 299 + last}) for last in "aab")
    assert first.message_id == again.message_id != other.message_id
    assert first.message_id.startswith("sha256:")
    assert len(first.message_id) == 71
    assert "message_id_hashed" in first.flags


def test_a_device_clock_that_is_three_hours_ahead_is_corrected() -> None:
    ahead = timedelta(hours=3)
    result = touchpoint({"timestamp": text(AT + ahead - timedelta(seconds=1))}, sent_at=AT + ahead)
    assert result.timestamp == AT - timedelta(seconds=1)
    assert result.original_timestamp == AT + ahead - timedelta(seconds=1)
    assert result.flags == ("clock_corrected",)


def test_a_touchpoint_of_an_offline_phone_stays_two_days_old() -> None:
    result = touchpoint({"timestamp": text(AT - timedelta(days=2)), "sentAt": text(AT)})
    assert result.timestamp == AT - timedelta(days=2)
    assert result.flags == ("suspect_duplicate",)


def test_a_small_difference_of_clocks_is_left_alone() -> None:
    result = touchpoint({"timestamp": text(AT)}, sent_at=AT + timedelta(seconds=1.9))
    assert (result.timestamp, result.flags) == (AT, ())


def test_the_sending_time_of_the_item_beats_that_of_the_batch() -> None:
    result = touchpoint({"sentAt": text(AT)}, sent_at=AT - timedelta(days=1))
    assert result.sent_at == AT


def test_the_future_is_clamped_to_now() -> None:
    result = touchpoint({"timestamp": text(AT + timedelta(hours=48))})
    assert (result.timestamp, result.flags) == (AT, ("timestamp_clamped",))
    assert touchpoint({"timestamp": text(AT + timedelta(minutes=5))}).timestamp == AT + timedelta(minutes=5)


@pytest.mark.parametrize(
    "written", ["yesterday", 1_769_860_800_123, "1999-12-31T23:59:59Z", {}, "", "9999-12-31T23:59-23"]
)
def test_an_unreadable_time_is_the_time_of_receipt(written: object) -> None:
    result = touchpoint({"timestamp": written})
    assert (result.timestamp, result.flags) == (AT, ("timestamp_invalid",))


def test_no_time_is_the_time_of_receipt() -> None:
    result = touchpoint({})
    assert (result.timestamp, result.flags) == (AT, ("timestamp_missing",))


def test_an_offset_is_read_and_no_offset_means_utc() -> None:
    assert touchpoint({"timestamp": "2026-01-31T13:00:00.1234+01:00"}).timestamp == AT.replace(
        second=0, microsecond=123_000
    )
    assert touchpoint({"timestamp": "2026-01-31T12:00:00"}).timestamp == AT.replace(second=0, microsecond=0)


def test_the_clients_own_original_time_beats_its_timestamp() -> None:
    result = touchpoint({"originalTimestamp": text(AT), "timestamp": text(AT - timedelta(days=9))})
    assert result.timestamp == AT


def test_context_of_batch_and_item_are_merged_and_the_item_wins() -> None:
    shared = {"app": {"name": "shop"}, "locale": "de"}
    result = touchpoint({"context": {"locale": "en"}}, context=shared)
    assert result.context == {"app": {"name": "shop"}, "locale": "en"}
    assert shared == {"app": {"name": "shop"}, "locale": "de"}


def test_unknown_fields_are_kept_and_credentials_are_not() -> None:
    item = {
        "foo": 1,
        "extra": {"a": 1},
        "writeKey": "w",
        "_metadata": {},
        "profileId": "p",
        "flags": ["x"],
        "nil": None,
    }
    result = touchpoint(item | {"source": "stolen", "v": 9, "receivedAt": "x"})
    assert result.extra == {"foo": 1, "extra": {"a": 1}}
    assert (result.source, result.v, result.profile_id, result.received_at) == ("web", 1, None, AT)


def test_a_request_sent_again_is_flagged() -> None:
    assert touchpoint({"timestamp": text(AT)}, retried=True).flags == ("retried",)


def record(value: object, **how: Any) -> Touchpoint:
    given: dict[str, Any] = {"received_at": RECEIVED, "fallback_message_id": "own"} | how
    result = normalise_record(value, **given)
    assert isinstance(result, Touchpoint), result
    return result


def test_the_smallest_direct_record_is_completed() -> None:
    result = record({"type": "track", "event": "Store Visit", "userId": "u-1"})
    assert (result.source, result.message_id, result.timestamp, result.received_at) == ("kafka", "own", AT, AT)
    assert result.flags == ("message_id_derived", "timestamp_missing")


def test_a_direct_record_may_name_its_source_and_unknown_fields_are_dropped() -> None:
    value = {"type": "track", "event": "E", "userId": "u", "messageId": "m", "foo": 1, "writeKey": "w"}
    assert record(value | {"source": "till-7"}).source == "till-7"
    assert record(value | {"source": "NOT A NAME"}, source="till-8").source == "till-8"
    assert record(value).extra is None


def test_what_ingest_made_keeps_its_time_and_flags_and_takes_the_brokers_time_of_receipt() -> None:
    value = {
        "v": 1, "type": "track", "event": "E", "userId": "u", "messageId": "m", "source": "web",
        "timestamp": text(AT - timedelta(hours=9)), "originalTimestamp": text(AT + timedelta(hours=3)),
        "sentAt": text(AT + timedelta(hours=12)), "receivedAt": text(AT - timedelta(seconds=3)),
        "flags": ["clock_corrected", "made up"], "extra": {"foo": 1},
    }  # fmt: skip
    result = record(value)
    assert result.timestamp == AT - timedelta(hours=9)
    assert (result.received_at, result.flags, result.extra) == (AT, ("clock_corrected",), {"foo": 1})


def test_nobody_brings_the_future_in_by_claiming_to_be_ingest() -> None:
    value = {"v": 1, "type": "track", "event": "E", "userId": "u", "timestamp": text(AT + timedelta(days=1))}
    assert record(value).timestamp == AT


def test_a_replay_after_two_days_has_the_time_of_the_first_day() -> None:
    first_day = AT - timedelta(days=2)
    value = {
        "type": "track", "event": "E", "userId": "u", "messageId": "m", "receivedAt": text(first_day),
        "sentAt": text(first_day + timedelta(hours=3)), "timestamp": text(first_day + timedelta(hours=3)),
    }  # fmt: skip
    result = record(value, replayed=True)
    assert (result.timestamp, result.received_at) == (first_day, AT)
    assert result.flags == ("replayed", "clock_corrected")


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_identity_can_use_every_example_of_the_contract(path: Path) -> None:
    value = json.loads(path.read_text())
    result = record(value)
    assert result.user_id == value["userId"]
    assert result.message_id == value.get("messageId", "own")
