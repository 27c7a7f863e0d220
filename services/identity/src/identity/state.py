"""What the resolver reads and writes in one batch, by the type of its key.

| key | state |
|---|---|
| `Identifier` | `Known` |
| profile id (`str`) | `Profile` |
| seen key (`int`) | True once resolved; `LongAgo` of it asks the store to look back further than the last hour |
| `LAST_SEQ`, `NEWEST` | number of the last merge; newest append time (ms) |
| a `Merged` or `Noted` | itself: a row to add |
"""

from datetime import datetime
from enum import Enum
from typing import NamedTuple

from msgspec import Struct

from identity.domain.graph import Known, Profile
from identity.domain.identifiers import Identifier
from identity.domain.resolve import Conflict
from journey_runtime.processor import View
from journey_schemas.marker import Merged


class Single(Enum):
    """Keys of what there is once."""

    LAST_SEQ = "last_seq"
    NEWEST = "newest"


LAST_SEQ, NEWEST = Single.LAST_SEQ, Single.NEWEST


class LongAgo(NamedTuple):
    """Asks for the state of a seen key to be looked for in all that is remembered."""

    seen: int


class Noted(Struct, frozen=True):
    """A conflict, with the record that led to it."""

    conflict: Conflict
    at: datetime
    topic: str
    partition: int
    offset: int


State = Known | Profile | Merged | Noted | int


class ViewGraph:
    """The graph as a batch sees it."""

    __slots__ = ("_states",)

    def __init__(self, states: View[State]) -> None:
        self._states = states

    def identifier(self, identifier: Identifier) -> Known | None:
        """What is known of an identifier."""
        state = self._states.get(identifier)
        assert state is None or isinstance(state, Known)
        return state

    def profile(self, profile_id: str) -> Profile | None:
        """A profile, merged or not."""
        state = self._states.get(profile_id)
        assert state is None or isinstance(state, Profile)
        return state
