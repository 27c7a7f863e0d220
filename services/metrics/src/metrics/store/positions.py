"""Where reading stands, in the transaction of what was counted: Kafka's own offsets are only told afterwards."""

from collections.abc import Iterable, Mapping

import asyncpg

from journey_runtime.processor import Position
from metrics.errors import Replaced


async def take_over(
    connection: asyncpg.Connection, positions: Iterable[Position], owner: str
) -> dict[Position, tuple[int | None, int]]:
    """Become the owner of partitions: next offset (None: never read) and the epoch that is now ours."""
    places = sorted(positions)
    records = await connection.fetch(
        "INSERT INTO metrics.read_position AS p (topic, partition, epoch, owner)"
        " SELECT topic, partition, 1, $3 FROM unnest($1::text[], $2::integer[]) AS k(topic, partition)"
        " ON CONFLICT (topic, partition) DO UPDATE SET epoch = p.epoch + 1, owner = excluded.owner"
        " RETURNING topic, partition, next_offset, epoch",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        owner,
    )
    return {(one["topic"], one["partition"]): (one["next_offset"], one["epoch"]) for one in records}


async def lock(connection: asyncpg.Connection, epochs: Mapping[Position, int]) -> dict[Position, int]:
    """The next offset of each partition, locked. Raises `Replaced` when the epoch is not ours any more."""
    places = sorted(epochs)
    records = await connection.fetch(
        "SELECT p.topic, p.partition, p.next_offset, p.epoch FROM metrics.read_position p"
        " JOIN unnest($1::text[], $2::integer[]) AS k(topic, partition) USING (topic, partition)"
        " ORDER BY p.topic, p.partition FOR UPDATE OF p",
        [topic for topic, _ in places],
        [partition for _, partition in places],
    )
    found = {(one["topic"], one["partition"]): one for one in records}
    for place, epoch in epochs.items():
        if place not in found or found[place]["epoch"] != epoch:
            raise Replaced(f"{place[0]}/{place[1]}")
    return {place: one["next_offset"] or 0 for place, one in found.items()}


async def advance(connection: asyncpg.Connection, next_offsets: Mapping[Position, int]) -> None:
    """Write where reading goes on after this batch."""
    await connection.execute(
        "UPDATE metrics.read_position p SET next_offset = k.next_offset"
        " FROM unnest($1::text[], $2::integer[], $3::bigint[]) AS k(topic, partition, next_offset)"
        " WHERE p.topic = k.topic AND p.partition = k.partition",
        [topic for topic, _ in next_offsets],
        [partition for _, partition in next_offsets],
        list(next_offsets.values()),
    )
