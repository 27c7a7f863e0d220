"""Keeps processes: starts them, waits until they are ready, notices a death, ends them in order.

Nothing is restarted by itself: a half-alive platform looks healthy.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import httpx

from local_stack.child import Child, Command
from local_stack.errors import NotReadyError, ProcessDiedError
from local_stack.watchdog import Watchdog

_LOOK_EVERY_S = 0.2


@dataclass(frozen=True, slots=True, kw_only=True)
class Death:
    """A process that ended although nobody had asked it to."""

    name: str
    exit_code: int
    last_lines: str

    def __str__(self) -> str:
        return f"{self.name} ended with exit code {self.exit_code}. Its last lines:\n{self.last_lines}"


class Supervisor:
    """Processes by name. `died` is set at the first unexpected death; `deaths` tells of all of them."""

    def __init__(self, watchdog: Watchdog) -> None:
        self.died = threading.Event()
        self.deaths: list[Death] = []
        self._watchdog = watchdog
        self._children: dict[str, Child] = {}
        self._observed: dict[str, Callable[[], Child]] = {}
        self._reported: set[int] = set()
        self._is_stopping = threading.Event()
        self._looker = threading.Thread(target=self._look, name="supervisor", daemon=True)
        self._looker.start()

    @property
    def children(self) -> Mapping[str, Child]:
        """The newest process of each name, ended ones too."""
        return dict(self._children)

    def start(self, command: Command) -> Child:
        """Start it, or start it again after its end. Raises ValueError while it runs."""
        former = self._children.get(command.name)
        if former is not None and former.exit_code is None:
            message = f"{command.name} is running"
            raise ValueError(message)
        child = Child(command, self._watchdog)
        self._children[command.name] = child
        return child

    def observe(self, name: str, child: Callable[[], Child]) -> None:
        """Report the death of a process that somebody else starts, restarts and ends: an engine."""
        self._observed[name] = child

    def wait_ready(self, urls: Mapping[str, str], timeout_s: float = 60.0) -> None:
        """Return when each named process answers 200 at its URL. Raises ProcessDiedError or NotReadyError."""
        deadline = time.monotonic() + timeout_s
        waiting = dict(urls)
        answer = ""
        with httpx.Client(trust_env=False, timeout=5) as client:
            while waiting:
                for name, url in list(waiting.items()):
                    child = self._children[name]
                    if child.exit_code is not None:
                        death = Death(name=name, exit_code=child.exit_code, last_lines=child.last_lines())
                        raise ProcessDiedError(str(death))
                    try:
                        found = client.get(url)
                    except httpx.HTTPError:
                        continue
                    answer = found.text
                    if found.status_code == httpx.codes.OK:
                        del waiting[name]
                if waiting and time.monotonic() > deadline:
                    name = next(iter(waiting))
                    message = f"{name} was not ready within {timeout_s:.0f} s ({answer[:500]}). Its last lines:\n"
                    raise NotReadyError(message + self._children[name].last_lines())
                time.sleep(0.05 if waiting else 0)

    def stop_all(self) -> list[str]:
        """End every process, one after the other by rank; the names of those that had to be killed."""
        self._is_stopping.set()
        self._looker.join()
        killed = []
        for child in sorted(self._children.values(), key=lambda each: each.command.rank):
            if not child.stop():
                killed.append(child.command.name)
        return killed

    def _look(self) -> None:
        while not self._is_stopping.wait(_LOOK_EVERY_S):
            observed = {name: child() for name, child in dict(self._observed).items()}
            for name, child in (self._children | observed).items():
                code = child.exit_code
                if code is None or child.is_expected_to_end or child.pid in self._reported:
                    continue
                self._reported.add(child.pid)
                self.deaths.append(Death(name=name, exit_code=code, last_lines=child.last_lines()))
                self.died.set()
