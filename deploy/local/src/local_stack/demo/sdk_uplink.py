"""The web shop's way in: the unmodified Segment client for Python, which queues, batches, compresses and retries."""

import asyncio
import threading
from collections.abc import Callable
from queue import SimpleQueue
from typing import Any  # Any: the client carries no types

from segment.analytics.client import Client

Call = Callable[[Any], None]


class SdkUplink:
    """One client on a thread of its own. `send` returns when the client has had its answer for these calls."""

    def __init__(self, write_key: str, host: str, *, gzip: bool) -> None:
        self.errors: list[str] = []
        self._client = Client(
            write_key, host=host, gzip=gzip, upload_interval=0.05, max_retries=5, on_error=self._failed
        )
        self._waiting: SimpleQueue[tuple[list[Call], asyncio.AbstractEventLoop, asyncio.Future[None]] | None] = (
            SimpleQueue()
        )
        self._thread = threading.Thread(target=self._run, name="sdk-uplink", daemon=True)
        self._thread.start()

    async def send(self, *calls: Call) -> None:
        """Make the calls on the client, in order, and wait until what they queued has left."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._waiting.put((list(calls), loop, done))
        await done

    async def close(self) -> None:
        """Let the client finish."""
        self._waiting.put(None)
        await asyncio.to_thread(self._thread.join)

    def _run(self) -> None:
        while (first := self._waiting.get()) is not None:
            jobs = [first]
            while not self._waiting.empty() and (more := self._waiting.get()) is not None:
                jobs.append(more)
            for calls, _, _ in jobs:
                for call in calls:
                    call(self._client)
            self._client.flush()
            for _, loop, done in jobs:
                loop.call_soon_threadsafe(done.set_result, None)
        self._client.shutdown()

    def _failed(self, error: Exception, batch: list[dict[str, Any]]) -> None:
        self.errors.append(f"{type(error).__name__}: {error} ({len(batch)} events)")
