"""One stay of an instance in a stage, and the first time an instance reached a stage."""

from dataclasses import dataclass
from datetime import datetime

from metrics.domain.cell import JourneyCell, day_of
from metrics.domain.instance import earliest

ENTRY = "entry"
EXIT = "exit"


@dataclass(frozen=True, slots=True, kw_only=True)
class Visit:
    """Fold of the records of one visit; `visit` counts from 1. `exit_to` is the next stage, or `exit` with a reason."""

    instance_id: str
    visit: int
    first_at: datetime
    profile_id: str
    journey: str
    version: str
    stage: str
    entered_at: datetime | None = None
    left_at: datetime | None = None
    exit_to: str = ""
    reason: str = ""
    cause: str = ""

    @property
    def key(self) -> tuple[str, int]:
        """What makes two rows the same."""
        return (self.instance_id, self.visit)

    def fold(self, other: "Visit") -> "Visit":
        """Both together. A stage gone to is better knowledge than a mere leaving."""
        first = min(self, other, key=lambda one: (one.first_at, one.profile_id, one.journey, one.version, one.stage))
        left = min(self, other, key=_leaving)
        return Visit(
            instance_id=self.instance_id,
            visit=self.visit,
            first_at=first.first_at,
            profile_id=first.profile_id,
            journey=first.journey,
            version=first.version,
            stage=first.stage,
            entered_at=earliest(self.entered_at, other.entered_at),
            left_at=left.left_at,
            exit_to=left.exit_to,
            reason=_smallest(self.reason, other.reason),
            cause=_smallest(self.cause, other.cause),
        )

    def cells(self) -> list[JourneyCell]:
        """Nothing before its beginning is known, so that inside = entries - leaves."""
        if self.entered_at is None:
            return []
        cells = [self._cell("stage_entered", self.entered_at, self.stage)]
        if self.visit == 1:
            cells.append(self._cell("moved", self.entered_at, ENTRY, self.stage))
        if self.left_at is not None:
            cells.append(self._cell("moved", self.left_at, self.stage, self.exit_to))
            if self.exit_to == EXIT:
                cells.append(self._cell("stage_exited", self.left_at, self.stage, self.reason))
        return cells

    def _cell(self, kind: str, at: datetime, stage: str, way: str = "") -> JourneyCell:
        return JourneyCell(self.journey, self.version, day_of(at), kind, stage, way)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """An instance has been in a stage, however often."""

    instance_id: str
    stage: str
    reached_at: datetime
    journey: str
    version: str

    @property
    def key(self) -> tuple[str, str]:
        """What makes two rows the same."""
        return (self.instance_id, self.stage)

    def fold(self, other: "Reach") -> "Reach":
        """The earlier one."""
        return min(self, other, key=lambda one: (one.reached_at, one.journey, one.version))

    def cells(self) -> list[JourneyCell]:
        """One per instance and stage."""
        return [JourneyCell(self.journey, self.version, day_of(self.reached_at), "stage_reached", self.stage, "")]


def _leaving(one: Visit) -> tuple[bool, datetime, bool, str]:
    return (one.left_at is None, one.left_at or one.first_at, one.exit_to == EXIT, one.exit_to)


def _smallest(one: str, other: str) -> str:
    return min(one, other) if one and other else one or other
