"""Laws of the rows: whatever order and repetition records come in, they fold to the same row and the same counts."""

from collections import Counter
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from metrics.domain.cell import JourneyCell, difference
from metrics.domain.definition import Journey, Stage
from metrics.domain.figures import JourneyCounts, conservation, stage_figures
from metrics.domain.instance import Instance
from metrics.domain.outcome import Outcome
from metrics.domain.visit import EXIT, Visit

_BEGIN = datetime(2026, 3, 1, tzinfo=UTC)
_times = st.integers(0, 5).map(lambda n: _BEGIN + timedelta(hours=11 * n))
_maybe = st.none() | _times
_names = st.sampled_from(["a", "b"])

_instances = st.builds(
    Instance,
    instance_id=st.just("i"),
    first_at=_times,
    profile_id=_names,
    journey=st.just("j"),
    version=_names,
    entered_at=_maybe,
    exited_at=_maybe,
    reason=_names,
    objective_at=_maybe,
)
_visits = st.builds(
    Visit,
    instance_id=st.just("i"),
    visit=st.just(1),
    first_at=_times,
    profile_id=_names,
    journey=st.just("j"),
    version=_names,
    stage=_names,
    entered_at=_maybe,
    left_at=_maybe,
    exit_to=st.sampled_from(["b", EXIT]),
    reason=st.sampled_from(["", "x", "y"]),
    cause=st.just("c"),
)
_outcomes = st.builds(
    Outcome,
    at=_times,
    command_id=st.just("c"),
    outcome=st.just("sent"),
    profile_id=_names,
    message=_names,
    reason=_names,
)
Row = Instance | Visit | Outcome


@given(one=_instances, two=_instances, three=_instances)
def test_folding_instances_knows_no_order_and_no_repetition(one: Instance, two: Instance, three: Instance) -> None:
    _holds(one, two, three)


@given(one=_visits, two=_visits, three=_visits)
def test_folding_visits_knows_no_order_and_no_repetition(one: Visit, two: Visit, three: Visit) -> None:
    _holds(one, two, three)


@given(one=_outcomes, two=_outcomes, three=_outcomes)
def test_folding_outcomes_knows_no_order_and_no_repetition(one: Outcome, two: Outcome, three: Outcome) -> None:
    _holds(one, two, three)


@given(rows=st.lists(_visits, min_size=1, max_size=6))
def test_differences_add_up_to_the_cells_of_the_last_row(rows: list[Visit]) -> None:
    total: Counter[JourneyCell] = Counter()
    known: dict[tuple[str, int], Visit] = {}
    for row in rows:
        after = known[row.key].fold(row) if row.key in known else row
        total.update(difference(known, [(row.key, after)]))
        known[row.key] = after
    assert {cell: n for cell, n in total.items() if n} == dict(Counter(known[rows[0].key].cells()))


def test_nothing_is_counted_before_the_entry_is_known() -> None:
    left = Visit(
        instance_id="i", visit=1, first_at=_BEGIN, profile_id="p", journey="j", version="1", stage="a", left_at=_BEGIN,
        exit_to=EXIT,
    )  # fmt: skip
    assert left.cells() == []


def test_first_time_wins() -> None:
    early = _sent(_BEGIN)
    assert early.fold(_sent(_BEGIN + timedelta(days=1))).at == _BEGIN
    assert _sent(_BEGIN + timedelta(days=1)).fold(early) == early


def test_shares_are_of_the_stage_before_and_of_all_who_entered() -> None:
    counts = JourneyCounts(
        {
            ("entered", "", ""): 10,
            ("exited", "", "gone"): 2,
            ("stage_entered", "a", ""): 12,
            ("stage_reached", "a", ""): 10,
            ("stage_entered", "b", ""): 5,
            ("stage_reached", "b", ""): 4,
            ("moved", "entry", "a"): 10,
            ("moved", "a", "b"): 5,
            ("moved", "b", "a"): 2,
            ("moved", "a", "exit"): 2,
            ("stage_exited", "a", "gone"): 2,
        }
    )
    first, second = stage_figures(Journey(name="j", stages=(Stage(name="a"), Stage(name="b"))), counts)
    assert (first.inside, second.inside) == (5, 3)
    assert (first.from_before, second.from_before) == (None, 5 / 12)
    assert (first.from_entry, second.from_entry) == (1.0, 0.4)
    assert conservation(counts.n) == []


def test_conservation_names_what_does_not_add_up() -> None:
    assert conservation({("entered", "", ""): 1}) != []


def _holds(one: Row, two: Row, three: Row) -> None:
    def fold(first: Row, second: Row) -> Row:
        return first.fold(second)  # type: ignore[arg-type] # both are of one kind

    assert fold(one, two) == fold(two, one)
    assert fold(fold(one, two), three) == fold(one, fold(two, three))
    assert fold(one, one) == one


def _sent(at: datetime) -> Outcome:
    return Outcome(at=at, command_id="c", outcome="sent", profile_id="p")
