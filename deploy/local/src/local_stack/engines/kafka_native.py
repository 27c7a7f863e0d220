"""Kafka as a process of ours."""

import shutil
from pathlib import Path

from local_stack import ports
from local_stack.child import Child, Command
from local_stack.engines import java as java_runtime
from local_stack.engines import kafka_jars, kafka_ready
from local_stack.engines.choice import Probe
from local_stack.engines.java import Java
from local_stack.engines.kafka_format import format_folder
from local_stack.engines.kafka_settings import Node, native_settings
from local_stack.errors import NoEngineError
from local_stack.watchdog import Watchdog

RANK = 90
_INSTALL = "install Java 17 or newer and Maven (Debian: apt-get install openjdk-17-jre-headless maven)"


def probe() -> Probe:
    """Whether a native Kafka could be started here."""
    found = java_runtime.find()
    if found is None:
        return Probe(is_usable=False, detail=f"Java 17+ is missing: {_INSTALL}")
    if not kafka_jars.are_cached() and shutil.which("mvn") is None:
        return Probe(is_usable=False, detail=f"Maven is missing: {_INSTALL}")
    return Probe(is_usable=True, detail=f"4.3.1 native (java {found.version})")


class NativeKafka:
    """One node on loopback, with its data in `folder`. Create it by `start`."""

    def __init__(self, folder: Path, *, runtime: Java, lib: Path, watchdog: Watchdog) -> None:
        port, controller_port = ports.free(2)
        self._node = Node(data=folder / "data", port=port, controller_port=controller_port)
        self._folder = folder
        self._runtime = runtime
        self._lib = lib
        self._watchdog = watchdog
        self._child: Child | None = None

    @property
    def address(self) -> str:
        return f"127.0.0.1:{self._node.port}"

    @property
    def child(self) -> Child:
        """The process; there is one from the first start on."""
        assert self._child is not None
        return self._child

    def start(self) -> None:
        """Format the folder if it is new, start, and wait until the broker tells its metadata."""
        self._folder.mkdir(parents=True, exist_ok=True)
        if not self._node.data.exists():
            format_folder(self._node.data, java=self._runtime, lib=self._lib)
        settings = self._folder / "server.properties"
        settings.write_text(native_settings(self._node))
        heap = ["-Xms256m", "-Xmx512m", "-XX:+UseSerialGC"]
        log = ["-Dorg.slf4j.simpleLogger.defaultLogLevel=warn"]
        command = Command(
            name="kafka",
            argv=[self._runtime.path, *heap, *log, "-cp", f"{self._lib}/*", "kafka.Kafka", str(settings)],
            log=self._folder / "kafka.log",
            grace_s=10,
            rank=RANK,
        )
        self._child = Child(command, self._watchdog)
        kafka_ready.wait(self._child, self.address)

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
        shutil.rmtree(self._node.data, ignore_errors=True)

    def restart(self) -> None:
        self.child.stop()
        self.start()

    def kill(self) -> None:
        self.child.kill()

    def pause(self) -> None:
        self.child.pause()

    def resume(self) -> None:
        self.child.resume()


def start(folder: Path, watchdog: Watchdog) -> NativeKafka:
    """A new cluster in `folder`. Raises NoEngineError, DamagedJarsError, ProcessDiedError or NotReadyError."""
    runtime = java_runtime.find()
    if runtime is None:
        raise NoEngineError(_INSTALL)
    kafka = NativeKafka(folder, runtime=runtime, lib=kafka_jars.jars(), watchdog=watchdog)
    try:
        kafka.start()
    except BaseException:
        kafka.stop()
        raise
    return kafka
