"""One child process: its own group, its output in a file, an end that is bounded in time."""

import contextlib
import os
import pwd
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from local_stack.watchdog import Watchdog


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """How a process is started and ended.

    `rank`: processes of a lower rank end first. `grace_s`: seconds from `stop_signal` to SIGKILL. `user`: the
    system user to run as, for servers that refuse root.
    """

    name: str
    argv: Sequence[str]
    log: Path
    env: Mapping[str, str] = field(default_factory=dict)
    cwd: Path | None = None
    user: str | None = None
    stop_signal: signal.Signals = signal.SIGTERM
    grace_s: float = 30.0
    rank: int = 0


class Child:
    """A running or ended process. Methods may be called from any thread."""

    def __init__(self, command: Command, watchdog: Watchdog) -> None:
        self.command = command
        self.is_expected_to_end = False
        self._watchdog = watchdog
        command.log.parent.mkdir(parents=True, exist_ok=True)
        with command.log.open("ab") as log:
            self._process = subprocess.Popen(
                list(command.argv),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                env=_environment(command.env),
                cwd=command.cwd,
                user=command.user,
                group=pwd.getpwnam(command.user).pw_gid if command.user else None,
                extra_groups=[] if command.user else None,
                start_new_session=True,
            )
        watchdog.watch(self._process.pid, end_signal=command.stop_signal, grace_s=command.grace_s, rank=command.rank)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative for the signal that ended it."""
        return self._process.poll()

    def wait(self, timeout_s: float) -> int:
        """Its exit code, once it ends by itself. Raises subprocess.TimeoutExpired."""
        return self._process.wait(timeout_s)

    def stop(self) -> bool:
        """Ask it to end and wait; False if it had to be killed. Ending an ended process is fine."""
        self.is_expected_to_end = True
        is_gentle = True
        if self.exit_code is None:
            # A paused process sees no signal but SIGKILL until it goes on.
            self._signal_tree(signal.SIGCONT)
            with contextlib.suppress(ProcessLookupError):
                self._process.send_signal(self.command.stop_signal)
            try:
                self._process.wait(self.command.grace_s)
            except subprocess.TimeoutExpired:
                is_gentle = False
        self._end_rest()
        return is_gentle

    def kill(self) -> None:
        """SIGKILL to the process and all it started."""
        self.is_expected_to_end = True
        self._end_rest()

    def pause(self) -> None:
        """SIGSTOP: it keeps its connections and answers nobody."""
        self._signal_tree(signal.SIGSTOP)

    def resume(self) -> None:
        """SIGCONT."""
        self._signal_tree(signal.SIGCONT)

    def last_lines(self, count: int = 40) -> str:
        """The end of its output."""
        with self.command.log.open("rb") as log:
            log.seek(max(0, log.seek(0, os.SEEK_END) - 64_000))
            return "\n".join(log.read().decode(errors="replace").splitlines()[-count:])

    def _end_rest(self) -> None:
        self._signal_tree(signal.SIGKILL)
        self._process.wait()
        self._watchdog.forget(self._process.pid)

    def _signal_tree(self, number: signal.Signals) -> None:
        # PostgreSQL's backends leave the group, so the group alone does not reach them.
        try:
            backends = psutil.Process(self.pid).children(recursive=True)
        except psutil.NoSuchProcess:
            backends = []
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)
        for backend in backends:
            with contextlib.suppress(psutil.NoSuchProcess):
                backend.send_signal(number)


def _environment(own: Mapping[str, str]) -> dict[str, str]:
    # Ours alone decides the settings: what the person's shell holds, such as a superuser's DSN, goes to no service.
    return {name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")} | dict(own)
