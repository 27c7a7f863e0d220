"""The front door, open on topics of the test's own."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from ingest import connect
from ingest.settings import IngestSettings
from local_stack.engines.pair import Engines
from support.ingest_door import Door, opened, write_sources


@pytest.fixture
def sources_file(tmp_path: Path) -> Path:
    path = tmp_path / "sources.yaml"
    write_sources(path)
    return path


@pytest.fixture
def settings(engines: Engines, topic_prefix: str, sources_file: Path) -> IngestSettings:
    return IngestSettings(kafka=engines.kafka, topic_prefix=topic_prefix, ingest_sources=sources_file)


@pytest.fixture
async def door(settings: IngestSettings, topics: Callable[..., Awaitable[None]]) -> AsyncIterator[Door]:
    await topics(connect.TOPIC, connect.DEAD_LETTERS)
    async with opened(settings) as door:
        yield door
