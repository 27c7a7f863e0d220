"""Catching up from a changelog: each partition from where the copy stands to the end as it is after the fence."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any  # Any: aiokafka's own classes carry no types

from aiokafka import AIOKafkaConsumer, TopicPartition

from journey_runtime import metrics
from journey_runtime.processor import Record
from journey_runtime.runner import records_of

_POLL_MS = 200


async def restore(
    client_options: Mapping[str, Any],
    *,
    prefix: str,
    topic: str,
    starts: Mapping[int, int],
    apply: Callable[[int, Sequence[Record], int], None],
) -> dict[int, int]:
    """Read committed records of each partition from `starts`; returns the next offset per partition.

    `apply(partition, records, position)` is called with up to a poll's records; `position` is the next offset after
    them. A start below the log's start (compacted, deleted) is raised to it. Positions are compared with the end, never
    the last record: markers and aborted records leave holes. Start above the end: `position` comes back below it, and
    the copy is not of this log.
    """
    consumer = AIOKafkaConsumer(
        **client_options,
        isolation_level="read_committed",
        enable_auto_commit=False,
        auto_offset_reset="earliest",
        fetch_max_wait_ms=50,
        max_partition_fetch_bytes=1 << 20,
    )
    await consumer.start()
    try:
        return await _read_to_end(consumer, prefix + topic, topic, dict(starts), apply)
    finally:
        await consumer.stop()


async def _read_to_end(
    consumer: Any,
    name: str,
    topic: str,
    starts: dict[int, int],
    apply: Callable[[int, Sequence[Record], int], None],
) -> dict[int, int]:
    partitions = {TopicPartition(name, number): number for number in starts}
    begins = await consumer.beginning_offsets(list(partitions))
    ends = await consumer.end_offsets(list(partitions))
    reached: dict[int, int] = {}
    for partition, number in partitions.items():
        start = max(starts[number], begins[partition])
        if start >= ends[partition]:
            reached[number] = min(start, ends[partition])
    open_partitions = {partition: number for partition, number in partitions.items() if number not in reached}
    if not open_partitions:
        return reached  # and assign nothing: the client's `stop()` right after an `assign()` raises CancelledError
    consumer.assign(list(open_partitions))
    for partition, number in open_partitions.items():
        consumer.seek(partition, max(starts[number], begins[partition]))
    while open_partitions:
        found = await consumer.getmany(timeout_ms=_POLL_MS)
        for partition, number in list(open_partitions.items()):
            records, _ = records_of(topic, number, found.get(partition, []))
            position = await consumer.position(partition)
            if records:
                metrics.restored_records.inc(len(records))
                apply(number, records, position)
            if position >= ends[partition]:
                reached[number] = position
                del open_partitions[partition]
                consumer.pause(partition)
    return reached
