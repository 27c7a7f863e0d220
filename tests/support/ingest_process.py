"""`python -m ingest` as a process of its own."""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import httpx

from local_stack import ports

_START_S = 30.0


class IngestProcess:
    """A running ingest. Create it by `running`."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        port, admin = ports.free(2)
        self.url = f"http://127.0.0.1:{port}"
        self.port = port
        self.admin_url = f"http://127.0.0.1:{admin}"
        self._log = log
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")},
            "WAYPOST_INGEST_PORT": str(port),
            "WAYPOST_INGEST_ADMIN_PORT": str(admin),
            "WAYPOST_INGEST_DRAIN_SECONDS": "0",
            **environment,
        }
        self.process: subprocess.Popen[bytes]
        self.start()

    def start(self) -> None:
        """Start, also again, and wait until it is ready."""
        with self._log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "ingest"], env=self._environment, stdout=log, stderr=log
            )
        deadline = time.monotonic() + _START_S
        while not self.is_ready():
            if self.process.poll() is not None or time.monotonic() > deadline:
                self.end()
                message = f"ingest did not get ready:\n{self._log.read_text()}"
                raise AssertionError(message)
            time.sleep(0.05)

    def is_ready(self) -> bool:
        """What `/readyz` says."""
        try:
            return httpx.get(self.admin_url + "/readyz", timeout=2).status_code == 200
        except httpx.TransportError:
            return False

    def resident_bytes(self) -> int:
        """Memory of the process at its highest so far."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        line = next(line for line in status.splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024

    def end(self) -> None:
        """SIGKILL whatever still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)


@contextlib.contextmanager
def running(environment: Mapping[str, str], log: Path) -> Iterator[IngestProcess]:
    """An ingest that is ready; killed at the end if it still runs. Its output goes to `log`."""
    ingest = IngestProcess(environment, log)
    try:
        yield ingest
    finally:
        ingest.end()
