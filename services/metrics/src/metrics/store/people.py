"""Profiles and their aliases: a loser points at its root, one level deep; the facts keep the profile they came with."""

from collections.abc import Collection, Sequence

import asyncpg

from metrics.domain.merge import Merge, new_roots

_MERGE_LOCK = 0x6D65726765  # "merge" in ASCII: chains of merges are applied by one process at a time


async def insert_profiles(connection: asyncpg.Connection, profiles: Collection[str]) -> int:
    """Make sure the profiles exist; how many did not."""
    if not profiles:
        return 0
    done: str = await connection.execute(
        "INSERT INTO metrics.profile (profile_id) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING", sorted(profiles)
    )
    return int(done.rpartition(" ")[2])


async def apply_merges(connection: asyncpg.Connection, merges: Sequence[Merge]) -> int:
    """Apply markers not seen before (each comes in two partitions); how many those were."""
    if not merges:
        return 0
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _MERGE_LOCK)
    given = {one.seq: one for one in merges}
    rows = [given[seq] for seq in sorted(given)]
    records = await connection.fetch(
        "INSERT INTO metrics.merge_log (seq, loser, winner, merged_at)"
        " SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[])"
        " ON CONFLICT DO NOTHING RETURNING seq",
        [one.seq for one in rows],
        [one.loser for one in rows],
        [one.winner for one in rows],
        [one.merged_at for one in rows],
    )
    new = [given[record["seq"]] for record in records]
    if not new:
        return 0
    named = sorted({profile for one in new for profile in (one.loser, one.winner)})
    aliases = await connection.fetch(
        "SELECT profile_id, merged_into FROM metrics.profile WHERE profile_id = ANY($1) AND merged_into IS NOT NULL",
        named,
    )
    roots = new_roots(new, {one["profile_id"]: one["merged_into"] for one in aliases})
    losers, winners = list(roots), list(roots.values())
    for column in ("profile_id", "merged_into"):
        await connection.execute(
            "UPDATE metrics.profile p SET merged_into = m.winner"  # noqa: S608 - names of ours
            f" FROM unnest($1::text[], $2::text[]) AS m(loser, winner) WHERE p.{column} = m.loser",
            losers,
            winners,
        )
    return len(new)
