"""What becomes of items: each ends as a touchpoint, or as a dead letter with a code."""

import base64
import json
from typing import Any
from uuid import UUID

from journey_schemas.partition import partition_of
from journey_schemas.records import decoder
from journey_schemas.touchpoint import Touchpoint
from support.ingest_door import Door


def track(number: int = 0, **fields: Any) -> dict[str, Any]:
    return {"type": "track", "event": "E", "userId": "u-1", "messageId": f"m-{number}"} | fields


async def test_a_hundred_items_of_which_three_are_bad(door: Door) -> None:
    items = [track(number) for number in range(100)]
    for number in (3, 50, 99):
        del items[number]["event"]
    answer = await door.post("/v1/batch", {"batch": items})
    assert answer.status_code == 200
    body = answer.json()
    assert (body["success"], body["accepted"]) == (True, 97)
    assert [(one["index"], one["code"]) for one in body["rejected"]] == [(n, "missing_event") for n in (3, 50, 99)]
    stored = [record.value["messageId"] for record in await door.touchpoints()]
    assert stored == [f"m-{number}" for number in range(100) if number not in (3, 50, 99)]
    letters = await door.dead_letters()
    assert [letter.message_id for letter in letters] == ["m-3", "m-50", "m-99"]


async def test_a_number_out_of_range_costs_only_its_own_item(door: Door) -> None:
    body = b'{"batch":[%s,{"type":"track","event":"E","userId":"u","properties":{"n":1e400}},%s]}' % (
        json.dumps(track(1)).encode(),
        json.dumps(track(2)).encode(),
    )
    answer = await door.post("/v1/batch", body)
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [(1, "not_json")]
    assert [record.value["messageId"] for record in await door.touchpoints()] == ["m-1", "m-2"]


async def test_each_fault_has_its_own_code(door: Door) -> None:
    items = [
        {"type": "track", "userId": "u"},
        {"type": "track", "event": "E"},
        {"type": "tracking", "userId": "u"},
        {"type": "erase", "userId": "u"},
        "text",
    ]
    answer = await door.post("/v1/batch", {"batch": items})
    codes = ["missing_event", "no_identifier", "unknown_type", "unknown_type", "wrong_shape"]
    assert [one["code"] for one in answer.json()["rejected"]] == codes
    assert sorted(letter.code for letter in await door.dead_letters()) == sorted(codes)
    assert await door.touchpoints() == []


async def test_ids_are_stored_as_text_and_blocked_ones_are_no_key(door: Door) -> None:
    items = [track(n, userId=user, anonymousId="d-1") for n, user in enumerate([42, 42.0, None, "null"])]
    items.append(track(4, userId="null", anonymousId="undefined", profileId="x"))
    items.append(track(5, userId="u-1", anonymousId="undefined"))
    answer = await door.post("/v1/batch", {"batch": items})
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [(4, "no_identifier")]
    records = {record.value["messageId"]: record for record in await door.touchpoints()}
    assert [records[f"m-{n}"].value.get("userId") for n in range(4)] == ["42", "42", None, "null"]
    assert "identifier_ignored" in records["m-3"].value["flags"]
    assert {records[f"m-{n}"].key for n in range(4)} == {"d-1"}
    assert records["m-5"].key == "u-1"


async def test_a_record_lies_where_everybodys_partition_function_says(door: Door) -> None:
    await door.post("/v1/batch", {"batch": [track(n, userId=f"u-{n}") for n in range(50)]})
    records = await door.touchpoints()
    assert len(records) == 50
    for record in records:
        assert record.key is not None
        assert record.partition == partition_of(record.key.encode(), 4)


async def test_an_item_over_its_limit_costs_only_itself_in_a_batch_and_is_413_alone(door: Door) -> None:
    def sized(number: int, size: int) -> bytes:
        bare = len(json.dumps(track(number, properties={"x": ""})))
        return json.dumps(track(number, properties={"x": "y" * (size - bare)})).encode()

    fits, too_large = sized(1, 32_768), sized(2, 32_769)
    assert len(too_large) == 32_769
    answer = await door.post("/v1/batch", b'{"batch":[%s,%s]}' % (fits, too_large))
    assert answer.status_code == 200
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [(1, "event_too_large")]
    alone = await door.post("/v1/track", too_large)
    assert (alone.status_code, alone.json()["code"]) == (413, "event_too_large")
    assert (await door.post("/v1/track", fits)).status_code == 200
    assert (await door.post("/v1/track", too_large, "roomy")).status_code == 200


async def test_items_beyond_the_most_are_rejected_one_by_one(door: Door) -> None:
    answer = await door.post("/v1/batch", {"batch": [track(n) for n in range(2_501)]})
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2_500
    assert [(one["index"], one["code"]) for one in answer.json()["rejected"]] == [(2_500, "too_many_items")]
    assert [record.value["messageId"] for record in await door.touchpoints()] == [f"m-{n}" for n in range(2_500)]
    (letter,) = await door.dead_letters()
    assert letter.message_id == "m-2500"


async def test_batch_and_item_share_context_and_unknown_fields_are_kept(door: Door) -> None:
    items = [track(1, context={"locale": "en"}, foo="bar"), track(2)]
    shared = {"locale": "de", "app": {"name": "shop"}}
    await door.post("/v1/batch", {"batch": items, "context": shared, "integrations": {"All": True}})
    first, second = [record.value for record in await door.touchpoints()]
    assert first["context"] == {"locale": "en", "app": {"name": "shop"}}
    assert second["context"] == shared
    assert first["extra"] == {"foo": "bar"}
    assert first["integrations"] == {"All": True}


async def test_a_missing_message_id_is_made_up(door: Door) -> None:
    await door.post("/v1/track", {"event": "E", "userId": "u"})
    (record,) = await door.touchpoints()
    assert UUID(record.value["messageId"]).version == 4
    assert "message_id_generated" in record.value["flags"]
    assert record.headers["ce_id"] == record.value["messageId"]


async def test_a_record_reads_as_a_touchpoint_and_its_headers_as_a_cloud_event(door: Door) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    await door.post("/v1/track", track(1), x_retry_count="2", traceparent=trace)
    (record,) = await door.touchpoints()
    touchpoint = decoder(Touchpoint).decode(record.raw)
    assert (touchpoint.v, touchpoint.source, touchpoint.type) == (1, "app", "track")
    assert "retried" in touchpoint.flags
    assert record.headers == {
        "ce_specversion": "1.0",
        "content-type": "application/json",
        "ce_id": "m-1",
        "ce_type": "waypost.touchpoint.v1",
        "ce_source": "/sources/app",
        "ce_time": touchpoint.timestamp.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        "traceparent": trace,
        "wp-retry": "2",
    }


async def test_no_credential_and_no_claimed_profile_reaches_a_topic(door: Door) -> None:
    secret = {"writeKey": "s3cret", "_metadata": {"bundled": ["s3cret"]}, "profileId": "s3cret"}
    bad = track(2, **secret)
    del bad["event"]
    unreadable = b'{"writeKey" : "s3c\\"ret","n":1e400}'
    items = b",".join((json.dumps(track(1, **secret)).encode(), json.dumps(bad).encode(), unreadable))
    answer = await door.post("/v1/batch", b'{"batch":[%s]}' % items)
    assert answer.json()["accepted"] == 1
    (record,) = await door.touchpoints()
    letters = await door.dead_letters()
    assert len(letters) == 2
    values = [base64.b64decode(letter.value_base64) for letter in letters]
    assert all(b"s3c" not in value for value in (record.raw, *values))


async def test_a_dead_letter_stands_alone(door: Door) -> None:
    context = {"library": {"name": "analytics-python", "version": "2.4.0"}, "locale": "de"}
    item = {"type": "track", "userId": "u-1", "messageId": "m-1", "context": {"locale": "en"}}
    body = {"batch": [item], "context": context, "sentAt": "2026-01-31T12:00:00Z"}
    await door.post("/v1/batch", body, user_agent="sdk/1")
    (letter,) = await door.dead_letters()
    assert (letter.topic, letter.code, letter.path) == ("touchpoints", "missing_event", "$.event")
    assert (letter.service, letter.source, letter.message_id) == ("ingest", "app", "m-1")
    assert (letter.partition, letter.offset, letter.library) == (None, None, "analytics-python/2.4.0")
    assert letter.headers == {"user-agent": "sdk/1"}
    value = json.loads(base64.b64decode(letter.value_base64))
    assert value.pop("receivedAt").endswith("Z")
    assert value == item | {
        "context": context | {"locale": "en"},
        "sentAt": "2026-01-31T12:00:00.000Z",
        "source": "app",
    }


async def test_one_bad_item_alone_is_refused_and_kept(door: Door) -> None:
    answer = await door.post("/v1/track", {"userId": "u-1"})
    assert (answer.status_code, answer.json()["code"]) == (400, "missing_event")
    (letter,) = await door.dead_letters()
    assert json.loads(base64.b64decode(letter.value_base64))["type"] == "track"


async def test_a_browser_is_stored_with_the_network_it_came_from(door: Door) -> None:
    item = track(1, context={"ip": "9.9.9.9"})
    await door.post("/v1/t", item, "web", user_agent="Firefox")
    await door.post("/v1/t", track(2, context={"ip": "9.9.9.9"}), "app", user_agent="curl")
    contexts = {record.value["messageId"]: record.value["context"] for record in await door.touchpoints()}
    assert contexts["m-1"] == {"ip": "127.0.0.0", "userAgent": "Firefox"}
    assert contexts["m-2"] == {"ip": "9.9.9.9"}
