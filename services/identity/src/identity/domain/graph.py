"""The identifier graph: identifiers have an origin that never changes, profiles point to who survived their merge.

An identifier never moves on a merge, so a merge touches profiles only and can be undone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol
from uuid import UUID, uuid5

from identity.domain.identifiers import Identifier


class Member(NamedTuple):
    """An identifier whose origin is this profile, or one that was merged into it."""

    identifier: Identifier
    first_seen_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """An identifier of the graph.

    `profile_id` is its origin. `owner_id` is set when a thing that changes hands was last used by somebody else.
    """

    profile_id: str
    first_seen_at: datetime
    last_seen_at: datetime
    source: str
    owner_id: str | None = None

    @property
    def holder_id(self) -> str:
        """The profile it speaks for today; follow its merges."""
        return self.owner_id or self.profile_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Profile:
    """A profile. Only a root (`merged_into` None) holds members: its own and those of all who were merged into it."""

    id: str
    created_at: datetime
    merged_into: str | None = None
    has_unique: bool = False
    members: tuple[Member, ...] = ()
    merge_count: int = 0


class Graph(Protocol):
    """What resolving reads. Both answer None for what does not exist."""

    def identifier(self, identifier: Identifier) -> Known | None:
        """What is known of an identifier."""
        ...

    def profile(self, profile_id: str) -> Profile | None:
        """A profile, merged or not."""
        ...


def root_of(graph: Graph, profile_id: str) -> Profile:
    """Who survived all merges of a profile that exists."""
    profile = graph.profile(profile_id)
    while profile is not None and profile.merged_into is not None:
        profile = graph.profile(profile.merged_into)
    assert profile is not None, "profiles are never removed from under their identifiers"
    return profile


def candidate_ids(namespace: UUID, identifier: Identifier) -> Iterator[str]:
    """Ids that a profile born from this identifier may take: the first that is free.

    Only an erased person's id is taken. `namespace` is secret, so that an id reveals nothing.
    """
    name = f"{identifier.namespace}:{identifier.value}"
    yield str(uuid5(namespace, name))
    number = 0
    while True:
        number += 1
        yield str(uuid5(namespace, f"{name}#{number}"))
