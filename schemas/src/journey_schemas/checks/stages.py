"""Stages: different names, each reachable, no loop of gotos that never waits."""

from collections import Counter
from collections.abc import Iterator

from journey_schemas.journey import RESERVED_STAGES, Journey
from journey_schemas.problem import Problem
from journey_schemas.project import Origin
from journey_schemas.step import (
    AnyStep,
    BranchStep,
    ExitStep,
    ExperimentStep,
    GotoStep,
    WaitForStep,
    WaitStep,
    inner_steps,
)
from journey_schemas.walk import walk


def wrong_stages(journey: Journey, origin: Origin) -> Iterator[Problem]:
    """All that is wrong with a journey's stages."""
    yield from _names(journey, origin)
    yield from _unreachable(journey, origin)
    yield from _loops(journey, origin)


def _names(journey: Journey, origin: Origin) -> Iterator[Problem]:
    first: dict[str, int] = {}
    for index, stage in enumerate(journey.stages):
        loc = ("stages", index, "stage")
        if stage.stage in RESERVED_STAGES:
            message = f'no stage can be named "{stage.stage}": the language uses this word for something else'
            yield origin.problem(loc, "reserved_stage", message)
        if first.setdefault(stage.stage, index) != index:
            line = origin.source.place((*origin.below, "stages", first[stage.stage], "stage")).line
            message = f'there is another stage "{stage.stage}", in line {line}'
            yield origin.problem(loc, "duplicate_stage", message)


def _unreachable(journey: Journey, origin: Origin) -> Iterator[Problem]:
    targets = Counter(placed.step.goto for placed in walk(journey) if isinstance(placed.step, GotoStep))
    for index, stage in enumerate(journey.stages):
        if index and stage.when is None and not targets[stage.stage]:
            message = f'nothing leads to the stage "{stage.stage}"'
            hint = "give it a `when`, or a `goto` in another stage"
            yield origin.problem(("stages", index, "stage"), "unreachable_stage", message, suggestion=hint)


def _loops(journey: Journey, origin: Origin) -> Iterator[Problem]:
    """A goto that everybody takes, without a wait, back to where they came from; taken by some, it is a warning."""
    blocks = {stage.stage: stage.steps for stage in journey.stages}
    index_of = {stage.stage: index for index, stage in enumerate(journey.stages)}
    possible = {name: _targets(steps)[0] for name, steps in blocks.items()}
    certain = {name: _certain(steps) for name, steps in blocks.items()}
    told: set[str] = set()
    for name in blocks:
        circle = _circle(name, {stage: {target} if target else set() for stage, target in certain.items()})
        severity = "error"
        if circle is None:
            circle, severity = _circle(name, possible), "warning"
        if circle is None or told & set(circle):
            continue
        told |= set(circle)
        shown = " -> ".join((*circle, circle[0]))
        loc = ("stages", index_of[name], "stage")
        if severity == "error":
            message = f"stages in a loop without a wait: {shown}"
            yield origin.problem(loc, "loop_without_wait", message)
        else:
            message = f"stages may go round without a wait: {shown}; whoever does is parked as stuck"
            yield origin.problem(loc, "loop_without_wait", message, severity="warning")


def _circle(start: str, edges: dict[str, set[str]]) -> list[str] | None:
    """A way from `start` back to itself."""
    ways, seen = [[start]], {start}
    while ways:
        way = ways.pop()
        for target in sorted(edges.get(way[-1], ())):
            if target == start:
                return way
            if target not in seen:
                seen.add(target)
                ways.append([*way, target])
    return None


def _targets(steps: tuple[AnyStep, ...]) -> tuple[set[str], bool]:
    """Where a goto may lead before any wait, and whether one can come to the end without one."""
    found: set[str] = set()
    for step in steps:
        match step:
            case GotoStep():
                return found | {step.goto}, False
            case ExitStep() | WaitStep() | WaitForStep():
                return found, False
            case BranchStep() | ExperimentStep():
                inner = [_targets(block) for _, block, _ in inner_steps(step)]
                found |= {target for targets, _ in inner for target in targets}
                if isinstance(step, BranchStep) and not any(goes_on for _, goes_on in inner):
                    return found, False
            case _:
                pass
    return found, True


def _certain(steps: tuple[AnyStep, ...]) -> str | None:
    """The stage that everybody goes to without a wait; None when some wait, leave, stay or go elsewhere."""
    for step in steps:
        match step:
            case GotoStep():
                return step.goto
            case ExitStep() | WaitStep() | WaitForStep():
                return None
            case BranchStep() | ExperimentStep():
                targets, _ = _targets((step,))
                if targets or _ends(step):
                    return None
            case _:
                pass
    return None


def _ends(step: AnyStep) -> bool:
    """Whether some way inside waits or leaves."""
    for _, block, _ in inner_steps(step):
        for inner in block:
            if isinstance(inner, ExitStep | WaitStep | WaitForStep) or _ends(inner):
                return True
    return False
