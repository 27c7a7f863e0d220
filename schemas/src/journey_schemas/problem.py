"""Problems in written files: where, what, and what was probably meant."""

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Literal

#: An error refuses the project; a warning is probably a mistake; a note says what was passed over.
Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One problem. Lines and columns count from 1; `code` is stable, for machines."""

    file: str
    line: int
    column: int
    code: str
    message: str
    suggestion: str | None = None
    severity: Severity = "error"

    def __str__(self) -> str:
        kind = "" if self.severity == "error" else f"{self.severity}: "
        hint = f"; {self.suggestion}" if self.suggestion else ""
        return f"{self.file}:{self.line}:{self.column}: {kind}{self.message}{hint}"


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each once, by file, line and column."""
    return sorted(set(problems), key=lambda one: (one.file, one.line, one.column, one.code, one.message))


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that `name` most probably stands for; None when none is near."""
    by_lower = {one.lower(): one for one in sorted(known)}
    found = get_close_matches(name.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str], listed_in: str | None = None) -> str | None:
    """`did you mean "Order Completed"? (listed in touchpoints.yaml)`; None when nothing is near."""
    found = nearest(name, known)
    if found is None:
        return None
    return f'did you mean "{found}"?' + (f" (listed in {listed_in})" if listed_in else "")


def has_errors(problems: Iterable[Problem]) -> bool:
    """Whether any of them refuses the project."""
    return any(problem.severity == "error" for problem in problems)
