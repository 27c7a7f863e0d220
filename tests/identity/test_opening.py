"""At an opening PostgreSQL has what Kafka has, or one batch more; anything else stops."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.opening import Opening, Reached, compare
from journey_runtime.errors import OffsetsDisagree
from journey_runtime.processor import Position

A, B, C = ("touchpoints", 0), ("touchpoints", 1), ("touchpoints", 2)


def test_a_new_graph_and_a_new_group_agree() -> None:
    assert compare([], 0, {A: None, B: None}) is Opening.CLEAN


@given(st.dictionaries(st.sampled_from([A, B, C]), st.tuples(st.integers(-1, 50), st.integers(1, 50)), min_size=1))
def test_the_last_batch_is_wholly_in_kafka_or_wholly_not(moves: dict[Position, tuple[int, int]]) -> None:
    rows = [Reached(place, before, before + by, 7) for place, (before, by) in moves.items()]
    done = {place: before + by for place, (before, by) in moves.items()}
    undone = {place: None if before < 0 else before for place, (before, _) in moves.items()}
    assert compare(rows, 7, done) is Opening.CLEAN
    assert compare(rows, 7, undone) is Opening.PENDING
    if len(moves) > 1:
        first = next(iter(moves))
        with pytest.raises(OffsetsDisagree):
            compare(rows, 7, {**undone, first: done[first]})


@pytest.mark.parametrize(
    ("committed_a", "committed_b"),
    [(11, 5), (12, None), (13, 5), (None, 5), (12, 6), (12, 4)],
)
def test_anything_else_is_refused(committed_a: int | None, committed_b: int | None) -> None:
    rows = [Reached(A, 10, 12, 7), Reached(B, 3, 5, 6)]
    with pytest.raises(OffsetsDisagree, match="touchpoints/"):
        compare(rows, 7, {A: committed_a, B: committed_b})


def test_a_position_the_graph_never_heard_of_is_refused() -> None:
    with pytest.raises(OffsetsDisagree):
        compare([], 0, {A: 4})


def test_a_batch_that_was_moved_back_is_clean() -> None:
    assert compare([Reached(A, 10, 10, 7)], 7, {A: 10}) is Opening.CLEAN
