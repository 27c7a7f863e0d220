"""Run a service: asyncio, two signals, one exit code."""

import asyncio
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import NoReturn

import uvloop

from journey_runtime.errors import Stop
from journey_runtime.log import logger

log = logger(__name__)

Main = Callable[[asyncio.Event], Awaitable[int | None]]


def run(main: Main) -> NoReturn:
    """Run `main(stop)` and exit with its code (None: 0).

    SIGTERM and SIGINT set `stop`; a second one ends the process at once. `Stop` exits with its own code, any other
    exception with 1.
    """
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        code = runner.run(_supervised(main))
    sys.stdout.flush()
    raise SystemExit(code)


async def _supervised(main: Main) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()

    def asked() -> None:
        if stop.is_set():
            os._exit(1)
        log.info("stop_asked")
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, asked)
    try:
        return await main(stop) or 0
    except Stop as error:
        log.error(
            "stopped", reason=type(error).__name__, detail=str(error) or type(error).__doc__, code=error.exit_code
        )
        return error.exit_code
    except Exception:
        log.exception("crashed")
        return 1
