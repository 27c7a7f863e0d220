"""All that is kept of one person, over every profile that was merged into the root."""

from dataclasses import dataclass

import asyncpg

from metrics.errors import UnknownProfile

_MOST = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Rows as they are stored, the newest 500 of each kind, oldest first."""

    profile_id: str
    aliases: list[str]
    identifiers: list[asyncpg.Record]
    touches: list[asyncpg.Record]
    visits: list[asyncpg.Record]
    instances: list[asyncpg.Record]
    passings: list[asyncpg.Record]
    deliveries: list[asyncpg.Record]
    merges: list[asyncpg.Record]


class People:
    """Reads through a pool, one person under one snapshot."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool

    async def person(self, profile_id: str) -> Person:
        """Raises `UnknownProfile`. A merged profile's id leads to its root."""
        async with (
            self._pool.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            root = await connection.fetchval(
                "SELECT coalesce(merged_into, profile_id) FROM metrics.profile WHERE profile_id = $1", profile_id
            )
            if root is None:
                raise UnknownProfile(profile_id)
            rows = await connection.fetch(
                "SELECT profile_id FROM metrics.profile WHERE profile_id = $1 OR merged_into = $1", root
            )
            everyone = [one["profile_id"] for one in rows]
            return Person(
                profile_id=root,
                aliases=sorted(set(everyone) - {root}),
                identifiers=await connection.fetch(
                    "SELECT DISTINCT namespace, value FROM metrics.identifier WHERE profile_id = ANY($1)"
                    " ORDER BY namespace DESC, value LIMIT 50",
                    everyone,
                ),
                touches=await _newest(connection, "touch", "occurred_at", "fact_id", everyone),
                visits=await _newest(connection, "stage_visit", "entered_at", "instance_id, visit", everyone),
                instances=await _newest(connection, "instance", "entered_at", "instance_id", everyone),
                passings=await _newest(connection, "passing", "at", "transition_id", everyone),
                deliveries=await _newest(connection, "delivery", "at", "command_id, outcome", everyone),
                merges=await connection.fetch(
                    "SELECT seq, loser, winner, merged_at FROM metrics.merge_log WHERE loser = ANY($1) ORDER BY seq",
                    everyone,
                ),
            )


async def _newest(
    connection: asyncpg.Connection, table: str, at: str, tie: str, profiles: list[str]
) -> list[asyncpg.Record]:
    rows: list[asyncpg.Record] = await connection.fetch(
        f"SELECT * FROM (SELECT * FROM metrics.{table} WHERE profile_id = ANY($1) AND {at} IS NOT NULL"  # noqa: S608 - names of ours
        f" ORDER BY {at} DESC LIMIT {_MOST}) newest ORDER BY {at}, {tie}",
        profiles,
    )
    return rows
