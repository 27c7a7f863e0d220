"""What runs side by side once all parts are built: reading, looking at lag and stock, telling health."""

import asyncio
import contextlib
from collections.abc import Iterable
from typing import Any  # Any: aiokafka's clients carry no types

import asyncpg

from journey_runtime.health import Health
from journey_runtime.log import logger
from journey_runtime.replica import TopicReplica
from metrics import metrics
from metrics.domain.figures import stage_figures
from metrics.lag import LagProbe
from metrics.reader import Reader
from metrics.view import View

log = logger(__name__)

_TICK_S = 1.0
_DEFINITIONS_S = 60.0


class Work:
    """Owns nothing: starts the clients, runs the loops, stops both."""

    def __init__(self, view: View, replica: TopicReplica, probe: LagProbe, reader: Reader, health: Health) -> None:
        self._view = view
        self._replica = replica
        self._probe = probe
        self._reader = reader
        self._health = health

    async def run(self, stop: asyncio.Event, clients: Iterable[Any], look_s: float) -> None:
        """Work until `stop`; whatever the reader cannot mend ends it."""
        async with contextlib.AsyncExitStack() as stack:
            for client in clients:
                await client.start()
                stack.push_async_callback(client.stop)
            await self._replica.caught_up(_DEFINITIONS_S)
            self._view.pace.newest = await self._view.figures.newest()
            loops = [
                asyncio.create_task(self._tick()),
                asyncio.create_task(self._look(look_s)),
                asyncio.create_task(self._probe.run(look_s)),
            ]
            stack.push_async_callback(_end, loops)
            self._health.mark_started()
            log.info("started")
            await self._reader.run(stop)
            self._health.stopping()

    async def _tick(self) -> None:
        while True:
            self._health.tick()
            await asyncio.sleep(_TICK_S)

    async def _look(self, every_s: float) -> None:
        """Ready means PostgreSQL answers; the same answer gives the stock of every stage to Prometheus."""
        while True:
            try:
                for journey, counts in await self._view.journeys():
                    for one in stage_figures(journey, counts):
                        metrics.stage_profiles.labels(journey.name, one.stage.name).set(one.inside)
                self._health.report("postgres", ok=True)
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
                self._health.report("postgres", ok=False, detail=type(error).__name__)
            await asyncio.sleep(every_s)


async def _end(loops: list[asyncio.Task[None]]) -> None:
    for loop in loops:
        loop.cancel()
    await asyncio.gather(*loops, return_exceptions=True)
