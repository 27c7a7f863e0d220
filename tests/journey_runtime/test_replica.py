"""A replica passes on everything committed, from the start, then what comes."""

from collections.abc import Awaitable, Callable

from journey_runtime import clients
from journey_runtime.processor import Headers
from journey_runtime.replica import TopicReplica
from journey_runtime.settings import RuntimeSettings
from journey_runtime.topics import apply, check
from journey_schemas.topics import catalogue
from local_stack.engines.pair import Engines
from support.ledger_check import until

TOPIC = "journey-definitions"


async def test_a_replica_holds_what_is_committed_and_follows(
    engines: Engines, topic_prefix: str, topics: Callable[..., Awaitable[None]]
) -> None:
    await topics(TOPIC, partitions=1)
    held: dict[bytes, bytes | None] = {}

    def hold(key: bytes | None, value: bytes | None, headers: Headers) -> None:
        held[key or b""] = value

    settings = RuntimeSettings(kafka=engines.kafka, topic_prefix=topic_prefix)
    producer = clients.transactional_producer(settings, "writer")
    await producer.start()

    async def write(**values: bytes | None) -> None:
        await producer.begin_transaction()
        for key, value in values.items():
            await producer.send_and_wait(topic_prefix + TOPIC, value, key.encode(), partition=0)

    async with TopicReplica(engines.kafka, topic_prefix + TOPIC, hold) as replica:
        await replica.caught_up(timeout_s=10)
        assert held == {}
        await write(a=b"1", b=b"2")
        await producer.commit_transaction()
        await write(a=b"9")
        await producer.abort_transaction()
        await write(b=None)
        await producer.commit_transaction()

        async def follows() -> bool:
            return held == {b"a": b"1", b"b": None}

        await until(follows)
    held.clear()
    async with TopicReplica(engines.kafka, topic_prefix + TOPIC, hold) as replica:
        await replica.caught_up(timeout_s=10)
        assert held == {b"a": b"1", b"b": None}
    await producer.stop()


async def test_topics_are_created_once_and_checked_against_the_catalogue(engines: Engines, topic_prefix: str) -> None:
    wanted = {name: topic for name, topic in catalogue().items() if name in {"touchpoints", "stage-engine-changelog"}}
    assert len(await apply(engines.kafka, topic_prefix, wanted, partitions=2)) == 2
    assert await apply(engines.kafka, topic_prefix, wanted, partitions=2) == []
    assert await check(engines.kafka, topic_prefix, wanted, partitions=2) == dict.fromkeys(wanted, 2)
