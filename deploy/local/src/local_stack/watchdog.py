"""A small process that outlives its parent only to end what the parent started.

It reads orders as JSON lines from its standard input, a pipe whose other end only the parent holds. When the pipe
closes, because the parent ended or was killed, all groups still watched are ended by rank and the folders removed.
"""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import psutil

TOTAL_S = 25.0


class Watchdog(Protocol):
    """Who is told of processes and folders that must not outlive us."""

    def watch(self, pid: int, *, end_signal: int, grace_s: float, rank: int) -> None:
        """End this process and its group if we die."""

    def forget(self, pid: int) -> None:
        """This process has ended."""

    def remove_at_end(self, folder: Path) -> None:
        """Delete this folder if we die."""


class WatchdogProcess:
    """The real one. `held` are file descriptors (the lock of a run) that it keeps open until all have ended."""

    def __init__(self, held: Iterable[int] = ()) -> None:
        self._lock = threading.Lock()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "local_stack.watchdog"],
            stdin=subprocess.PIPE,
            pass_fds=tuple(held),
            start_new_session=True,
        )

    def watch(self, pid: int, *, end_signal: int, grace_s: float, rank: int) -> None:
        try:
            started = psutil.Process(pid).create_time()
        except psutil.NoSuchProcess:
            return
        self._tell({"watch": pid, "started": started, "signal": int(end_signal), "grace_s": grace_s, "rank": rank})

    def forget(self, pid: int) -> None:
        self._tell({"forget": pid})

    def remove_at_end(self, folder: Path) -> None:
        self._tell({"folder": str(folder)})

    def close(self) -> None:
        """End what is still watched, which is nothing after a good end, and wait for it. Tell nothing afterwards."""
        if self._process.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()

    def _tell(self, order: dict[str, object]) -> None:
        with self._lock, contextlib.suppress(BrokenPipeError, ValueError):
            if self._process.stdin is not None:
                self._process.stdin.write(json.dumps(order).encode() + b"\n")
                self._process.stdin.flush()


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A process as it was when the watch began: a later process of the same number is another one."""

    pid: int
    started: float
    end_signal: int
    grace_s: float
    rank: int

    def find(self) -> psutil.Process | None:
        """The process, or None when it is gone."""
        try:
            process = psutil.Process(self.pid)
            is_same = process.create_time() == self.started and process.status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return None
        return process if is_same else None


def end(watched: Watched, deadline: float) -> None:
    """Ask, wait until the grace time or the deadline (monotonic seconds) is over, then kill what is left."""
    process = watched.find()
    if process is None:
        return
    family = [*process.children(recursive=True), process]
    with contextlib.suppress(psutil.NoSuchProcess, ProcessLookupError):
        os.killpg(watched.pid, signal.SIGCONT)
        process.send_signal(watched.end_signal)
    patience = min(watched.grace_s, max(0.0, deadline - time.monotonic()))
    with contextlib.suppress(psutil.TimeoutExpired):
        process.wait(patience)
    for member in family:
        with contextlib.suppress(psutil.NoSuchProcess):
            member.kill()
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(watched.pid, signal.SIGKILL)


def main() -> None:
    """Follow the orders until the pipe closes."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    watched: dict[int, Watched] = {}
    folders: list[Path] = []
    for line in sys.stdin.buffer:
        match json.loads(line):
            case {"watch": int(pid), "started": started, "signal": number, "grace_s": grace_s, "rank": rank}:
                watched[pid] = Watched(pid=pid, started=started, end_signal=number, grace_s=grace_s, rank=rank)
            case {"forget": int(pid)}:
                watched.pop(pid, None)
            case {"folder": str(path)}:
                folders.append(Path(path))
    deadline = time.monotonic() + TOTAL_S
    for process in sorted(watched.values(), key=lambda each: each.rank):
        end(process, deadline)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()
