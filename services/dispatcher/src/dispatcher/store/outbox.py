"""The outbox: what has to be published, written with what it tells of."""

from collections.abc import Sequence
from typing import Any  # Any: asyncpg's rows carry no types

from journey_schemas.delivery import Delivery
from journey_schemas.partition import partition_of
from journey_schemas.records import encode

SHARDS = 16
_LOCK_CLASS = 0x6F7574  # "out"
#: What people did with a message comes back as a touchpoint.
FEEDBACK = frozenset({"opened", "clicked", "unsubscribed"})


async def add(connection: Any, deliveries: Sequence[Delivery]) -> None:
    """Have deliveries published."""
    if deliveries:
        await connection.execute(
            """
            INSERT INTO dispatcher.outbox (shard, outcome_id, record, is_feedback)
            SELECT * FROM unnest($1::smallint[], $2::uuid[], $3::bytea[], $4::boolean[])
            """,
            [partition_of(one.profile_id.encode(), SHARDS) for one in deliveries],
            [one.outcome_id for one in deliveries],
            [encode(one) for one in deliveries],
            [one.outcome in FEEDBACK for one in deliveries],
        )


async def try_lock(connection: Any, shard: int) -> bool:
    """Become the one that publishes a shard, as long as the connection lives."""
    return bool(await connection.fetchval("SELECT pg_try_advisory_lock($1::int, $2::int)", _LOCK_CLASS, shard))


async def read(connection: Any, shards: Sequence[int], limit: int) -> list[Any]:
    """The oldest of these shards."""
    rows: list[Any] = await connection.fetch(
        """
        SELECT outbox_id, record, is_feedback, created_at FROM dispatcher.outbox
        WHERE shard = ANY ($1::smallint[]) ORDER BY outbox_id LIMIT $2
        """,
        list(shards),
        limit,
    )
    return rows


async def remove(connection: Any, ids: Sequence[int]) -> None:
    """Forget what is published."""
    await connection.execute("DELETE FROM dispatcher.outbox WHERE outbox_id = ANY ($1::bigint[])", list(ids))


async def oldest_s(connection: Any) -> float:
    """Age of the oldest row, seconds."""
    return float(
        await connection.fetchval(
            "SELECT coalesce(extract(epoch FROM now() - min(created_at)), 0) FROM dispatcher.outbox"
        )
    )
