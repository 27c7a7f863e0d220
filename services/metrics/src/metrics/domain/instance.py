"""One person's run of one journey, as far as records have told it.

Records come repeated and in any order, so a row is the fold of what came: `fold` is commutative, associative and
idempotent, and for each time the first (smallest) wins.
"""

from dataclasses import dataclass
from datetime import datetime

from metrics.domain.cell import JourneyCell, day_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """`first_at` is the earliest record; profile and version are those it named."""

    instance_id: str
    first_at: datetime
    profile_id: str
    journey: str
    version: str
    entered_at: datetime | None = None
    exited_at: datetime | None = None
    reason: str = ""
    objective_at: datetime | None = None

    @property
    def key(self) -> tuple[str]:
        """What makes two rows the same."""
        return (self.instance_id,)

    def fold(self, other: "Instance") -> "Instance":
        """Both together."""
        first = min(self, other, key=lambda one: (one.first_at, one.profile_id, one.journey, one.version))
        exited = min(self, other, key=lambda one: (one.exited_at is None, one.exited_at or one.first_at, one.reason))
        return Instance(
            instance_id=self.instance_id,
            first_at=first.first_at,
            profile_id=first.profile_id,
            journey=first.journey,
            version=first.version,
            entered_at=earliest(self.entered_at, other.entered_at),
            exited_at=exited.exited_at,
            reason=exited.reason,
            objective_at=earliest(self.objective_at, other.objective_at),
        )

    def cells(self) -> list[JourneyCell]:
        """What this run adds to the counts: nothing before its entry is known, so that inside = entered - exited."""
        if self.entered_at is None:
            return []
        cells = [self._cell("entered", self.entered_at)]
        if self.exited_at is not None:
            cells.append(self._cell("exited", self.exited_at, self.reason))
        if self.objective_at is not None:
            cells.append(self._cell("objective", self.objective_at))
        return cells

    def _cell(self, kind: str, at: datetime, way: str = "") -> JourneyCell:
        return JourneyCell(self.journey, self.version, day_of(at), kind, "", way)


def earliest(one: datetime | None, other: datetime | None) -> datetime | None:
    """The smaller of two times, either of which may be unknown."""
    if one is None or other is None:
        return one or other
    return min(one, other)
