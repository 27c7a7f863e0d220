"""Reading one YAML file with the place of each value: YAML 1.2 without tags, anchors, aliases and repeated keys.

Values are built from the parser's events, so no file can make more of itself than it is long: there are no aliases to
expand, no tags to construct, and nesting ends at a limit.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import MarkedYAMLError, YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    Event,
    MappingEndEvent,
    MappingStartEvent,
    NodeEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from journey_schemas.problem import Problem

MAX_BYTES = 1 << 20
MAX_DEPTH = 50
MAX_VALUES = 20_000

Loc = tuple[str | int, ...]

_INT = re.compile(r"[-+]?[0-9]{1,18}|0o[0-7]{1,20}|0x[0-9a-fA-F]{1,15}", re.ASCII)
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]{1,3})?", re.ASCII)
_WORDS: dict[str, bool | None] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}


@dataclass(frozen=True, slots=True)
class Place:
    """Line and column, from 1."""

    line: int
    column: int


@dataclass(slots=True)
class Node:
    """One value with its place. `items` of a list, `fields` of a map (with the places of its keys), else a scalar."""

    value: Any  # any JSON
    place: Place
    items: "list[Node] | None" = None
    fields: "dict[str, tuple[Place, Node]] | None" = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """One file, read."""

    file: str
    root: Node

    def place(self, loc: Loc, key: str | None = None) -> Place:
        """Where the value at `loc` stands; with `key`, that key of it.

        Steps that the file does not have are passed over: a list of one needs no brackets, and unions add marks.
        """
        node, place = self.root, self.root.place
        for step in loc:
            if step == "[key]":
                return place
            if isinstance(step, int):
                if node.items is not None and step < len(node.items):
                    node = node.items[step]
                    place = node.place
            elif node.fields is not None and step in node.fields:
                place, node = node.fields[step]
        if key is not None and node.fields is not None and key in node.fields:
            return node.fields[key][0]
        return node.place if "[key]" not in loc else place

    def problem(self, loc: Loc, code: str, message: str, **rest: Any) -> Problem:  # fields of Problem
        """A problem with the value at `loc`; `key` points to a key of it."""
        place = self.place(loc, rest.pop("key", None))
        return Problem(file=self.file, line=place.line, column=place.column, code=code, message=message, **rest)


def read(content: bytes, file: str) -> tuple[Source | None, list[Problem]]:
    """The values of a file, and what is wrong with how it is written. No source: nothing can be said of its content."""
    try:
        text = _text(content)
        reader = _Reader(file)
        root = reader.read(text)
    except _RefusedError as error:
        return None, [Problem(file=file, line=error.line, column=error.column, code="yaml", message=error.message)]
    return Source(file=file, root=root), reader.problems


class _RefusedError(Exception):
    """This file cannot be read."""

    def __init__(self, message: str, line: int = 1, column: int = 1) -> None:
        super().__init__(message)
        self.message, self.line, self.column = message, line, column


def _text(content: bytes) -> str:
    if len(content) > MAX_BYTES:
        raise _RefusedError(f"the file is longer than {MAX_BYTES:,} bytes")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - (content.rfind(b"\n", 0, error.start) + 1) + 1
        raise _RefusedError("the file is not UTF-8", line, column) from error


class _Reader:
    """Builds the nodes of one document from its events."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._values = 0

    def read(self, text: str) -> Node:
        """The root. Raises _RefusedError."""
        try:
            return self._document(YAML(typ="safe", pure=True).parse(text))
        except MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            words = error.problem or error.context or "this is no YAML"
            line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
            raise _RefusedError(f"this is no YAML: {words}", line, column) from error
        except YAMLError as error:
            raise _RefusedError(f"this is no YAML: {str(error).splitlines()[0]}") from error

    def _document(self, events: Iterator[Event]) -> Node:
        root: Node | None = None
        for event in events:
            if isinstance(event, DocumentStartEvent):
                if root is not None:
                    raise _refused(event, "one file holds one document: `---` begins a second one")
                if event.version or event.tags:
                    raise _refused(event, "directives (`%YAML`, `%TAG`) are not allowed")
            elif isinstance(event, NodeEvent):
                root = self._node(event, events)
        if root is None:
            raise _RefusedError("the file is empty")
        return root

    def _node(self, first: Event, events: Iterator[Event]) -> Node:
        """One value with all that is inside, without recursion: nesting costs no stack."""
        root = self._open(first)
        stack = [root] if root.items is not None or root.fields is not None else []
        keys: list[tuple[str, Place] | None] = [None]
        while stack:
            event, parent = next(events), stack[-1]
            if isinstance(event, MappingEndEvent | SequenceEndEvent):
                stack.pop()
                keys.pop()
                continue
            node = self._open(event)
            if parent.fields is not None and keys[-1] is None:
                keys[-1] = self._key(event, node, parent)
                continue
            self._put(parent, node, keys)
            if node.items is not None or node.fields is not None:
                stack.append(node)
                keys.append(None)
                if len(stack) > MAX_DEPTH:
                    raise _refused(event, f"nested more than {MAX_DEPTH} deep")
        return root

    def _open(self, event: Event) -> Node:
        self._values += 1
        if self._values > MAX_VALUES:
            raise _refused(event, f"more than {MAX_VALUES:,} values in one file")
        if isinstance(event, AliasEvent):
            raise _refused(event, f"aliases (`*{event.anchor}`) are not allowed: write the value again")
        if isinstance(event, NodeEvent) and event.anchor is not None:
            raise _refused(event, f"anchors (`&{event.anchor}`) are not allowed: write the value where it is needed")
        tag = getattr(event, "tag", None)
        if tag is not None:
            raise _refused(event, f"tags (`{tag}`) are not allowed")
        place = Place(event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, MappingStartEvent):
            return Node({}, place, fields={})
        if isinstance(event, SequenceStartEvent):
            return Node([], place, items=[])
        assert isinstance(event, ScalarEvent)
        is_plain = event.style is None
        return Node(_plain(event.value) if is_plain else event.value, place)

    def _key(self, event: Event, node: Node, parent: Node) -> tuple[str, Place]:
        if not isinstance(event, ScalarEvent):
            raise _refused(event, "a key is a text, not a list or a map")
        key = str(event.value)
        if key == "<<" and event.style is None:
            raise _refused(event, "merge keys (`<<`) are not allowed")
        assert parent.fields is not None
        if key in parent.fields:
            first = parent.fields[key][0]
            self.problems.append(
                Problem(
                    file=self.file,
                    line=node.place.line,
                    column=node.place.column,
                    code="repeated_key",
                    message=f"`{key}` stands here twice, first in line {first.line}",
                )
            )
        return key, node.place

    @staticmethod
    def _put(parent: Node, node: Node, keys: list[tuple[str, Place] | None]) -> None:
        if parent.items is not None:
            parent.items.append(node)
            parent.value.append(node.value)
            return
        assert parent.fields is not None
        key = keys[-1]
        assert key is not None
        parent.fields[key[0]] = (key[1], node)
        parent.value[key[0]] = node.value
        keys[-1] = None


def _plain(text: str) -> str | bool | int | float | None:
    """The YAML 1.2 core schema: `on`, `no`, `10:00` and dates are text."""
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        digits = {"0o": 8, "0x": 16}.get(text[:2], 10)
        return int(text, digits)
    return float(text) if _FLOAT.fullmatch(text) else text


def _refused(event: Event, message: str) -> _RefusedError:
    return _RefusedError(message, event.start_mark.line + 1, event.start_mark.column + 1)
