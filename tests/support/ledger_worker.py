"""A process that runs the ledger. `WAYPOST_LEDGER_KILL_AT=half_sent:3` kills it when it gets there a third time."""

import asyncio
import os
import signal
from collections import Counter

from journey_runtime import clients, log, run
from journey_runtime.clock import ProbedClock
from journey_runtime.dead_letter import Breaker
from journey_runtime.health import Health
from journey_runtime.offsets import Offsets
from journey_runtime.settings import RuntimeSettings, load
from journey_runtime.task import TaskParts
from journey_runtime.worker import TaskWorker, host
from support.ledger import SOURCE, Entry, Event, Ledger, LedgerStore

SERVICE = "ledger"


class Settings(RuntimeSettings):
    service = SERVICE
    ledger_kill_at: str = ""
    ledger_tasks: int = 2
    ledger_timers: bool = False
    ledger_outside: bool = False


def killer(kill_at: str):  # type: ignore[no-untyped-def] # returns AtPoint
    point, _, times = kill_at.partition(":")
    reached: Counter[str] = Counter()

    def at_point(name: str) -> None:
        reached[name] += 1
        if name == point and reached[name] == int(times or 1):
            os.kill(os.getpid(), signal.SIGKILL)

    return at_point


def parts_of(settings: Settings) -> TaskParts[Event, Entry]:
    options = clients.security(settings)
    offsets = Offsets(options, settings.topic_prefix)
    clock = ProbedClock(offsets, chain=(), topic=SOURCE, grace_ms=200, interval_ms=200)
    return TaskParts(
        service=SERVICE,
        version="1",
        prefix=settings.topic_prefix,
        processor=Ledger(),
        tasks=settings.ledger_tasks,
        store=lambda task, owned: LedgerStore(options, settings.topic_prefix, owned),
        producer=lambda name: clients.transactional_producer(settings, name),
        offsets=offsets,
        breaker=Breaker((SOURCE,) if settings.ledger_outside else ()),
        clock=clock if settings.ledger_timers else None,
        at_point=killer(settings.ledger_kill_at),
    )


async def main(stop: asyncio.Event) -> int:
    settings = load(Settings)
    log.setup(SERVICE, settings.log_level, settings.log_format)
    worker = TaskWorker(settings, parts_of(settings), Health(SERVICE, "1"))
    return await host(settings, worker, SERVICE, stop)


if __name__ == "__main__":
    run.run(main)
