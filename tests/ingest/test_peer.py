"""Which address a browser came from, and how much of it is kept."""

from ipaddress import ip_network

import pytest

from ingest.peer import Kept, address_of

PROXIES = (ip_network("10.0.0.0/8"),)


def seen(peer: str | None, forwarded: str = "", *, trusted: bool = True, kept: Kept = "keep") -> str | None:
    return address_of(peer, {b"x-forwarded-for": forwarded.encode()}, trusted=PROXIES if trusted else (), kept=kept)


@pytest.mark.parametrize(
    ("peer", "forwarded", "expected"),
    [
        ("198.51.100.7", "", "198.51.100.7"),
        ("198.51.100.7", "203.0.113.9", "198.51.100.7"),
        ("10.0.0.1", "203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "1.1.1.1, 203.0.113.9", "203.0.113.9"),
        ("10.0.0.1", "203.0.113.9, 10.0.0.2", "203.0.113.9"),
        ("10.0.0.1", "rubbish", "10.0.0.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        (None, "203.0.113.9", None),
        ("a-socket", "", None),
    ],
)
def test_only_a_trusted_proxy_is_believed(peer: str | None, forwarded: str, expected: str | None) -> None:
    assert seen(peer, forwarded) == expected


def test_without_trusted_proxies_the_header_is_not_read() -> None:
    assert seen("10.0.0.1", "203.0.113.9", trusted=False) == "10.0.0.1"


def test_an_address_is_kept_as_its_network_as_it_is_or_not_at_all() -> None:
    assert seen("203.0.113.9", kept="truncate") == "203.0.113.0"
    assert seen("2001:db8:1:2::9", kept="truncate") == "2001:db8:1::"
    assert seen("203.0.113.9", kept="keep") == "203.0.113.9"
    assert seen("203.0.113.9", kept="drop") is None
