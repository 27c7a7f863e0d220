"""The JSON API and the console, on figures of a story that was counted for real."""

import random
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import asyncpg
import pytest
import pytest_asyncio

from journey_runtime.processor import Record
from metrics.batch import gather
from metrics.store import connect
from metrics.store.count import count
from support.metrics_client import EVIL, console_client, evil_release
from support.shop_story import Story, definitions, shape, story

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)


@pytest.fixture(scope="module")
def told() -> Story:
    return story(60, seed=21, begin=_BEGIN, over=timedelta(days=5))


@pytest_asyncio.fixture(scope="module")
async def pool(database: str, told: Story) -> AsyncIterator[asyncpg.Pool]:
    async with await connect.pool(database) as made:
        await connect.check_schema(made)
        records = [Record(one.topic, 0, n, 0, one.key, one.value, one.headers) for n, one in enumerate(told.told)]
        facts = [fact for _, decoded in gather(records).records for fact in decoded.facts]
        random.Random(3).shuffle(facts)
        async with made.acquire() as connection, connection.transaction():
            await count(connection, facts)
        yield made


async def test_totals_are_those_of_the_story(pool: asyncpg.Pool, told: Story) -> None:
    async with console_client(pool) as client:
        answer = (await client.get("/v1/totals")).json()
    assert shape(answer) == told.totals()
    assert answer["as_of"].endswith("Z")


async def test_stages_show_where_people_are_and_went(pool: asyncpg.Pool, told: Story) -> None:
    async with console_client(pool) as client:
        answer = (await client.get("/v1/journeys/welcome/stages")).json()
        listed = (await client.get("/v1/journeys")).json()["journeys"]
    assert [one["journey"] for one in listed] == ["cross-sell", "welcome"]
    journey = answer["journey"]
    assert journey["objective"] == {
        "what": "reach customer",
        "n": told.objective["welcome"],
        "rate": told.objective["welcome"] / told.entered["welcome"],
        "target": 0.4,
        "within": "14d",
    }
    stages = {one["stage"]: one for one in answer["stages"]}
    assert list(stages) == ["new", "browsing", "customer"]
    for one in stages.values():
        assert one["entries"] == one["inside"] + sum(leave["n"] for leave in one["leaves"])
    assert sum(one["inside"] for one in stages.values()) == journey["inside"]
    assert stages["customer"]["time_s"]["finished"] == told.stages["welcome", "customer"]
    assert 0 < stages["new"]["time_s"]["median"] <= stages["new"]["time_s"]["p90"]
    (welcome, *_) = stages["new"]["messages"]
    assert welcome["message"] == "welcome"
    assert welcome["rates"]["opened"] == welcome["opened"] / welcome["sent"]
    assert stages["new"]["oldest_inside_at"] is None or stages["new"]["inside"] > 0


async def test_a_person_is_found_by_every_identifier_and_shows_both_lives(pool: asyncpg.Pool, told: Story) -> None:
    loser = await pool.fetchrow("SELECT profile_id, merged_into FROM metrics.profile WHERE merged_into IS NOT NULL")
    tablet = await pool.fetchval(
        "SELECT value FROM metrics.identifier WHERE profile_id = $1 AND namespace = 'anonymous_id'", loser["profile_id"]
    )
    number = tablet.removeprefix("tablet-")
    async with console_client(pool) as client:
        for identifier in (tablet, f"u-{number}", f"user_id:u-{number}", loser["merged_into"], loser["profile_id"]):
            found = (await client.post("/v1/profiles/lookup", json={"identifier": identifier})).json()
            assert found["profile_id"] == loser["merged_into"], identifier
        email = (await client.post("/v1/profiles/lookup", json={"identifier": "EMAIL:x"})).json()
        assert email["code"] == "not_found"
        answer = (await client.get(f"/v1/profiles/{loser['profile_id']}/timeline")).json()
    assert answer["profile_id"] == loser["merged_into"]
    entries = answer["entries"]
    assert [one["at"] for one in entries] == sorted(one["at"] for one in entries)
    assert {one["kind"] for one in entries} == {"touchpoint", "merge", "stage", "message"}
    assert any(one["title"] == "page: Offers" for one in entries), "the loser's touchpoint is there"


async def test_every_silence_has_its_reason(pool: asyncpg.Pool) -> None:
    profile = await pool.fetchval("SELECT profile_id FROM metrics.delivery WHERE outcome = 'suppressed'")
    async with console_client(pool) as client:
        answer = (await client.get(f"/v1/profiles/{profile}/timeline")).json()
        page = (await client.get(f"/people/{profile}")).text
    silences = [one for one in answer["entries"] if one["title"].endswith(": suppressed")]
    assert silences
    assert all(one["detail"]["reason"] == "no_address" and one["explanation"] for one in silences)
    assert "address: suppress (no email)" in page


async def test_status_counts_and_names_the_release(pool: asyncpg.Pool, told: Story) -> None:
    async with console_client(pool) as client:
        answer = (await client.get("/v1/status")).json()
    assert answer["release"] == 4
    assert answer["counts"]["touchpoints"] == sum(told.events.values())
    assert answer["counts"]["profiles"] == told.people
    assert answer["counts"]["commands"] == sum(n for (_, kind), n in told.outcomes.items() if kind == "commanded")


async def test_errors_have_code_and_message(pool: asyncpg.Pool) -> None:
    async with console_client(pool) as client:
        for answer, code in (
            (await client.get("/v1/journeys/none/stages"), "journey_unknown"),
            (await client.get("/v1/profiles/none/timeline"), "profile_unknown"),
            (await client.post("/v1/profiles/lookup", json={"identifier": "none"}), "not_found"),
            (await client.post("/v1/profiles/lookup", json={}), "invalid"),
            (await client.get("/v1/nothing"), "not_found"),
        ):
            body = answer.json()
            assert answer.status_code in {400, 404}
            assert body["code"] == code
            assert set(body) == {"code", "message"}


async def test_with_a_token_nothing_is_shown_without_it(pool: asyncpg.Pool) -> None:
    async with console_client(pool, "secret") as client:
        assert (await client.get("/v1/totals")).status_code == 401
        assert (await client.get("/v1/totals", headers={"Authorization": "Bearer wrong"})).status_code == 401
        assert (await client.get("/v1/totals", headers={"Authorization": "Bearer secret"})).status_code == 200
        assert (await client.get("/")).status_code == 401
        assert (await client.get("/?token=wrong")).status_code == 401
        welcome = await client.get("/people?token=secret")
        assert welcome.status_code == 303
        assert welcome.headers["location"] == "/people"
        cookie = welcome.headers["set-cookie"]
        assert "HttpOnly" in cookie
        assert "secret" not in cookie
        assert (await client.get("/")).status_code == 200, "the browser keeps the cookie"
        assert (await client.get("/v1/totals")).status_code == 401, "which does not open the API"
        away = await client.get("//evil.example/?token=secret")
        assert not away.headers.get("location", "/").startswith("//")


async def test_pages_render_refresh_by_etag_and_load_nothing_from_elsewhere(pool: asyncpg.Pool, told: Story) -> None:
    profile = await pool.fetchval("SELECT profile_id FROM metrics.instance LIMIT 1")
    async with console_client(pool) as client:
        for path in ("/", "/journeys/welcome", "/journeys/cross-sell", "/people", f"/people/{profile}"):
            page = await client.get(path)
            assert page.status_code == 200, path
            assert page.headers["content-security-policy"].startswith("default-src 'self'")
            assert "http://" not in page.text.replace("http://www.w3.org/2000/svg", "")
            assert "https://" not in page.text
            assert "style=" not in page.text
            again = await client.get(path, headers={"If-None-Match": page.headers["etag"]})
            assert again.status_code == 304, path
            assert again.content == b""
        for name in ("style.css", "refresh.js", "icon.svg"):
            assert (await client.get(f"/static/{name}")).status_code == 200
        assert (await client.get("/static/../settings.py")).status_code == 404
        assert (await client.get("/journeys/none")).status_code == 404
        assert (await client.get("/people/none")).status_code == 404
        text = (await client.get("/journeys/welcome")).text
    assert f"{told.entered['welcome']:,}" in text
    assert "already inside" in text


async def test_searching_leads_to_the_person_or_says_what_to_do(pool: asyncpg.Pool) -> None:
    async with console_client(pool) as client:
        found = await client.post("/people", data={"identifier": " u-1 "})
        assert found.status_code == 303
        assert found.headers["location"].startswith("/people/")
        nobody = await client.post("/people", data={"identifier": EVIL})
        assert "Nobody was seen" in nobody.text
        assert EVIL not in nobody.text


async def test_names_from_outside_are_text_and_never_markup(pool: asyncpg.Pool, database: str) -> None:
    async with console_client(pool, releases=[*definitions(4, _BEGIN), *evil_release()]) as client:
        for path in ("/", "/journeys/evil"):
            text = (await client.get(path)).text
            assert EVIL not in text
            assert "&lt;script&gt;" in text
