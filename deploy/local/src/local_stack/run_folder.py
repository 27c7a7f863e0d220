"""The state folder of a named stack: a lock, secrets, logs, and `stack.json`, which says how to reach it."""

import fcntl
import json
import os
import shutil
import time
from pathlib import Path
from typing import Any

import psutil

from local_stack import paths
from local_stack.errors import NameTakenError

# The watchdog of a killed stack holds the lock until it has ended all processes.
_TAKE_OVER_S = 30.0
_KEPT = {"lock", "keys.json"}


class RunFolder:
    """An open run: while it lives, no other stack of this name can start."""

    def __init__(self, name: str) -> None:
        """Take the lock, waiting for the watchdog of a killed stack. Raises NameTakenError."""
        self.path = paths.run_folder(name)
        self.path.mkdir(parents=True, exist_ok=True)
        self._lock = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o600)
        deadline = time.monotonic() + _TAKE_OVER_S
        while not self._try_lock():
            if supervisor(name) is not None or time.monotonic() > deadline:
                os.close(self._lock)
                message = f"a stack named {name} is running: `python -m local_stack down --name {name}` ends it"
                raise NameTakenError(message)
            time.sleep(0.2)
        self._clear()
        self.write({})

    @property
    def lock(self) -> int:
        """The locked file descriptor, for the watchdog."""
        return self._lock

    @property
    def logs(self) -> Path:
        return self.path / "logs"

    def write(self, content: dict[str, Any]) -> None:
        """Publish how to reach the stack. `Any`: it is written as JSON as it is."""
        me = psutil.Process()
        whole = {"supervisor": {"pid": me.pid, "started": me.create_time()}, **content}
        fresh = self.path / "stack.json.new"
        fresh.touch(mode=0o600)
        fresh.write_text(json.dumps(whole, indent=2))
        fresh.rename(self.path / "stack.json")

    def close(self) -> None:
        """Give the name free; logs stay until the next start."""
        (self.path / "stack.json").unlink(missing_ok=True)
        os.close(self._lock)

    def _try_lock(self) -> bool:
        try:
            fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _clear(self) -> None:
        for entry in self.path.iterdir():
            if entry.name in _KEPT:
                continue
            if entry.is_dir():
                shutil.rmtree(entry)
            else:
                entry.unlink()


def read(name: str) -> dict[str, Any] | None:
    """What `stack.json` of this name says, or None. `Any`: it is JSON."""
    file = paths.run_folder(name) / "stack.json"
    return dict(json.loads(file.read_text())) if file.exists() else None


def supervisor(name: str) -> psutil.Process | None:
    """The process that runs the stack of this name; a later process of the same number is not it."""
    known = read(name)
    if known is None:
        return None
    try:
        process = psutil.Process(known["supervisor"]["pid"])
        is_same = process.create_time() == known["supervisor"]["started"]
    except psutil.NoSuchProcess:
        return None
    return process if is_same else None
