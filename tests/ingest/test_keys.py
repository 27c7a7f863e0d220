"""Who may send: write keys, their four places, their sources."""

import base64
from pathlib import Path

import pytest

from ingest.auth import presented_key
from ingest.errors import BadSources
from ingest.sources import Sources
from support.ingest_door import Door, digest

ITEM = {"event": "E", "userId": "u-1"}


def rewrite(path: Path, content: str | None) -> None:
    if content is None:
        path.unlink()
    else:
        path.write_text(content)


async def source_of(door: Door) -> str:
    (record,) = await door.touchpoints()
    return str(record.value["source"])


async def test_the_key_may_stand_in_the_body_alone(door: Door) -> None:
    assert (await door.post("/v1/track", ITEM | {"writeKey": "app"}, None)).status_code == 200
    assert await source_of(door) == "app"


async def test_the_key_of_a_batch_may_stand_beside_its_items(door: Door) -> None:
    answer = await door.post("/v1/batch", {"batch": [ITEM | {"type": "track"}], "writeKey": "app"}, None)
    assert answer.status_code == 200


async def test_the_key_may_stand_in_a_header_alone(door: Door) -> None:
    assert (await door.post("/v1/track", ITEM, None, x_write_key="app")).status_code == 200


async def test_the_key_may_stand_in_the_query_alone(door: Door) -> None:
    assert (await door.post("/v1/track?writeKey=app", ITEM, None)).status_code == 200


async def test_basic_authorization_may_lack_its_colon(door: Door) -> None:
    value = "Basic " + base64.b64encode(b"app").decode()
    assert (await door.post("/v1/track", ITEM, None, authorization=value)).status_code == 200


async def test_a_header_beats_a_masked_key_in_the_body(door: Door) -> None:
    masked = ITEM | {"writeKey": "***"}
    assert (await door.post("/v1/track", masked, "app")).status_code == 200
    assert (await door.post("/v1/track", masked, None, x_write_key="app")).status_code == 200


async def test_there_is_no_second_try(door: Door) -> None:
    answer = await door.post("/v1/track", ITEM | {"writeKey": "app"}, "nobody")
    assert (answer.status_code, answer.json()["code"]) == (401, "unknown_key")


async def test_a_bearer_token_is_no_key(door: Door) -> None:
    answer = await door.post("/v1/track", ITEM | {"writeKey": "app"}, None, authorization="Bearer abc")
    assert answer.status_code == 200


def test_the_first_place_that_holds_a_key_wins() -> None:
    basic = {b"authorization": b"Basic " + base64.b64encode(b"a:")}
    header = {b"x-write-key": b"b"}
    assert presented_key(basic | header, "c", b"writeKey=d") == "a"
    assert presented_key(header, "c", b"writeKey=d") == "b"
    assert presented_key({}, "c", b"writeKey=d") == "c"
    assert presented_key({b"authorization": b"Basic !"}, " ", b"writeKey=d") == "d"
    assert presented_key({b"authorization": b"Basic " + base64.b64encode(b":")}, 7, b"") is None


@pytest.mark.parametrize(
    ("key", "status", "code"),
    [
        (None, 401, "missing_key"),
        ("nobody", 401, "unknown_key"),
        ("old", 401, "unknown_key"),
        ("off", 403, "key_disabled"),
    ],
)
async def test_who_may_not_send_is_told_so(door: Door, key: str | None, status: int, code: str) -> None:
    answer = await door.post("/v1/track", ITEM, key)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert await door.touchpoints() == []


async def test_both_keys_of_a_rotation_name_one_source_until_one_expires(door: Door) -> None:
    assert (await door.post("/v1/track", ITEM, "new")).status_code == 200
    assert await source_of(door) == "rotating"


async def test_a_browser_key_with_origins_serves_no_other_origin(door: Door) -> None:
    own = await door.post("/v1/t", ITEM, "shop-web", origin="https://shop.example")
    foreign = await door.post("/v1/t", ITEM, "shop-web", origin="https://evil.example")
    none = await door.post("/v1/t", ITEM, "shop-web")
    assert [answer.status_code for answer in (own, foreign, none)] == [200, 403, 403]
    assert foreign.json()["code"] == "origin_not_allowed"
    assert foreign.headers["access-control-allow-origin"] == "https://evil.example"


async def test_a_changed_file_is_in_force_without_a_restart(door: Door, sources_file: Path) -> None:
    assert (await door.post("/v1/track", ITEM, "newcomer")).status_code == 401
    rewrite(sources_file, f"sources: {{shop: {{kind: server, keys: [{{sha256: {digest('newcomer')}}}]}}}}")
    await door.sources.refresh()
    assert (await door.post("/v1/track", ITEM, "newcomer")).status_code == 200
    assert (await door.post("/v1/track", ITEM, "app")).status_code == 401


async def test_an_unusable_file_leaves_the_last_good_one_in_force(door: Door, sources_file: Path) -> None:
    for content in ("sources: [", "sources: {a: {kind: other}}", "sources: {kafka: {kind: server}}"):
        rewrite(sources_file, content)
        await door.sources.refresh()
        assert (await door.post("/v1/track", ITEM, "app")).status_code == 200
    rewrite(sources_file, None)
    await door.sources.refresh()
    assert (await door.post("/v1/track", ITEM, "app")).status_code == 200


@pytest.mark.parametrize(
    "content",
    [
        "",
        "sources: {UPPER: {kind: server}}",
        "sources: {dispatcher: {kind: server}}",
        "sources: {a: {kind: server, origins: ['https://x']}}",
        "sources: {a: {kind: server, keys: [{sha256: short}]}}",
        "sources: {a: {kind: server, limits: {touchpoints_per_second: 5}}}",
        f"sources: {{a: {{kind: server, keys: [{{sha256: {digest('k')}}}, {{sha256: {digest('k')}}}]}}}}",
    ],
)
def test_a_file_that_promises_what_cannot_be_is_refused(tmp_path: Path, content: str) -> None:
    path = tmp_path / "sources.yaml"
    path.write_text(content)
    with pytest.raises(BadSources):
        Sources(path).load()
