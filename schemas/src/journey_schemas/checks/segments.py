"""Segments name segments, but never in a circle."""

from collections.abc import Iterator

from journey_schemas.problem import Problem
from journey_schemas.project import Project
from journey_schemas.references import references

#: So many names of a circle are told.
_SHOWN = 10


def circles(project: Project) -> Iterator[Problem]:
    """Each circle once, at the name that closes it."""
    names = {
        name: [(found.name, found.loc) for found in references(condition) if found.kind == "segment"]
        for name, condition in project.segments.items()
    }
    done: set[str] = set()
    for start in names:
        way, todo = [start], [iter(names[start] if start not in done else ())]
        while todo:
            following = next(todo[-1], None)
            if following is None:
                todo.pop()
                done.add(way.pop())
                continue
            name, loc = following
            if name in way:
                circle = way[way.index(name) :]
                between = circle if len(circle) <= _SHOWN else [*circle[: _SHOWN - 1], "..."]
                shown = " -> ".join((*between, name))
                message = f"segments in a circle: {shown}"
                yield project.origins["segment", way[-1]].problem(loc, "circular_segments", message)
            elif name in names and name not in done:
                way.append(name)
                todo.append(iter(names[name]))
