"""Message ids seen lately, one row per batch, folded to one per ten minutes: table `seen`."""

from collections.abc import AsyncIterator, Collection
from typing import Any  # Any: asyncpg carries no types

from identity.duplicates import packed
from journey_schemas.moment import from_ms, to_ms


async def add(connection: Any, start_ms: int, keys: Collection[int], *, batch_seq: int) -> None:
    """Keep the keys of one batch."""
    await connection.execute(
        "INSERT INTO identity.seen (window_start, batch_seq, hashes) VALUES ($1, $2, $3)",
        from_ms(start_ms),
        batch_seq,
        packed(keys),
    )


async def remove(connection: Any, batch_seq: int) -> None:
    """Forget a batch that will be read again: it would take itself for duplicates and be lost."""
    await connection.execute("DELETE FROM identity.seen WHERE batch_seq = $1", batch_seq)


async def fold(connection: Any, start_ms: int, *, keep_ms: int) -> None:
    """Before a new window's first batch: one row per closed window (batch 0), nothing older than is remembered.

    The last batch before it is safe to fold: Kafka has committed it, or there would be no next one.
    """
    await connection.execute(
        "WITH gone AS (DELETE FROM identity.seen WHERE window_start < $1 AND batch_seq > 0"
        " RETURNING window_start, hashes)"
        " INSERT INTO identity.seen AS s (window_start, batch_seq, hashes)"
        " SELECT window_start, 0, string_agg(hashes, ''::bytea) FROM gone GROUP BY window_start"
        " ON CONFLICT (window_start, batch_seq) DO UPDATE SET hashes = s.hashes || excluded.hashes",
        from_ms(start_ms),
    )
    await connection.execute("DELETE FROM identity.seen WHERE window_start < $1", from_ms(start_ms - keep_ms))


async def windows(connection: Any, keep_ms: int) -> AsyncIterator[tuple[int, bytes]]:
    """All remembered keys, window by window, oldest first."""
    newest = await connection.fetchval("SELECT max(window_start) FROM identity.seen")
    if newest is None:
        return
    starts = await connection.fetch(
        "SELECT DISTINCT window_start FROM identity.seen WHERE window_start >= $1 ORDER BY 1",
        from_ms(to_ms(newest) - keep_ms),
    )
    for (start,) in starts:
        hashes = await connection.fetchval(
            "SELECT string_agg(hashes, ''::bytea) FROM identity.seen WHERE window_start = $1", start
        )
        yield to_ms(start), hashes
