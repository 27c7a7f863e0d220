"""A bench on real engines: topics and a graph of its own for each test."""

from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from local_stack.engines.pair import Engines
from support.identity_bench import TOPICS, Bench, empty


@pytest.fixture
async def bench(
    engines: Engines, topic_prefix: str, topics: Callable[..., Awaitable[None]], database: str
) -> AsyncIterator[Bench]:
    await topics(*TOPICS)
    with ThreadPoolExecutor(1) as thread:
        thread.submit(empty, database).result()
    built = Bench(engines.kafka, topic_prefix, database)
    await built.start()
    yield built
    await built.stop()
