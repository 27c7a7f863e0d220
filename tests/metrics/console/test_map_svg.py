"""The drawings: the same figures give the same bytes, everything in them is well-formed and inside the picture."""

import re
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as Xml

from hypothesis import given
from hypothesis import strategies as st

from metrics.console import map_svg, mini_svg, stay_svg
from metrics.domain.definition import Stage
from metrics.domain.figures import StageFigures

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
_names = st.sampled_from(["new", "a & b", "<b>", 'quo"te', "x" * 60, "é"])
_counts = st.integers(0, 10**7)


@st.composite
def _maps(draw: st.DrawFn) -> tuple[list[map_svg.Node], dict[tuple[str, str], int]]:
    names = draw(st.lists(_names, min_size=1, max_size=6, unique=True))
    nodes = [
        map_svg.Node(
            name=name,
            phase=draw(_names),
            inside=draw(_counts),
            entered=draw(_counts),
            is_final=draw(st.booleans()),
            exits=draw(st.dictionaries(_names, st.integers(1, 10**6), max_size=6)),
        )
        for name in names
    ]
    ends = [*names, "entry", "exit", "unknown"]
    pairs = st.tuples(st.sampled_from(ends), st.sampled_from(ends))
    return nodes, draw(st.dictionaries(pairs, st.integers(1, 10**6), max_size=12))


@given(given_map=_maps())
def test_same_figures_same_bytes_and_well_formed(
    given_map: tuple[list[map_svg.Node], dict[tuple[str, str], int]],
) -> None:
    nodes, moves = given_map
    drawn = map_svg.draw("map of <x>", nodes, moves)
    backwards = dict(reversed(moves.items()))
    assert map_svg.draw("map of <x>", nodes, backwards) == drawn
    root = Xml.fromstring(drawn)  # noqa: S314 - our own text
    assert root.get("role") == "img"
    assert len(root.findall(".//{*}g[@class='node']")) + len(root.findall(".//{*}g[@class='node final']")) == len(nodes)
    for group in root.iter("{http://www.w3.org/2000/svg}g"):
        assert group.find("{*}title") is not None
    width, height = float(root.get("width", 0)), float(root.get("height", 0))
    for text in root.iter("{http://www.w3.org/2000/svg}text"):
        assert 0 <= float(text.get("x", -1)) <= width
        assert 0 <= float(text.get("y", -1)) <= height + 4


def test_width_goes_with_the_square_root() -> None:
    nodes = [map_svg.Node(name=name, phase="", inside=0, entered=0, is_final=False, exits={}) for name in "abc"]
    drawn = map_svg.draw("m", nodes, {("entry", "a"): 400, ("a", "b"): 400, ("b", "c"): 100})
    widths = [float(one) for one in re.findall(r'stroke-width="([0-9.]+)"', drawn)]
    assert widths == [14.0, 14.0, 7.0]


def test_back_edges_run_below_and_arcs_never_share_a_lane() -> None:
    nodes = [
        map_svg.Node(name=name, phase="", inside=0, entered=0, is_final=False, exits={})
        for name in ("a", "b", "c", "d")
    ]
    drawn = map_svg.draw("m", nodes, {("a", "c"): 1, ("b", "d"): 1, ("d", "a"): 1, ("c", "a"): 1})
    levels = re.findall(r'class="(edge[^"]*)"><path d="M\d+ \d+ Q\d+ ([0-9.]+)', drawn)
    assert len(levels) == 4
    assert len({level for _, level in levels}) == 4
    cards = [float(one) for one in re.findall(r'<rect x="\d+" y="(\d+)"', drawn)]
    assert all(float(level) > max(cards) for kind, level in levels if "back" in kind)
    assert all(float(level) < min(cards) for kind, level in levels if "back" not in kind)


def test_the_small_picture_and_the_stays_escape_every_name() -> None:
    figures = StageFigures(
        stage=Stage(name="<b>"), is_declared=True, entries=3, inside=1, leaves={}, exits={}, ways={}, from_before=0.5,
        from_entry=1.2,
    )  # fmt: skip
    Xml.fromstring(mini_svg.draw("<t>", [figures, figures]))  # noqa: S314 - our own text
    lane = stay_svg.Lane(
        name="<j>",
        stays=[stay_svg.Stay(stage="<b>", since=_BEGIN, until=_BEGIN + timedelta(hours=1), is_over=False)],
        marks=[stay_svg.Mark(at=_BEGIN, text="<m>", is_silence=True)],
    )
    drawn = stay_svg.draw([lane], [stay_svg.Mark(at=_BEGIN, text="<t>")], _BEGIN, _BEGIN + timedelta(hours=1))
    Xml.fromstring(drawn)  # noqa: S314 - our own text
    assert stay_svg.draw([], [], _BEGIN, _BEGIN) == ""
