"""Topics on the broker: created from the catalogue only, and compared with it before a service works."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Collection, Mapping
from typing import Any  # Any: aiokafka's own classes carry no types

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import TopicAlreadyExistsError, for_code

from journey_runtime.errors import TryAgain, WrongTopics
from journey_runtime.log import logger
from journey_schemas.topics import Topic

log = logger(__name__)

_COPIES = 3
_VISIBLE_S = 20.0
_DAY_MS = 86_400_000


async def apply(
    bootstrap: str, prefix: str, catalogue: Mapping[str, Topic], partitions: int | None = None, **client_options: Any
) -> list[str]:
    """Create the topics that are missing and wait until the broker shows them; returns the names created.

    `partitions` replaces the count of topics with more than one. What exists is left as it is.
    """
    async with _admin(bootstrap, client_options) as admin:
        existing = set(await admin.list_topics())
        copies = min(_COPIES, len((await admin.describe_cluster())["brokers"]))
        missing = [
            NewTopic(prefix + topic.name, partition_count(topic, partitions), copies, topic_configs=settings_of(topic))
            for topic in catalogue.values()
            if prefix + topic.name not in existing
        ]
        if missing:
            response = await admin.create_topics(missing)
            for name, code, *_ in response.topic_errors:
                if code and for_code(code) is not TopicAlreadyExistsError:
                    raise WrongTopics(f"{name} cannot be created: {for_code(code).__name__}")
            await _until_visible(admin, {topic.name for topic in missing})
    names = [topic.name for topic in missing]
    log.info("topics_created", count=len(names))
    return names


async def check(
    bootstrap: str, prefix: str, catalogue: Mapping[str, Topic], partitions: int | None = None, **client_options: Any
) -> dict[str, int]:
    """Compare existence, cleanup policy and partitions with the catalogue; returns the partition counts.

    Counts may differ from the catalogue's (the local stack has fewer), unless `partitions` says what they must be;
    co-partitioned topics must be equal among themselves. Raises `WrongTopics` with one line per fault.
    """
    async with _admin(bootstrap, client_options) as admin:
        described = {
            topic["topic"].removeprefix(prefix): topic
            for topic in await admin.describe_topics()
            if topic["topic"].startswith(prefix)
        }
        present = [topic for name, topic in catalogue.items() if name in described]
        policies = await _policies(admin, [prefix + topic.name for topic in present])
    counts = {topic.name: len(described[topic.name]["partitions"]) for topic in present}
    faults = [f"{name} does not exist" for name in catalogue if name not in described]
    for topic in present:
        policy = policies.get(prefix + topic.name)
        if policy != topic.cleanup:
            faults.append(f"{topic.name}: cleanup policy {policy}, the catalogue says {topic.cleanup}")
        wanted = partition_count(topic, partitions)
        if partitions is not None and counts[topic.name] != wanted:
            faults.append(f"{topic.name}: {counts[topic.name]} partitions instead of {wanted}")
    together = {topic.name: counts[topic.name] for topic in present if topic.is_co_partitioned}
    if len(set(together.values())) > 1:
        faults.append(f"partition counts differ: {together}")
    if faults:
        raise WrongTopics("\n".join(faults))
    return counts


def partition_count(topic: Topic, partitions: int | None) -> int:
    """Partitions that a topic gets where keyed topics have `partitions`."""
    return topic.partitions if partitions is None or topic.partitions == 1 else partitions


def settings_of(topic: Topic) -> dict[str, str]:
    """The broker's settings of a topic."""
    settings: dict[str, str] = {"cleanup.policy": topic.cleanup}
    if topic.cleanup == "delete" and topic.retention_days is not None:
        settings["retention.ms"] = str(topic.retention_days * _DAY_MS)
    return settings | topic.settings


@contextlib.asynccontextmanager
async def _admin(bootstrap: str, client_options: Mapping[str, Any]) -> AsyncIterator[Any]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=20_000, **client_options)
    try:
        await admin.start()
        yield admin
    finally:
        await admin.close()


async def _policies(admin: Any, names: Collection[str]) -> dict[str, str]:
    if not names:
        return {}
    resources = [ConfigResource(ConfigResourceType.TOPIC, name, {"cleanup.policy": None}) for name in names]
    policies = {}
    for response in await admin.describe_configs(resources):
        for code, _, _, name, entries in response.resources:
            if code:
                raise TryAgain(f"settings of {name}: {for_code(code).__name__}")
            policies[name] = next((entry[1] for entry in entries if entry[0] == "cleanup.policy"), "")
    return policies


async def _until_visible(admin: Any, names: set[str]) -> None:
    """Creation is answered before every partition has a leader."""
    deadline = asyncio.get_running_loop().time() + _VISIBLE_S
    while asyncio.get_running_loop().time() < deadline:
        described = {topic["topic"]: topic for topic in await admin.describe_topics()}
        if all(
            name in described and all(one["leader"] >= 0 for one in described[name]["partitions"]) for name in names
        ):
            return
        await asyncio.sleep(0.05)
    raise TryAgain("topics were created but are not visible yet")
