"""One Kafka transaction: records, then positions, then the commit; every future awaited in between.

aiokafka commits although a batch of the transaction failed, so nothing is committed before each future gave its offset.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Any  # Any: aiokafka's own classes carry no types

from aiokafka import TopicPartition

from journey_runtime.processor import Out, Position

AtPoint = Callable[[str], None]


def nothing(point: str) -> None:
    """The default of `at_point`."""


async def send_all(
    producer: Any, outs: Iterable[Out], *, prefix: str, now_ms: int, at_point: AtPoint = nothing
) -> dict[Position, int]:
    """Send within the open transaction, in order per partition; returns the next offset of each partition written.

    Every `Out` carries its partition. Raises what the first failed send raised, after all have ended.
    """
    groups: dict[Position, list[Out]] = {}
    for one in outs:
        assert one.partition is not None
        groups.setdefault((one.topic, one.partition), []).append(one)
    sent: list[tuple[Position, int, asyncio.Future[Any]]] = []
    try:
        for number, (place, group) in enumerate(groups.items()):
            if number == len(groups) // 2:
                at_point("half_sent")
            await _send_group(producer, prefix, place, group, now_ms, sent)
    finally:
        results = await asyncio.gather(*(future for _, _, future in sent), return_exceptions=True)
    next_offsets: dict[Position, int] = {}
    for (place, count, _), result in zip(sent, results, strict=True):
        if isinstance(result, BaseException):
            raise result
        next_offsets[place] = max(next_offsets.get(place, 0), result.offset + count)
    at_point("all_sent")
    return next_offsets


async def _send_group(
    producer: Any,
    prefix: str,
    place: Position,
    group: list[Out],
    now_ms: int,
    sent: list[tuple[Position, int, asyncio.Future[Any]]],
) -> None:
    topic, partition = prefix + place[0], place[1]
    batch, count = producer.create_batch(), 0
    for one in group:
        headers = list(one.headers)  # the client takes nothing but a list
        if batch.append(key=one.key, value=one.value, timestamp=now_ms, headers=headers) is None:
            sent.append((place, count, await producer.send_batch(batch, topic, partition=partition)))
            batch, count = producer.create_batch(), 0
            batch.append(key=one.key, value=one.value, timestamp=now_ms, headers=headers)
        count += 1
    batch.close()
    sent.append((place, count, await producer.send_batch(batch, topic, partition=partition)))


async def commit(
    producer: Any, positions: Mapping[Position, int], *, prefix: str, group: str, at_point: AtPoint = nothing
) -> None:
    """Add the positions to the transaction and commit it. `group` is the name on the broker."""
    if positions:
        named = {TopicPartition(prefix + topic, number): offset for (topic, number), offset in positions.items()}
        await producer.send_offsets_to_transaction(named, group)
    at_point("offsets_sent")
    await producer.commit_transaction()
