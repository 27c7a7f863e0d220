"""What runs in the foreground of a terminal until Ctrl-C."""

import signal
import tempfile
import threading
from pathlib import Path

from local_stack.engines import pair
from local_stack.watchdog import WatchdogProcess

END_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def until_asked_to_end() -> threading.Event:
    """An event that Ctrl-C, SIGTERM and a closed terminal set."""
    asked = threading.Event()
    for number in END_SIGNALS:
        signal.signal(number, lambda *_: asked.set())
    return asked


def engines() -> int:
    """Start Kafka and PostgreSQL alone, print their addresses, end them when asked."""
    asked = until_asked_to_end()
    chosen = pair.plan()
    print(chosen, flush=True)
    watchdog = WatchdogProcess()
    with tempfile.TemporaryDirectory(prefix="waypost-engines-") as folder:
        watchdog.remove_at_end(Path(folder))
        running = pair.start(chosen, Path(folder), watchdog)
        print(f"export WAYPOST_KAFKA={running.kafka}\nexport WAYPOST_POSTGRES={running.postgres}", flush=True)
        asked.wait()
        running.stop()
    watchdog.done()
    return 0
