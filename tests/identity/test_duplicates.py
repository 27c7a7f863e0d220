"""What was seen is found for as long as it is remembered, through memory and storage alike."""

from hypothesis import given
from hypothesis import strategies as st

from identity.duplicates import WINDOW_MS, Duplicates, key_of, packed

HOUR_MS = 3_600_000
keys = st.sets(st.integers(0, 2**64 - 1), max_size=20)


@given(st.lists(st.tuples(st.integers(0, 12), keys), max_size=12), keys)
def test_found_is_what_was_added(batches: list[tuple[int, set[int]]], asked: set[int]) -> None:
    duplicates, told = Duplicates(24, 10_000), set[int]()
    for window, batch in sorted(batches, key=lambda one: one[0]):
        duplicates.add(window * WINDOW_MS, batch)
        told |= batch
    asked |= set(list(told)[::2])
    assert duplicates.found(asked, is_deep=True) == asked & told


@given(keys, keys)
def test_what_was_stored_is_found_after_loading(one: set[int], other: set[int]) -> None:
    duplicates = Duplicates(24, 10_000)
    duplicates.load(0, packed(one))
    duplicates.load(WINDOW_MS, packed(other))
    duplicates.add(WINDOW_MS, {5})
    duplicates.add(2 * WINDOW_MS, {6})
    assert duplicates.found(one | other | {5, 6, 7}, is_deep=True) >= one | other | {5, 6}


def test_without_a_reason_only_the_last_hour_is_asked() -> None:
    duplicates = Duplicates(24, 10_000)
    for hour in range(5):
        duplicates.add(hour * HOUR_MS, {hour})
    assert duplicates.found({0, 1, 2, 3, 4}, is_deep=False) == {3, 4}
    assert duplicates.found({0, 1, 2, 3, 4}, is_deep=True) == {0, 1, 2, 3, 4}


def test_after_23_hours_it_is_known_and_after_25_forgotten() -> None:
    duplicates = Duplicates(24, 10_000)
    duplicates.add(0, {7})
    duplicates.add(23 * HOUR_MS, {8})
    assert duplicates.found({7}, is_deep=True) == {7}
    assert duplicates.seconds >= 23 * 3600
    duplicates.add(25 * HOUR_MS, {9})
    assert duplicates.found({7, 8}, is_deep=True) == {8}


def test_above_the_most_ids_the_oldest_are_forgotten_early() -> None:
    duplicates = Duplicates(24, 3)
    for window in range(4):
        duplicates.add(window * WINDOW_MS, {2 * window, 2 * window + 1})
    assert duplicates.found(set(range(8)), is_deep=True) == {4, 5, 6, 7}


def test_equal_ids_of_two_sources_are_two() -> None:
    assert key_of("web", "m") != key_of("app", "m")
    assert key_of("web", "m") == key_of("web", "m")
