"""The small picture of a journey: one bar per stage, as high as the share of people who were ever there."""

from collections.abc import Sequence
from html import escape

from metrics.domain.figures import StageFigures

_BAR_W, _GAP, _H, _TEXT = 74, 40, 56, 34


def draw(title: str, stages: Sequence[StageFigures]) -> str:
    """Above each bar how many are inside, beneath its name; between two the share that went straight on."""
    width = len(stages) * (_BAR_W + _GAP) - _GAP
    height = _H + _TEXT + 18
    parts = [
        f'<svg class="mini" role="img" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' xmlns="http://www.w3.org/2000/svg"><title>{escape(title)}</title>'
    ]
    for number, one in enumerate(stages):
        x = number * (_BAR_W + _GAP)
        share = min(one.from_entry or 0.0, 1.0)
        bar = max(3.0, share * _H)
        tip = f"{one.stage.name}: {one.entries:,} entered, {one.inside:,} now"
        parts.append(
            f'<g><rect class="rest" x="{x}" y="18" width="{_BAR_W}" height="{_H}" rx="4"/>'
            f'<rect class="bar" x="{x}" y="{18 + _H - bar:.1f}" width="{_BAR_W}" height="{bar:.1f}" rx="4"/>'
            f'<text class="count" x="{x + _BAR_W / 2:g}" y="12">{one.entries:,}</text>'
            f'<text class="name" x="{x + _BAR_W / 2:g}" y="{18 + _H + 16}">{escape(_cut(one.stage.name))}</text>'
            f'<text class="small" x="{x + _BAR_W / 2:g}" y="{18 + _H + 31}">{one.inside:,} now</text>'
            f"<title>{escape(tip)}</title></g>"
        )
        if one.from_before is not None:
            parts.append(f'<text class="share" x="{x - _GAP / 2:g}" y="{18 + _H / 2:g}">{one.from_before:.0%}</text>')
    return "".join(parts) + "</svg>"


def _cut(name: str) -> str:
    return name if len(name) <= 12 else name[:11] + "…"
