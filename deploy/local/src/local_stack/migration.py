"""Bringing a service's tables to today's version, by the service's own command."""

import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from local_stack.child import Child, Command
from local_stack.errors import NotReadyError, ProcessDiedError
from local_stack.watchdog import Watchdog

_WITHIN_S = 60.0


def migrate(module: str, *, env: Mapping[str, str], log: Path, watchdog: Watchdog) -> None:
    """Run `python -m <module> migrate`. Raises ProcessDiedError with its last lines, or NotReadyError."""
    argv = [sys.executable, "-m", module, "migrate"]
    child = Child(Command(name=f"{module} migrate", argv=argv, log=log, env=env), watchdog)
    try:
        code = child.wait(_WITHIN_S)
    except subprocess.TimeoutExpired as late:
        message = f"{module} migrate did not end within {_WITHIN_S:.0f} s. Its last lines:\n{child.last_lines()}"
        raise NotReadyError(message) from late
    finally:
        child.kill()
    if code != 0:
        message = f"{module} migrate ended with exit code {code}. Its last lines:\n{child.last_lines()}"
        raise ProcessDiedError(message)
