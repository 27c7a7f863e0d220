"""What every engine can do, however it is had."""

from typing import Protocol

from local_stack.errors import NotOursError


class Engine(Protocol):
    """A running Kafka or PostgreSQL. `restart` also starts a killed one; address and data stay the same."""

    @property
    def address(self) -> str:
        """Kafka: `host:port`. PostgreSQL: the superuser's DSN."""

    def stop(self) -> None:
        """End it and remove its data."""

    def restart(self) -> None:
        """End it in good order if it runs, start it on the same data, wait until it answers."""

    def kill(self) -> None:
        """SIGKILL, as if the machine had died."""

    def pause(self) -> None:
        """It keeps its connections but does nothing."""

    def resume(self) -> None:
        """The opposite of pause."""


class ExternalEngine:
    """An engine that somebody else runs: usable, but not ours to stop."""

    def __init__(self, name: str, address: str) -> None:
        self._name = name
        self._address = address

    @property
    def address(self) -> str:
        return self._address

    def stop(self) -> None:
        """Nothing: it was there before us and stays."""

    def restart(self) -> None:
        raise self._not_ours()

    def kill(self) -> None:
        raise self._not_ours()

    def pause(self) -> None:
        raise self._not_ours()

    def resume(self) -> None:
        raise self._not_ours()

    def _not_ours(self) -> NotOursError:
        return NotOursError(f"{self._name} was given by its address: only who started it may do this to it")
