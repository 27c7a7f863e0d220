"""Laws of `plan` and `process`, with the ledger as the processor."""

import subprocess
import sys
from collections import Counter
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from journey_runtime.processor import Batch, Due, Effects, Key, Record, View, due_keys, plan, process
from support.ledger import COMMANDS, EVERY_TOPIC, SOURCE, Entry, Ledger

COUNTS = dict.fromkeys(EVERY_TOPIC, 4)

values = st.one_of(
    st.integers(0, 2_000).map(lambda n: b'{"n":%d}' % n),
    st.sampled_from([b'{"n":13}', b'{"n":666}', b"no json", b'{"n":"x"}', b"\xff", b"", b'{"n":257}', b'{"n":901}']),
    st.none(),
)
keys = st.sampled_from([b"a", b"b", b"c", b"d", b"", None])


@st.composite
def logs(draw: st.DrawFn) -> list[Record]:
    """A log of one topic: offsets ascend per partition, with holes."""
    offsets = [0, 0, 0, 0]
    log = []
    for key, value, hole in draw(st.lists(st.tuples(keys, values, st.integers(1, 3)), max_size=40)):
        partition = (key or b"x")[0] % 4
        offsets[partition] += hole
        log.append(Record(SOURCE, partition, offsets[partition], 1_000, key, value))
    return log


class Run:
    """Applies batches one after the other, as a task does."""

    def __init__(self) -> None:
        self.states: dict[Key, Entry] = {}
        self.out: Counter[tuple[str, int | None, bytes, bytes | None]] = Counter()
        self.dead: Counter[tuple[int, int, str]] = Counter()
        self.duplicates = 0

    def take(self, records: Sequence[Record], due: tuple[Due, ...] = ()) -> Effects[Entry]:
        ledger = Ledger()
        work = plan(ledger, records)
        named = work.keys | due_keys(ledger, due)
        effects = process(ledger, Batch(work, {key: self.states.get(key) for key in named}, COUNTS, None, due), 7)
        self.states.update({key: state for key, state in effects.states.items() if state is not None})
        self.out.update((one.topic, one.partition, one.key, one.value) for one in effects.out)
        self.dead.update(
            (one.record.partition, one.record.offset, one.code) for one in effects.dead if one.record is not None
        )
        self.duplicates += sum(effects.duplicates.values())
        return effects


def record(n: int, *, offset: int, key: bytes = b"a") -> Record:
    return Record(SOURCE, 1, offset, 1_000, key, b'{"n":%d}' % n)


@given(log=logs(), cuts=st.lists(st.integers(0, 40)))
def test_a_log_cut_into_batches_in_any_way_gives_the_same(log: list[Record], cuts: list[int]) -> None:
    whole, parts = Run(), Run()
    whole.take(log)
    places = [0, *sorted(min(cut, len(log)) for cut in cuts), len(log)]
    for first, last in pairwise(places):
        parts.take(log[first:last])
    assert (parts.states, parts.out, parts.dead) == (whole.states, whole.out, whole.dead)


@given(log=logs())
def test_an_input_that_is_refused_leaves_no_trace_but_its_dead_letter(log: list[Record]) -> None:
    everything, good = Run(), Run()
    everything.take(log)
    good.take([one for one in log if not any(place[:2] == (one.partition, one.offset) for place in everything.dead)])
    assert everything.states == good.states
    assert everything.out == good.out


@given(log=logs())
def test_every_record_is_decided_or_a_dead_letter_and_moves_the_position(log: list[Record]) -> None:
    run = Run()
    effects = run.take(log)
    assert sum(effects.processed.values()) + len(effects.dead) == len(log)
    for one in log:
        assert effects.positions[SOURCE, one.partition] > one.offset


@given(log=logs(), back=st.integers(0, 40))
def test_a_record_read_again_changes_nothing(log: list[Record], back: int) -> None:
    run = Run()
    run.take(log)
    states, out = dict(run.states), run.out.copy()
    again = [one for one in log[back:] if not any(place[:2] == (one.partition, one.offset) for place in run.dead)]
    effects = run.take(again)
    assert (run.states, run.out) == (states, out)
    assert effects.is_empty
    assert run.duplicates == len(again)


def test_too_large_an_output_or_state_is_one_dead_letter_and_the_rest_is_kept() -> None:
    run = Run()
    effects = run.take([record(1, offset=1), record(901, offset=2), record(2, offset=3), record(5, offset=4, key=b"b")])
    assert [one.code for one in effects.dead] == ["output_too_large"]
    assert run.states[1, b"a"].total == 3
    effects = run.take([record(1, offset=5, key=b"b"), record(257, offset=6), record(9, offset=7, key=b"b")])
    assert [one.code for one in effects.dead] == ["state_too_large"]
    assert run.states[1, b"b"].total == 15
    assert run.states[1, b"a"].total == 3


def test_a_bug_is_told_by_class_and_place_and_never_by_value() -> None:
    (dead,) = Run().take([record(666, offset=1)]).dead
    assert dead.code == "bug"
    assert dead.message.startswith("ZeroDivisionError in Ledger.apply, ledger.py:")
    assert "secret" not in dead.message


def test_timers_fire_before_unread_records_and_one_that_is_not_due_does_nothing() -> None:
    run = Run()
    run.take([record(1, offset=1)])
    effects = run.take([record(2, offset=2)], (Due(1, b"a", 2_999),))
    assert effects.out == []
    effects = run.take([record(3, offset=3)], (Due(1, b"a", 3_000),))
    assert [one.topic for one in effects.out] == ["stage-transitions", COMMANDS]
    assert msgspec.json.decode(effects.out[0].value or b"") == {"due": 3_000, "count": 2}
    assert effects.next_due == {(1, b"a"): 3_000}


def test_reading_a_state_nobody_named_is_a_bug() -> None:
    class Curious(Ledger):
        def keys(self, record: Record, event: object) -> tuple[Key, ...]:
            return ((9, b"other"),)

    work = plan(Curious(), [record(1, offset=1)])
    effects = process(Curious(), Batch(work, {(9, b"other"): None}, COUNTS), 0)
    assert [one.code for one in effects.dead] == ["bug"]
    assert "KeyNotLoaded" in effects.dead[0].message


def test_a_store_may_bring_more_states_than_were_named() -> None:
    view = View({"asked": 1, "brought": 2}, {"written": 3})
    assert [view.get("asked"), view.get("brought"), view.get("written")] == [1, 2, 3]


_PRINT_BYTES = """
import sys
sys.path[:0] = sys.argv[1:]
from journey_runtime.processor import Batch, Record, plan, process
from support.ledger import EVERY_TOPIC, SOURCE, Ledger
log = [Record(SOURCE, n % 4, n, 1000, b"key-%d" % (n % 37), b'{"n":%d}' % n) for n in range(1, 900)]
work = plan(Ledger(), log)
batch = Batch(work, {key: None for key in work.keys}, dict.fromkeys(EVERY_TOPIC, 4))
effects = process(Ledger(), batch, 5)
print(effects.put, effects.out, effects.dead, effects.positions, effects.next_due)
"""


def test_equal_arguments_give_equal_bytes_under_any_hash_seed() -> None:
    printed = [
        subprocess.run(
            [sys.executable, "-c", _PRINT_BYTES, str(Path(__file__).parents[1])],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
            timeout=60,
        ).stdout
        for seed in ("1", "2")
    ]
    assert printed[0] == printed[1]
    assert len(printed[0]) > 10_000
