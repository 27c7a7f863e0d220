"""Everything a definition names: a walk over its models that gives each part with the way to it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from pydantic import BaseModel

from journey_schemas.aggregate import Less, ListValue, Measure, NewestValue
from journey_schemas.comparison import Comparison
from journey_schemas.condition import ConditionForms, Inside, Reached
from journey_schemas.journey import Journey, Stage, StageMap
from journey_schemas.step import Emit, GotoStep, HumanTask, Send, Start
from journey_schemas.trigger import EnterTrigger, Objective
from journey_schemas.what import What
from journey_schemas.yaml_source import Loc

Kind = Literal["event", "message", "segment", "journey", "stage"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reference:
    """One name, of what kind, and where it stands. `journey`: of which journey a stage is; None: of its own.

    `is_remark`: it only tells readers of the map something.
    """

    kind: Kind
    name: str
    loc: Loc
    journey: str | None = None
    is_remark: bool = False


def parts(model: BaseModel, loc: Loc = ()) -> Iterator[tuple[BaseModel, Loc]]:
    """The model and all models inside it, each with the way to it in its file, outer before inner."""
    yield model, loc
    for name, field in type(model).model_fields.items():
        yield from _inside(getattr(model, name), (*loc, field.alias or name))


def _inside(value: object, loc: Loc) -> Iterator[tuple[BaseModel, Loc]]:
    if isinstance(value, BaseModel):
        yield from parts(value, loc)
    elif isinstance(value, tuple):
        for index, element in enumerate(value):
            yield from _inside(element, (*loc, index))
    elif isinstance(value, dict):
        for key, element in value.items():
            yield from _inside(element, (*loc, key))


def references(model: BaseModel) -> Iterator[Reference]:
    """All names of other things in a definition."""
    for part, loc in parts(model):
        if isinstance(part, What):
            yield from _many("event", part.event, (*loc, "event"))
            yield from _many("message", part.message, (*loc, "message"))
            yield from _named_events(part.where.get("event"), (*loc, "where", "event"))
        match part:
            case ConditionForms():
                yield from _many("segment", part.segment, (*loc, "segment"))
                yield from _many("stage", part.came_from, (*loc, "came_from"))
            case Inside() | Reached():
                if part.journey is not None:
                    yield Reference(kind="journey", name=part.journey, loc=(*loc, "journey"))
                yield from _many("stage", part.stage, (*loc, "stage"), part.journey)
            case Objective() if part.reach is not None:
                yield Reference(kind="stage", name=part.reach, loc=(*loc, "reach"))
            case Stage():
                yield from _many("stage", part.from_, (*loc, "from"))
            case GotoStep():
                yield Reference(kind="stage", name=part.goto, loc=(*loc, "goto"))
            case Send():
                yield Reference(kind="message", name=part.message, loc=(*loc, "message"))
            case HumanTask() if part.message is not None:
                yield Reference(kind="message", name=part.message, loc=(*loc, "message"))
            case Emit():
                yield Reference(kind="event", name=part.event, loc=(*loc, "event"))
            case Start():
                yield Reference(kind="journey", name=part.journey, loc=(*loc, "journey"))
            case StageMap():
                for index, name in enumerate(part.touchpoints or ()):
                    yield Reference(kind="event", name=name, loc=(*loc, "touchpoints", index), is_remark=True)
            case _:
                pass


@dataclass(frozen=True, slots=True, kw_only=True)
class PropertyUse:
    """A property of some events that is looked at, with what it is compared with."""

    events: tuple[str, ...]
    name: str
    loc: Loc
    comparison: Comparison | None = None


def property_uses(model: BaseModel) -> Iterator[PropertyUse]:
    """All properties of events that a definition looks at."""
    entering = _entering(model)
    for part, loc in parts(model):
        if isinstance(part, What) and part.event is not None:
            for name, comparison in part.where.items():
                yield PropertyUse(events=part.event, name=name, loc=(*loc, "where", name), comparison=comparison)
            if isinstance(part, Measure | ListValue | NewestValue | Less):
                yield PropertyUse(events=part.event, name=part.of, loc=(*loc, "of"))
            if isinstance(part, EnterTrigger) and part.each is not None:
                yield PropertyUse(events=part.event, name=part.each, loc=(*loc, "each"))
        if isinstance(part, ConditionForms) and part.entry is not None and entering:
            for name, comparison in part.entry.items():
                yield PropertyUse(events=entering, name=name, loc=(*loc, "entry", name), comparison=comparison)


def _entering(model: BaseModel) -> tuple[str, ...]:
    """The events of which `$entry` can be; none where something else may enter as well."""
    if not isinstance(model, Journey) or any(trigger.event is None for trigger in model.enter):
        return ()
    return tuple(event for trigger in model.enter for event in trigger.event or ())


def _many(kind: Kind, names: tuple[str, ...] | None, loc: Loc, journey: str | None = None) -> Iterator[Reference]:
    for index, name in enumerate(names or ()):
        yield Reference(kind=kind, name=name, loc=(*loc, index), journey=journey)


def _named_events(comparison: Comparison | None, loc: Loc) -> Iterator[Reference]:
    """`where: {event: Cart Updated}` names an event as well."""
    if comparison is None:
        return
    if isinstance(comparison.exactly, str):
        yield Reference(kind="event", name=comparison.exactly, loc=(*loc, "exactly"))
    for index, name in enumerate(comparison.one_of or ()):
        if isinstance(name, str):
            yield Reference(kind="event", name=name, loc=(*loc, "one_of", index))
