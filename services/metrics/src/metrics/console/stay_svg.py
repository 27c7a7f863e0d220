"""One person's time as inline SVG: a lane of touchpoints, then one per journey: stays as bars, messages as dots."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from html import escape

_LABEL_W, _W, _LANE_H, _TOP = 140, 1158, 44, 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A moment: a touchpoint, or a message in the lane of its journey. A silence is something not sent."""

    at: datetime
    text: str
    is_silence: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Stay:
    """A visit; `until` is the end of the picture where it goes on."""

    stage: str
    since: datetime
    until: datetime
    is_over: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One run of one journey."""

    name: str
    stays: Sequence[Stay]
    marks: Sequence[Mark]


def draw(lanes: Sequence[Lane], touches: Sequence[Mark], begin: datetime, end: datetime) -> str:
    """All moments lie between `begin` and `end`. Nothing at all gives no picture."""
    if not touches and not lanes:
        return ""
    span = max((end - begin).total_seconds(), 1.0)

    def x(at: datetime) -> float:
        return _LABEL_W + (at - begin).total_seconds() / span * (_W - _LABEL_W - 12)

    height = _TOP + (len(lanes) + 1) * _LANE_H + 26
    parts = [
        f'<svg class="stays" role="img" viewBox="0 0 {_W} {height}" width="{_W}" height="{height}"'
        ' xmlns="http://www.w3.org/2000/svg"><title>stays, touchpoints and messages over time</title>',
        _label("touchpoints", _TOP),
        f'<path class="axis" d="M{_LABEL_W} {_TOP + _LANE_H / 2:g} H{_W - 12}"/>',
    ]
    for mark in touches:
        parts.append(
            f'<rect class="touch" x="{x(mark.at) - 1.5:.1f}" y="{_TOP + 10}" width="3" height="{_LANE_H - 20}">'
            f"<title>{escape(mark.text)}</title></rect>"
        )
    for number, lane in enumerate(lanes, 1):
        y = _TOP + number * _LANE_H
        parts.append(_label(lane.name, y))
        for place, stay in enumerate(lane.stays):
            left, wide = x(stay.since), max(3.0, x(stay.until) - x(stay.since) - 1)
            name = escape(stay.stage)
            text = f'<text x="{left + 8:.1f}" y="{y + 27}">{name}</text>' if wide > 8 * len(stay.stage) + 12 else ""
            parts.append(
                f'<g class="stay tone-{place % 4}{"" if stay.is_over else " open"}">'
                f'<rect x="{left:.1f}" y="{y + 8}" width="{wide:.1f}" height="{_LANE_H - 16}" rx="4"/>'
                f"{text}<title>{name}</title></g>"
            )
        for mark in lane.marks:
            kind = "message silent" if mark.is_silence else "message"
            parts.append(
                f'<circle class="{kind}" cx="{x(mark.at):.1f}" cy="{y + 8}" r="5">'
                f"<title>{escape(mark.text)}</title></circle>"
            )
    base = height - 8
    parts.append(f'<text class="tick" x="{_LABEL_W}" y="{base}">{_clock(begin)}</text>')
    parts.append(f'<text class="tick end" x="{_W - 12}" y="{base}">{_clock(end)}</text>')
    return "".join(parts) + "</svg>"


def _label(text: str, y: int) -> str:
    shown = text if len(text) <= 20 else text[:19] + "…"
    return f'<text class="lane" x="0" y="{y + _LANE_H / 2 + 4:g}">{escape(shown)}</text>'


def _clock(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")
