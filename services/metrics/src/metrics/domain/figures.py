"""Figures from counts. Shares are of 1 and None where nothing was there to take a share of."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from metrics.domain.definition import Journey, Stage
from metrics.domain.visit import ENTRY, EXIT


@dataclass(slots=True)
class JourneyCounts:
    """Counts of one journey over all its versions: `(kind, stage, way)` to n."""

    n: dict[tuple[str, str, str], int] = field(default_factory=dict)

    def of(self, kind: str, stage: str = "", way: str = "") -> int:
        """One count."""
        return self.n.get((kind, stage, way), 0)

    def by_way(self, kind: str, stage: str = "") -> dict[str, int]:
        """Counts of a kind by reason or next stage, the largest first."""
        found = {way: n for (one, at, way), n in self.n.items() if one == kind and at == stage and n}
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def by_reason(self, kind: str) -> dict[str, int]:
        """Counts of a kind by reason, whatever the stage."""
        found: dict[str, int] = {}
        for (one, _, way), n in self.n.items():
            if one == kind and n:
                found[way] = found.get(way, 0) + n
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def stages(self) -> set[str]:
        """Stages that were ever entered."""
        return {stage for (kind, stage, _), n in self.n.items() if kind == "stage_entered" and n}

    @property
    def entered(self) -> int:
        """Instances that entered the journey."""
        return self.of("entered")

    @property
    def exited(self) -> int:
        """Instances that left it."""
        return sum(self.by_way("exited").values())

    @property
    def objective(self) -> int:
        """Instances that reached the objective."""
        return self.of("objective")


@dataclass(frozen=True, slots=True, kw_only=True)
class StageFigures:
    """One stage. Conservation: `entries` = `inside` + all `leaves`.

    `from_before` is the share of the entries into the declared stage before that moved on to this one; `from_entry`
    the share of those who entered the journey that were ever here.
    """

    stage: Stage
    is_declared: bool
    entries: int
    inside: int
    leaves: dict[str, int]
    exits: dict[str, int]
    ways: dict[str, int]
    from_before: float | None
    from_entry: float | None


def stage_figures(journey: Journey, counts: JourneyCounts) -> list[StageFigures]:
    """Every declared stage in order, then stages that only older versions had."""
    declared = {stage.name for stage in journey.stages}
    gone = [Stage(name=name) for name in sorted(counts.stages() - declared)]
    found = []
    before: str | None = None
    for stage in (*journey.stages, *gone):
        found.append(_figures(stage, counts, before if stage.name in declared else None, stage.name in declared))
        before = stage.name
    return found


def _figures(stage: Stage, counts: JourneyCounts, before: str | None, is_declared: bool) -> StageFigures:  # noqa: FBT001 - read with its name at the only call
    entries = counts.of("stage_entered", stage.name)
    leaves = counts.by_way("moved", stage.name)
    moved = (
        None if before is None else share(counts.of("moved", before, stage.name), counts.of("stage_entered", before))
    )
    return StageFigures(
        stage=stage,
        is_declared=is_declared,
        entries=entries,
        inside=entries - sum(leaves.values()),
        leaves=leaves,
        exits=counts.by_way("stage_exited", stage.name),
        ways=counts.by_way("passed", stage.name),
        from_before=moved,
        from_entry=share(counts.of("stage_reached", stage.name), counts.entered),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageFigures:
    """Commands of one message in one stage, by what became of them. `suppressed` and `failed` are by reason."""

    message: str
    stage: str
    outcomes: dict[str, int]
    suppressed: dict[str, int]
    failed: dict[str, int]

    def n(self, outcome: str) -> int:
        """Commands with this outcome."""
        return self.outcomes.get(outcome, 0)

    def rate(self, outcome: str) -> float | None:
        """Share of the messages sent."""
        return share(self.n(outcome), self.n("sent"))


def message_figures(rows: Iterable[tuple[str, str, str, str, int]]) -> dict[tuple[str, str], MessageFigures]:
    """From rows of stage, message, outcome, reason, n; by stage and message."""
    found: dict[tuple[str, str], MessageFigures] = {}
    for stage, message, outcome, reason, n in rows:
        one = found.setdefault(
            (stage, message),
            MessageFigures(message=message, stage=stage, outcomes={}, suppressed={}, failed={}),
        )
        if not n:
            continue
        one.outcomes[outcome] = one.outcomes.get(outcome, 0) + n
        by_reason = {"suppressed": one.suppressed, "failed": one.failed}.get(outcome)
        if by_reason is not None:
            by_reason[reason] = by_reason.get(reason, 0) + n
    return found


def together(message: str, parts: Iterable[MessageFigures]) -> MessageFigures:
    """The same message over all stages."""
    whole = MessageFigures(message=message, stage="", outcomes={}, suppressed={}, failed={})
    for part in parts:
        for into, counts in (
            (whole.outcomes, part.outcomes),
            (whole.suppressed, part.suppressed),
            (whole.failed, part.failed),
        ):
            for name, n in counts.items():
                into[name] = into.get(name, 0) + n
    return whole


def edges(counts: JourneyCounts) -> dict[tuple[str, str], int]:
    """Moves between stages, from `entry` and to `exit` included."""
    return {(stage, way): n for (kind, stage, way), n in counts.n.items() if kind == "moved" and n}


def share(part: int, whole: int) -> float | None:
    """`part` of `whole`; None of nothing."""
    return part / whole if whole else None


def conservation(counts: Mapping[tuple[str, str, str], int]) -> list[str]:
    """What does not add up, in words; empty when entered = inside + exited and so on."""
    known = JourneyCounts(dict(counts))
    problems = []
    moves = edges(known)
    inside = 0
    for stage in sorted(known.stages() | {to for _, to in moves if to != EXIT}):
        entries = known.of("stage_entered", stage)
        arrived = sum(n for (_, to), n in moves.items() if to == stage)
        if entries != arrived:
            problems.append(f"{stage}: {entries} entries, {arrived} arrivals")
        inside += entries - sum(known.by_way("moved", stage).values())
    if known.entered - known.exited != inside:
        problems.append(f"{known.entered} entered - {known.exited} exited, {inside} in stages")
    begun = sum(n for (start, _), n in moves.items() if start == ENTRY)
    if begun != known.entered:
        problems.append(f"{known.entered} entered, {begun} began in a stage")
    return problems
