"""The identifier graph in memory, for laws of resolving."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from identity.domain.graph import Known, Profile, root_of
from identity.domain.identifiers import ANONYMOUS_ID, DEVICE_ID, EMAIL, PHONE, PUSH_TOKEN, USER_ID, Identifier, Links
from identity.domain.resolve import Resolution, resolve
from identity.domain.rules import Rules

SECRET = UUID("5b1f2c33-7c8e-4f51-9d6a-2f3b8a1e9c07")
START = datetime(2026, 1, 31, 12, tzinfo=UTC)
_ORDER = (USER_ID, EMAIL, PHONE, PUSH_TOKEN, DEVICE_ID, ANONYMOUS_ID)


def links(**values: str) -> Links:
    """`links(user_id="u", email="e")`, strongest first."""
    found = tuple(Identifier(name, values.pop(name)) for name in _ORDER if name in values)
    assert not values, values
    return Links(identifiers=found)


def alias(user_id: str, previous: str, *, is_forced: bool = False) -> Links:
    """An alias: `user_id` was `previous` before."""
    return Links(identifiers=(Identifier(USER_ID, user_id),), previous=previous, is_forced=is_forced)


class World:
    """All that was told so far; a minute passes with each touchpoint unless `at` is given."""

    def __init__(self, rules: Rules | None = None) -> None:
        self.rules = rules or Rules(SECRET)
        self.known: dict[Identifier, Known] = {}
        self.profiles: dict[str, Profile] = {}
        self.merges: list[tuple[str, str]] = []
        self.at = START

    def identifier(self, identifier: Identifier) -> Known | None:
        return self.known.get(identifier)

    def profile(self, profile_id: str) -> Profile | None:
        return self.profiles.get(profile_id)

    def tell(self, told: Links, at: datetime | None = None) -> Resolution:
        """Resolve and remember."""
        self.at = at or self.at + timedelta(minutes=1)
        found = resolve(self, told, self.rules, at=self.at, source="web")
        self.known.update(found.known)
        self.profiles.update({one.id: one for one in found.profiles})
        self.merges.extend((loser, found.profile_id) for loser in found.losers)
        return found

    def snapshot(self) -> tuple[dict[Identifier, Known], dict[str, Profile], int]:
        """The graph now, to be compared later."""
        return dict(self.known), dict(self.profiles), len(self.merges)

    def members(self) -> set[frozenset[Identifier]]:
        """Who is together, whatever the ids of the profiles."""
        groups: dict[str, set[Identifier]] = {}
        for identifier, known in self.known.items():
            groups.setdefault(root_of(self, known.profile_id).id, set()).add(identifier)
        return {frozenset(group) for group in groups.values()}

    def person(self, **value: str) -> str:
        """The root that one identifier speaks for."""
        ((namespace, text),) = value.items()
        return root_of(self, self.known[Identifier(namespace, text)].holder_id).id
