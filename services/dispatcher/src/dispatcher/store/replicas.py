"""Which processes live, and what the dead ones left behind."""

from collections.abc import Collection
from typing import Any  # Any: asyncpg's rows carry no types

from dispatcher.store.ledger import COLUMNS

_ENTER = """
INSERT INTO dispatcher.replica (name, epoch, beat_at) VALUES ($1, 1, now())
ON CONFLICT (name) DO UPDATE SET epoch = replica.epoch + 1, beat_at = now() RETURNING epoch
"""
_BEAT = "UPDATE dispatcher.replica SET beat_at = now() WHERE name = $1 AND epoch = $2 RETURNING epoch"
_LEAVE = "UPDATE dispatcher.replica SET beat_at = '-infinity' WHERE name = $1 AND epoch = $2"
_LEFT = f"""
SELECT {COLUMNS} FROM dispatcher.send_queue q JOIN dispatcher.send_ledger l USING (command_id)
WHERE q.owner IS NOT NULL AND (q.command_id = ANY ($2::uuid[]) OR q.owner NOT IN (
    SELECT name || '#' || epoch FROM dispatcher.replica WHERE beat_at > now() - interval '10 seconds'))
ORDER BY l.command_id LIMIT $1 FOR UPDATE OF q SKIP LOCKED
"""  # noqa: S608 - the columns are our own constant
_FREE = """
WITH freed AS (
    UPDATE dispatcher.send_queue SET owner = NULL, wait_reason = $2 WHERE command_id = ANY ($1::uuid[])
    RETURNING command_id
)
UPDATE dispatcher.send_ledger l SET owner = NULL, state = 'QUEUED', changed_at = now(),
    is_possible_duplicate = l.is_possible_duplicate OR $3
FROM freed WHERE l.command_id = freed.command_id AND l.state IN ('QUEUED', 'SENDING')
"""
_CLOSE = """
WITH gone AS (DELETE FROM dispatcher.send_queue WHERE command_id = ANY ($1::uuid[]) RETURNING command_id)
UPDATE dispatcher.send_ledger l SET owner = NULL, state = 'UNKNOWN', payload = NULL, key_id = NULL, changed_at = now()
FROM gone WHERE l.command_id = gone.command_id AND l.state = 'SENDING'
"""


async def enter(connection: Any, name: str) -> int:
    """Our epoch under this name: higher than all before, who are dead from now on."""
    return int(await connection.fetchval(_ENTER, name))


async def beat(connection: Any, name: str, epoch: int) -> bool:
    """Say that we live; False when somebody newer has our name."""
    return await connection.fetchval(_BEAT, name, epoch) is not None


async def leave(connection: Any, name: str, epoch: int) -> None:
    """Say that we are gone."""
    await connection.execute(_LEAVE, name, epoch)


async def left_behind(connection: Any, limit: int, orphans: Collection[str]) -> list[Any]:
    """Rows whose owner is dead, or that nobody of ours holds any more, locked for us."""
    rows: list[Any] = await connection.fetch(_LEFT, limit, list(orphans))
    return rows


async def free(connection: Any, ids: list[Any], *, reason: str | None = None, is_repeated: bool = False) -> None:
    """Give rows to whoever claims them; `is_repeated`: they may have arrived already."""
    if ids:
        await connection.execute(_FREE, ids, reason, is_repeated)


async def close_unknown(connection: Any, ids: list[Any]) -> None:
    """End rows of which nobody can know whether they arrived."""
    if ids:
        await connection.execute(_CLOSE, ids)
