"""Facts that are known by their id alone: the first record of an id is kept, whatever a repeat says."""

from dataclasses import dataclass
from datetime import datetime

from metrics.domain.cell import JourneyCell, TouchCell, day_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Touch:
    """A touchpoint. `event` is its name, or its type where it has none. `profile_id` is the root when it came."""

    fact_id: str
    occurred_at: datetime
    received_at: datetime
    profile_id: str
    origin_profile_id: str
    source: str
    event: str
    name: str
    properties: str

    @property
    def key(self) -> tuple[str]:
        """What makes two rows the same."""
        return (self.fact_id,)

    def cells(self) -> list[TouchCell]:
        """One."""
        return [TouchCell(self.event, day_of(self.occurred_at))]


@dataclass(frozen=True, slots=True, kw_only=True)
class Passing:
    """A transition that is a fact by itself: an entry refused, a way taken, an instance stuck."""

    transition_id: str
    kind: str
    at: datetime
    profile_id: str
    journey: str
    version: str
    instance_id: str
    visit: int
    stage: str
    step: str
    way: str
    cause: str

    @property
    def key(self) -> tuple[str]:
        """What makes two rows the same."""
        return (self.transition_id,)

    def cells(self) -> list[JourneyCell]:
        """One."""
        return [JourneyCell(self.journey, self.version, day_of(self.at), self.kind, self.stage, self.way)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """An identifier that was seen with a profile; it may be seen with several."""

    namespace: str
    value: str
    profile_id: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What makes two rows the same."""
        return (self.namespace, self.value, self.profile_id)
