"""Steps: shares that add up, ids that differ, nothing after the end, keyed journeys that look at their own events."""

from collections.abc import Iterator
from decimal import Decimal

from journey_schemas.journey import Journey
from journey_schemas.path import parse
from journey_schemas.problem import Problem
from journey_schemas.project import Origin, Project
from journey_schemas.step import ExitStep, ExperimentStep, GotoStep, WaitForStep
from journey_schemas.walk import PlacedStep, walk
from journey_schemas.what import What
from journey_schemas.yaml_source import Loc


def wrong_steps(project: Project, journey: Journey, origin: Origin) -> Iterator[Problem]:
    """All that is wrong with a journey's steps."""
    ids: dict[str, PlacedStep] = {}
    for placed in walk(journey):
        if ids.setdefault(placed.id, placed) is not placed:
            message = f'there is another step "{placed.id}"'
            yield origin.problem((*placed.loc, "id"), "duplicate_step", message)
        if isinstance(placed.step, ExperimentStep):
            yield from _shares(placed.step, placed, origin)
        if isinstance(placed.step, GotoStep | ExitStep) and placed.index + 1 < len(placed.block):
            loc = (*placed.loc[:-1], placed.index + 1)
            message = "this step can never run: the one before it leaves"
            yield origin.problem(loc, "unreachable_step", message, severity="warning")
    yield from _foreign_events(project, journey, origin)


def _shares(step: ExperimentStep, placed: PlacedStep, origin: Origin) -> Iterator[Problem]:
    total = sum((variant.share for variant in step.variants), step.holdout or Decimal())
    if total > 100:
        message = f"the shares of this experiment, holdout included, add up to {total.normalize():f}%, more than 100%"
        yield origin.problem((*placed.loc, "variants"), "shares", message)
    names = [variant.variant for variant in step.variants]
    for index, name in enumerate(names):
        if name in names[:index]:
            loc = (*placed.loc, "variants", index, "variant")
            yield origin.problem(loc, "duplicate_variant", f'there is another variant "{name}"')
    if step.winner is not None and step.winner not in names:
        loc = (*placed.loc, "winner")
        yield origin.problem(loc, "unknown_variant", f'unknown variant "{step.winner}"')


def _foreign_events(project: Project, journey: Journey, origin: Origin) -> Iterator[Problem]:
    """In a keyed journey, an event that carries the key and is not asked for it: it may be another instance's."""
    if journey.key is None:
        return
    key = parse(journey.key)
    if key.root not in {"event", "entry"}:
        return
    triggers: list[tuple[What, Loc]] = [(trigger, ("exit", index)) for index, trigger in enumerate(journey.exit)]
    for placed in walk(journey):
        if isinstance(placed.step, WaitForStep):
            for index, awaited in enumerate(placed.step.wait_for):
                triggers.append((awaited, (*placed.loc, "wait_for", index)))
    for trigger, loc in triggers:
        for event in trigger.event or ():
            listed = project.catalogue.root.get(event)
            if listed is not None and key.below in (listed.properties or {}) and key.below not in trigger.where:
                message = f'"{event}" carries {key.below}, the key, but is taken whichever it is of'
                hint = f"add `where: {{{key.below}: $instance.key}}`"
                place = (*loc, "event")
                yield origin.problem(place, "key_not_asked", message, suggestion=hint, severity="warning")
