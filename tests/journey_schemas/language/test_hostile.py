"""Files made to hurt: each ends in one clear error, long before it costs anything."""

from collections.abc import Callable

import pytest

from journey_schemas.check import check
from journey_schemas.project import Project
from journey_schemas.yaml_source import MAX_BYTES, MAX_DEPTH, read

Write = Callable[..., Project]

BOMB = """a: &a [x, x]
b: &b [*a, *a]
c: &c [*b, *b]
d: [*c, *c]
"""


def refusal(content: bytes) -> str:
    source, problems = read(content, "a.journey.yaml")
    assert source is None
    (problem,) = problems
    return str(problem)


def test_a_bomb_is_refused_at_its_first_anchor() -> None:
    assert refusal(BOMB.encode()) == (
        "a.journey.yaml:1:4: anchors (`&a`) are not allowed: write the value where it is needed"
    )


def test_ten_megabytes_are_refused_unread(project: Write) -> None:
    problems = check(project({"a.journey.yaml": b"#" * (10 << 20)}))
    assert [str(problem) for problem in problems] == ["a.journey.yaml:1:1: the file is longer than 1,048,576 bytes"]


def test_a_file_of_the_allowed_size_is_read() -> None:
    source, problems = read(b"a: 1\n" + b"#" * (MAX_BYTES - 5), "a.yaml")
    assert source is not None
    assert problems == []


@pytest.mark.parametrize("text", ["[" * 1000, "{a: " * 1000, "\n".join(" " * depth + "a:" for depth in range(1000))])
def test_a_thousand_deep_is_refused_at_the_limit(text: str) -> None:
    assert refusal(text.encode()).endswith(f"nested more than {MAX_DEPTH} deep")


def test_the_allowed_depth_is_read() -> None:
    source, _ = read(("[" * MAX_DEPTH + "]" * MAX_DEPTH).encode(), "a.yaml")
    assert source is not None


def test_too_many_values_are_refused() -> None:
    assert refusal(("[" + "1," * 20_001 + "]").encode()).endswith("more than 20,000 values in one file")


def test_a_thousand_segments_in_a_circle_are_told_of_once(project: Write) -> None:
    names = [f"s{number}" for number in range(1000)]
    text = "".join(f"{name}: {{segment: {after}}}\n" for name, after in zip(names, names[1:] + names[:1], strict=True))
    problems = check(project({"segments.yaml": text}))
    assert [problem.code for problem in problems] == ["circular_segments"]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"a: \xff\n", "1:4: the file is not UTF-8"),
        (b"a: b\x00\n", "this is no YAML"),
        (b"? [a]\n: b\n", "1:3: a key is a text, not a list or a map"),
        (b"a: b: c\n", "this is no YAML"),
        (b"- a\nb: c\n", "this is no YAML"),
        (b"a: 'b\n", "this is no YAML"),
    ],
)
def test_what_is_no_yaml_is_refused_with_its_place(content: bytes, expected: str) -> None:
    assert expected in refusal(content)


def test_words_mean_what_yaml_1_2_says() -> None:
    text = "{on: no, at: 10:00, day: 2026-01-31, yes: 0o17, hex: 0x1f, octal: 010, n: -3, f: 1.50, e: 1e3, q: '7'}"
    source, _ = read(text.encode(), "a.yaml")
    assert source is not None
    assert source.root.value == {
        "on": "no",
        "at": "10:00",
        "day": "2026-01-31",
        "yes": 15,
        "hex": 31,
        "octal": 10,
        "n": -3,
        "f": 1.5,
        "e": 1000.0,
        "q": "7",
    }
