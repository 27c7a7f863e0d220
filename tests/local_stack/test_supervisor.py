"""Processes start, are noticed when they die, and never outlive who started them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from local_stack import ports
from local_stack.child import Command
from local_stack.errors import NotReadyError, ProcessDiedError
from local_stack.supervisor import Supervisor
from local_stack.watchdog import WatchdogProcess

SERVER = """
import http.server, sys
class Ready(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers()
    def log_message(self, *_): pass
http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Ready).serve_forever()
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    watchdog = WatchdogProcess()
    supervisor = Supervisor(watchdog)
    yield supervisor
    supervisor.stop_all()
    watchdog.close()


def _command(folder: Path, name: str, script: str, *arguments: str, grace_s: float = 10, rank: int = 0) -> Command:
    argv = [sys.executable, "-c", script, *arguments]
    return Command(name=name, argv=argv, log=folder / f"{name}.log", grace_s=grace_s, rank=rank)


def _until(is_so: Callable[[], bool], timeout_s: float = 15) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def test_a_stopped_supervisor_leaves_no_process_and_no_port(tmp_path: Path) -> None:
    (port,) = ports.free(1)
    watchdog = WatchdogProcess()
    supervisor = Supervisor(watchdog)
    child = supervisor.start(_command(tmp_path, "server", SERVER, str(port)))
    supervisor.wait_ready({"server": f"http://127.0.0.1:{port}/"})
    assert supervisor.stop_all() == []
    watchdog.close()
    assert child.exit_code == -signal.SIGTERM
    assert not psutil.pid_exists(child.pid)
    assert ports.is_free(port)


def test_a_death_is_told_with_code_and_last_lines(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(_command(tmp_path, "mortal", "print('famous last words'); raise SystemExit(3)"))
    assert supervisor.died.wait(15)
    (death,) = supervisor.deaths
    assert (death.name, death.exit_code) == ("mortal", 3)
    assert "famous last words" in str(death)


def test_a_process_killed_on_purpose_is_not_a_death_and_starts_again(supervisor: Supervisor, tmp_path: Path) -> None:
    (port,) = ports.free(1)
    command = _command(tmp_path, "server", SERVER, str(port))
    first = supervisor.start(command)
    supervisor.wait_ready({"server": f"http://127.0.0.1:{port}/"})
    first.kill()
    assert first.exit_code == -signal.SIGKILL
    second = supervisor.start(command)
    supervisor.wait_ready({"server": f"http://127.0.0.1:{port}/"})
    assert second.pid != first.pid
    assert not supervisor.died.is_set()


def test_one_that_ignores_sigterm_is_killed_and_named(tmp_path: Path) -> None:
    watchdog = WatchdogProcess()
    supervisor = Supervisor(watchdog)
    child = supervisor.start(_command(tmp_path, "stubborn", STUBBORN, grace_s=0.2))
    _until(lambda: "up" in child.last_lines())
    assert supervisor.stop_all() == ["stubborn"]
    watchdog.close()
    assert child.exit_code == -signal.SIGKILL


def test_a_paused_process_can_be_stopped(tmp_path: Path) -> None:
    watchdog = WatchdogProcess()
    supervisor = Supervisor(watchdog)
    child = supervisor.start(_command(tmp_path, "sleeper", "import time; print('up', flush=True); time.sleep(60)"))
    _until(lambda: "up" in child.last_lines())
    child.pause()
    _until(lambda: psutil.Process(child.pid).status() == psutil.STATUS_STOPPED)
    assert supervisor.stop_all() == []
    watchdog.close()


def test_waiting_ends_with_the_death_of_the_awaited(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(_command(tmp_path, "mortal", "print('no luck'); raise SystemExit(2)"))
    with pytest.raises(ProcessDiedError, match=r"(?s)exit code 2.*no luck"):
        supervisor.wait_ready({"mortal": "http://127.0.0.1:9/"})


def test_waiting_ends_when_the_time_is_over(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.start(_command(tmp_path, "silent", "import time; time.sleep(60)"))
    with pytest.raises(NotReadyError, match="silent was not ready"):
        supervisor.wait_ready({"silent": "http://127.0.0.1:9/"}, timeout_s=0.3)


PARENT = """
import sys, time
from pathlib import Path
from local_stack.child import Command
from local_stack.supervisor import Supervisor
from local_stack.watchdog import WatchdogProcess
folder = Path(sys.argv[1])
watchdog = WatchdogProcess()
(folder / "data").mkdir()
watchdog.remove_at_end(folder / "data")
grandchild = "[sys.executable, '-c', 'import time; time.sleep(90)']"
script = f"import subprocess, sys, time; subprocess.Popen({grandchild}); time.sleep(90)"
child = Supervisor(watchdog).start(Command(name="child", argv=[sys.executable, "-c", script], log=folder / "log"))
print(child.pid, flush=True)
time.sleep(90)
"""


def test_when_the_supervisor_is_killed_the_watchdog_ends_its_children(tmp_path: Path) -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT, str(tmp_path)], stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        _until(lambda: len(child.children()) == 1)
        family = [child, *child.children()]
        os.kill(parent.pid, signal.SIGKILL)
    _until(lambda: not any(_lives(member) for member in family))
    _until(lambda: not (tmp_path / "data").exists())


def _lives(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
