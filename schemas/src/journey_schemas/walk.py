"""Where steps stand: the id of each, the ways inside it, and a walk over all of a stage.

A step's id is its own `id:`; else its path, counted from 0: `bought/3` is the fourth step of stage `bought`. Inside a
step the path goes on with the way and the place in it: `bought/3/voucher/0` in a variant, `nudging/3/0/0` in the first
way of a branch or the first trigger of a wait_for, `nudging/3/else/0` in its else. Where the outer step has an `id:`
that stands for its path (`offer/voucher/0`), so what is inside keeps its ids when the outer step moves.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from journey_schemas.journey import Journey, Stage
from journey_schemas.step import AnyStep, BranchStep, ExperimentStep, WaitForStep

#: The last way of a branch or wait_for.
ELSE = "else"


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStep:
    """A step where it stands.

    `block` is the list it is part of, `prefix` what the ids in that list begin with, `index` its place there. `loc`
    leads to it in the journey's file. `outer` is the step it is inside of, None at the top of the stage.
    """

    id: str
    step: AnyStep
    stage: str
    prefix: str
    block: tuple[AnyStep, ...]
    index: int
    loc: tuple[str | int, ...]
    outer: "PlacedStep | None"


def step_id(prefix: str, index: int, step: AnyStep) -> str:
    """The id of the step at `index` of the block whose ids begin with `prefix` (at the top, the stage's name)."""
    return step.id if step.id is not None else f"{prefix}/{index}"


def way_prefix(outer: str, way: str) -> str:
    """What the ids of a way's steps begin with, from the id of the step it belongs to."""
    return f"{outer}/{way}"


def ways(step: AnyStep) -> tuple[tuple[str, tuple[AnyStep, ...]], ...]:
    """The ways inside a step by name, in file order: `0`, `1`, `else`, or a variant's name. Most steps have none."""
    return tuple((way, steps) for way, steps, _ in _ways(step))


def _ways(step: AnyStep) -> Iterator[tuple[str, tuple[AnyStep, ...], tuple[str | int, ...]]]:
    match step:
        case BranchStep():
            for index, way in enumerate(step.branch):
                yield str(index), way.then, ("branch", index, "then")
            yield ELSE, step.else_, ("else",)
        case WaitForStep():
            for index, awaited in enumerate(step.wait_for):
                yield str(index), awaited.then, ("wait_for", index, "then")
            yield ELSE, step.else_, ("else",)
        case ExperimentStep():
            for index, variant in enumerate(step.variants):
                yield variant.variant, variant.then, ("variants", index, "then")
        case _:
            return


def walk_stage(stage: Stage, loc: tuple[str | int, ...] = ()) -> Iterator[PlacedStep]:
    """All steps of a stage, outer before inner, in file order. `loc` leads to the stage in its file."""
    yield from _walk(stage.stage, stage.stage, stage.steps, (*loc, "steps"), None)


def walk(journey: Journey) -> Iterator[PlacedStep]:
    """All steps of a journey."""
    for index, stage in enumerate(journey.stages):
        yield from walk_stage(stage, ("stages", index))


def _walk(
    stage: str, prefix: str, block: tuple[AnyStep, ...], loc: tuple[str | int, ...], outer: PlacedStep | None
) -> Iterator[PlacedStep]:
    for index, step in enumerate(block):
        placed = PlacedStep(
            id=step_id(prefix, index, step),
            step=step,
            stage=stage,
            prefix=prefix,
            block=block,
            index=index,
            loc=(*loc, index),
            outer=outer,
        )
        yield placed
        for way, steps, inner in _ways(step):
            yield from _walk(stage, way_prefix(placed.id, way), steps, (*placed.loc, *inner), placed)
