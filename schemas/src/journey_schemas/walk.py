"""Where steps stand: the id of each, the ways inside it, and a walk over all of a stage.

A step's id is its own `id:`; else its path, counted from 0: `bought/3` is the fourth step of stage `bought`. Inside a
step the path goes on with the way and the place in it: `bought/3/voucher/0` in a variant, `nudging/3/0/0` in the first
way of a branch or the first trigger of a wait_for, `nudging/3/else/0` in its else. An `id:` names its own step only:
the paths of what is inside go on from the place, not from the name.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from journey_schemas.journey import Journey, Stage
from journey_schemas.step import AnyStep, inner_steps

Loc = tuple[str | int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacedStep:
    """A step where it stands.

    `block` is the list it is part of and `index` its place there; `loc` leads to it in the journey's file. `outer` is
    the step it is inside of, None at the top of the stage.
    """

    id: str
    step: AnyStep
    stage: str
    block: tuple[AnyStep, ...]
    index: int
    loc: Loc
    outer: "PlacedStep | None"


def walk(journey: Journey) -> Iterator[PlacedStep]:
    """All steps of a journey, outer before inner, in file order."""
    for index, stage in enumerate(journey.stages):
        yield from walk_stage(stage, ("stages", index))


def walk_stage(stage: Stage, loc: Loc = ()) -> Iterator[PlacedStep]:
    """All steps of a stage. `loc` leads to the stage in its file."""
    yield from _walk(stage.stage, stage.stage, stage.steps, (*loc, "steps"), None)


def _walk(
    stage: str, prefix: str, block: tuple[AnyStep, ...], loc: Loc, outer: PlacedStep | None
) -> Iterator[PlacedStep]:
    for index, step in enumerate(block):
        path = f"{prefix}/{index}"
        placed = PlacedStep(
            id=step.id or path, step=step, stage=stage, block=block, index=index, loc=(*loc, index), outer=outer
        )
        yield placed
        for way, steps, inner in inner_steps(step):
            yield from _walk(stage, f"{path}/{way}", steps, (*placed.loc, *inner), placed)
