"""Laws of sharing out tasks."""

from hypothesis import given
from hypothesis import strategies as st

from journey_runtime.assignor import share_out

names = st.lists(st.text("abc", min_size=1, max_size=3), min_size=1, max_size=6, unique=True)


@given(tasks=st.integers(0, 40), members=names, before=st.dictionaries(st.integers(0, 40), st.text("abc", max_size=3)))
def test_each_task_has_one_owner_and_shares_differ_by_at_most_one(
    tasks: int, members: list[str], before: dict[int, str]
) -> None:
    shares = share_out(tasks, members, before)
    assert sorted(task for share in shares.values() for task in share) == list(range(tasks))
    sizes = [len(share) for share in shares.values()]
    assert max(sizes) - min(sizes) <= 1
    assert share_out(tasks, list(reversed(members)), before) == shares


@given(tasks=st.integers(1, 40), members=names)
def test_the_same_members_keep_their_tasks(tasks: int, members: list[str]) -> None:
    shares = share_out(tasks, members, {})
    before = {task: name for name, share in shares.items() for task in share}
    assert share_out(tasks, members, before) == shares


def test_a_member_that_joins_takes_no_more_than_its_share() -> None:
    shares = share_out(4, ["a"], {})
    before = {task: name for name, share in shares.items() for task in share}
    after = share_out(4, ["a", "b"], before)
    assert len(after["a"]) == len(after["b"]) == 2
    assert set(after["a"]) < set(shares["a"])
