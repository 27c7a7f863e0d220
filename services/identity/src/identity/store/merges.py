"""Merges in their one order, and conflicts: tables `merge_log`, `conflict`, column `profile.merged_into`."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any  # Any: asyncpg carries no types

from identity.state import Noted
from identity.vault import Vault
from journey_runtime.processor import Position
from journey_schemas.marker import Merged
from journey_schemas.touchpoint import Origin

_CONFLICTS_KEPT = timedelta(days=30)


async def add(connection: Any, merges: Sequence[Merged], roots: Mapping[str, str], *, batch_seq: int) -> None:
    """Log the merges, and point every loser, and all who lost to it before, to `roots[loser]`: one hop to the top."""
    await connection.execute(
        "UPDATE identity.profile p SET merged_into = m.winner FROM unnest($1::uuid[], $2::uuid[]) AS m(loser, winner)"
        " WHERE p.id = m.loser OR p.merged_into = m.loser",
        [one.loser for one in merges],
        [roots[one.loser] for one in merges],
    )
    await connection.execute(
        "INSERT INTO identity.merge_log"
        ' (seq, loser, winner, rule, message_id, topic, partition, "offset", at, batch_seq)'
        " SELECT m.*, $10::bigint FROM unnest($1::bigint[], $2::uuid[], $3::uuid[], $4::text[], $5::text[], $6::text[],"
        " $7::int[], $8::bigint[], $9::timestamptz[]) AS m",
        [one.seq for one in merges],
        [one.loser for one in merges],
        [one.winner for one in merges],
        [one.rule for one in merges],
        [one.message_id for one in merges],
        [one.origin.topic for one in merges],
        [one.origin.partition for one in merges],
        [one.origin.offset for one in merges],
        [one.at for one in merges],
        batch_seq,
    )


async def unsent(connection: Any, committed: Mapping[Position, int]) -> list[Merged]:
    """Merges caused at or after the committed positions, by `seq`: their markers may never have been seen."""
    rows = await connection.fetch(
        "SELECT m.* FROM identity.merge_log m"
        " JOIN unnest($1::text[], $2::int[], $3::bigint[]) AS c(topic, partition, committed)"
        ' ON m.topic = c.topic AND m.partition = c.partition AND m."offset" >= c.committed ORDER BY m.seq',
        [topic for topic, _ in committed],
        [partition for _, partition in committed],
        list(committed.values()),
    )
    return [
        Merged(
            seq=row["seq"],
            role="from",
            loser=str(row["loser"]),
            winner=str(row["winner"]),
            rule=row["rule"],
            message_id=row["message_id"],
            at=row["at"],
            origin=Origin(topic=row["topic"], partition=row["partition"], offset=row["offset"]),
        )
        for row in rows
    ]


async def add_conflicts(connection: Any, vault: Vault, noted: Collection[Noted]) -> None:
    """Identifiers that were set aside."""
    conflicts = [one.conflict for one in noted]
    await connection.execute(
        "INSERT INTO identity.conflict"
        ' (at, kind, namespace, value_hash, profile_a, profile_b, topic, partition, "offset")'
        " SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::bytea[], $5::uuid[], $6::uuid[],"
        " $7::text[], $8::int[], $9::bigint[])",
        [one.at for one in noted],
        [one.kind for one in conflicts],
        [one.identifier.namespace for one in conflicts],
        [vault.hash_of(one.identifier) for one in conflicts],
        [one.profile_id for one in conflicts],
        [one.other_id for one in conflicts],
        [one.topic for one in noted],
        [one.partition for one in noted],
        [one.offset for one in noted],
    )


async def forget_conflicts(connection: Any, at: datetime) -> None:
    """They are kept for 30 days."""
    await connection.execute("DELETE FROM identity.conflict WHERE at < $1", at - _CONFLICTS_KEPT)
