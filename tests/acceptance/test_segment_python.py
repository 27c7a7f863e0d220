"""The unmodified segment-analytics-python against a real process: all it says arrives once, and it never complains."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from segment.analytics.client import Client

from ingest import connect
from ingest.settings import IngestSettings
from local_stack.engines.pair import Engines
from support.ingest_door import on_topic, write_sources
from support.ingest_process import IngestProcess, running


@pytest.fixture
def settings(engines: Engines, topic_prefix: str, tmp_path: Path) -> IngestSettings:
    write_sources(tmp_path / "sources.yaml")
    return IngestSettings(kafka=engines.kafka, topic_prefix=topic_prefix, ingest_sources=tmp_path / "sources.yaml")


@pytest.fixture
async def ingest(
    settings: IngestSettings, topics: Callable[..., Awaitable[None]], tmp_path: Path
) -> AsyncIterator[IngestProcess]:
    await topics(connect.TOPIC, connect.DEAD_LETTERS)
    environment = {
        "WAYPOST_KAFKA": settings.kafka,
        "WAYPOST_TOPIC_PREFIX": settings.topic_prefix,
        "WAYPOST_INGEST_SOURCES": str(settings.ingest_sources),
    }
    with running(environment, tmp_path / "ingest.log") as process:
        yield process


class Sdk:
    """The client as an application uses it."""

    def __init__(self, url: str, key: str = "app", **options: Any) -> None:
        self.errors: list[str] = []
        given = {"upload_interval": 0.1, "max_retries": 3, "on_error": self._failed} | options
        self.client = Client(key, host=url, **given)

    def _failed(self, error: Exception, batch: list[dict[str, Any]]) -> None:
        self.errors.append(f"{type(error).__name__}: {error}, {len(batch)} items")

    async def close(self) -> None:
        await asyncio.to_thread(self.client.shutdown)


def six_calls(client: Client) -> list[str]:
    """One of each type; the message ids that the client gave."""
    said = [
        client.identify("u-1", {"email": "ann@shop.example"}, anonymous_id="d-1"),
        client.track("u-1", "Order Completed", {"total": 12.5}, anonymous_id="d-1"),
        client.page("u-1", "shop", "Home", {"url": "https://shop.example"}, anonymous_id="d-1"),
        client.screen("u-1", "app", "Cart", anonymous_id="d-1"),
        client.group("u-1", "household-1", {"size": 3}, anonymous_id="d-1"),
        client.alias("d-0", "u-1"),
    ]
    assert all(accepted for accepted, _ in said)
    return [message["messageId"] for _, message in said]


@pytest.mark.parametrize("gzip", [False, True])
async def test_six_calls_of_six_types_arrive_once_with_the_clients_ids(
    ingest: IngestProcess, settings: IngestSettings, *, gzip: bool
) -> None:
    sdk = Sdk(ingest.url, gzip=gzip)
    ids = six_calls(sdk.client)
    await sdk.close()
    assert sdk.errors == []
    records = [record.value for record in await on_topic(settings, connect.TOPIC)]
    assert sorted(record["messageId"] for record in records) == sorted(ids)
    by_type = {record["type"]: record for record in records}
    assert set(by_type) == {"identify", "track", "page", "screen", "group", "alias"}
    assert by_type["track"]["properties"] == {"total": 12.5}
    assert by_type["identify"]["traits"] == {"email": "ann@shop.example"}
    assert by_type["group"]["groupId"] == "household-1"
    assert (by_type["alias"]["previousId"], by_type["alias"]["userId"]) == ("d-0", "u-1")
    assert all(record["source"] == "app" for record in records)
    assert all(record["context"]["library"]["name"] == "analytics-python" for record in records)
    assert all("flags" not in record for record in records)


@pytest.mark.parametrize("gzip", [False, True])
async def test_bad_items_cost_none_of_the_good_ones_and_the_client_hears_nothing(
    ingest: IngestProcess, settings: IngestSettings, *, gzip: bool
) -> None:
    sdk = Sdk(ingest.url, gzip=gzip, upload_interval=0.5)
    good = [sdk.client.track("u-1", "Good", {"number": number})[1]["messageId"] for number in range(97)]
    bad = [sdk.client.track("null", "Bad")[1]["messageId"] for _ in range(3)]
    await sdk.close()
    assert sdk.errors == []
    records = [record.value for record in await on_topic(settings, connect.TOPIC)]
    assert [record["messageId"] for record in records] == good
    assert [record["properties"]["number"] for record in records] == list(range(97))
    letters = [record.value for record in await on_topic(settings, connect.DEAD_LETTERS)]
    assert sorted(letter["message_id"] for letter in letters) == sorted(bad)
    assert {(letter["code"], letter["library"]) for letter in letters} == {("no_identifier", "analytics-python/2.4.0")}


async def test_an_unknown_key_is_told_at_once_and_not_tried_again(ingest: IngestProcess) -> None:
    sdk = Sdk(ingest.url, key="nobody", max_retries=10)
    sdk.client.track("u-1", "E")
    await asyncio.wait_for(sdk.close(), 5)
    assert len(sdk.errors) == 1
    assert "unknown_key" in sdk.errors[0]


async def test_many_clients_at_once_lose_and_double_nothing(ingest: IngestProcess, settings: IngestSettings) -> None:
    sdks = [Sdk(ingest.url, gzip=number % 2 == 0) for number in range(4)]
    ids = [
        sdk.client.track(f"u-{number}", "E", {"number": count})[1]["messageId"]
        for number, sdk in enumerate(sdks)
        for count in range(500)
    ]
    await asyncio.gather(*(sdk.close() for sdk in sdks))
    assert [sdk.errors for sdk in sdks] == [[], [], [], []]
    records = [record.value for record in await on_topic(settings, connect.TOPIC)]
    assert sorted(record["messageId"] for record in records) == sorted(ids)
    for number in range(4):
        told = [record["properties"]["number"] for record in records if record["userId"] == f"u-{number}"]
        assert told == list(range(500))
