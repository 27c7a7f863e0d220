"""The send ledger and its queue. Every function takes a connection; the caller commits."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any  # Any: asyncpg's rows carry no types

from dispatcher.outgoing import Outgoing, Settled

_INSERT = """
INSERT INTO dispatcher.send_ledger (command_id, profile_id, origin_profile_id, user_id, anonymous_id, state, channel,
    account, category, topic, priority, journey, step, instance_id, visit, message, message_version, owner,
    address_hash, payload, key_id, origin, explanation, decided_at, expires_at)
SELECT * FROM unnest($1::uuid[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
    $9::text[], $10::text[], $11::int[], $12::text[], $13::text[], $14::text[], $15::int[], $16::text[], $17::text[],
    $18::text[], $19::text[], $20::bytea[], $21::text[], $22::jsonb[], $23::jsonb[], $24::timestamptz[],
    $25::timestamptz[])
ON CONFLICT (command_id) DO NOTHING
RETURNING command_id
"""
_QUEUE = """
INSERT INTO dispatcher.send_queue (command_id, lane, urgency, due_at, owner)
SELECT id, lane, urgency, now(), owner
FROM unnest($1::uuid[], $2::text[], $3::smallint[], $4::text[]) AS n (id, lane, urgency, owner)
"""
# Matches also what it has done before: a commit whose answer was lost is simply made again.
_BEGIN = """
UPDATE dispatcher.send_ledger l SET state = 'SENDING', attempt = n.attempt + 1, changed_at = now()
FROM unnest($1::uuid[], $2::int[]) AS n (id, attempt)
WHERE l.command_id = n.id AND l.owner = $3 AND l.expires_at > now() AND (
    (l.state = 'QUEUED' AND l.attempt = n.attempt) OR (l.state = 'SENDING' AND l.attempt = n.attempt + 1))
RETURNING l.command_id
"""
_LINKS = """
INSERT INTO dispatcher.sent_link (command_id, no, url, sent_on)
SELECT id, no, url, current_date FROM unnest($1::uuid[], $2::int[], $3::text[]) AS n (id, no, url)
ON CONFLICT (command_id, no) DO UPDATE SET url = excluded.url
"""
_SETTLE = """
UPDATE dispatcher.send_ledger l SET state = n.to_state, owner = NULL, changed_at = now(),
    is_possible_duplicate = l.is_possible_duplicate OR n.repeated,
    rank = CASE WHEN n.to_state = 'SENT' THEN greatest(l.rank, 10) ELSE l.rank END,
    provider_message_id = coalesce(n.provider_message_id, l.provider_message_id),
    payload = CASE WHEN n.to_state = 'QUEUED' THEN l.payload END,
    key_id = CASE WHEN n.to_state = 'QUEUED' THEN l.key_id END
FROM unnest($1::uuid[], $2::text[], $3::text[], $4::int[], $5::boolean[], $6::text[])
    AS n (id, from_state, to_state, attempt, repeated, provider_message_id)
WHERE l.command_id = n.id AND l.state = n.from_state AND l.attempt = n.attempt AND l.owner = $7
RETURNING l.command_id
"""
_WAIT = """
UPDATE dispatcher.send_queue q SET owner = NULL, due_at = n.due_at, wait_reason = n.reason
FROM unnest($1::uuid[], $2::timestamptz[], $3::text[]) AS n (id, due_at, reason) WHERE q.command_id = n.id
"""
_LEAVE = "DELETE FROM dispatcher.send_queue WHERE command_id = ANY ($1::uuid[])"
_ATTEMPTS = """
INSERT INTO dispatcher.send_attempt (command_id, attempt, stage, class, code, started_at, ended_at)
SELECT * FROM unnest($1::uuid[], $2::int[], $3::text[], $4::text[], $5::text[], $6::timestamptz[], $7::timestamptz[])
ON CONFLICT (command_id, attempt) DO NOTHING
"""
_ADDRESSES = """
INSERT INTO dispatcher.address_state (address_hash, channel, status, retired_reason)
SELECT DISTINCT ON (hash, channel) * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])
    AS n (hash, channel, status, reason) ORDER BY hash, channel
ON CONFLICT (address_hash, channel) DO UPDATE SET status = excluded.status, retired_reason = excluded.retired_reason
"""
COLUMNS = """l.command_id, l.profile_id, l.state, l.channel, l.account, l.category, l.attempt, l.is_possible_duplicate,
    l.address_hash, l.payload, l.key_id, l.origin, l.explanation, l.created_at, l.decided_at, l.expires_at"""
_CLAIM = f"""
WITH due AS (
    SELECT command_id FROM dispatcher.send_queue WHERE lane = $1 AND owner IS NULL AND due_at <= now()
    ORDER BY urgency, due_at LIMIT $2 FOR UPDATE SKIP LOCKED
), taken AS (
    UPDATE dispatcher.send_queue q SET owner = $3 FROM due WHERE q.command_id = due.command_id RETURNING q.command_id
)
UPDATE dispatcher.send_ledger l SET owner = $3 FROM taken WHERE l.command_id = taken.command_id AND l.state = 'QUEUED'
RETURNING {COLUMNS}
"""  # noqa: S608 - the columns are our own constant
_CANCEL = f"""
WITH hit AS (
    SELECT q.command_id FROM dispatcher.send_queue q JOIN dispatcher.send_ledger l USING (command_id)
    WHERE l.state = 'QUEUED' AND (
        ($1 = 'command' AND l.command_id::text = $2)
        OR ($1 = 'visit' AND l.instance_id = $3 AND l.visit = $4 AND l.category = 'marketing')
        OR ($1 = 'instance' AND l.instance_id = $2)
        OR ($1 = 'profile' AND l.profile_id = $2))
    FOR UPDATE OF q
)
UPDATE dispatcher.send_ledger l SET state = 'CANCELLED', owner = NULL, payload = NULL, key_id = NULL, changed_at = now()
FROM hit WHERE l.command_id = hit.command_id AND l.state = 'QUEUED'
RETURNING {COLUMNS}
"""  # noqa: S608 - the columns are our own constant

#: One row to insert: the values of `_INSERT` in its order.
Row = tuple[Any, ...]


async def insert(connection: Any, rows: Sequence[Row]) -> set[str]:
    """Claim commands; returns the ids that were not there before."""
    if not rows:
        return set()
    columns = [list(column) for column in zip(*rows, strict=True)]
    return {str(row["command_id"]) for row in await connection.fetch(_INSERT, *columns)}


async def queue(connection: Any, items: Sequence[Outgoing], owners: Sequence[str | None]) -> None:
    """Put commands that are due now into their lanes; those with an owner are handed over in memory."""
    if items:
        await connection.execute(
            _QUEUE,
            [item.command_id for item in items],
            [item.send.account for item in items],
            [item.urgency for item in items],
            list(owners),
        )


async def begin(
    connection: Any, owner: str, items: Sequence[Outgoing], links: Sequence[tuple[str, int, str]]
) -> set[str]:
    """Mark as being sent what still may be; returns those. Links are known before the mail leaves."""
    ids, attempts = [one.command_id for one in items], [one.attempt for one in items]
    started = {str(row["command_id"]) for row in await connection.fetch(_BEGIN, ids, attempts, owner)}
    kept = [link for link in links if link[0] in started]
    if kept:
        await connection.execute(_LINKS, *[list(column) for column in zip(*kept, strict=True)])
    return started


async def settle(connection: Any, owner: str, settled: Sequence[Settled]) -> list[Settled]:
    """Write what became of commands; returns those that were ours to settle."""
    rows = await connection.fetch(
        _SETTLE,
        [one.item.command_id for one in settled],
        [one.from_state for one in settled],
        [one.to_state for one in settled],
        [one.item.attempt for one in settled],
        [one.is_possible_duplicate for one in settled],
        [one.provider_message_id for one in settled],
        owner,
    )
    taken = {str(row["command_id"]) for row in rows}
    done = [one for one in settled if one.item.command_id in taken]
    waiting = [one for one in done if one.due_at is not None]
    if waiting:
        ids, dues = [one.item.command_id for one in waiting], [one.due_at for one in waiting]
        await connection.execute(_WAIT, ids, dues, [one.wait_reason for one in waiting])
    over = [one.item.command_id for one in done if one.due_at is None]
    if over:
        await connection.execute(_LEAVE, over)
    await _note(connection, done)
    return done


async def _note(connection: Any, done: Sequence[Settled]) -> None:
    tries = [
        (one.item.command_id, one.item.attempt, one.attempt.stage, one.attempt.verdict, one.attempt.code,
         one.attempt.started_at, one.attempt.ended_at)
        for one in done if one.attempt is not None
    ]  # fmt: skip
    if tries:
        await connection.execute(_ATTEMPTS, *[list(column) for column in zip(*tries, strict=True)])
    retired = [
        (one.item.send.address.hash, one.item.send.channel, one.address_status, one.attempt and one.attempt.code)
        for one in done
        if one.address_status is not None
    ]
    if retired:
        await connection.execute(_ADDRESSES, *[list(column) for column in zip(*retired, strict=True)])


async def claim(connection: Any, lane: str, owner: str, limit: int) -> list[Any]:
    """Take ownership of what is due in a lane, most urgent first."""
    rows: list[Any] = await connection.fetch(_CLAIM, lane, limit, owner)
    return rows


async def cancel(connection: Any, scope: str, target: str) -> list[Any]:
    """Take back what has not begun to leave; returns the rows. A visit's messages of other categories stay."""
    instance, _, visit = target.rpartition("/")
    number = int(visit) if scope == "visit" and visit.isdigit() else -1
    rows: list[Any] = await connection.fetch(_CANCEL, scope, target, instance, number)
    if rows:
        await connection.execute(_LEAVE, [row["command_id"] for row in rows])
    return rows


async def release(connection: Any, owner: str) -> None:
    """Give up everything that has not begun to leave: another process, or the next one of our name, takes it."""
    await connection.execute(
        """
        WITH freed AS (
            UPDATE dispatcher.send_queue q SET owner = NULL FROM dispatcher.send_ledger l
            WHERE q.owner = $1 AND l.command_id = q.command_id AND l.state = 'QUEUED' RETURNING q.command_id
        )
        UPDATE dispatcher.send_ledger l SET owner = NULL FROM freed WHERE l.command_id = freed.command_id
        """,
        owner,
    )


async def by_id(connection: Any, command_id: str) -> Any | None:
    """A command's row with its queue entry, for people."""
    return await connection.fetchrow(
        """
        SELECT l.*, q.due_at, q.wait_reason FROM dispatcher.send_ledger l
        LEFT JOIN dispatcher.send_queue q USING (command_id) WHERE l.command_id = $1
        """,
        command_id,
    )


async def oldest_waiting(connection: Any) -> dict[str, tuple[int, datetime]]:
    """How many are due in each lane, and since when the first of them."""
    rows = await connection.fetch(
        "SELECT lane, count(*) AS n, min(due_at) AS since FROM dispatcher.send_queue WHERE due_at <= now()"
        " GROUP BY lane"
    )
    return {row["lane"]: (row["n"], row["since"]) for row in rows}


async def owned(connection: Any, owner: str) -> set[str]:
    """All commands in a queue that this owner holds."""
    rows = await connection.fetch("SELECT command_id FROM dispatcher.send_queue WHERE owner = $1", owner)
    return {str(row["command_id"]) for row in rows}
