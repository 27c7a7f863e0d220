"""What is read as a request, and how each is answered."""

import gzip
import json
import zlib
from typing import Any

import pytest

from ingest.api import PATHS
from ingest.body import decode
from support.ingest_door import Door

ITEM = {"event": "E", "userId": "u-1", "previousId": "u-0", "groupId": "g-1"}
BATCH = {"batch": [ITEM | {"type": "track"}]}


def body_for(path: str) -> dict[str, Any]:
    return BATCH if PATHS[path] is None else ITEM


@pytest.mark.parametrize("slash", ["", "/"])
async def test_every_path_answers_exactly_200_with_and_without_slash(door: Door, slash: str) -> None:
    for path in PATHS:
        answer = await door.post(f"/v1/{path}{slash}", body_for(path))
        assert (answer.status_code, answer.json()) == (200, {"success": True, "accepted": 1, "rejected": []}), path
    types = [record.value["type"] for record in await door.touchpoints()]
    assert types == [kind or "track" for kind in PATHS.values()]


async def test_the_content_type_is_ignored(door: Door) -> None:
    text = await door.post("/v1/t", ITEM, content_type="text/plain")
    form = await door.post(
        "/v1/batch",
        gzip.compress(json.dumps(BATCH).encode()),
        content_type="application/x-www-form-urlencoded",
        content_encoding="gzip",
    )
    assert (text.status_code, form.status_code) == (200, 200)
    assert len(await door.touchpoints()) == 2


@pytest.mark.parametrize(
    ("path", "body", "code"),
    [
        ("track", b"", "not_json"),
        ("track", b"{", "not_json"),
        ("track", b'{"userId":"\xff"}', "not_json"),
        ("track", b'{"userId":"\\ud800"}', "not_json"),
        ("track", b'{"n":1e400}', "not_json"),
        ("track", b"[" * 2_000 + b"]" * 2_000, "not_json"),
        ("track", b"[]", "wrong_shape"),
        ("batch", b"", "not_json"),
        ("batch", b'{"batch":[', "not_json"),
        ("batch", b'{"batch":' + b"[" * 2_000 + b"]" * 2_000 + b"}", "not_json"),
        ("batch", b'{"batch":[],"context":' + b'{"a":' * 2_000 + b"1" + b"}" * 2_000 + b"}", "not_json"),
        ("batch", b'{"batch":[],"sentAt":1e400}', "not_json"),
        ("batch", b"[]", "bad_body"),
        ("batch", b"{}", "bad_body"),
        ("batch", b'{"batch":{}}', "bad_body"),
        ("batch", b'{"batch":[],"context":[]}', "bad_body"),
    ],
)
async def test_an_unreadable_body_is_400_with_code_and_message(door: Door, path: str, body: bytes, code: str) -> None:
    answer = await door.post(f"/v1/{path}", body)
    assert (answer.status_code, set(answer.json())) == (400, {"code", "message"})
    assert answer.json()["code"] == code


async def test_bad_utf8_inside_one_item_costs_only_that_item(door: Door) -> None:
    good = json.dumps(ITEM | {"type": "track"}).encode()
    nested = b'{"type":"track","properties":' + b'{"a":' * 900 + b"1" + b"}" * 900 + b"}"
    answer = await door.post("/v1/batch", b'{"batch":[%s,{"userId":"\xff"},%s,%s]}' % (good, nested, good))
    assert answer.status_code == 200
    assert answer.json()["accepted"] == 2


async def test_gzip_that_is_cut_off_or_followed_by_something_is_refused(door: Door) -> None:
    whole = gzip.compress(json.dumps(ITEM).encode())
    for body in (whole[:-9], whole[:12], b"no gzip", b"", whole + b"more"):
        answer = await door.post("/v1/track", body, content_encoding="gzip")
        assert (answer.status_code, answer.json()["code"]) == (400, "bad_gzip")
    unknown = await door.post("/v1/track", b"", content_encoding="br")
    assert (unknown.status_code, unknown.json()["code"]) == (400, "bad_body")


async def test_a_body_over_its_limit_is_413_whether_it_says_so_or_not(door: Door) -> None:
    async def endless() -> Any:
        for _ in range(5 * 1024):
            yield b" " * 1024

    told = await door.post("/v1/batch", b" " * (4 << 20) + b"{}")
    untold = await door.client.post("/v1/batch", content=endless())
    for answer in (told, untold):
        assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


async def test_a_gzip_bomb_is_413(door: Door) -> None:
    packer = zlib.compressobj(9, zlib.DEFLATED, 31)
    bomb = packer.compress(b" " * (64 << 20)) + packer.flush()
    assert len(bomb) < (64 << 20) / 900
    answer = await door.post("/v1/batch", bomb, content_encoding="gzip")
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


@pytest.mark.parametrize("inside", [b"[" + b"{}," * 1_200_000 + b"{}]", b"[" + b"{}," * 10_000 + b"{}]"])
async def test_a_batch_of_items_without_end_is_413(door: Door, inside: bytes) -> None:
    answer = await door.post("/v1/batch", b'{"batch":%s}' % inside)
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


async def test_context_shared_by_a_batch_is_bounded_as_it_is_stored_once_per_item(door: Door) -> None:
    answer = await door.post("/v1/batch", BATCH | {"context": {"x": "y" * 40_000}})
    assert (answer.status_code, answer.json()["code"]) == (413, "request_too_large")


async def test_only_bad_items_are_still_200(door: Door) -> None:
    answer = await door.post("/v1/batch", {"batch": [{}]})
    assert (answer.status_code, answer.json()["accepted"]) == (200, 0)
    assert (await door.post("/v1/batch", {"batch": []})).json() == {"success": True, "accepted": 0, "rejected": []}


async def test_a_path_and_a_type_that_differ_are_refused(door: Door) -> None:
    answer = await door.post("/v1/identify", ITEM | {"type": "track"})
    assert (answer.status_code, answer.json()["code"]) == (400, "type_mismatch")


async def test_every_error_is_an_object_with_code_and_message_and_no_detail(door: Door) -> None:
    answers = [
        await door.client.get("/nowhere"),
        await door.client.get("/v1/track"),
        await door.client.delete("/v1/batch/"),
        await door.post("/v1/track", ITEM, None),
        await door.post("/v1/track", b"{"),
        await door.client.get("/v1"),
        await door.client.post("/docs"),
    ]
    assert [answer.status_code for answer in answers] == [404, 405, 405, 401, 400, 404, 405]
    for answer in answers:
        assert set(answer.json()) == {"code", "message"}
        assert answer.headers["content-type"] == "application/json"


async def test_browsers_may_ask_and_read_from_anywhere(door: Door) -> None:
    asked = await door.client.options("/v1/t", headers={"Origin": "https://any.example"})
    assert (asked.status_code, asked.json()) == (200, {})
    posted = await door.post("/v1/t", ITEM, None, origin="https://any.example")
    for answer in (asked, posted):
        assert answer.headers["access-control-allow-origin"] == "https://any.example"
        assert answer.headers["access-control-allow-credentials"] == "true"
        assert answer.headers["access-control-max-age"] == "900"


async def test_the_documentation_names_every_spelled_out_path(door: Door) -> None:
    document = (await door.client.get("/openapi.json")).json()
    assert set(document["paths"]) == {f"/v1/{path}" for path in PATHS if len(path) > 1}
    assert (await door.client.get("/docs")).status_code == 200


def test_what_msgspec_leaves_raw_is_decoded_completely() -> None:
    assert decode(b'{"a":[1,{"b":null}]}') == {"a": [1, {"b": None}]}
