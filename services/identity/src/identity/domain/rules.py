"""What one profile may hold: which namespaces are unique, how many of each, how many merges.

A rule is asked before something is joined. It is broken when the whole would exceed the limit and hold more than each
of its parts alone: a profile that exceeds already (by force) is not refused for that.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from identity.domain.graph import Profile
from identity.domain.identifiers import ANONYMOUS_ID, DEVICE_ID, EMAIL, PHONE, PUSH_TOKEN, USER_ID, Identifier

MERGES, IDENTIFIERS, UNIQUE, AT_MOST = "merges", "identifiers", "unique", "at_most"

Part = Profile | Identifier
"""What is to be joined: a root, or an identifier nobody knows yet."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Namespace:
    """A kind of identifier. `within`: the limit counts those first seen in this time.

    `is_movable`: a thing that changes hands, such as a device.
    """

    name: str
    at_most: int
    is_unique: bool = False
    is_movable: bool = False
    within: timedelta | None = None


#: Strongest first, the order in which `links_of` names them.
BUILT_IN = (
    Namespace(name=USER_ID, at_most=1, is_unique=True),
    Namespace(name=EMAIL, at_most=5),
    Namespace(name=PHONE, at_most=5),
    Namespace(name=PUSH_TOKEN, at_most=10, is_movable=True),
    Namespace(name=DEVICE_ID, at_most=20, is_movable=True),
    Namespace(name=ANONYMOUS_ID, at_most=50, is_movable=True, within=timedelta(days=30)),
)


class Rules:
    """The rules of one installation. `secret_namespace` is what profile ids are made under."""

    def __init__(
        self,
        secret_namespace: UUID,
        namespaces: Iterable[Namespace] = BUILT_IN,
        *,
        most_merges: int = 100,
        most_identifiers: int = 1_000,
    ) -> None:
        self.secret_namespace = secret_namespace
        self.namespaces = {one.name: one for one in namespaces}
        self._most_merges = most_merges
        self._most_identifiers = most_identifiers

    def is_unique(self, identifier: Identifier) -> bool:
        """Whether a person has one of its kind only."""
        return self.namespaces[identifier.namespace].is_unique

    def is_movable(self, identifier: Identifier) -> bool:
        """Whether it changes hands."""
        return self.namespaces[identifier.namespace].is_movable

    def broken(self, parts: Sequence[Part], at: datetime, *, is_forced: bool = False) -> str | None:
        """The rule that joining `parts` would break, or None. `is_forced` skips the unique rule."""
        if len(parts) < 2:
            return None
        sizes = [len(part.members) if isinstance(part, Profile) else 1 for part in parts]
        if _exceeds(sizes, self._most_identifiers):
            return IDENTIFIERS
        merges = [part.merge_count for part in parts if isinstance(part, Profile)]
        if sum(merges) + len(merges) - 1 > max(self._most_merges, *merges, 0):
            return MERGES
        for namespace in self.namespaces.values():
            if namespace.is_unique and is_forced:
                continue
            if _exceeds([_held(part, namespace, at) for part in parts], namespace.at_most):
                return UNIQUE if namespace.is_unique else AT_MOST
        return None


def _held(part: Part, namespace: Namespace, at: datetime) -> int:
    if not isinstance(part, Profile):
        return int(part.namespace == namespace.name)
    name = namespace.name
    if namespace.within is None:
        return sum(1 for member in part.members if member.identifier.namespace == name)
    since = at - namespace.within
    return sum(1 for member in part.members if member.identifier.namespace == name and member.first_seen_at > since)


def _exceeds(counts: Sequence[int], limit: int) -> bool:
    return sum(counts) > max(limit, *counts)
