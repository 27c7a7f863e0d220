"""The order in which an engine is had: address, Docker, native server, error."""

import pytest

from local_stack.engines.choice import Choice, Kind, Probe, choose
from local_stack.errors import NoEngineError

YES = Probe(is_usable=True, detail="there")
NO = Probe(is_usable=False, detail="install it")


def _choose(*, address: str | None = None, forced: str | None = None, docker: Probe, native: Probe) -> Choice:
    return choose("kafka", address=address, forced=forced, docker=lambda: docker, native=lambda: native)


@pytest.mark.parametrize(
    ("address", "forced", "docker", "native", "kind"),
    [
        ("127.0.0.1:1", None, YES, YES, Kind.EXTERNAL),
        ("127.0.0.1:1", "native", YES, YES, Kind.EXTERNAL),
        (None, None, YES, YES, Kind.DOCKER),
        (None, "", YES, YES, Kind.DOCKER),
        ("", None, NO, YES, Kind.NATIVE),
        (None, "native", YES, YES, Kind.NATIVE),
        (None, "docker", YES, YES, Kind.DOCKER),
    ],
)
def test_an_address_beats_docker_and_docker_beats_a_native_server(
    address: str | None, forced: str | None, docker: Probe, native: Probe, kind: Kind
) -> None:
    assert _choose(address=address, forced=forced, docker=docker, native=native).kind is kind


@pytest.mark.parametrize(
    ("forced", "docker", "native"), [(None, NO, NO), ("docker", NO, YES), ("native", YES, NO), ("podman", YES, YES)]
)
def test_without_an_engine_the_error_says_what_to_do(forced: str | None, docker: Probe, native: Probe) -> None:
    with pytest.raises(NoEngineError, match=r"install it|`docker`, `native`"):
        _choose(forced=forced, docker=docker, native=native)


def test_nothing_is_probed_when_an_address_is_given() -> None:
    def probe() -> Probe:
        raise AssertionError

    assert choose("kafka", address="127.0.0.1:1", forced=None, docker=probe, native=probe).address == "127.0.0.1:1"
