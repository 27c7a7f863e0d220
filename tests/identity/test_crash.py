"""Dying between any two steps: markers first, nothing lost, nothing twice; a former owner changes nothing."""

import asyncio
from collections import Counter

import pytest

from identity.errors import OtherNamespace
from identity.migrate import newest
from identity.store.graph_store import GraphStore
from journey_runtime import clients
from journey_runtime.errors import OffsetsDisagree, StoreAway, StoreFenced, TransactionFailed, WrongSchema
from support.identity_bench import Bench, touchpoint
from support.identity_world import SECRET

TOLD = (
    touchpoint("m1", anonymousId="web"),
    touchpoint("m2", anonymousId="phone"),
    touchpoint("m3", anonymousId="web", userId="u1"),
    touchpoint("m4", anonymousId="phone", userId="u1"),
    touchpoint("m5", anonymousId="phone"),
)


async def _break_off(bench: Bench, point: str) -> None:
    """Let a batch die there, after two touchpoints went through."""
    await bench.send(*TOLD[:2])
    task = await bench.resolve()
    await task.drop()
    await bench.send(*TOLD[2:])
    records = await bench.waiting(task)
    bench.fail_at = point
    with pytest.raises((TransactionFailed, ConnectionResetError)):
        await task.batch(records, {})
    await task.drop()


@pytest.mark.parametrize(
    "point", ["taken", "loaded", "processed", "before_commit", "begun", "half_sent", "all_sent", "offsets_sent"]
)
async def test_after_dying_at_any_point_markers_come_first_and_each_touchpoint_once(bench: Bench, point: str) -> None:
    await _break_off(bench, point)
    await bench.resolve()
    lines = await bench.resolved()
    assert Counter(line.body["messageId"] for line in lines if "messageId" in line.body) == Counter(
        f"m{number}" for number in range(1, 6)
    )
    ((loser, winner),) = await bench.rows("SELECT loser::text, winner::text FROM identity.merge_log")
    at_winner = [line.body.get("messageId") or line.body["role"] for line in lines if line.key == winner]
    at_loser = [line.body.get("messageId") or line.body["role"] for line in lines if line.key == loser]
    assert at_loser == ["m2", "from"]
    assert sorted(at_winner) == ["m1", "m3", "m4", "m5", "to"]
    assert at_winner.index("to") < at_winner.index("m4") < at_winner.index("m5")
    is_pending = point not in {"taken", "loaded", "processed"}
    assert at_winner.index("to") == (1 if is_pending else 2)  # re-emitted before any touchpoint of the batch
    seqs = {line.body["seq"] for line in lines if "seq" in line.body}
    assert seqs == {1}


async def test_dying_again_while_opening_sends_the_same_markers_again(bench: Bench) -> None:
    await _break_off(bench, "all_sent")
    task = bench.task()
    bench.fail_at = "offsets_sent"  # in the transaction that sends the markers
    with pytest.raises(TransactionFailed):
        await task.open()
    await task.drop()
    await bench.task().open()  # the markers are out, the batch is not
    await bench.resolve()
    markers = [line for line in await bench.resolved() if "role" in line.body]
    assert Counter(line.body["role"] for line in markers) == {"from": 2, "to": 2}
    assert len({line.ce_id for line in markers}) == 2
    assert len({(line.body["role"], str(sorted(line.body.items(), key=str))) for line in markers}) == 2
    names = Counter(line.body["messageId"] for line in await bench.resolved() if "messageId" in line.body)
    assert names == Counter(f"m{number}" for number in range(1, 6))


async def test_a_former_owner_writes_neither_rows_nor_records(bench: Bench) -> None:
    await bench.send(*TOLD)
    older, newer = bench.task(), bench.task()
    records = await bench.waiting(older)
    await newer.open()
    with pytest.raises(StoreFenced):
        await older.batch(records, {})
    assert await bench.rows("SELECT count(*) FROM identity.profile") == [(0,)]
    assert await bench.resolved() == []
    await newer.batch(records, {})
    assert len([line for line in await bench.resolved() if "messageId" in line.body]) == 5


async def test_an_owner_fenced_by_kafka_alone_leaves_a_pending_batch_and_nothing_visible(bench: Bench) -> None:
    await bench.send(*TOLD)
    older = bench.task()
    records = await bench.waiting(older)
    rival = clients.transactional_producer(bench.settings, "identity.task-0")
    await rival.start()
    await rival.stop()
    with pytest.raises(TransactionFailed):
        await older.batch(records, {})
    assert await bench.resolved() == []
    await bench.resolve()
    assert len([line for line in await bench.resolved() if "messageId" in line.body]) == 5


async def test_positions_that_only_passed_transaction_markers_agree_at_the_next_opening(bench: Bench) -> None:
    producer = clients.transactional_producer(bench.settings, "an application")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(f"{bench.prefix}touchpoints", b'{"type":"page","userId":"u"}', partition=0)
    await producer.commit_transaction()
    await producer.stop()
    task = await bench.resolve()
    await task.commit_positions({("touchpoints", 0): 2})
    await bench.task().open()
    assert await bench.rows("SELECT prev_offset, next_offset FROM identity.position") == [(1, 2)]


@pytest.mark.parametrize("moved", ["kafka", "postgres"])
async def test_offsets_moved_by_hand_and_an_older_graph_are_refused(bench: Bench, moved: str) -> None:
    await bench.send(*TOLD)
    task = await bench.resolve()
    if moved == "kafka":
        await task._transact([], {("touchpoints", partition): 0 for partition in range(4)})
    else:
        await bench.rows("DELETE FROM identity.position RETURNING 1")
    with pytest.raises(OffsetsDisagree):
        await bench.task().open()
    assert len([line for line in await bench.resolved() if "messageId" in line.body]) == 5


async def test_the_wrong_schema_and_another_installations_secrets_are_refused(bench: Bench) -> None:
    with pytest.raises(WrongSchema, match="migrate"):
        await bench.task(schema_version="9999").open()
    await bench.task().open()
    other = SECRET.__class__(int=SECRET.int + 1)
    with pytest.raises(OtherNamespace):
        await bench.task(namespace=other).open()
    ((epoch,),) = await bench.rows("SELECT epoch FROM identity.task_fence")
    assert epoch == 1
    assert await bench.rows("SELECT version_num FROM identity.alembic_version") == [(newest(),)]


async def test_while_postgres_is_away_records_wait_and_no_transaction_is_open(bench: Bench) -> None:
    await bench.send(*TOLD)
    task = bench.task()
    records = await bench.waiting(task)
    store = task._store
    assert isinstance(store, GraphStore)
    pool, store._pool = store._pool, _Away()
    batch = asyncio.create_task(task.batch(records, {}))
    await asyncio.wait({batch}, timeout=0.3)
    assert not batch.done()
    store._pool = pool
    await batch
    assert len([line for line in await bench.resolved() if "messageId" in line.body]) == 5


async def test_an_answer_of_postgres_that_was_lost_is_found_out_at_the_next_opening(bench: Bench) -> None:
    await bench.send(*TOLD)
    task = bench.task()
    records = await bench.waiting(task)
    store = task._store
    before_commit = store.before_commit

    async def lose_the_answer(effects: object) -> None:
        await before_commit(effects)  # type: ignore[arg-type] # passed on as it came
        raise ConnectionResetError

    store.before_commit = lose_the_answer  # type: ignore[method-assign] # this store only
    with pytest.raises(StoreAway):
        await task.batch(records, {})
    await task.drop()
    await bench.resolve()
    names = [line.body["messageId"] for line in await bench.resolved() if "messageId" in line.body]
    assert Counter(names) == Counter(f"m{number}" for number in range(1, 6))


class _Away:
    def acquire(self) -> None:
        raise ConnectionRefusedError

    async def close(self) -> None:
        """Nothing to close."""
