"""Free ports on loopback."""

import random
import socket
from collections.abc import Iterable

# Below the range that the kernel takes ports for outgoing connections from: a port found free here stays free
# until the server that it is meant for has started, a few seconds later.
_FIRST, _LAST = 20_000, 32_000


def is_free(port: int) -> bool:
    """Whether a server could listen on 127.0.0.1:port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free(count: int) -> list[int]:
    """`count` different free ports, chosen at random so that stacks started at once do not collide."""
    chosen: list[int] = []
    for port in random.sample(range(_FIRST, _LAST), _LAST - _FIRST):
        if is_free(port):
            chosen.append(port)
        if len(chosen) == count:
            return chosen
    message = f"no {count} free ports on 127.0.0.1 between {_FIRST} and {_LAST}"
    raise OSError(message)


def next_free(port: int, taken: Iterable[int]) -> int:
    """`port`, or the first free one after it that is not among `taken`."""
    blocked = set(taken)
    while port in blocked or not is_free(port):
        port += 1
    return port
