"""The address a browser request came from, and how much of it is kept."""

from collections.abc import Mapping, Sequence
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Literal

from ingest.settings import Network

Kept = Literal["truncate", "keep", "drop"]
_Address = IPv4Address | IPv6Address


def address_of(
    peer: str | None, headers: Mapping[bytes, bytes], *, trusted: Sequence[Network], kept: Kept
) -> str | None:
    """What may be stored of the browser's address.

    `X-Forwarded-For` is read from its end, and only behind proxies that we trust: everything before was written by
    somebody else. `truncate` leaves the /24 or /48, enough for country and time zone.
    """
    address = _address(peer)
    if address is None or kept == "drop":
        return None
    hops = headers.get(b"x-forwarded-for", b"").decode("latin-1").split(",") if trusted else []
    while hops and any(address in network for network in trusted):
        before = _address(hops.pop().strip())
        if before is None:
            break
        address = before
    if kept == "keep":
        return str(address)
    return str(ip_network((address, 24 if address.version == 4 else 48), strict=False).network_address)


def _address(text: str | None) -> _Address | None:
    try:
        return ip_address(text or "")
    except ValueError:
        return None
