"""Every name names something."""

from collections.abc import Iterator

from pydantic import BaseModel

from journey_schemas.catalogue import BUILT_IN_EVENTS
from journey_schemas.journey import Journey
from journey_schemas.problem import Problem, did_you_mean
from journey_schemas.project import CATALOGUE_FILE, Origin, Project
from journey_schemas.references import Reference, references

#: So many names are listed when none is near.
_FEW = 10


def unknown_names(project: Project, model: BaseModel, origin: Origin) -> Iterator[Problem]:
    """Events, messages, segments, journeys and stages that are not there, each with the nearest that is."""
    for reference in references(model):
        if reference.kind == "stage":
            yield from _stage(project, model, origin, reference)
        elif reference.kind == "event":
            yield from _event(project, origin, reference)
        else:
            yield from _unknown(origin, reference, project.known(reference.kind))


def _event(project: Project, origin: Origin, reference: Reference) -> Iterator[Problem]:
    listed = project.known("event")
    if reference.name in listed or reference.name in BUILT_IN_EVENTS:
        return
    hint = did_you_mean(reference.name, listed, CATALOGUE_FILE) or did_you_mean(reference.name, BUILT_IN_EVENTS)
    if hint is None:
        hint = f"list it in {CATALOGUE_FILE}" if listed else f"there is no {CATALOGUE_FILE} that lists events"
    message = f'unknown event "{reference.name}"'
    severity = "warning" if reference.is_remark else "error"
    yield origin.problem(reference.loc, "unknown_event", message, suggestion=hint, severity=severity)


def _stage(project: Project, model: BaseModel, origin: Origin, reference: Reference) -> Iterator[Problem]:
    journey = model if isinstance(model, Journey) else None
    if reference.journey is not None and (journey is None or reference.journey != journey.journey):
        journey = project.journeys.get(reference.journey)
    if journey is None:
        return  # an unknown or broken journey, which is a problem of its own; or a segment, told elsewhere
    known = {stage.stage for stage in journey.stages}
    if reference.name == "entry" and reference.loc[-2:-1] == ("from",):
        return
    yield from _unknown(origin, reference, known, f' in journey "{journey.journey}"' if reference.journey else "")


def _unknown(origin: Origin, reference: Reference, known: set[str], where: str = "") -> Iterator[Problem]:
    if reference.name in known:
        return
    message = f'unknown {reference.kind} "{reference.name}"{where}'
    hint = did_you_mean(reference.name, known)
    if hint is None and 0 < len(known) <= _FEW:
        hint = f"there are {', '.join(sorted(known))}"
    yield origin.problem(reference.loc, f"unknown_{reference.kind}", message, suggestion=hint)
