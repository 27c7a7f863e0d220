"""What is known about the people and addresses of a batch, in set queries."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any  # Any: asyncpg's rows carry no types

from dispatcher.domain.facts import Consent, Earlier, Suppression

_EXISTING = "SELECT command_id FROM dispatcher.send_ledger WHERE command_id = ANY ($1::uuid[])"
_MERGED = """
INSERT INTO dispatcher.profile_alias (loser, winner, seq) SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[])
ON CONFLICT (loser) DO UPDATE SET winner = excluded.winner, seq = excluded.seq WHERE excluded.seq > profile_alias.seq
"""
# Up to the root, then down to all that were merged into it. A circle cannot be, but must not hang us.
_FAMILY = """
WITH RECURSIVE up AS (
    SELECT id AS asked, id AS node, 0 AS n FROM unnest($1::text[]) AS given (id)
    UNION ALL SELECT up.asked, a.winner, up.n + 1
    FROM up JOIN dispatcher.profile_alias a ON a.loser = up.node WHERE n < 64
), roots AS (SELECT DISTINCT ON (asked) asked, node AS root FROM up ORDER BY asked, n DESC),
down AS (
    SELECT DISTINCT root, root AS node, 0 AS n FROM roots
    UNION ALL SELECT down.root, a.loser, down.n + 1
    FROM down JOIN dispatcher.profile_alias a ON a.winner = down.node WHERE n < 64
)
SELECT roots.asked, roots.root, array_agg(DISTINCT down.node) AS ids
FROM roots JOIN down USING (root) GROUP BY roots.asked, roots.root
"""
_EARLIER = """
SELECT command_id, origin_profile_id, journey, step, message, decided_at
FROM dispatcher.send_ledger
WHERE profile_id = ANY ($1::text[]) AND state IN ('QUEUED', 'SENDING', 'UNKNOWN', 'SENT')
    AND decided_at BETWEEN $2::timestamptz - interval '24 hours' AND $3::timestamptz + interval '24 hours'
"""
_CONSENTS = """
SELECT subject, channel, topic, state, is_explicit, at FROM dispatcher.consent_state WHERE subject = ANY ($1::text[])
"""
_SUPPRESSIONS = """
SELECT address_hash, channel, scope, reason, expires_at FROM dispatcher.suppression
WHERE address_hash = ANY ($1::text[]) AND (expires_at IS NULL OR expires_at > now())
"""
_ADDRESSES = """
SELECT address_hash, channel, status FROM dispatcher.address_state
WHERE address_hash = ANY ($1::text[]) AND status <> 'ok'
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A person: the canonical id and all ids that were merged into it, itself included."""

    root: str
    ids: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Known:
    """Rows by what they are asked for."""

    consents: dict[str, list[Consent]] = field(default_factory=dict)
    suppressions: dict[str, list[Suppression]] = field(default_factory=dict)
    statuses: dict[tuple[str, str], str] = field(default_factory=dict)


async def existing(connection: Any, ids: Iterable[str]) -> set[str]:
    """Which commands the ledger already has."""
    return {str(row["command_id"]) for row in await connection.fetch(_EXISTING, list(ids))}


async def merge(connection: Any, merges: Mapping[str, tuple[str, int]]) -> None:
    """Keep aliases: loser to winner and number."""
    if merges:
        losers = list(merges)
        await connection.execute(
            _MERGED, losers, [merges[one][0] for one in losers], [merges[one][1] for one in losers]
        )


async def families(connection: Any, profile_ids: Iterable[str]) -> dict[str, Family]:
    """Each profile's person."""
    rows = await connection.fetch(_FAMILY, sorted(set(profile_ids)))
    return {row["asked"]: Family(root=row["root"], ids=tuple(sorted(row["ids"]))) for row in rows}


async def earlier(connection: Any, ids: Iterable[str], first: Any, last: Any) -> list[tuple[tuple[str, ...], Earlier]]:
    """Commands of these profiles that wait or were sent, each with (journey, step, message)."""
    wanted = list(ids)
    if not wanted:
        return []
    return [
        (
            (row["journey"], row["step"], row["message"]),
            Earlier(
                command_id=str(row["command_id"]),
                profile_id=row["origin_profile_id"],
                decided_at=row["decided_at"],
            ),
        )
        for row in await connection.fetch(_EARLIER, wanted, first, last)
    ]


async def known(connection: Any, subjects: Iterable[str], hashes: Iterable[str]) -> Known:
    """Consents by subject, suppressions by address hash, states of addresses that are not well."""
    found, wanted = Known(), sorted(set(hashes))
    for row in await connection.fetch(_CONSENTS, sorted(set(subjects))):
        found.consents.setdefault(row["subject"], []).append(Consent(**dict(row)))
    if wanted:
        for row in await connection.fetch(_SUPPRESSIONS, wanted):
            found.suppressions.setdefault(row["address_hash"], []).append(Suppression(**dict(row)))
        for row in await connection.fetch(_ADDRESSES, wanted):
            found.statuses[row["address_hash"], row["channel"]] = row["status"]
    return found
