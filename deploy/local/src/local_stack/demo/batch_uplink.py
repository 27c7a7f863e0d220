"""The mobile app's way in: batches over plain HTTP, gathered for a moment, some of them sent twice."""

import asyncio
from typing import Any  # Any: touchpoints as JSON

import httpx

_GATHER_S = 0.1
_MOST = 100


class BatchUplink:
    """Posts to `/v1/batch`. A batch is sent again until it is stored; `send` returns when it is."""

    def __init__(self, write_key: str, host: str) -> None:
        self.sent_twice = 0
        self._http = httpx.AsyncClient(base_url=host, auth=(write_key, ""), timeout=20)
        self._waiting: list[tuple[dict[str, Any], asyncio.Future[None]]] = []
        self._is_more = asyncio.Event()
        self._running = asyncio.create_task(self._run())

    async def send(self, *items: dict[str, Any]) -> None:
        """Hand over touchpoints; returns when Kafka has them."""
        loop = asyncio.get_running_loop()
        stored = [loop.create_future() for _ in items]
        self._waiting.extend(zip(items, stored, strict=True))
        self._is_more.set()
        await asyncio.gather(*stored)

    async def post(self, items: list[Any]) -> dict[str, Any]:
        """One batch, whatever is in it; the answer as it came."""
        while True:
            try:
                answer = await self._http.post("/v1/batch", json={"batch": items})
            except httpx.TransportError:
                await asyncio.sleep(_GATHER_S)
                continue
            if answer.status_code == 503:
                await asyncio.sleep(float(answer.headers.get("Retry-After", 1)))
                continue
            answer.raise_for_status()
            body: dict[str, Any] = answer.json()
            return body

    async def close(self) -> None:
        """Stop; what was handed over has been sent."""
        self._running.cancel()
        await asyncio.gather(self._running, return_exceptions=True)
        await self._http.aclose()

    async def _run(self) -> None:
        number = 0
        while True:
            await self._is_more.wait()
            await asyncio.sleep(_GATHER_S)
            batch, self._waiting = self._waiting[:_MOST], self._waiting[_MOST:]
            if not self._waiting:
                self._is_more.clear()
            items = [item for item, _ in batch]
            await self.post(items)
            if number % 10 == 0:
                # A client that missed the answer sends the same batch again, with the same message ids.
                await self.post(items)
                self.sent_twice += len(items)
            for _, stored in batch:
                stored.set_result(None)
            number += 1
