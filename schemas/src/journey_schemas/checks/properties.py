"""Properties that journeys look at: listed in the catalogue, and compared with values of their type."""

from collections.abc import Iterator, Sequence
from datetime import datetime

from pydantic import BaseModel

from journey_schemas.catalogue import BUILT_IN_EVENTS, CatalogueEvent, Elements
from journey_schemas.comparison import Comparison
from journey_schemas.path import is_path
from journey_schemas.problem import Problem, did_you_mean
from journey_schemas.project import CATALOGUE_FILE, Origin, Project
from journey_schemas.references import PropertyUse, property_uses

#: What can be named beside properties, with its type; below `context` anything.
BESIDE = {"event": "text", "timestamp": "time", "source": "text"}

_TEXT_ONLY = ("starts_with", "ends_with")
_TIME_ONLY = ("before", "after", "within_last", "within_next")
_ORDER = ("at_least", "at_most", "more_than", "less_than", "between")


def wrong_properties(project: Project, model: BaseModel, origin: Origin) -> Iterator[Problem]:
    """Properties that no named event has, and comparisons that no value of the type could satisfy."""
    for use in property_uses(model):
        if use.name in BESIDE:
            yield from _mistyped(origin, use, {BESIDE[use.name]})
            continue
        events = [project.catalogue.root.get(event) for event in use.events if event not in BUILT_IN_EVENTS]
        listed = [event for event in events if event is not None]
        if use.name.partition(".")[0] == "context" or not listed or len(listed) < len(use.events):
            continue  # feedback carries the delivery's fields; unknown events are a problem of their own
        types = {found for event in listed if (found := _type(event, use.name)) is not None}
        if types:
            yield from _mistyped(origin, use, types)
        else:
            yield _unknown(origin, use, listed)


def _type(event: CatalogueEvent, name: str) -> str | None:
    """The type of a property; `list` of one that has elements."""
    properties = event.properties or {}
    head, *rest = name.split(".")
    while True:
        found = properties.get(head)
        if not isinstance(found, Elements):
            return found if found is None or not rest else None
        if not rest:
            return "list"
        properties, (head, *rest) = found.properties, rest


def _unknown(origin: Origin, use: PropertyUse, events: Sequence[CatalogueEvent]) -> Problem:
    known = {path for event in events for path in _paths(event)}
    named = " or ".join(f'"{event}"' for event in use.events)
    hint = did_you_mean(use.name, known, CATALOGUE_FILE) or f"list it in {CATALOGUE_FILE}"
    message = f'unknown property "{use.name}" of {named}'
    is_value = use.loc[-1] in {"of", "each"}
    loc, key = (use.loc, None) if is_value else (use.loc[:-1], use.name)
    return origin.problem(loc, "unknown_property", message, key=key, suggestion=hint)


def _paths(event: CatalogueEvent) -> Iterator[str]:
    for name, kind in (event.properties or {}).items():
        yield name
        if isinstance(kind, Elements):
            yield from (f"{name}.{inner}" for inner in kind.properties)


def _mistyped(origin: Origin, use: PropertyUse, types: set[str]) -> Iterator[Problem]:
    comparison = use.comparison
    if comparison is None:
        return
    words = " or ".join(sorted(types))
    for operator in sorted(comparison.model_fields_set):
        if not _is_possible(operator, types):
            message = f"`{operator}` does not fit the property {use.name}, which is {words}"
            yield origin.problem(use.loc, "wrong_type", message, key=operator)
    for operand in comparison.operands():
        if not is_path(operand) and not any(_fits(operand, kind) for kind in types):
            message = f"{_shown(operand)} does not fit the property {use.name}, which is {words}"
            yield origin.problem(_operand_loc(use, comparison, operand), "wrong_type", message)


def _operand_loc(use: PropertyUse, comparison: Comparison, operand: object) -> tuple[str | int, ...]:
    for operator in comparison.model_fields_set:
        value = getattr(comparison, operator)
        name = operator.removesuffix("_")
        if isinstance(value, tuple) and operand in value:
            index = value.index(operand)
            return (*use.loc, index) if operator == "one_of" else (*use.loc, name, index)
        if value is operand:
            return (*use.loc, name)
    return use.loc


def _is_possible(operator: str, types: set[str]) -> bool:
    if operator in _TEXT_ONLY:
        return "text" in types
    if operator in _TIME_ONLY:
        return bool(types & {"time", "date"})
    return operator not in _ORDER or types != {"boolean"}


def _fits(value: object, kind: str) -> bool:
    match kind:
        case "number" | "money":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case "boolean":
            return isinstance(value, bool)
        case "time" | "date":
            return isinstance(value, str) and _is_time(value)
        case "text":
            return isinstance(value, str)
        case _:
            return True


def _is_time(text: str) -> bool:
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return f'"{value}"' if isinstance(value, str) else str(value)
