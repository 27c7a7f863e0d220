"""One view of many log files: each new line with the name of its process before it."""

import threading
from collections.abc import Callable, Mapping
from pathlib import Path

_EVERY_S = 0.25
_WIDTH = 12


class Follower:
    """Reads what is appended to the files from now on, until `stop`. `files`: by the name to show."""

    def __init__(self, files: Mapping[str, str], tell: Callable[[str], None]) -> None:
        self._files = {name: Path(file) for name, file in files.items()}
        self._read = {name: file.stat().st_size if file.exists() else 0 for name, file in self._files.items()}
        self._tell = tell
        self._asked = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="follower", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Show what is there and end."""
        self._asked.set()
        self._thread.join()

    def _follow(self) -> None:
        while not self._asked.wait(_EVERY_S):
            self._show()
        self._show()

    def _show(self) -> None:
        for name, file in self._files.items():
            if not file.exists():
                continue
            with file.open("rb") as log:
                log.seek(self._read[name])
                new = log.read()
            whole = new[: new.rfind(b"\n") + 1]
            self._read[name] += len(whole)
            for line in whole.decode(errors="replace").splitlines():
                self._tell(f"{name:<{_WIDTH}} | {line}")
