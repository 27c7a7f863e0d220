"""Commands about a stack that runs in another terminal."""

import signal
import time

import psutil

from local_stack import paths, run_folder

# Five services of 30 s each and the engines, were all of them to hang.
_END_S = 180.0


def down(name: str) -> int:
    """Ask the stack of this name to end and wait for it. Exit code 1 if it does not."""
    process = run_folder.supervisor(name)
    if process is None:
        print(f"no stack named {name} is running")
        return 0
    process.send_signal(signal.SIGTERM)
    try:
        process.wait(_END_S)
    except psutil.TimeoutExpired:
        print(f"the stack named {name} (pid {process.pid}) did not end within {_END_S:.0f} s")
        return 1
    print(f"the stack named {name} has ended")
    return 0


def status(name: str) -> int:
    """Print what runs and where. Exit code 1 when nothing does."""
    process = run_folder.supervisor(name)
    known = run_folder.read(name)
    if process is None or known is None:
        print(f"no stack named {name} is running")
        return 1
    age = time.time() - process.create_time()
    print(f"{name}: pid {process.pid}, up for {age:.0f} s, files in {paths.run_folder(name)}")
    if "urls" not in known:
        print("  still starting")
        return 0
    for child, facts in known["processes"].items():
        state = "running" if psutil.pid_exists(facts["pid"]) else "ended"
        url = known["urls"].get(child, "")
        print(f"  {child:<14} {state:<8} pid {facts['pid']:<8} {url}")
    return 0
