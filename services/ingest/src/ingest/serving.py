"""From the first look at Kafka to the last answer."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any  # Any: tasks of any result

from starlette.types import ASGIApp

from ingest.connect import partition_counts
from ingest.producer import Writer
from ingest.settings import IngestSettings
from ingest.sources import Sources
from journey_runtime.health import Health
from journey_runtime.http import serve
from journey_runtime.log import logger

log = logger(__name__)

_TICK_S = 1.0


async def serve_until(
    stop: asyncio.Event,
    settings: IngestSettings,
    health: Health,
    *,
    sources: Sources,
    writer: Writer,
    build: Callable[[Mapping[str, int]], ASGIApp],
) -> None:
    """Serve what `build` makes until `stop`: ready once Kafka was reached, and ready it stays when Kafka goes away, for
    all replicas share that fate and our 503 is the better answer.

    Then: not ready, accept until load balancers have noticed, finish requests, flush. Raises what a background task
    failed with.
    """
    asked = asyncio.create_task(stop.wait())
    tasks: list[asyncio.Task[Any]] = [asked, asyncio.create_task(_tick(health)), asyncio.create_task(sources.follow())]
    try:
        counting = asyncio.create_task(partition_counts(settings))
        tasks.append(counting)
        if await _first(tasks) is asked:
            return
        tasks.remove(counting)
        tasks.append(asyncio.create_task(writer.run()))
        connected = asyncio.create_task(writer.connected.wait())
        tasks.append(connected)
        if await _first(tasks) is asked:
            return
        tasks.remove(connected)
        async with serve(build(counting.result()), settings.bind, settings.ingest_port) as port:
            health.report("kafka_was_reached", ok=True)
            health.mark_started()
            log.info("serving", port=port)
            await _first(tasks)
            health.stopping()
            await asyncio.sleep(settings.ingest_drain_seconds)
    finally:
        for task in tasks:
            task.cancel()
        # The writer flushes before it ends.
        await asyncio.gather(*tasks, return_exceptions=True)


async def _first(tasks: Sequence[asyncio.Task[Any]]) -> asyncio.Task[Any]:
    """The first of the tasks that is done, in their order; raises what it failed with."""
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    first = next(task for task in tasks if task.done())
    first.result()
    return first


async def _tick(health: Health) -> None:
    while True:
        health.tick()
        await asyncio.sleep(_TICK_S)
