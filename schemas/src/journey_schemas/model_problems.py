"""Errors of the models, told in the words of the language and with the place in the file."""

import re
from collections.abc import Iterator
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin

from pydantic import BaseModel, RootModel, Tag, ValidationError
from pydantic_core import ErrorDetails

from journey_schemas.problem import Problem, did_you_mean, in_order
from journey_schemas.yaml_source import Loc, Source

_EXPECTED = {
    "string_type": "a text is expected here",
    "int_type": "a whole number is expected here",
    "int_from_float": "a whole number is expected here",
    "float_type": "a number is expected here",
    "bool_type": "true or false is expected here",
    "tuple_type": "a list is expected here",
    "dict_type": "a map is expected here",
    "model_type": "a map is expected here",
    "model_attributes_type": "a map is expected here",
    "string_too_short": "a text is expected here, this one is empty",
}
#: More choices than a reader wants to be told.
_MANY = 10
_MISSING = {
    "up_to": "`up_to` is missing: every wait_for must end",
    "reason": "`reason` is missing: every exit says why",
}


def problems_of(error: ValidationError, model: type[BaseModel], source: Source, below: Loc = ()) -> list[Problem]:
    """All problems of one definition, in file order. `below`: where the definition stands in its file.

    A value that fits none of several forms is one problem that tells of each.
    """
    alone: list[Problem] = []
    of_values: dict[Loc, list[Problem]] = {}
    for detail in details_of(error):
        problem = _problem(detail, model, source, below)
        if detail["type"] in {"missing", "extra_forbidden"} or "key" in detail.get("ctx", {}):
            alone.append(problem)
        else:
            of_values.setdefault(_in_file(detail["loc"], source, below), []).append(problem)
    return in_order([*_without_echoes(alone), *map(_joined, of_values.values())])


def details_of(error: ValidationError) -> list[ErrorDetails]:
    """The errors that say something: a list whose elements are wrong is not too short as well."""
    return [
        detail
        for detail in error.errors(include_url=False)
        if detail["type"] != "too_short" or len(detail["input"]) < detail["ctx"]["min_length"]
    ]


def _without_echoes(problems: list[Problem]) -> Iterator[Problem]:
    """A key that is missing because it is misspelt is one problem, not two."""
    meant = {one.suggestion for one in problems if one.code == "extra_forbidden"}
    for problem in problems:
        key = problem.message.split("`")[1] if problem.code == "missing" else ""
        if problem.code != "missing" or f'did you mean "{key}"?' not in meant:
            yield problem


def _in_file(loc: Loc, source: Source, below: Loc) -> Loc:
    """The steps of `loc` that the file has."""
    node, kept = source.root, list[str | int]()
    for step in (*below, *loc):
        if isinstance(step, int):
            if node.items is not None and step < len(node.items):
                node = node.items[step]
                kept.append(step)
        elif node.fields is not None and step in node.fields:
            node = node.fields[step][1]
            kept.append(step)
    return tuple(kept)


def _joined(problems: list[Problem]) -> Problem:
    first = problems[0]
    messages = list(dict.fromkeys(problem.message for problem in problems))
    if len(messages) == 1:
        return first
    return Problem(
        file=first.file,
        line=first.line,
        column=first.column,
        code=first.code,
        message="; or ".join(messages),
        suggestion=next((problem.suggestion for problem in problems if problem.suggestion), None),
    )


def _problem(detail: ErrorDetails, model: type[BaseModel], source: Source, below: Loc) -> Problem:
    loc, kind = detail["loc"], detail["type"]
    context: dict[str, Any] = detail.get("ctx", {})  # pydantic's, by kind of error
    if kind == "missing":
        key = str(loc[-1])
        return source.problem((*below, *loc[:-1]), kind, _MISSING.get(key, f"`{key}` is missing"))
    if kind == "extra_forbidden":
        key = str(loc[-1])
        known = sorted(set(_keys_at(model, loc[:-1])))
        message = f"unknown key `{key}`"
        hint = did_you_mean(key, known) or (f"expected {', '.join(known)}" if known else None)
        return source.problem((*below, *loc[:-1]), kind, message, key=key, suggestion=hint)
    hint = None
    if kind == "literal_error":
        hint = did_you_mean(str(detail["input"]), _choices(context))
    elif kind == "step_kind":
        hint = did_you_mean(context["key"], context["known"]) or f"a step is one of {', '.join(context['known'])}"
    return source.problem(
        (*below, *loc), kind, _message(kind, context, detail), key=context.get("key"), suggestion=hint
    )


def _message(kind: str, context: dict[str, Any], detail: ErrorDetails) -> str:  # pydantic's context
    match kind:
        case "literal_error" if len(_choices(context)) > _MANY:
            return f"unknown value{_found(detail['input'])}"
        case "literal_error":
            return f"{context['expected'].replace(chr(39), '`')} is expected here{_found(detail['input'])}"
        case "string_pattern_mismatch":
            return _pattern_message(str(context["pattern"]), detail["input"])
        case "greater_than_equal":
            return f"at least {context['ge']} is expected here{_found(detail['input'])}"
        case "less_than_equal":
            return f"at most {context['le']} is expected here{_found(detail['input'])}"
        case "too_short":
            return f"at least {context['min_length']} expected here, found {context['actual_length']}"
        case "too_long" | "string_too_long":
            return f"at most {context['max_length']} expected here"
        case _ if kind in _EXPECTED:
            return _EXPECTED[kind] + _found(detail["input"])
        case _:
            return detail["msg"]


def _choices(context: dict[str, Any]) -> list[str]:  # pydantic's context
    return re.findall(r"'([^']*)'", context["expected"])


def _pattern_message(pattern: str, found: object) -> str:
    if pattern.startswith("^[A-Za-z0-9][A-Za-z0-9_-]*"):
        return f"a name is made of letters, digits, `-` and `_`{_found(found)}"
    if "FREQ" in pattern:
        return f"a schedule is written like FREQ=WEEKLY;BYDAY=MO{_found(found)}"
    if pattern.startswith("^(profile|event|vars)"):
        return f"a template path is written like profile.first_name{_found(found)}"
    return f"this is not written as expected here{_found(found)}"


def _found(value: object) -> str:
    if isinstance(value, bool):
        return f", found {str(value).lower()}"
    if isinstance(value, str):
        return f', found "{value if len(value) <= 60 else value[:60] + "..."}"'
    if isinstance(value, int | float):
        return f", found {value}"
    if isinstance(value, dict):
        return ", found a map"
    return ", found a list" if isinstance(value, list | tuple) else ""


def _keys_at(annotation: Any, loc: Loc) -> Iterator[str]:  # annotations are of any kind
    """The keys that may stand in the map at `loc` of a model."""
    origin = get_origin(annotation)
    if origin is Annotated:
        inner, *metadata = get_args(annotation)
        tag = next((mark.tag for mark in metadata if isinstance(mark, Tag)), None)
        if tag is None:
            yield from _keys_at(inner, loc)
        elif loc and loc[0] == tag:
            yield from _keys_at(inner, loc[1:])
    elif origin in {Union, UnionType}:
        for member in get_args(annotation):
            yield from _keys_at(member, loc)
    elif origin is tuple and loc and isinstance(loc[0], int):
        yield from _keys_at(get_args(annotation)[0], loc[1:])
    elif origin is dict and loc:
        yield from _keys_at(get_args(annotation)[1], loc[1:])
    elif isinstance(annotation, type) and issubclass(annotation, RootModel):
        yield from _keys_at(annotation.model_fields["root"].annotation, loc)
    elif isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield from _keys_of(annotation, loc)


def _keys_of(model: type[BaseModel], loc: Loc) -> Iterator[str]:
    for name, field in model.model_fields.items():
        alias = field.alias or name
        if not loc:
            yield alias
        elif loc[0] == alias:
            yield from _keys_at(field.rebuild_annotation(), loc[1:])
