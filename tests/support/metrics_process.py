"""`python -m metrics` as a process of its own, and a story written to its topics."""

import os
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any  # Any: JSON

import httpx

from journey_runtime import clients
from journey_runtime.settings import RuntimeSettings
from journey_schemas.partition import partition_of
from local_stack import ports
from support.shop_story import Told

PARTITIONS = 4
TOPICS = (
    "resolved-touchpoints",
    "resolved-touchpoints-dlq",
    "stage-transitions",
    "stage-transitions-dlq",
    "deliveries",
    "deliveries-dlq",
    "journey-definitions",
)
_WAIT_S = 40.0


class MetricsProcess:
    """A running metrics; `stop` or `kill` it."""

    def __init__(self, environment: Mapping[str, str], log: Path) -> None:
        port, admin = ports.free(2)
        self.url, self.admin_url = f"http://127.0.0.1:{port}", f"http://127.0.0.1:{admin}"
        self._log = log
        self._environment = {
            **{name: value for name, value in os.environ.items() if not name.startswith("WAYPOST_")},
            "WAYPOST_METRICS_PORT": str(port),
            "WAYPOST_METRICS_ADMIN_PORT": str(admin),
            "WAYPOST_METRICS_LOOK_SECONDS": "0.3",
            "WAYPOST_SESSION_SECONDS": "6",
            **environment,
        }
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start, also again; returns at once."""
        with self._log.open("ab") as log:
            command = [sys.executable, "-m", "metrics"]
            self.process = subprocess.Popen(command, env=self._environment, stdout=log, stderr=log)

    def kill(self) -> None:
        """SIGKILL: nothing is finished."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        assert self.process is not None
        self.process.terminate()
        return self.process.wait(timeout=30)

    def totals(self) -> dict[str, Any] | None:
        """`GET /v1/totals`; None while it does not answer."""
        return self.get("/v1/totals")

    def get(self, path: str) -> dict[str, Any] | None:
        """The JSON of a path; None while it does not answer."""
        try:
            answer = httpx.get(self.url + path, timeout=5)
        except httpx.TransportError:
            return None
        body: dict[str, Any] = answer.json()
        return body

    def log(self) -> str:
        """What it wrote."""
        return self._log.read_text()


def wait_until(holds: Any, what: str) -> None:
    """Wait for a condition, up to a deadline."""
    deadline = time.monotonic() + _WAIT_S
    while not holds():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.05)


async def write(kafka: str, prefix: str, told: Sequence[Told], definitions: Sequence[tuple[bytes, bytes]] = ()) -> None:
    """In transactions, as the services write: each leaves its marker behind."""
    settings = RuntimeSettings(kafka=kafka, topic_prefix=prefix)
    producer = clients.transactional_producer(settings, "story")
    await producer.start()
    try:
        if definitions:
            async with producer.transaction():
                for key, value in definitions:
                    await producer.send(f"{prefix}journey-definitions", key=key, value=value)
        for at in range(0, len(told), 500):
            async with producer.transaction():
                for one in told[at : at + 500]:
                    partition = partition_of(one.key, PARTITIONS)
                    headers = list(one.headers)
                    await producer.send(
                        prefix + one.topic, key=one.key, value=one.value, headers=headers, partition=partition
                    )
    finally:
        await producer.stop()
