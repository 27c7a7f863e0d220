"""What the demo shows while it plays: a live table in a terminal, a line every few seconds elsewhere."""

import statistics
import time
from types import TracebackType
from typing import Any, Self  # Any: JSON of the read API

from rich.console import Console, Group
from rich.live import Live
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from local_stack.demo.figures import Figure
from local_stack.demo.play import Progress

_LINE_EVERY_S = 5.0


class Screen:
    """`show` may be called often; it draws what is known."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=4) if console.is_terminal else None
        self._next_line_s = 0.0

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, line: str) -> None:
        """One line that stays."""
        self._console.print(line, highlight=False)

    def show(self, progress: Progress, totals: dict[str, Any]) -> None:
        """The present state of the play."""
        if self._live is not None:
            self._live.update(_picture(progress, totals))
        elif time.monotonic() >= self._next_line_s:
            self._next_line_s = time.monotonic() + _LINE_EVERY_S
            self.say(_line(progress, totals))


def percentile(values: list[float], share: float) -> float | None:
    """The value below which `share` of the values lie; None of none."""
    if not values:
        return None
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def latency(progress: Progress) -> str:
    """`p50 41 ms, p99 120 ms` from the touchpoint to the mailbox."""
    if not progress.latencies_s:
        return "no mail yet"
    p50, p99 = statistics.median(progress.latencies_s), percentile(progress.latencies_s, 0.99)
    assert p99 is not None
    return f"p50 {p50 * 1000:.0f} ms, p99 {p99 * 1000:.0f} ms"


def _line(progress: Progress, totals: dict[str, Any]) -> str:
    seconds = time.time() - progress.begun_s
    return (
        f"{seconds:5.0f} s  people {progress.finished}/{progress.people}  events {progress.events.total()}"
        f"  profiles {totals.get('profiles', 0)}  merges {totals.get('merges', 0)}"
        f"  mails {progress.letters.total()}  event->mail {latency(progress)}"
    )


def _picture(progress: Progress, totals: dict[str, Any]) -> Group:
    figures = Table.grid(padding=(0, 3))
    for _ in range(6):
        figures.add_column(justify="right")
    clicks = sum(one["clicked"] for one in totals.get("messages", {}).values())
    figures.add_row(
        *(
            Text.assemble((f"{value:,}", "bold"), f" {name}")
            for name, value in (
                ("events in", progress.events.total()),
                ("people", totals.get("profiles", 0)),
                ("merges", totals.get("merges", 0)),
                ("mails", progress.letters.total()),
                ("clicks", clicks),
            )
        ),
        Text.assemble((latency(progress), "bold"), " event to mail"),
    )
    journeys = Table(box=None, padding=(0, 2), header_style="dim")
    for name in ("journey", "entered", "now inside", "stages (entered)", "objective"):
        journeys.add_column(name)
    for name, one in sorted(totals.get("journeys", {}).items()):
        stages = "  ".join(f"{stage} {n}" for stage, n in one["stages"].items())
        reached = f"{one['objective']} ({one['objective'] / one['entered']:.0%})" if one["entered"] else "-"
        journeys.add_row(name, str(one["entered"]), str(one["inside"]), stages, reached)
    bar = ProgressBar(total=progress.people, completed=progress.finished, width=60)
    seconds = time.time() - progress.begun_s
    head = Text(f"A small shop, one day lasts two seconds: {progress.finished} of {progress.people} visits over")
    return Group(Panel(Group(head, bar, Text(""), figures, Text(""), journeys), title=f"{seconds:.0f} s"))


def verdict(figures: list[Figure]) -> Group:
    """The final table: every figure from both sides; what differs stands out."""
    table = Table(title="Counted by Waypost, and by the visitors' own diaries", padding=(0, 2))
    for name, justify in (("figure", "left"), ("diaries", "right"), ("Waypost", "right"), ("", "left")):
        table.add_column(name, justify=justify)  # type: ignore[arg-type] # literals of rich
    for figure in figures:
        mark = Text("equal", style="green") if figure.is_equal else Text("DIFFERENT", style="bold red")
        table.add_row(figure.name, str(figure.expected), str(figure.counted), mark)
    return Group(table)
