"""Size report: prints modules and functions above "look again"; fails only above an unlisted cap.

Caps: 400 lines a module (tests 500), 60 lines a function, 80 lines a `__main__.py`. What must exceed one stands with
its reason in `tests/size_exceptions.toml`. A mirror,
not a target: split by meaning, never because a counter says so.
"""

import ast
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parents[2]
FOLDERS = ("schemas", "libs", "services", "cli", "deploy", "tests", "benchmarks")


class Size(NamedTuple):
    """Lines of one place: a module, or a function within it."""

    place: str
    lines: int
    look_again: int
    cap: int


def sizes(path: Path) -> Iterator[Size]:
    """The module's own size, then that of each function in it."""
    text = path.read_text()
    name = path.relative_to(ROOT).as_posix()
    lines = text.count("\n")
    if path.name == "__main__.py":
        yield Size(name, lines, 60, 80)
    else:
        yield Size(name, lines, 250, 500 if name.startswith("tests/") else 400)
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
            yield Size(f"{name}:{node.name}", node.end_lineno - node.lineno + 1, 30, 60)


def main() -> int:
    """Print the report; 1 when something is above its cap and not listed, or a test folder holds an `__init__.py`."""
    listed = tomllib.loads((ROOT / "tests/size_exceptions.toml").read_text())
    failed = 0
    count = total = 0
    for folder in FOLDERS:
        for path in sorted((ROOT / folder).rglob("*.py")):
            if "migrations/versions" in path.as_posix():
                continue
            for size in sizes(path):
                if ":" not in size.place:
                    count, total = count + 1, total + size.lines
                if size.lines <= size.look_again:
                    continue
                reason = listed.get(size.place, "")
                is_over = size.lines > size.cap and not reason
                failed += is_over
                word = "TOO LARGE" if is_over else "excepted" if size.lines > size.cap else "look again"
                print(f"{word:10} {size.lines:4d}/{size.cap} {size.place} {reason}")
    for path in (ROOT / "tests").rglob("__init__.py"):
        print(f"REMOVE {path.relative_to(ROOT)}: it would shadow the package of the same name")
        failed += 1
    print(f"{count} modules, {total} lines, {failed} above a cap")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
