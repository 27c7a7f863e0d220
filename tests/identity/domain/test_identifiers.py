"""Which values of a touchpoint point to a person, and which never do."""

from typing import Any

import pytest

from identity.domain.identifiers import Identifier, links_of, raw_phone
from journey_schemas.moment import from_ms
from journey_schemas.touchpoint import Touchpoint


def touchpoint(**fields: Any) -> Touchpoint:
    at = from_ms(1_769_860_800_000)
    needed: dict[str, Any] = {"type": "track", "message_id": "m", "source": "web", "timestamp": at, "received_at": at}
    return Touchpoint(**needed | fields)


def found(**fields: Any) -> list[Identifier]:
    return list(links_of(touchpoint(**fields)).identifiers)


def test_the_strongest_come_first() -> None:
    context = {"device": {"id": "dev-1", "token": "push-1"}, "traits": {"email": "Ann@Example.ORG"}}
    every = links_of(touchpoint(user_id="u", anonymous_id="anon", context=context), phone="+4917012345678").identifiers
    assert [one.namespace for one in every] == [
        "user_id", "email", "phone", "push_token", "device_id", "anonymous_id"
    ]  # fmt: skip


@pytest.mark.parametrize("junk", ["null", "'undefined'", "[object Object]", "0000-0000", "-1", "", "NaN", "x" * 256])
def test_what_programs_write_for_nothing_is_never_an_identifier(junk: str) -> None:
    assert found(user_id="u", anonymous_id=junk) == [Identifier("user_id", "u")]
    assert found(user_id=junk, anonymous_id="anon") == [Identifier("anonymous_id", "anon")]
    assert found(user_id="u", context={"device": {"id": junk, "token": junk}}) == [Identifier("user_id", "u")]


def test_a_single_character_names_no_device_but_may_name_a_user() -> None:
    assert found(user_id="7", anonymous_id="x") == [Identifier("user_id", "7")]


@pytest.mark.parametrize(
    ("written", "email"),
    [
        (" Ann.Lee+shop@Example.ORG ", "ann.lee+shop@example.org"),
        ("\uff21nn@example.org", "ann@example.org"),  # full-width letter
        ("ann@localhost", None),
        ("@example.org", None),
        ("a b@example.org", None),
        ("ann@@example.org", None),
        (7, None),
    ],
)
def test_an_email_is_folded_and_must_look_like_one(written: object, email: str | None) -> None:
    expected = [] if email is None else [Identifier("email", email)]
    assert found(type="identify", traits={"email": written}) == expected


def test_traits_are_the_persons_only_where_they_are_about_the_person() -> None:
    traits = {"email": "team@example.org", "phone": "+4917012345678"}
    assert found(type="group", group_id="g", user_id="u", traits=traits) == [Identifier("user_id", "u")]
    assert raw_phone(touchpoint(type="group", traits=traits)) is None
    assert found(user_id="u", properties={"email": "friend@example.org"}) == [Identifier("user_id", "u")]
    assert raw_phone(touchpoint(context={"traits": {"phone": 491701234567}})) == "491701234567"


def test_odd_contexts_are_no_error() -> None:
    for context in ({"device": "x"}, {"device": {"id": ["x"]}}, {"traits": [1]}, {"traits": {"email": None}}):
        assert found(user_id="u", context=context) == [Identifier("user_id", "u")]


def test_only_an_alias_has_a_former_id() -> None:
    assert links_of(touchpoint(user_id="u", previous_id="a1")).previous is None
    assert links_of(touchpoint(type="alias", user_id="u", previous_id="a1")).previous == "a1"
    assert links_of(touchpoint(type="alias", user_id="u", previous_id="u")).previous is None
    assert links_of(touchpoint(type="alias", user_id="u", previous_id="null")).previous is None


def test_a_forced_alias_needs_a_source_that_may() -> None:
    forced = touchpoint(type="alias", user_id="u", previous_id="v", source="crm", context={"merge": "force"})
    assert links_of(forced, forced_sources={"crm"}).is_forced
    assert not links_of(forced).is_forced
