"""The journey map as inline SVG: stages in declared order from left to right, what flows between, who left and why.

Moves to the next stage run between the cards, longer ones in arcs above, those back in arcs below; widths go with the
square root of n. Pure: the same figures give the same bytes. Colours are classes of the stylesheet.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from math import sqrt

from metrics.domain.visit import ENTRY

_CARD_W, _CARD_H, _GAP, _SIDE = 184, 104, 80, 16
_DOOR = 34
_LANE = 34
_LINE = 18
_MOST_REASONS = 4
#: Up to so many stages the whole map may shrink to the width of the page; more are scrolled.
_FITS = 5
_THICKEST, _THINNEST = 14.0, 1.5


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """One stage; `exits` are those who left the journey from here, by reason."""

    name: str
    phase: str
    inside: int
    entered: int
    is_final: bool
    exits: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class _Edge:
    """From column to column; -1 is the entry."""

    start: int
    end: int
    n: int

    @property
    def span(self) -> tuple[int, int]:
        return min(self.start, self.end), max(self.start, self.end)


def draw(title: str, nodes: Sequence[Node], moves: Mapping[tuple[str, str], int]) -> str:
    """`moves` maps (from, to) to n, with `entry` and `exit` as ends; moves of unknown stages are left out."""
    columns = {node.name: number for number, node in enumerate(nodes)} | {ENTRY: -1}
    known = {pair: n for pair, n in moves.items() if pair[0] in columns and pair[1] in columns and pair[1] != ENTRY}
    edges = [_Edge(columns[start], columns[to], n) for (start, to), n in known.items()]
    edges.sort(key=lambda one: (*one.span, one.start))
    most = max([edge.n for edge in edges] + [sum(node.exits.values()) for node in nodes] + [1])
    above = _lanes([edge for edge in edges if edge.end > edge.start + 1])
    below = _lanes([edge for edge in edges if edge.end < edge.start])
    lanes_above = max(above.values(), default=-1) + 1
    has_loops = any(edge.start == edge.end for edge in edges)
    top = 14 + max(lanes_above * _LANE + 14 if lanes_above else 0, 26 if has_loops else 0)
    reasons = max((_reason_lines(node) for node in nodes), default=0)
    under = top + _CARD_H + (20 + reasons * _LINE if reasons else 0)
    height = under + 10 + (max(below.values(), default=-1) + 1) * _LANE
    width = _left(len(nodes)) - _GAP + _SIDE
    parts = [
        f'<svg class="map{" fits" if len(nodes) <= _FITS else ""}" role="img"'
        f' viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>',
        f'<circle class="door" cx="{_SIDE + _DOOR / 2:g}" cy="{top + _CARD_H / 2:g}" r="{_DOOR / 2:g}">'
        "<title>entry</title></circle>"
        f'<text class="door-label" x="{_SIDE + _DOOR / 2:g}" y="{top + _CARD_H / 2 + 4:g}">in</text>',
    ]
    names = [node.name for node in nodes]
    for edge in edges:
        parts.append(_edge(edge, names, top=top, under=under, most=most, lane=above.get(edge, below.get(edge, 0))))
    parts += [_card(node, number, top) for number, node in enumerate(nodes)]
    parts += [_exits(node, number, top, most) for number, node in enumerate(nodes) if node.exits]
    return "".join(parts) + "</svg>"


def _left(column: int) -> int:
    """The left edge of a card; that of column -1 is the door's."""
    return _SIDE if column < 0 else _SIDE + _DOOR + _GAP + column * (_CARD_W + _GAP)


def _right(column: int) -> int:
    return _SIDE + _DOOR if column < 0 else _left(column) + _CARD_W


def _lanes(edges: Sequence[_Edge]) -> dict[_Edge, int]:
    """The nearest lane in which an arc overlaps no other; short arcs lie nearest."""
    lanes: dict[_Edge, int] = {}
    for edge in sorted(edges, key=lambda one: (one.span[1] - one.span[0], one.start, one.end)):
        low, high = edge.span
        taken = {lane for other, lane in lanes.items() if other.span[0] < high and low < other.span[1]}
        lanes[edge] = next(lane for lane in range(len(taken) + 1) if lane not in taken)
    return lanes


def _thickness(n: int, most: int) -> float:
    return max(_THINNEST, _THICKEST * sqrt(n / most))


def _edge(edge: _Edge, names: Sequence[str], *, top: int, under: int, most: int, lane: int) -> str:
    start = names[edge.start] if edge.start >= 0 else ENTRY
    middle = top + _CARD_H / 2
    kind = "edge"
    if edge.end == edge.start:
        x = _left(edge.start) + _CARD_W - 30
        path = f"M{x} {top} C{x - 4} {top - 22} {x + 28} {top - 22} {x + 20} {top}"
        label_x, label_y = x + 8.0, top - 20.0
    elif edge.end == edge.start + 1:
        x0, x1 = _right(edge.start), _left(edge.end)
        path = f"M{x0} {middle:g} C{x0 + 30} {middle:g} {x1 - 30} {middle:g} {x1} {middle:g}"
        label_x, label_y = (x0 + x1) / 2, middle - _thickness(edge.n, most) / 2 - 6
    else:
        is_back = edge.end < edge.start
        kind = "edge back" if is_back else "edge"
        y = under + 6 + lane * _LANE if is_back else top - 16 - lane * _LANE
        y0 = top + _CARD_H if is_back else top
        x0 = _left(edge.start) + (10 if is_back else _CARD_W - 24)
        x1 = _left(edge.end) + (_CARD_W - 8 if is_back else 24)
        if edge.start < 0:
            x0, y0 = _SIDE + _DOOR // 2, top + (_CARD_H - _DOOR) // 2
        bend = 16 if x1 > x0 else -16
        path = f"M{x0} {y0} Q{x0} {y} {x0 + bend} {y} H{x1 - bend} Q{x1} {y} {x1} {y0 if edge.start >= 0 else top}"
        half = _thickness(edge.n, most) / 2
        label_x, label_y = (x0 + x1) / 2, y + half + 13 if is_back else y - half - 5
    return (
        f'<g class="{kind}"><path d="{path}" stroke-width="{_thickness(edge.n, most):.1f}"/>'
        f'<text class="flow" x="{label_x:g}" y="{label_y:g}">{edge.n:,}</text>'
        f"<title>{escape(start)} to {escape(names[edge.end])}: {edge.n:,}</title></g>"
    )


def _card(node: Node, column: int, top: int) -> str:
    x = _left(column)
    tip = f"{node.name}: {node.inside:,} now, {node.entered:,} entered"
    return (
        f'<a href="#stage-{column}"><g class="node{" final" if node.is_final else ""}">'
        f'<rect x="{x}" y="{top}" width="{_CARD_W}" height="{_CARD_H}" rx="8"/>'
        f'<text class="phase" x="{x + 14}" y="{top + 22}">{escape(_cut(node.phase or "stage", 22))}</text>'
        f'<text class="name" x="{x + 14}" y="{top + 44}">{escape(_cut(node.name, 19))}</text>'
        f'<text class="count" x="{x + 14}" y="{top + 72}">{node.inside:,}<tspan class="unit" dx="6">now</tspan></text>'
        f'<text class="small" x="{x + 14}" y="{top + 92}">{node.entered:,} entered</text>'
        f"<title>{escape(tip)}</title></g></a>"
    )


def _exits(node: Node, column: int, top: int, most: int) -> str:
    """A stub downwards with the reasons beneath."""
    x, y = _left(column), top + _CARD_H
    total = sum(node.exits.values())
    shown = list(node.exits.items())[:_MOST_REASONS]
    rest = total - sum(n for _, n in shown)
    lines = shown + ([("other reasons", rest)] if rest else [])
    texts = "".join(
        f'<text class="reason" x="{x + 38}" y="{y + 22 + number * _LINE}"><tspan class="n">{n:,}</tspan>'
        f'<tspan dx="6">{escape(_cut(reason or "no reason told", 15))}</tspan></text>'
        for number, (reason, n) in enumerate(lines)
    )
    tip = ", ".join(f"{reason or 'no reason told'}: {n:,}" for reason, n in node.exits.items())
    return (
        f'<g class="exit"><path d="M{x + 26} {y} V{y + 16 + (len(lines) - 1) * _LINE // 2}"'
        f' stroke-width="{_thickness(total, most):.1f}"/>'
        f"{texts}<title>left from {escape(node.name)}: {escape(tip)}</title></g>"
    )


def _reason_lines(node: Node) -> int:
    return min(len(node.exits), _MOST_REASONS + 1)


def _cut(text: str, most: int) -> str:
    return text if len(text) <= most else text[: most - 1].rstrip() + "…"
