"""The ledger as feedback needs it. The profile is the canonical one of today."""

from collections.abc import Sequence
from typing import Any  # Any: asyncpg's rows carry no types

from dispatcher.store.facts import families
from journey_schemas.delivery import Delivery

_ORIGINS = """
SELECT command_id, profile_id, channel, account, attempt, origin, provider_message_id, changed_at
FROM dispatcher.send_ledger WHERE command_id = ANY ($1::uuid[])
"""
_FIRST = """
INSERT INTO dispatcher.feedback_event (outcome_id, command_id, outcome, occurred_at)
SELECT * FROM unnest($1::uuid[], $2::uuid[], $3::text[], $4::timestamptz[])
ON CONFLICT (outcome_id) DO NOTHING RETURNING outcome_id
"""
_RANKS = """
UPDATE dispatcher.send_ledger l SET rank = greatest(l.rank, n.rank)
FROM (SELECT id, max(rank) AS rank FROM unnest($1::uuid[], $2::int[]) AS given (id, rank) GROUP BY id) AS n
WHERE l.command_id = n.id AND l.rank < n.rank
"""


async def origins(connection: Any, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Rows of commands by id, under the profile that is canonical now."""
    rows = await connection.fetch(_ORIGINS, list(ids))
    people = await families(connection, [row["profile_id"] for row in rows])
    return {str(row["command_id"]): {**dict(row), "profile_id": people[row["profile_id"]].root} for row in rows}


async def first_time(connection: Any, deliveries: Sequence[Delivery]) -> list[Delivery]:
    """Those of which we had not heard."""
    if not deliveries:
        return []
    rows = await connection.fetch(
        _FIRST,
        [one.outcome_id for one in deliveries],
        [one.command_id for one in deliveries],
        [one.outcome for one in deliveries],
        [one.occurred_at for one in deliveries],
    )
    fresh = {str(row["outcome_id"]) for row in rows}
    return [one for one in deliveries if one.outcome_id in fresh]


async def raise_ranks(connection: Any, ranks: Sequence[tuple[str, int]]) -> None:
    """How far messages came; never lowered."""
    if ranks:
        await connection.execute(_RANKS, [one[0] for one in ranks], [one[1] for one in ranks])
