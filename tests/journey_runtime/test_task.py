"""One task on a real broker: positions a person must look at, fences, failures between the steps."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.records_to_delete import RecordsToDelete
from aiokafka.errors import ProducerFenced

from journey_runtime import clients
from journey_runtime.dead_letter import Breaker
from journey_runtime.errors import (
    PositionAboveLogEnd,
    PositionBelowLogStart,
    PositionsExpired,
    TransactionFailed,
    TwoOwners,
)
from journey_runtime.offsets import Offsets
from journey_runtime.processor import Out, Record
from journey_runtime.runner import Runner
from journey_runtime.settings import RuntimeSettings
from journey_runtime.task import Task, TaskParts
from local_stack.engines.pair import Engines
from support.ledger import COMMANDS, EVERY_TOPIC, SOURCE, Entry, Event, Ledger, LedgerStore
from support.ledger_check import GROUP, PARTITIONS, check_exact, committed, feed, numbers, read_all, until

LedgerTask = Task[Event, Entry]


class Bench:
    """Builds tasks of the ledger that own all partitions; `at_point` may raise."""

    def __init__(self, kafka: str, prefix: str) -> None:
        self.kafka, self.prefix = kafka, prefix
        self.settings = RuntimeSettings(kafka=kafka, topic_prefix=prefix)
        self.offsets = Offsets(clients.security(self.settings), prefix)
        self.stores: list[LedgerStore] = []
        self.tasks: list[LedgerTask] = []
        self.fail_at = ""

    def at_point(self, name: str) -> None:
        if name == self.fail_at:
            self.fail_at = ""
            raise ConnectionResetError(name)

    def task(self) -> LedgerTask:
        parts = TaskParts(
            service=GROUP,
            version="1",
            prefix=self.prefix,
            processor=Ledger(),
            tasks=1,
            store=lambda task, owned: self._store(owned),
            producer=lambda name: clients.transactional_producer(self.settings, name),
            offsets=self.offsets,
            breaker=Breaker(),
            at_point=self.at_point,
        )
        self.tasks.append(Task(parts, 0, dict.fromkeys(EVERY_TOPIC, PARTITIONS)))
        return self.tasks[-1]

    def _store(self, owned: Mapping[str, tuple[int, ...]]) -> LedgerStore:
        self.stores.append(LedgerStore(clients.security(self.settings), self.prefix, owned))
        return self.stores[-1]

    async def waiting(self, task: LedgerTask) -> list[Record]:
        """Opens the task; what it has to read."""
        starts = await task.open()
        found = await read_all(self.kafka, self.prefix + SOURCE)
        return [_named(one) for one in found if one.offset >= starts[SOURCE, one.partition]]


def _named(record: Record) -> Record:
    return Record(SOURCE, record.partition, record.offset, record.appended_ms, record.key, record.value)


@pytest.fixture
async def bench(engines: Engines, topic_prefix: str, topics: Callable[..., Awaitable[None]]) -> AsyncIterator[Bench]:
    await topics(*EVERY_TOPIC)
    built = Bench(engines.kafka, topic_prefix)
    await built.offsets.start()
    yield built
    for task in built.tasks:
        await task.close()
    await built.offsets.stop()


@pytest.mark.parametrize("point", ["begun", "half_sent", "all_sent", "offsets_sent"])
async def test_what_failed_in_a_transaction_is_read_again_and_stands_once(bench: Bench, point: str) -> None:
    await feed(bench.kafka, bench.prefix, numbers(300))
    task = bench.task()
    records = await bench.waiting(task)
    bench.fail_at = point
    with pytest.raises(TransactionFailed):
        await task.batch(records, {})
    await task.drop()
    again = await bench.waiting(task)
    assert len(again) == 300
    await task.batch(again, {})
    await task.commit_positions(await bench.offsets.log_ends([(SOURCE, number) for number in range(PARTITIONS)]))
    await check_exact(bench.kafka, bench.prefix)


async def test_a_store_that_is_away_is_asked_again_with_the_same_records(bench: Bench) -> None:
    await feed(bench.kafka, bench.prefix, numbers(30))
    task = bench.task()
    records = await bench.waiting(task)
    bench.stores[0].refuse_next_load = True
    await task.batch(records, {})
    await check_exact(bench.kafka, bench.prefix)


async def test_a_newer_owner_fences_the_older_and_nothing_of_it_becomes_visible(bench: Bench) -> None:
    await feed(bench.kafka, bench.prefix, numbers(100))
    older, newer = bench.task(), bench.task()
    records = await bench.waiting(older)
    await newer.open()
    with pytest.raises(TransactionFailed) as caught:
        await older.batch(records, {})
    assert isinstance(caught.value.__cause__, ProducerFenced)
    await newer.batch(records, {})
    await check_exact(bench.kafka, bench.prefix)


async def test_two_owners_of_one_task_are_noticed(bench: Bench) -> None:
    await feed(bench.kafka, bench.prefix, numbers(10))
    stopped: asyncio.Queue[BaseException] = asyncio.Queue()

    async def no_wait() -> None:
        """The group is not asked: both were given the task by hand."""

    runners = [Runner(bench.task(), no_wait, lambda: None) for _ in range(2)]
    records = [_named(one) for one in await read_all(bench.kafka, bench.prefix + SOURCE)]
    for runner in runners:
        runner.start(stopped.put)

    async def one_gave_up() -> bool:
        for runner in runners:
            if runner.seek_to is not None:
                runner.begin()
            if runner.is_delivering:
                runner.deliver((SOURCE, records[0].partition), records[:1], 10)
        return not stopped.empty()

    await until(one_gave_up)
    assert isinstance(stopped.get_nowait(), TwoOwners)
    for runner in runners:
        await runner.finish()


async def test_what_a_dead_owner_left_unsent_is_sent_before_anything_else(bench: Bench) -> None:
    class Left(LedgerStore):
        async def open(self, *arguments: object) -> tuple[Out, ...]:
            return (Out(COMMANDS, b"left", b"{}", (), 1),)

    task = bench.task()
    task._store = Left(clients.security(bench.settings), bench.prefix, task.owned)
    await task.open()
    assert [one.key for one in await read_all(bench.kafka, bench.prefix + COMMANDS)] == [b"left"]


async def test_a_position_below_the_log_start_stops_the_process(bench: Bench) -> None:
    await feed(bench.kafka, bench.prefix, numbers(100))
    task = bench.task()
    records = await bench.waiting(task)
    await task.batch(records[:4], {})
    ((partition, _),) = (await committed(bench.kafka, bench.prefix)).items()
    admin = AIOKafkaAdminClient(bootstrap_servers=bench.kafka)
    await admin.start()
    place = TopicPartition(bench.prefix + SOURCE, partition)
    await admin.delete_records({place: RecordsToDelete(before_offset=10)})
    await admin.close()
    with pytest.raises(PositionBelowLogStart, match="--to-start"):
        await bench.task().open()


async def test_a_position_above_the_log_end_stops_the_process(bench: Bench) -> None:
    client = AIOKafkaConsumer(bootstrap_servers=bench.kafka, group_id=bench.prefix + GROUP, enable_auto_commit=False)
    await client.start()
    place = TopicPartition(bench.prefix + SOURCE, 0)
    client.assign([place])
    await client.commit({place: 77})
    await client.stop()
    with pytest.raises(PositionAboveLogEnd):
        await bench.task().open()


async def test_states_without_any_position_stop_the_process(bench: Bench) -> None:
    await feed(bench.kafka, bench.prefix, numbers(10))
    task = bench.task()
    producer = clients.transactional_producer(bench.settings, "another")
    await producer.start()
    await producer.begin_transaction()
    await producer.send_and_wait(bench.prefix + "stage-engine-changelog", b"{}", b"key-1", partition=0)
    await producer.commit_transaction()
    await producer.stop()
    with pytest.raises(PositionsExpired, match="--from-state"):
        await task.open()
