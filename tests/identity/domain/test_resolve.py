"""Laws of resolving: order does not matter, telling again changes nothing, nobody gets two user ids."""

import itertools
from datetime import timedelta
from uuid import uuid5

import pytest
from hypothesis import given
from hypothesis import strategies as st

from identity.domain.graph import root_of
from identity.domain.identifiers import ANONYMOUS_ID, EMAIL, USER_ID, Identifier, Links
from identity.domain.resolve import ALIAS_REFUSED
from identity.domain.rules import AT_MOST, IDENTIFIERS, MERGES, UNIQUE, Rules
from support.identity_world import SECRET, START, World, alias, links

_few = {
    "user_id": st.sampled_from(["u1", "u2", "u3"]),
    "email": st.sampled_from(["a@x.org", "b@x.org", "c@x.org"]),
    "device_id": st.sampled_from(["d1", "d2"]),
    "anonymous_id": st.sampled_from(["a1", "a2", "a3", "a4"]),
}
told = st.fixed_dictionaries({}, optional=_few).filter(bool).map(lambda values: links(**values))


# One person each: identifiers of different people never meet, so no limit rule fires.
people = st.lists(
    st.integers(0, 3).flatmap(
        lambda person: st.fixed_dictionaries(
            {},
            optional={
                "user_id": st.just(f"u{person}"),
                "email": st.sampled_from([f"{person}a@x.org", f"{person}b@x.org"]),
                "phone": st.just(f"+4917000000{person}"),
                "device_id": st.sampled_from([f"d{person}", f"e{person}"]),
                "anonymous_id": st.sampled_from([f"{letter}{person}" for letter in "abcd"]),
            },
        ).filter(bool)
    ),
    min_size=1,
    max_size=12,
)


@given(told=people, data=st.data())
def test_members_do_not_depend_on_order_while_no_limit_fires(told: list[dict[str, str]], data: st.DataObject) -> None:
    one, other = World(), World()
    for every in [links(**one) for one in told]:
        assert not one.tell(every).conflicts
    for every in [links(**one) for one in data.draw(st.permutations(told))]:
        other.tell(every)
    assert one.members() == other.members()


@given(told=people, data=st.data())
def test_a_touchpoint_told_again_later_changes_nothing_while_no_limit_fires(
    told: list[dict[str, str]], data: st.DataObject
) -> None:
    world = World()
    every = [links(**one) for one in told]
    for one in every:
        world.tell(one)
    before = world.snapshot()
    world.tell(data.draw(st.sampled_from(every)))
    assert world.snapshot() == before


@given(st.lists(told, min_size=1, max_size=25))
def test_the_last_touchpoint_told_again_changes_nothing_even_with_conflicts(every: list[Links]) -> None:
    world = World()
    for one in every:
        first = world.tell(one)
        before = world.snapshot()
        again = world.tell(one)
        assert world.snapshot() == before
        assert again.profile_id == first.profile_id


@given(st.lists(told, min_size=1, max_size=25))
def test_a_profile_never_holds_two_user_ids_and_a_user_id_always_leads_to_its_person(every: list[Links]) -> None:
    world = World()
    for one in every:
        found = world.tell(one)
        if one.identifiers[0].namespace == USER_ID:
            assert found.profile_id == world.person(user_id=one.identifiers[0].value)
    for group in world.members():
        assert sum(1 for identifier in group if identifier.namespace == USER_ID) <= 1


@given(st.lists(told, min_size=1, max_size=25))
def test_roots_hold_exactly_the_identifiers_that_originate_below_them(every: list[Links]) -> None:
    world = World()
    for one in every:
        world.tell(one)
    held = {
        frozenset(member.identifier for member in profile.members)
        for profile in world.profiles.values()
        if profile.merged_into is None
    }
    assert held == world.members()
    for profile in world.profiles.values():
        users = [member for member in profile.members if member.identifier.namespace == USER_ID]
        assert profile.merged_into is not None or profile.has_unique == bool(users)
        if profile.merged_into is None:
            assert profile.merge_count == sum(1 for loser, _ in world.merges if root_of(world, loser) is profile)


@given(st.lists(told, min_size=1, max_size=15))
def test_the_same_touchpoints_give_the_same_ids(every: list[Links]) -> None:
    one, other = World(), World()
    for world in (one, other):
        for each in every:
            world.tell(each)
    assert one.snapshot() == other.snapshot()


def test_a_new_person_gets_an_id_made_of_the_strongest_identifier() -> None:
    world = World()
    found = world.tell(links(anonymous_id="a"))
    assert found.profile_id == found.origin_id == str(uuid5(SECRET, "anonymous_id:a"))
    assert world.tell(links(user_id="u1", anonymous_id="a")).profile_id == found.profile_id
    assert world.tell(links(user_id="u1")).profile_id == found.profile_id


def test_two_devices_that_sign_in_as_one_user_are_one_profile() -> None:
    world = World()
    web, phone = world.tell(links(anonymous_id="a")), world.tell(links(anonymous_id="b"))
    world.tell(links(user_id="u1", anonymous_id="a"))
    joined = world.tell(links(user_id="u1", anonymous_id="b"))
    assert joined.losers == (phone.profile_id,)
    assert joined.profile_id == web.profile_id
    assert joined.origin_id == web.profile_id
    assert len(world.members()) == 1


def test_all_orders_of_the_links_of_one_person_give_the_same_members() -> None:
    four = [
        links(user_id="u", anonymous_id="a"),
        links(user_id="u", email="u@x.org"),
        links(email="u@x.org", anonymous_id="b"),
        links(device_id="d", anonymous_id="b"),
    ]
    ends = set()
    for order in itertools.permutations(four):
        world = World()
        for one in order:
            world.tell(one)
        ends.add(frozenset(world.members()))
    assert len(ends) == 1


def test_the_winner_is_who_is_identified_then_the_older_then_the_smaller_id() -> None:
    world = World()
    older = world.tell(links(anonymous_id="a"))
    known = world.tell(links(user_id="u"))
    found = world.tell(links(user_id="u", anonymous_id="a"))
    assert (found.profile_id, found.losers) == (known.profile_id, (older.profile_id,))
    first = world.tell(links(anonymous_id="b"))
    second, third = world.tell(links(device_id="d"), at=START), world.tell(links(email="e@x.org"), at=START)
    joined = world.tell(links(email="e@x.org", device_id="d", anonymous_id="b"))
    same_age = sorted([second.profile_id, third.profile_id])
    assert (joined.profile_id, joined.losers) == (same_age[0], (same_age[1], first.profile_id))


def test_a_shared_device_follows_the_last_one_who_logged_in() -> None:
    world = World()
    first = world.tell(links(user_id="u1", anonymous_id="kiosk"))
    second = world.tell(links(user_id="u2", anonymous_id="kiosk"))
    assert first.profile_id != second.profile_id
    assert [one.kind for one in second.conflicts] == [UNIQUE]
    assert world.tell(links(anonymous_id="kiosk")).profile_id == second.profile_id
    world.tell(links(user_id="u1", anonymous_id="kiosk"))
    assert world.tell(links(anonymous_id="kiosk")).profile_id == first.profile_id
    assert world.known[Identifier(ANONYMOUS_ID, "kiosk")].profile_id == first.profile_id


def test_an_email_of_somebody_else_is_set_aside_and_stays_where_it_is() -> None:
    world = World()
    first = world.tell(links(user_id="u1", email="both@x.org"))
    second = world.tell(links(user_id="u2", email="both@x.org", anonymous_id="d2"))
    assert world.known[Identifier(EMAIL, "both@x.org")].owner_id is None
    (conflict,) = second.conflicts
    assert (conflict.kind, conflict.profile_id, conflict.other_id) == (UNIQUE, second.profile_id, first.profile_id)
    nobody_logged_in = world.tell(links(email="both@x.org", anonymous_id="d2"))
    assert nobody_logged_in.profile_id == first.profile_id
    assert world.person(anonymous_id="d2") == second.profile_id


def test_a_sixth_email_is_set_aside_and_attached_to_nobody() -> None:
    world = World()
    for number in range(5):
        world.tell(links(user_id="u", email=f"{number}@x.org"))
    found = world.tell(links(user_id="u", email="5@x.org"))
    assert [one.kind for one in found.conflicts] == [AT_MOST]
    assert Identifier(EMAIL, "5@x.org") not in world.known


def test_anonymous_ids_count_for_thirty_days() -> None:
    world = World()
    for number in range(50):
        world.tell(links(user_id="u", anonymous_id=f"a{number}"))
    assert [one.kind for one in world.tell(links(user_id="u", anonymous_id="late")).conflicts] == [AT_MOST]
    found = world.tell(links(user_id="u", anonymous_id="late"), at=world.at + timedelta(days=30))
    assert not found.conflicts


@pytest.mark.parametrize(
    ("rules", "kind"),
    [(Rules(SECRET, most_merges=1), MERGES), (Rules(SECRET, most_identifiers=3), IDENTIFIERS)],
)
def test_beyond_the_size_of_a_person_links_are_refused_and_touchpoints_still_resolve(rules: Rules, kind: str) -> None:
    world = World(rules)
    for name in "abc":
        world.tell(links(anonymous_id=name))
    for name in "abc":
        found = world.tell(links(user_id="u", anonymous_id=name))
    assert [one.kind for one in found.conflicts] == [kind]
    assert found.profile_id == world.person(user_id="u")


def test_a_forced_profile_with_two_users_still_takes_devices() -> None:
    world = World()
    world.tell(links(user_id="u1"))
    world.tell(links(user_id="u2"))
    forced = world.tell(alias("u2", "u1", is_forced=True))
    assert forced.losers
    assert not world.tell(links(user_id="u1", anonymous_id="new")).conflicts
    assert world.tell(links(user_id="u3", anonymous_id="new")).conflicts


def test_alias_joins_the_device_of_before_with_the_user() -> None:
    world = World()
    device = world.tell(links(anonymous_id="a"))
    assert world.tell(alias("u", "a")).profile_id == device.profile_id
    assert world.tell(alias("u", "never-seen")).profile_id == device.profile_id
    assert world.person(anonymous_id="never-seen") == device.profile_id


def test_alias_between_two_identified_people_is_refused() -> None:
    world = World()
    first, second = world.tell(links(user_id="u1")), world.tell(links(user_id="u2"))
    found = world.tell(alias("u2", "u1"))
    assert found.profile_id == second.profile_id
    assert [one.kind for one in found.conflicts] == [ALIAS_REFUSED]
    assert world.person(user_id="u1") == first.profile_id


def test_an_identifier_is_noted_as_seen_at_most_once_a_day() -> None:
    world = World()
    world.tell(links(anonymous_id="a"))
    assert not world.tell(links(anonymous_id="a")).known
    assert world.tell(links(anonymous_id="a"), at=world.at + timedelta(days=1)).known
