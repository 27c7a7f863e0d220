"""The laws of counting, on real PostgreSQL: order, repetition and the cut into batches change nothing."""

import asyncio
import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any  # Any: rows

import asyncpg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from journey_runtime.processor import Dead, Record
from metrics.batch import Batch, gather
from metrics.decode import Fact
from metrics.domain.cell import JourneyCell
from metrics.domain.figures import conservation
from metrics.errors import Replaced
from metrics.store.count import count
from metrics.store.ledger import Ledger
from support.shop_story import Story, Told, story

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
_EXAMPLES = settings(
    max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture], database=None
)
_TABLES = (
    "touch", "profile", "merge_log", "identifier", "instance", "stage_visit", "stage_reached", "passing", "delivery",
    "journey_daily", "message_daily", "touch_daily", "people_total",
)  # fmt: skip


@given(seed=st.integers(0, 10**6), people=st.integers(1, 6))
@_EXAMPLES
async def test_order_repetition_and_batches_change_nothing(
    connection: asyncpg.Connection, seed: int, people: int
) -> None:
    told = story(people, seed=seed, begin=_BEGIN, over=timedelta(days=3)).told
    chance = random.Random(seed)
    shuffled = chance.sample(told, len(told)) + chance.sample(told, len(told) // 2)
    chance.shuffle(shuffled)
    straight = await _tables(connection, [told])
    size = chance.randint(1, len(shuffled))
    batches = [shuffled[at : at + size] for at in range(0, len(shuffled), size)]
    assert await _tables(connection, batches) == straight


@given(seed=st.integers(0, 10**6))
@_EXAMPLES
async def test_each_count_equals_a_recount_and_everything_adds_up(connection: asyncpg.Connection, seed: int) -> None:
    whole = story(5, seed=seed, begin=_BEGIN, over=timedelta(days=3))
    chance = random.Random(seed)
    seen = chance.sample(whole.told, chance.randint(1, len(whole.told)))
    undone = connection.transaction()
    await undone.start()
    try:
        await count(connection, _facts(seen))
        await _recount(connection)
        await count(connection, _facts(whole.told))
        await _recount(connection)
        rows = await connection.fetch("SELECT kind, stage, way, journey, n FROM metrics.journey_daily")
        await _compare(connection, whole)
    finally:
        await undone.rollback()
    for journey in {row["journey"] for row in rows}:
        counts: dict[tuple[str, str, str], int] = {}
        for row in rows:
            if row["journey"] == journey:
                cell = (row["kind"], row["stage"], row["way"])
                counts[cell] = counts.get(cell, 0) + row["n"]
        assert conservation(counts) == []


async def test_a_merge_shows_one_person_with_both_histories(connection: asyncpg.Connection) -> None:
    whole = story(30, seed=5, begin=_BEGIN, over=timedelta(days=3))
    assert whole.merges
    await count(connection, _facts(random.Random(1).sample(whole.told, len(whole.told))))
    roots = await connection.fetchval("SELECT count(*) FROM metrics.profile WHERE merged_into IS NULL")
    assert roots == whole.people
    touches = await connection.fetchval(
        "SELECT count(DISTINCT coalesce(p.merged_into, p.profile_id)) FROM metrics.touch t"
        " JOIN metrics.profile p USING (profile_id)"
    )
    assert touches == whole.people


async def test_a_newer_owner_ends_the_right_to_count(database: str) -> None:
    one, two = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        place = ("stage-transitions", 0)
        former, newer = Ledger(one, "a"), Ledger(two, "b")
        epochs = {place: (await former.take_over([place]))[place][1]}
        await former.write(_batch(story(1, seed=1, begin=_BEGIN, over=timedelta(1)).told[:3], 0), epochs)
        offset, epoch = (await newer.take_over([place]))[place]
        assert offset == 3
        before = await one.fetch("SELECT * FROM metrics.journey_daily")
        with pytest.raises(Replaced):
            await former.write(_batch(story(2, seed=2, begin=_BEGIN, over=timedelta(1)).told, 3), epochs)
        assert await one.fetch("SELECT * FROM metrics.journey_daily") == before
        await newer.write(_batch(story(2, seed=2, begin=_BEGIN, over=timedelta(1)).told, 3), {place: epoch})
    finally:
        await one.close()
        await two.close()


async def test_two_processes_that_tell_the_same_story_at_once_count_it_once(database: str) -> None:
    one, two = await asyncpg.connect(database), await asyncpg.connect(database)
    try:
        told = story(40, seed=31, begin=_BEGIN, over=timedelta(days=3)).told
        await asyncio.gather(_tell(one, told, partition=21), _tell(two, told[::-1], partition=22))
        kept = await one.fetch("SELECT * FROM metrics.journey_daily WHERE n <> 0 AND journey = 'cross-sell'")
        await one.execute(
            "TRUNCATE metrics.instance, metrics.stage_visit, metrics.stage_reached, metrics.journey_daily"
        )
        await _tell(one, told, partition=23)
        alone = await one.fetch("SELECT * FROM metrics.journey_daily WHERE n <> 0 AND journey = 'cross-sell'")
        assert sorted(map(tuple, kept)) == sorted(map(tuple, alone))
    finally:
        await one.close()
        await two.close()


async def test_records_before_the_position_are_skipped_and_what_postgres_refuses_is_named(database: str) -> None:
    connected = await asyncpg.connect(database)
    try:
        place = ("stage-transitions", 7)
        ledger = Ledger(connected, "a")
        epochs = {place: (await ledger.take_over([place]))[place][1]}
        told = [one for one in story(3, seed=9, begin=_BEGIN, over=timedelta(1)).told if "stage" in one.topic]
        batch = _batch(told, 0, partition=7)
        assert await ledger.write(batch, epochs) == (0, [])
        before = await connected.fetch("SELECT * FROM metrics.journey_daily ORDER BY 1, 2, 3, 4, 5, 6")
        await ledger.write(batch, epochs)
        assert await connected.fetch("SELECT * FROM metrics.journey_daily ORDER BY 1, 2, 3, 4, 5, 6") == before

        poisoned = _batch(told[:5], len(told), partition=7)
        visits = [fact for _, decoded in poisoned.records for fact in decoded.facts if hasattr(fact, "visit")]
        object.__setattr__(visits[-1], "visit", 2**40)  # larger than the column: no decoder lets it through
        _, refused = await ledger.write(poisoned, epochs)
        assert [dead.code for dead in refused] == ["rule"]
        position = await connected.fetchval("SELECT next_offset FROM metrics.read_position WHERE partition = 7")
        assert position == len(told) + 5
    finally:
        await connected.close()


def test_what_cannot_be_read_is_refused_with_its_code_and_the_rest_is_kept() -> None:
    good = story(1, seed=1, begin=_BEGIN, over=timedelta(1)).told
    records = [_record(one, number) for number, one in enumerate(good)]
    bad = Record("deliveries", 0, 99, 0, b"p", b"{nonsense", ())
    batch = gather([*records, bad, Record("stage-transitions", 0, 100, 0, b"p", b'{"kind": 1}', ())])
    assert [dead.code for dead in batch.dead] == ["not_json", "wrong_shape"]
    assert [type(dead) for dead in batch.dead] == [Dead, Dead]
    assert len(batch.records) == len(good)
    assert batch.end["deliveries", 0] == 100


def test_a_nul_character_does_not_stop_the_reader() -> None:
    value = (
        b'{"type":"track","event":"a\\u0000b","messageId":"m","source":"web","timestamp":"2026-03-01T00:00:00Z",'
        b'"receivedAt":"2026-03-01T00:00:00Z","profileId":"p","originProfileId":"p","properties":{"x":"\\\\u0000\\u0000"}}'
    )
    batch = gather([Record("resolved-touchpoints", 0, 0, 0, b"p", value, ())])
    assert not batch.dead
    touch = batch.records[0][1].facts[0]
    assert "\x00" not in touch.event  # type: ignore[union-attr] # the first fact is the touchpoint
    assert touch.properties == '{"x":"\\\\u0000\ufffd"}'  # type: ignore[union-attr] # as above


async def _tell(connection: asyncpg.Connection, told: Sequence[Told], partition: int) -> None:
    """In small batches, as a process of its own would."""
    ledger = Ledger(connection, str(partition))
    place = ("stage-transitions", partition)
    epochs = {place: (await ledger.take_over([place]))[place][1]}
    for at in range(0, len(told), 40):
        await ledger.write(_batch(told[at : at + 40], at, partition), epochs)


async def _tables(connection: asyncpg.Connection, batches: Sequence[Sequence[Told]]) -> dict[str, Any]:
    undone = connection.transaction()
    await undone.start()
    try:
        for batch in batches:
            await count(connection, _facts(batch))
        rows = {name: await connection.fetch(f"TABLE metrics.{name}") for name in _TABLES}
    finally:
        await undone.rollback()
    return {
        name: sorted(str(tuple(row)) for row in found if "n" not in row.keys() or row["n"])  # noqa: SIM118 - asyncpg's own
        for name, found in rows.items()
    }


async def _recount(connection: asyncpg.Connection) -> None:
    """Each cell again from the facts, by SQL that shares nothing with the folding."""
    recounted = await connection.fetch(_RECOUNT)
    kept = await connection.fetch(
        "SELECT journey, version, day, kind, stage, way, n FROM metrics.journey_daily WHERE n <> 0"
    )
    assert sorted(map(tuple, recounted)) == sorted(map(tuple, kept))
    messages = await connection.fetch(
        "SELECT journey, stage, message, at::date, channel, outcome, reason, count(*)"
        " FROM metrics.delivery GROUP BY 1, 2, 3, 4, 5, 6, 7"
    )
    kept = await connection.fetch("SELECT * FROM metrics.message_daily WHERE n <> 0")
    assert sorted(map(tuple, messages)) == sorted(map(tuple, kept))


async def _compare(connection: asyncpg.Connection, whole: Story) -> None:
    rows = await connection.fetch(
        "SELECT journey, kind, stage, way, sum(n) AS n FROM metrics.journey_daily GROUP BY 1, 2, 3, 4"
    )
    found = {(row["journey"], row["kind"], row["stage"], row["way"]): int(row["n"]) for row in rows if row["n"]}
    assert {key[0]: n for key, n in found.items() if key[1] == "entered"} == dict(whole.entered)
    assert {(key[0], key[3]): n for key, n in found.items() if key[1] == "exited"} == dict(whole.exited)
    assert {(key[0], key[2]): n for key, n in found.items() if key[1] == "stage_entered"} == dict(whole.stages)


# Days of the connection's time zone, which is UTC.
_RECOUNT = """
SELECT journey, version, day, kind, stage, way, count(*) FROM (
  SELECT journey, version, entered_at::date AS day, 'entered' AS kind, '' AS stage, '' AS way
    FROM metrics.instance WHERE entered_at IS NOT NULL
  UNION ALL SELECT journey, version, exited_at::date, 'exited', '', reason
    FROM metrics.instance WHERE entered_at IS NOT NULL AND exited_at IS NOT NULL
  UNION ALL SELECT journey, version, objective_at::date, 'objective', '', ''
    FROM metrics.instance WHERE entered_at IS NOT NULL AND objective_at IS NOT NULL
  UNION ALL SELECT journey, version, entered_at::date, 'stage_entered', stage, ''
    FROM metrics.stage_visit WHERE entered_at IS NOT NULL
  UNION ALL SELECT journey, version, entered_at::date, 'moved', 'entry', stage
    FROM metrics.stage_visit WHERE entered_at IS NOT NULL AND visit = 1
  UNION ALL SELECT journey, version, left_at::date, 'moved', stage, exit_to
    FROM metrics.stage_visit WHERE entered_at IS NOT NULL AND left_at IS NOT NULL
  UNION ALL SELECT journey, version, left_at::date, 'stage_exited', stage, reason
    FROM metrics.stage_visit WHERE entered_at IS NOT NULL AND left_at IS NOT NULL AND exit_to = 'exit'
  UNION ALL SELECT journey, version, reached_at::date, 'stage_reached', stage, '' FROM metrics.stage_reached
  UNION ALL SELECT journey, version, at::date, kind, stage, way FROM metrics.passing
) facts GROUP BY 1, 2, 3, 4, 5, 6
"""
assert JourneyCell._fields == ("journey", "version", "day", "kind", "stage", "way")


def _facts(told: Sequence[Told]) -> list[Fact]:
    batch = gather([_record(one, number) for number, one in enumerate(told)])
    assert not batch.dead
    return [fact for _, decoded in batch.records for fact in decoded.facts]


def _batch(told: Sequence[Told], first: int, partition: int = 0) -> Batch:
    """The story as one partition of transitions tells it."""
    chosen = [_record(one, first + number) for number, one in enumerate(told)]
    batch = gather(chosen)
    batch.records = [
        (Record("stage-transitions", partition, record.offset, 0, record.key, record.value, ()), decoded)
        for record, decoded in batch.records
    ]
    batch.end = {("stage-transitions", partition): first + len(told)}
    return batch


def _record(one: Told, offset: int) -> Record:
    return Record(one.topic, 0, offset, 0, one.key, one.value, one.headers)
