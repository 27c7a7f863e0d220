"""What the broker says about logs and groups: committed positions, ends, partition counts.

Its reading is `read_uncommitted`: an end is the high watermark, so open transactions count as unread.
"""

from collections.abc import Iterable, Mapping
from typing import Any  # Any: aiokafka's own classes carry no types

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from journey_runtime.errors import TryAgain
from journey_runtime.processor import Position


class Offsets:
    """One per process. Topics are names of the catalogue, groups names of services; the prefix is put on here."""

    def __init__(self, client_options: Mapping[str, Any], prefix: str = "") -> None:
        self._options = dict(client_options)
        self._prefix = prefix
        self._consumer: Any = None
        self._admin: Any = None

    async def start(self) -> None:
        """Connect. Raises KafkaConnectionError when no broker answers."""
        consumer = AIOKafkaConsumer(**self._options, enable_auto_commit=False, isolation_level="read_uncommitted")
        admin = AIOKafkaAdminClient(**self._options, request_timeout_ms=10_000)
        try:
            await consumer.start()
            await admin.start()
        except BaseException:
            await consumer.stop()
            await admin.close()
            raise
        self._consumer, self._admin = consumer, admin

    async def stop(self) -> None:
        """Close the connections."""
        if self._consumer is not None:
            await self._consumer.stop()
            await self._admin.close()
            self._consumer = self._admin = None

    async def partition_counts(self) -> dict[str, int]:
        """Partitions of every topic under the prefix."""
        return {
            topic["topic"].removeprefix(self._prefix): len(topic["partitions"])
            for topic in await self._admin.describe_topics()
            if topic["topic"].startswith(self._prefix)
        }

    async def committed(self, group: str, positions: Iterable[Position]) -> dict[Position, int | None]:
        """Committed offsets of a group; None where there is none. Raises `TryAgain` when the answer is not complete.

        The answer may be older than an open transaction: ask after the former owner is fenced.
        """
        wanted = list(positions)
        partitions = [TopicPartition(self._prefix + topic, partition) for topic, partition in wanted]
        try:
            answer = await self._admin.list_consumer_group_offsets(self._prefix + group, partitions=partitions)
        except KafkaError as error:
            raise TryAgain(f"committed offsets of {group} are not to be had") from error
        if any(partition not in answer for partition in partitions):
            raise TryAgain(f"committed offsets of {group} came back incomplete")
        return {
            place: answer[partition].offset if answer[partition].offset >= 0 else None
            for place, partition in zip(wanted, partitions, strict=True)
        }

    async def log_starts(self, positions: Iterable[Position]) -> dict[Position, int]:
        """The oldest offset kept in each partition."""
        wanted = self._named(positions)
        starts = await self._consumer.beginning_offsets(list(wanted))
        return {place: starts[partition] for partition, place in wanted.items()}

    async def log_ends(self, positions: Iterable[Position]) -> dict[Position, int]:
        """The high watermark of each partition."""
        wanted = self._named(positions)
        ends = await self._consumer.end_offsets(list(wanted))
        return {place: ends[partition] for partition, place in wanted.items()}

    def _named(self, positions: Iterable[Position]) -> dict[Any, Position]:
        return {TopicPartition(self._prefix + topic, partition): (topic, partition) for topic, partition in positions}
