"""Profiles and identifiers: tables `profile`, `identifier`. Values are encrypted here and nowhere else."""

from collections.abc import Collection, Mapping
from typing import Any  # Any: asyncpg carries no types

from identity.domain.graph import Known, Member, Profile
from identity.domain.identifiers import Identifier
from identity.vault import Vault

_COLUMNS = "i.namespace, i.value_hash, i.profile_id, i.owner_id, i.first_seen_at, i.last_seen_at, i.source"

_FAMILIES = """
WITH root AS (SELECT DISTINCT coalesce(merged_into, id) AS id FROM identity.profile WHERE id = ANY($1::uuid[]))
SELECT p.id, p.merged_into, p.created_at, p.has_unique, p.merge_count
FROM root JOIN identity.profile p ON p.id = root.id
UNION ALL
SELECT p.id, p.merged_into, p.created_at, p.has_unique, p.merge_count
FROM root JOIN identity.profile p ON p.merged_into = root.id
"""


async def known(connection: Any, vault: Vault, wanted: Collection[Identifier]) -> dict[Identifier, Known]:
    """What is known of these identifiers."""
    by_hash = {vault.hash_of(one): one for one in wanted}
    rows = await connection.fetch(
        f"SELECT {_COLUMNS} FROM unnest($1::text[], $2::bytea[]) AS k(namespace, value_hash)"  # noqa: S608 - constant
        " JOIN identity.identifier i USING (namespace, value_hash)",
        [one.namespace for one in by_hash.values()],
        list(by_hash),
    )
    return {by_hash[row["value_hash"]]: _known(row) for row in rows}


async def families(
    connection: Any, vault: Vault, profile_ids: Collection[str]
) -> tuple[dict[str, Profile], dict[Identifier, Known]]:
    """The roots of these profiles with all they hold, and everybody who was merged into them."""
    rows = await connection.fetch(_FAMILIES, list(profile_ids))
    if not rows:
        return {}, {}
    root_of = {str(row["id"]): str(row["merged_into"] or row["id"]) for row in rows}
    members: dict[str, list[Member]] = {}
    found: dict[Identifier, Known] = {}
    for row in await connection.fetch(
        f"SELECT {_COLUMNS}, i.value_enc, i.key_id FROM identity.identifier i"  # noqa: S608 - constant
        " WHERE i.profile_id = ANY($1::uuid[]) ORDER BY i.first_seen_at, i.value_hash",
        list(root_of),
    ):
        value = vault.open(row["value_enc"], row["key_id"], row["value_hash"])
        identifier = Identifier(row["namespace"], value)
        one = found[identifier] = _known(row)
        members.setdefault(root_of[one.profile_id], []).append(Member(identifier, one.first_seen_at))
    profiles = {}
    for row in rows:
        profile_id, merged_into = str(row["id"]), row["merged_into"]
        profiles[profile_id] = Profile(
            id=profile_id,
            created_at=row["created_at"],
            merged_into=None if merged_into is None else str(merged_into),
            has_unique=row["has_unique"],
            members=tuple(members.get(profile_id, ())) if merged_into is None else (),
            merge_count=row["merge_count"],
        )
    return profiles, found


async def add_profiles(connection: Any, profiles: Collection[Profile]) -> None:
    """New profiles. An id that is there already is a bug and raises."""
    await connection.execute(
        "INSERT INTO identity.profile (id, created_at, has_unique, identifier_count, merge_count)"
        " SELECT * FROM unnest($1::uuid[], $2::timestamptz[], $3::bool[], $4::int[], $5::int[])",
        *_profile_columns(profiles),
    )


async def change_profiles(connection: Any, profiles: Collection[Profile]) -> None:
    """What profiles hold; who they were merged into is `merges`' business."""
    await connection.execute(
        "UPDATE identity.profile p SET has_unique = c.has_unique, identifier_count = c.identifier_count,"
        " merge_count = c.merge_count"
        " FROM unnest($1::uuid[], $2::timestamptz[], $3::bool[], $4::int[], $5::int[])"
        " AS c(id, created_at, has_unique, identifier_count, merge_count) WHERE p.id = c.id",
        *_profile_columns(profiles),
    )


async def add_identifiers(connection: Any, vault: Vault, identifiers: Mapping[Identifier, Known]) -> None:
    """New identifiers. One that is there already is a bug and raises."""
    hashes = [vault.hash_of(one) for one in identifiers]
    every = list(identifiers.values())
    await connection.execute(
        "INSERT INTO identity.identifier"
        " (namespace, value_hash, value_enc, key_id, profile_id, owner_id, first_seen_at, last_seen_at, source)"
        " SELECT n, h, e, $9::text, p, o, f, l, s FROM unnest($1::text[], $2::bytea[], $3::bytea[], $4::uuid[],"
        " $5::uuid[], $6::timestamptz[], $7::timestamptz[], $8::text[]) AS i(n, h, e, p, o, f, l, s)",
        [one.namespace for one in identifiers],
        hashes,
        [vault.seal(one, value_hash) for one, value_hash in zip(identifiers, hashes, strict=True)],
        [one.profile_id for one in every],
        [one.owner_id for one in every],
        [one.first_seen_at for one in every],
        [one.last_seen_at for one in every],
        [one.source for one in every],
        vault.active_id,
    )


async def change_identifiers(connection: Any, vault: Vault, identifiers: Mapping[Identifier, Known]) -> None:
    """Owners and when they were last seen; an origin never changes."""
    await connection.execute(
        "UPDATE identity.identifier i SET owner_id = c.owner_id, last_seen_at = c.last_seen_at"
        " FROM unnest($1::text[], $2::bytea[], $3::uuid[], $4::timestamptz[])"
        " AS c(namespace, value_hash, owner_id, last_seen_at)"
        " WHERE i.namespace = c.namespace AND i.value_hash = c.value_hash",
        [one.namespace for one in identifiers],
        [vault.hash_of(one) for one in identifiers],
        [one.owner_id for one in identifiers.values()],
        [one.last_seen_at for one in identifiers.values()],
    )


def _known(row: Any) -> Known:
    owner = row["owner_id"]
    return Known(
        profile_id=str(row["profile_id"]),
        owner_id=None if owner is None else str(owner),
        first_seen_at=row["first_seen_at"],
        last_seen_at=row["last_seen_at"],
        source=row["source"],
    )


def _profile_columns(profiles: Collection[Profile]) -> tuple[list[object], ...]:
    return (
        [one.id for one in profiles],
        [one.created_at for one in profiles],
        [one.has_unique for one in profiles],
        [len(one.members) for one in profiles],
        [one.merge_count for one in profiles],
    )
