"""What a batch needs to know, from the cache or in a few queries."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any  # Any: asyncpg carries no types
from uuid import UUID

from identity.cache import Cache
from identity.domain.graph import Known, Profile, candidate_ids
from identity.domain.identifiers import Identifier
from identity.store import graph
from identity.vault import Vault
from journey_runtime.processor import Key

Found = dict[Key, Known | Profile | None]


class Loader:
    """Finds identifiers, and for each the root it speaks for with all that root holds.

    For an identifier nobody knows it finds the id a new profile would take. `missed` counts what was not in the cache.
    """

    def __init__(self, cache: Cache[Key, Known | Profile], vault: Vault, namespace: UUID) -> None:
        self._cache = cache
        self._vault = vault
        self._namespace = namespace
        self.missed = 0

    async def load(self, pool: Any, identifiers: Collection[Identifier], profile_ids: Collection[str]) -> Found:
        """All of these, None for what does not exist. PostgreSQL is asked only for what the cache does not hold."""
        found: Found = {}
        missing: list[Identifier] = []
        wanted = {unknown for one in profile_ids if (unknown := self._follow(found, one)) is not None}
        for identifier in identifiers:
            known = self._cache.get(identifier)
            if isinstance(known, Known):
                found[identifier] = known
                unknown = self._follow(found, known.holder_id)
                if unknown is not None:
                    wanted.add(unknown)
            else:
                missing.append(identifier)
        self.missed = len(missing)
        if missing or wanted:
            async with pool.acquire() as connection:
                await self._ask(connection, found, missing, wanted)
        for one in profile_ids:
            found.setdefault(one, None)
        return found

    def _follow(self, found: Found, profile_id: str) -> str | None:
        """Take a profile and its way to the root from what is at hand; the id that is not."""
        while True:
            profile = found.get(profile_id) or self._cache.get(profile_id)
            if not isinstance(profile, Profile):
                return profile_id
            found[profile_id] = profile
            if profile.merged_into is None:
                return None
            profile_id = profile.merged_into

    async def _ask(self, connection: Any, found: Found, missing: Collection[Identifier], wanted: set[str]) -> None:
        new: dict[str, Iterator[str]] = {}
        if missing:
            known = await graph.known(connection, self._vault, missing)
            self._take(found, known)
            for identifier in missing:
                holder = known.get(identifier)
                if holder is None:
                    found[identifier] = None
                    candidates = candidate_ids(self._namespace, identifier)
                    new[next(candidates)] = candidates
                else:
                    unknown = self._follow(found, holder.holder_id)
                    if unknown is not None:
                        wanted.add(unknown)
        while wanted or new:
            profiles, members = await graph.families(connection, self._vault, [*wanted, *new])
            self._take(found, profiles)
            for identifier, one in members.items():
                if identifier not in found:
                    self._cache.put(identifier, one)
            for candidate in new:
                found.setdefault(candidate, None)
            new = {next(rest): rest for candidate, rest in new.items() if found[candidate] is not None}
            wanted = set()

    def _take(self, found: Found, states: Mapping[Identifier, Known] | Mapping[str, Profile]) -> None:
        for key, state in states.items():
            found[key] = state
            self._cache.put(key, state)
