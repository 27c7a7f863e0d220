"""The rows of one batch, sorted by table, and the statements that write them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any  # Any: asyncpg carries no types

from identity.domain.graph import Known, Profile
from identity.domain.identifiers import Identifier
from identity.state import Noted, State
from identity.store import graph, merges
from identity.vault import Vault
from journey_runtime.processor import Key
from journey_schemas.marker import Merged


@dataclass(slots=True, kw_only=True)
class Rows:
    """What a batch wrote, new apart from changed."""

    new_profiles: list[Profile] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    new_identifiers: dict[Identifier, Known] = field(default_factory=dict)
    identifiers: dict[Identifier, Known] = field(default_factory=dict)
    merges: list[Merged] = field(default_factory=list)
    roots: dict[str, str] = field(default_factory=dict)
    noted: list[Noted] = field(default_factory=list)
    seen: list[int] = field(default_factory=list)

    @classmethod
    def of(cls, states: Mapping[Key, State | None], given: Mapping[Key, State | None]) -> "Rows":
        """`given` is what was loaded: what is None there is new."""
        rows = cls()
        for key, state in states.items():
            if isinstance(key, int):
                rows.seen.append(key)
            elif isinstance(state, Profile):
                (rows.new_profiles if given.get(key) is None else rows.profiles).append(state)
            elif isinstance(state, Known):
                assert isinstance(key, Identifier)
                (rows.new_identifiers if given.get(key) is None else rows.identifiers)[key] = state
            elif isinstance(state, Merged):
                rows.merges.append(state)
            elif isinstance(state, Noted):
                rows.noted.append(state)
        for merged in rows.merges:
            rows.roots[merged.loser] = _root(states, merged.winner)
        return rows


async def write(connection: Any, vault: Vault, rows: Rows, *, batch_seq: int) -> None:
    """Write them in the open transaction, a statement per kind that there is."""
    if rows.new_profiles:
        await graph.add_profiles(connection, rows.new_profiles)
    if rows.profiles:
        await graph.change_profiles(connection, rows.profiles)
    if rows.merges:
        await merges.add(connection, rows.merges, rows.roots, batch_seq=batch_seq)
    if rows.new_identifiers:
        await graph.add_identifiers(connection, vault, rows.new_identifiers)
    if rows.identifiers:
        await graph.change_identifiers(connection, vault, rows.identifiers)
    if rows.noted:
        await merges.add_conflicts(connection, vault, rows.noted)


def _root(states: Mapping[Key, State | None], profile_id: str) -> str:
    """Where a chain of merges within one batch ends."""
    while isinstance(profile := states.get(profile_id), Profile) and profile.merged_into is not None:
        profile_id = profile.merged_into
    return profile_id
