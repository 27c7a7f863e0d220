"""The ledger on a real broker: whatever happens to its processes, it leaves what a run without faults leaves."""

import asyncio
import signal
import time
from collections.abc import Awaitable, Callable, Iterator

import msgspec
import pytest

from local_stack.engines.pair import Engines
from support.ledger import EVERY_TOPIC, FIRED, SOURCE
from support.ledger_check import Worker, check_exact, feed, numbers, read_all, until, until_read

Start = Callable[..., Worker]


@pytest.fixture
def start(engines: Engines, topic_prefix: str) -> Iterator[Start]:
    started: list[Worker] = []

    def begin(**settings: str) -> Worker:
        started.append(Worker(engines.kafka, topic_prefix, **settings))
        return started[-1]

    yield begin
    for worker in started:
        worker.close()


@pytest.fixture
async def source(topics: Callable[..., Awaitable[None]]) -> None:
    await topics(*EVERY_TOPIC)


POINTS = ("taken", "begun", "half_sent", "all_sent", "offsets_sent", "committed")


@pytest.mark.usefixtures("source")
async def test_killed_at_any_point_it_leaves_what_a_run_without_faults_leaves(
    engines: Engines, topic_prefix: str, start: Start
) -> None:
    for number, point in enumerate(POINTS):
        await feed(engines.kafka, topic_prefix, numbers(600, first=600 * number))
        worker = start(ledger_kill_at=f"{point}:2")
        assert await worker.ended() == -signal.SIGKILL, worker.output()
    await feed(
        engines.kafka, topic_prefix, [(b"key-1", b"no json"), (b"key-2", b'{"n":666}'), *numbers(10, first=9_000)]
    )
    last = start()
    await until_read(engines.kafka, topic_prefix)
    expected = await check_exact(engines.kafka, topic_prefix)
    assert {code for _, _, code in expected.dead} == {"not_json", "bug"}
    asked = time.monotonic()
    last.process.terminate()
    assert await last.ended() == 0
    assert time.monotonic() - asked < 5


@pytest.mark.usefixtures("source")
async def test_a_paused_owner_is_replaced_and_nothing_it_does_later_is_visible(
    engines: Engines, topic_prefix: str, start: Start
) -> None:
    await feed(engines.kafka, topic_prefix, numbers(500))
    zombie = start(instance="a")
    await until_read(engines.kafka, topic_prefix)
    zombie.process.send_signal(signal.SIGSTOP)
    await feed(engines.kafka, topic_prefix, numbers(500, first=500))
    other = start(instance="b")
    await until_read(engines.kafka, topic_prefix, within_s=30)
    zombie.process.send_signal(signal.SIGCONT)
    for first in range(1_000, 3_000, 500):
        await feed(engines.kafka, topic_prefix, numbers(500, first=first))
        await until_read(engines.kafka, topic_prefix, within_s=30)
    await check_exact(engines.kafka, topic_prefix)
    assert zombie.process.poll() is None
    assert other.process.poll() is None


@pytest.mark.usefixtures("source")
async def test_two_workers_share_the_tasks_and_the_one_left_takes_them_all(
    engines: Engines, topic_prefix: str, start: Start
) -> None:
    first = start(instance="a")
    await first.until_logged("task_opened", times=2)
    enough = asyncio.Event()
    feeding = asyncio.create_task(_feed_until(enough, engines.kafka, topic_prefix))
    second = start(instance="b")
    await second.until_logged("task_opened")
    await first.until_logged("task_opened", times=3)
    enough.set()
    await feeding
    await until_read(engines.kafka, topic_prefix)
    second.process.terminate()
    assert await second.ended() == 0
    assert "Unclosed" not in second.output()
    await feed(engines.kafka, topic_prefix, numbers(200, first=100_000))
    await until_read(engines.kafka, topic_prefix, within_s=30)
    await check_exact(engines.kafka, topic_prefix)
    assert first.process.poll() is None


async def _feed_until(enough: asyncio.Event, kafka: str, prefix: str) -> None:
    first = 0
    while not enough.is_set():
        await feed(kafka, prefix, numbers(50, first=first))
        first += 50


@pytest.mark.usefixtures("source")
async def test_too_many_dead_letters_stop_the_process_before_the_batch_that_tips_it(
    engines: Engines, topic_prefix: str, start: Start
) -> None:
    await feed(engines.kafka, topic_prefix, [(b"key-1", b"no json")] * 30)
    worker = start()
    assert await worker.ended() == 6
    assert await read_all(engines.kafka, f"{topic_prefix}{SOURCE}-dlq") == []
    tolerant = start(ledger_outside="true")
    await until_read(engines.kafka, topic_prefix)
    await check_exact(engines.kafka, topic_prefix)
    assert tolerant.process.poll() is None


@pytest.mark.usefixtures("source")
async def test_a_timer_fires_once_after_its_time_though_its_process_is_killed_while_firing(
    engines: Engines, topic_prefix: str, start: Start
) -> None:
    await feed(engines.kafka, topic_prefix, numbers(80))
    worker = start()
    await until_read(engines.kafka, topic_prefix)
    worker.process.kill()
    await worker.ended()
    # Killed in the transaction that fires: the first one of a worker that has nothing to read.
    second = start(ledger_timers="true", ledger_kill_at="all_sent:1")
    assert await second.ended() == -signal.SIGKILL
    third = start(ledger_timers="true")

    async def all_fired() -> bool:
        return len(await read_all(engines.kafka, topic_prefix + FIRED)) >= 40

    await until(all_fired)
    fired = await read_all(engines.kafka, topic_prefix + FIRED)
    assert len({record.key for record in fired}) == len(fired) == 40
    for record in fired:
        assert msgspec.json.decode(record.value or b"")["due"] <= record.appended_ms
    third.process.terminate()
    assert await third.ended() == 0


@pytest.mark.usefixtures("source")
async def test_two_processes_of_one_name_stop_with_exit_code_5_and_lose_nothing(
    engines: Engines, topic_prefix: str, start: Start
) -> None:
    await feed(engines.kafka, topic_prefix, numbers(300))
    twins = [start(), start()]

    async def one_gave_up() -> bool:
        return any(twin.process.poll() == 5 for twin in twins)

    await until(one_gave_up, within_s=40)
    for twin in twins:
        twin.close()
    await feed(engines.kafka, topic_prefix, numbers(300, first=300))
    start()
    await until_read(engines.kafka, topic_prefix)
    await check_exact(engines.kafka, topic_prefix)
