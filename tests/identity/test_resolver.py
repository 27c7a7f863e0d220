"""The resolver on Kafka and PostgreSQL: who is it, markers in order, garbage aside, nothing twice."""

import random
from collections import Counter
from collections.abc import Mapping
from typing import Any  # Any: JSON

import msgspec
import pytest

from identity.domain.graph import root_of
from identity.domain.identifiers import Links
from journey_runtime.processor import Record
from journey_schemas.moment import from_ms
from support.identity_bench import Bench, Line, touchpoint
from support.identity_world import World, links
from support.ledger_check import read_all

RESOLVED, MERGED = "waypost.touchpoint.resolved.v1", "waypost.profile.merged.v1"


def ids(lines: list[Line]) -> Counter[str]:
    return Counter(line.body["messageId"] for line in lines if line.ce_type == RESOLVED)


def who(lines: list[Line]) -> dict[str, str]:
    return {line.body["messageId"]: line.body["profileId"] for line in lines if line.ce_type == RESOLVED}


async def test_browsing_then_signing_in_on_two_devices_is_one_profile_with_markers_in_order(bench: Bench) -> None:
    await bench.send(
        touchpoint("m1", anonymousId="web"),
        touchpoint("m2", anonymousId="phone"),
        touchpoint("m3", anonymousId="web", userId="u1"),
        touchpoint("m4", anonymousId="phone"),
        touchpoint("m5", anonymousId="phone", userId="u1"),
        touchpoint("m6", anonymousId="phone"),
        touchpoint("m7", userId="u1"),
    )
    await bench.resolve()
    lines = await bench.resolved()
    assert ids(lines) == Counter(f"m{number}" for number in range(1, 8))
    person = who(lines)
    winner, loser = person["m1"], person["m2"]
    assert {name for name, profile in person.items() if profile == loser} == {"m2", "m4"}
    assert {name for name, profile in person.items() if profile == winner} == {"m1", "m3", "m5", "m6", "m7"}
    assert all(line.key == line.body["profileId"] for line in lines if line.ce_type == RESOLVED)

    at_loser = [line for line in lines if line.key == loser]
    assert [line.body.get("messageId") or line.body["role"] for line in at_loser] == ["m2", "m4", "from"]
    at_winner = [line.body.get("messageId") or line.body["role"] for line in lines if line.key == winner]
    assert at_winner == ["m1", "m3", "to", "m5", "m6", "m7"]
    marker = at_loser[-1].body
    assert (at_loser[-1].ce_type, marker["seq"], marker["loser"], marker["winner"]) == (MERGED, 1, loser, winner)
    assert (marker["rule"], marker["message_id"]) == ("shared_identifier", "m5")
    origins = {line.body["messageId"]: line.body["originProfileId"] for line in lines if line.ce_type == RESOLVED}
    assert (origins["m5"], origins["m6"]) == (winner, loser)
    rows = await bench.rows("SELECT id::text, merged_into::text, identifier_count FROM identity.profile ORDER BY 2")
    assert rows == [(loser, winner, 0), (winner, None, 3)]


async def test_received_at_is_the_brokers_time_and_origin_the_place(bench: Bench) -> None:
    await bench.send({"type": "track", "event": "Store Visit", "userId": "u"}, partition=2)
    await bench.resolve()
    (source,) = await read_all(bench.kafka, f"{bench.prefix}touchpoints")
    (line,) = await bench.resolved()
    assert line.body["origin"] == {"topic": "touchpoints", "partition": 2, "offset": 0}
    assert line.body["receivedAt"] == line.body["timestamp"]
    assert line.ce_id == line.body["messageId"]
    (row,) = await bench.rows("SELECT extract(epoch FROM first_seen_at) * 1000 FROM identity.identifier")
    assert row[0] == source.appended_ms


async def test_garbage_becomes_one_dead_letter_each_while_its_neighbours_go_on(bench: Bench) -> None:
    await bench.send(
        touchpoint("m1", userId="u"),
        None,
        b"no json",
        b'{"type":"\xff"}',
        touchpoint("m2", userId="u"),
        touchpoint("m3"),
        touchpoint("m4", profileId="5f3b8a34-8f1c-5b7e-8d0e-53c1c9f2b7aa"),
        touchpoint("m5", userId="u", type="buy"),
        touchpoint("m6", userId="u"),
        partition=1,
    )
    await bench.resolve()
    assert ids(await bench.resolved()) == Counter(["m1", "m2", "m6"])
    letters = sorted(
        (line["offset"], line["code"])
        for line in map(_body, await read_all(bench.kafka, f"{bench.prefix}touchpoints-dlq"))
        if (line["topic"], line["partition"], line["service"]) == ("touchpoints", 1, "identity")
    )
    assert letters == [
        (1, "missing_value"), (2, "not_json"), (3, "not_json"), (5, "no_identifier"), (6, "unknown_profile"),
        (7, "unknown_type"),
    ]  # fmt: skip


async def test_feedback_by_profile_id_follows_merges_and_links_nothing(bench: Bench) -> None:
    await bench.send(touchpoint("m1", anonymousId="web"), touchpoint("m2", anonymousId="app", userId="u"))
    await bench.resolve()
    person = who(await bench.resolved())
    await bench.send(touchpoint("m3", anonymousId="web", userId="u"))
    await bench.send(touchpoint("m4", profileId=person["m1"], anonymousId="stranger", userId="other"))
    await bench.resolve()
    lines = await bench.resolved()
    assert who(lines)["m4"] == person["m2"]
    assert [line.body["originProfileId"] for line in lines if line.body.get("messageId") == "m4"] == [person["m1"]]
    assert await bench.rows("SELECT count(*) FROM identity.identifier") == [(3,)]


async def test_a_message_is_resolved_once_in_a_batch_across_batches_and_across_a_restart(bench: Bench) -> None:
    again = touchpoint("m1", userId="u")
    await bench.send(again, again, touchpoint("m1", userId="u", source="app"))
    await bench.resolve()
    await bench.send(again | {"flags": ["retried"]}, again, touchpoint("m2", userId="u"))
    await bench.resolve(sizes=[1])
    assert ids(await bench.resolved()) == Counter({"m1": 2, "m2": 1})


async def test_a_dead_letter_may_come_again_and_be_resolved(bench: Bench) -> None:
    await bench.send(touchpoint("m1", userId="u", type="track"))
    await bench.resolve()
    await bench.send(touchpoint("m1", userId="u", type="track", event="e"))
    await bench.resolve()
    assert ids(await bench.resolved()) == Counter(["m1"])


async def test_conflicts_are_noted_and_no_value_is_readable_in_the_tables(bench: Bench) -> None:
    await bench.send(
        touchpoint("m1", type="identify", userId="user-one", traits={"email": "both@example.org"}),
        touchpoint("m2", type="identify", userId="user-two", traits={"email": "both@example.org"}),
    )
    await bench.resolve()
    assert await bench.rows(
        "SELECT c.kind, c.namespace, c.profile_a <> c.profile_b, i.namespace, c.topic"
        " FROM identity.conflict c JOIN identity.identifier i USING (value_hash)"
    ) == [("unique", "email", True, "email", "touchpoints")]
    for table in ("identifier", "conflict", "merge_log", "seen", "profile"):
        for row in await bench.rows(f"TABLE identity.{table}"):
            assert not any(value in repr(row) for value in ("both@", "user-one", "user-two"))


async def test_partitions_are_read_in_the_order_of_the_brokers_times(bench: Bench) -> None:
    for number in range(12):
        await bench.send(touchpoint(f"m{number}", userId="u"), partition=(number * 7) % 4)
    await bench.resolve()
    source = await read_all(bench.kafka, f"{bench.prefix}touchpoints")
    source.sort(key=lambda one: (one.appended_ms, one.partition, one.offset))
    assert [line.body["messageId"] for line in await bench.resolved()] == [_body(one)["messageId"] for one in source]


@pytest.mark.parametrize("seed", [1, 2])
async def test_any_batches_with_any_cache_decide_as_one_record_at_a_time_in_memory(bench: Bench, seed: int) -> None:
    chance = random.Random(seed)
    bench.cache_entries = chance.choice([2, 20, 10_000])
    world, expected = World(bench.rules), dict[str, str]()
    told = [_random_touchpoint(chance, number) for number in range(300)]
    await bench.send(*told, partition=0)
    half = 1 + len(told) // 2
    records = await read_all(bench.kafka, f"{bench.prefix}touchpoints")
    for one, record in zip(told, records, strict=True):
        found = world.tell(_links(one), at=from_ms(record.appended_ms))
        expected[one["messageId"]] = found.profile_id
    task = bench.task()
    for start in range(0, half, 17):
        waiting = records if start else await bench.waiting(task)
        await task.batch(bench.after({("touchpoints", 0): 0}, waiting)[start : min(start + 17, half)], {})
    await task.close()
    await bench.resolve(sizes=[1, 40, 3])

    lines = await bench.resolved()
    assert who(lines) == expected
    rows = await bench.rows("SELECT id::text, coalesce(merged_into, id)::text FROM identity.profile")
    assert dict(rows) == {one: root_of(world, one).id for one in world.profiles}
    merges = await bench.rows("SELECT loser::text FROM identity.merge_log ORDER BY seq")
    assert [loser for (loser,) in merges] == [loser for loser, _ in world.merges]
    held = await bench.rows(
        "SELECT coalesce(p.merged_into, p.id)::text, count(*) FROM identity.identifier i"
        " JOIN identity.profile p ON p.id = i.profile_id GROUP BY 1"
    )
    assert dict(held) == {p.id: len(p.members) for p in world.profiles.values() if p.merged_into is None}
    owners = await bench.rows("SELECT count(*) FROM identity.identifier WHERE owner_id IS NOT NULL")
    assert owners == [(sum(1 for one in world.known.values() if one.owner_id),)]


def _random_touchpoint(chance: random.Random, number: int) -> dict[str, Any]:
    fields: dict[str, Any] = {"anonymousId": f"a{chance.randrange(40)}-"}
    if chance.random() < 0.4:
        fields["userId"] = f"u{chance.randrange(15)}"
    if chance.random() < 0.2:
        fields["context"] = {"traits": {"email": f"e{chance.randrange(15)}@x.org"}}
    return touchpoint(f"m{number}", **fields)


def _links(told: Mapping[str, Any]) -> Links:
    values = {"anonymous_id": told["anonymousId"]}
    if "userId" in told:
        values["user_id"] = told["userId"]
    if "context" in told:
        values["email"] = told["context"]["traits"]["email"]
    return links(**values)


def _body(record: Record) -> Any:
    return msgspec.json.decode(record.value or b"")
