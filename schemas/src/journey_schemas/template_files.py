"""Bodies that stand in a file of their own, beside the message: `body: welcome.html`."""

import re
from pathlib import Path

from journey_schemas.problem import Problem
from journey_schemas.yaml_source import MAX_BYTES, Node, Source

_FILE = re.compile(r"[^\s{}<>]+\.(liquid|html|mjml|txt)", re.IGNORECASE)
_KEYS = frozenset({"body", "text", "html", "script"})


def inline(source: Source, beside: Path, project: Path) -> list[Problem]:
    """Put the texts of named files where their names stand, and tell which cannot be read."""
    problems: list[Problem] = []
    channels = (source.root.fields or {}).get("channels")
    for channel, (_, node) in ((channels[1].fields if channels else None) or {}).items():
        for key, (_, value) in (node.fields or {}).items():
            if key in _KEYS and isinstance(value.value, str) and _FILE.fullmatch(value.value):
                text = _read(source, ("channels", channel, key), beside / value.value, project)
                if isinstance(text, Problem):
                    problems.append(text)
                else:
                    _replace(node, key, text)
    return problems


def _read(source: Source, loc: tuple[str, ...], path: Path, project: Path) -> str | Problem:
    if not path.resolve().is_relative_to(project.resolve()):
        return source.problem(loc, "template_file", "a body's file lies inside the project")
    if not path.is_file():
        return source.problem(loc, "template_file", f"there is no file {path.name} beside this one")
    if path.stat().st_size > MAX_BYTES:
        return source.problem(loc, "template_file", f"{path.name} is longer than {MAX_BYTES:,} bytes")
    try:
        return path.read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return source.problem(loc, "template_file", f"{path.name} is not UTF-8")


def _replace(node: Node, key: str, text: str) -> None:
    assert node.fields is not None
    node.fields[key][1].value = text
    node.value[key] = text
