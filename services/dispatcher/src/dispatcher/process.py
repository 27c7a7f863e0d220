"""The running dispatcher: its loops started together and ended in order."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any  # Any: asyncpg's pool carries no types

from dispatcher import metrics
from dispatcher.definitions import Definitions
from dispatcher.intake import Intake
from dispatcher.lane import Lane
from dispatcher.relay import Relay
from dispatcher.replica import Replica
from dispatcher.sending import Sending
from dispatcher.store import ledger
from dispatcher.store.pool import AWAY
from journey_runtime.health import Health
from journey_runtime.log import logger

log = logger(__name__)

_MEASURE_S = 2.0
_FULL_ROWS, _FULL_OVERDUE_S = 50_000, 60.0
_ENDING_S = 25.0


@dataclass(slots=True)
class Load:
    """What waits, as last measured."""

    is_full: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Process:
    """All parts that run."""

    pool: Any
    health: Health
    definitions: Definitions
    replica: Replica
    sending: Sending
    relay: Relay
    lanes: Mapping[str, Lane]
    load: Load

    async def run(self, intake: Intake, stop: asyncio.Event) -> None:
        """Run until `stop` or the first failure, which is raised. What has begun is ended, the rest given back."""
        ended = asyncio.Event()
        relaying = asyncio.create_task(self.relay.run())
        background = [
            asyncio.create_task(one)
            for one in (
                self.replica.keep_beating(),
                self.replica.keep_reconciling(lambda: self.sending.held.ids),
                self.definitions.keep_saving(),
                self._keep_measuring(),
                self._keep_ticking(),
            )
        ]
        work = [asyncio.create_task(intake.run(stop))]
        work += [asyncio.create_task(lane.run(ended)) for lane in self.lanes.values()]
        stopping = asyncio.create_task(stop.wait())
        try:
            await asyncio.wait({stopping, relaying, *background, *work}, return_when=asyncio.FIRST_COMPLETED)
            self.health.stopping()
            stop.set()
            ended.set()
            await asyncio.wait(work, timeout=_ENDING_S)
            await self.sending.drained()
            self.relay.end()
            await asyncio.wait({relaying}, timeout=5)
            await self.replica.leave()
        finally:
            everything = [stopping, relaying, *background, *work]
            for task in everything:
                task.cancel()
            results = await asyncio.gather(*everything, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result if not isinstance(result, ExceptionGroup) else result.exceptions[0]

    async def _keep_ticking(self) -> None:
        while True:
            self.health.tick()
            await asyncio.sleep(1)

    async def _keep_measuring(self) -> None:
        while True:
            try:
                async with self.pool.acquire(timeout=10) as connection:
                    waiting = await ledger.oldest_waiting(connection)
                await self.relay.measure()
            except AWAY as error:
                self.health.report("postgres", ok=False, detail=type(error).__name__)
            else:
                self.health.report("postgres", ok=True)
                self._measured(waiting)
            await asyncio.sleep(_MEASURE_S)

    def _measured(self, waiting: Mapping[str, tuple[int, datetime]]) -> None:
        now = datetime.now(UTC)
        is_full = False
        for name in self.lanes:
            count, since = waiting.get(name, (0, now))
            late_s = (now - since).total_seconds()
            metrics.queue_oldest_seconds.labels(name).set(late_s)
            is_full = is_full or count >= _FULL_ROWS or late_s >= _FULL_OVERDUE_S
        if is_full != self.load.is_full:
            log.warning("intake_paused" if is_full else "intake_resumed")
        self.load.is_full = is_full
