"""Identifiers: the values of a touchpoint that point to a person.

What is blocked, or does not look like what it should be, stays in the touchpoint and is never an identifier.
"""

import re
import unicodedata
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from journey_schemas.identifiers_blocked import identifier as text_of
from journey_schemas.identifiers_blocked import is_blocked
from journey_schemas.touchpoint import Json, Touchpoint

USER_ID, EMAIL, PHONE = "user_id", "email", "phone"
PUSH_TOKEN, DEVICE_ID, ANONYMOUS_ID = "push_token", "device_id", "anonymous_id"

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s.]+")


class Identifier(NamedTuple):
    """A key that points to a profile."""

    namespace: str
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """What one touchpoint says about who it is of.

    `identifiers` in the order of their strength; `previous` is the former id that an alias names; `is_forced`: an alias
    that may join two identified people.
    """

    identifiers: tuple[Identifier, ...]
    previous: str | None = None
    is_forced: bool = False

    def all(self) -> Iterator[Identifier]:
        """Every identifier that resolving may look at."""
        yield from self.identifiers
        if self.previous is not None:
            yield Identifier(ANONYMOUS_ID, self.previous)
            yield Identifier(USER_ID, self.previous)


def raw_phone(touchpoint: Touchpoint) -> str | None:
    """The phone number as it was written; the caller knows how numbers are read."""
    for traits in _person_traits(touchpoint):
        text = text_of(traits.get("phone"))
        if text:
            return text
    return None


def links_of(touchpoint: Touchpoint, *, phone: str | None = None, forced_sources: Collection[str] = ()) -> Links:
    """The identifiers of a touchpoint, strongest first. `phone` is its number in E.164, if it has one."""
    context = touchpoint.context
    found: list[Identifier] = []
    user_id, anonymous_id = touchpoint.user_id, touchpoint.anonymous_id
    if user_id is not None and not is_blocked(user_id):
        found.append(Identifier(USER_ID, user_id))
    if context is not None or touchpoint.traits is not None:
        email = _email(touchpoint)
        if email is not None:
            found.append(Identifier(EMAIL, email))
        if phone is not None:
            found.append(Identifier(PHONE, phone))
    if context is not None:
        device = context.get("device")
        if type(device) is dict:
            for namespace, name in ((PUSH_TOKEN, "token"), (DEVICE_ID, "id")):
                value = text_of(device.get(name))
                if value and not is_blocked(value, is_movable=True):
                    found.append(Identifier(namespace, value))
    if anonymous_id is not None and not is_blocked(anonymous_id, is_movable=True):
        found.append(Identifier(ANONYMOUS_ID, anonymous_id))
    if touchpoint.type != "alias":
        return Links(identifiers=tuple(found))
    previous = touchpoint.previous_id
    if previous is not None and (previous == user_id or is_blocked(previous)):
        previous = None
    is_forced = context is not None and context.get("merge") == "force" and touchpoint.source in forced_sources
    return Links(identifiers=tuple(found), previous=previous, is_forced=is_forced)


def _person_traits(touchpoint: Touchpoint) -> Iterator[Json]:
    """Traits of the person. Those of a `group` touchpoint are the group's."""
    if touchpoint.type == "identify" and touchpoint.traits is not None:
        yield touchpoint.traits
    if touchpoint.context is not None:
        traits = touchpoint.context.get("traits")
        if type(traits) is dict:
            yield traits


def _email(touchpoint: Touchpoint) -> str | None:
    for traits in _person_traits(touchpoint):
        written = traits.get("email")
        if type(written) is str:
            email = unicodedata.normalize("NFKC", written).strip().lower()
            if _EMAIL.fullmatch(email) and not is_blocked(email):
                return email
    return None
