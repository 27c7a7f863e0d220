"""What holds for every item whatever it is."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from journey_schemas.identifiers_blocked import is_blocked
from journey_schemas.normalise import FLAGS, Rejection, normalise, normalise_record, source_key
from journey_schemas.records import decoder, encode
from journey_schemas.touchpoint import TYPES, Touchpoint

AT = datetime(2026, 1, 31, 12, 0, 1, 23_000, tzinfo=UTC)
WORDS = st.text(st.characters(codec="utf-8"), max_size=300)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(timezones=st.sampled_from([UTC]) | st.none()).map(datetime.isoformat) | st.datetimes(
    AT.replace(tzinfo=None) - timedelta(hours=2), AT.replace(tzinfo=None) + timedelta(hours=2)
).map(lambda moment: moment.isoformat() + "Z")
IDS = st.sampled_from(["u-1", "null", "0", " ", "7", 42, 4.5, True, None]) | WORDS
OBJECTS = st.dictionaries(WORDS, JSON, max_size=3)
FIELDS: dict[str, st.SearchStrategy[Any]] = {
    "type": st.sampled_from(sorted(TYPES)),
    "messageId": IDS,
    "userId": IDS,
    "anonymousId": IDS,
    "previousId": IDS,
    "groupId": IDS,
    "profileId": st.uuids().map(str) | IDS,
    "event": st.just("E") | WORDS,
    "name": WORDS,
    "properties": OBJECTS,
    "context": OBJECTS,
    "timestamp": TIMES,
    "originalTimestamp": TIMES,
    "sentAt": TIMES,
    "receivedAt": TIMES,
    "flags": st.lists(st.sampled_from(sorted(FLAGS))) | JSON,
    "source": st.sampled_from(["web", "till-7"]) | WORDS,
    "v": st.sampled_from([0, 1, 2]),
    "extra": OBJECTS,
    "foo": JSON,
}
ITEMS = st.fixed_dictionaries({}, optional=FIELDS) | st.fixed_dictionaries(
    {}, optional={name: JSON | field for name, field in FIELDS.items()}
)

read = decoder(Touchpoint).decode


def http(item: object) -> Touchpoint | Rejection:
    return normalise(item, source="web", received_at=AT, fallback_message_id="own", sent_at=AT)


def direct(record: object) -> Touchpoint | Rejection:
    return normalise_record(record, received_at=AT, fallback_message_id="own")


@given(JSON | ITEMS)
def test_any_json_value_is_a_touchpoint_or_a_rejection(item: object) -> None:
    assert isinstance(http(item), Touchpoint | Rejection)
    assert isinstance(direct(item), Touchpoint | Rejection)


@given(ITEMS)
def test_normalising_again_changes_nothing(item: dict[str, Any]) -> None:
    for once in (http(item), direct(item)):
        if isinstance(once, Touchpoint):
            assert direct(json.loads(encode(once))) == once


@given(ITEMS)
def test_a_touchpoint_keeps_the_promises_of_its_fields(item: dict[str, Any]) -> None:
    for made in (http(item), direct(item)):
        if not isinstance(made, Touchpoint):
            continue
        assert 0 < len(made.message_id) <= 100
        assert made.timestamp <= AT + timedelta(minutes=5)
        assert made.received_at == AT
        assert set(made.flags) <= FLAGS
        assert len(set(made.flags)) == len(made.flags)
        assert not is_blocked(source_key(made))
        assert read(encode(made)) == made


@given(ITEMS)
def test_normalising_leaves_the_item_as_it_was(item: dict[str, Any]) -> None:
    before = json.dumps(item)
    http(item)
    direct(item)
    assert json.dumps(item) == before
