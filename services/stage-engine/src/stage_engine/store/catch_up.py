"""Reading the changelog into the local copy, from where the copy stands to where committed records end."""

from collections.abc import AsyncIterator, Callable
from typing import Any  # Any: aiokafka carries no types

from aiokafka import TopicPartition

_BATCH = 1_000
_POLL_MS = 500

#: One changelog record: profile id and the packed state, None when it was deleted.
Change = tuple[bytes, bytes | None]


class ChangelogReader:
    """Reads one topic partition by partition, committed records only."""

    def __init__(self, consumer: Callable[[], Any], topic: str) -> None:
        self._build = consumer
        self._topic = topic
        self._consumer: Any = None

    async def __aenter__(self) -> "ChangelogReader":
        self._consumer = self._build()
        await self._consumer.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._consumer.stop()

    async def ends(self, partitions: list[int]) -> dict[int, int]:
        """Where committed records end, per partition."""
        places = [TopicPartition(self._topic, partition) for partition in partitions]
        found = await self._consumer.end_offsets(places)
        return {place.partition: offset for place, offset in found.items()}

    async def read(self, partition: int, start: int, end: int) -> AsyncIterator[tuple[int, list[Change]]]:
        """Batches of changes from `start` until the position passes `end`, each with the next offset to read.

        The end is told by the position, never by the last record or an empty poll: transaction markers and aborted
        records leave holes.
        """
        place = TopicPartition(self._topic, partition)
        self._consumer.assign([place])
        beginning = (await self._consumer.beginning_offsets([place]))[place]
        self._consumer.seek(place, max(start, beginning))
        position = max(start, beginning)
        while position < end:
            found = await self._consumer.getmany(place, timeout_ms=_POLL_MS, max_records=_BATCH)
            changes = [(record.key, record.value) for record in found.get(place, ()) if record.key is not None]
            position = await self._consumer.position(place)
            yield position, changes
