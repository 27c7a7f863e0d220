"""What runs in the foreground of a terminal until Ctrl-C."""

import contextlib
import signal
import tempfile
import threading
import time
from pathlib import Path
from types import FrameType

from rich.console import Console

from local_stack import report
from local_stack.engines import pair
from local_stack.follow import Follower
from local_stack.stack import Stack
from local_stack.watchdog import WatchdogProcess

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class EndSignals:
    """Ctrl-C, SIGTERM and a closed terminal. While starting they interrupt; later they only set `asked`.

    Once asked, further ones are ignored: the end is bounded in time, and cutting it short would leave things behind.
    """

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.is_interrupting = True
        for number in _SIGNALS:
            signal.signal(number, self._note)

    def _note(self, _number: int, _frame: FrameType | None) -> None:
        is_first = not self.asked.is_set()
        self.asked.set()
        if is_first and self.is_interrupting:
            raise KeyboardInterrupt


def engines() -> int:
    """Start Kafka and PostgreSQL alone, print their addresses, end them when asked."""
    signals = EndSignals()
    chosen = pair.plan()
    print(chosen, flush=True)
    watchdog = WatchdogProcess()
    with contextlib.closing(watchdog), tempfile.TemporaryDirectory(prefix="waypost-engines-") as folder:
        watchdog.remove_at_end(Path(folder))
        try:
            running = pair.start(chosen, Path(folder), watchdog)
        except KeyboardInterrupt:
            return 0
        signals.is_interrupting = False
        print(f"export WAYPOST_KAFKA={running.kafka}\nexport WAYPOST_POSTGRES={running.postgres}", flush=True)
        signals.asked.wait()
        running.stop()
    return 0


def up(name: str) -> int:
    """The empty platform until it is asked to end, or until one of its processes dies (exit code 1)."""
    signals = EndSignals()
    console = Console(highlight=False)
    began = time.monotonic()
    stack = Stack(name, ports="default", tell=lambda line: console.print(f"{_since(began)}  {line}", markup=False))
    try:
        stack.start()
    except KeyboardInterrupt:
        return 0
    signals.is_interrupting = False
    console.print(f"{_since(began)}  ready. Ctrl-C ends it.", markup=False)
    report.show(stack, console)
    follower = Follower(stack.logs, lambda line: console.print(line, markup=False, soft_wrap=True))
    while not signals.asked.wait(0.2) and not stack.died.is_set():
        pass
    follower.stop()
    console.print("ending", markup=False)
    stack.stop()
    for death in stack.deaths:
        console.print(str(death), markup=False, soft_wrap=True)
    return 1 if stack.deaths else 0


def _since(began: float) -> str:
    return f"{time.monotonic() - began:5.1f} s"
