"""The engines as containers of a Docker engine that answers. The heavy imports wait until a probe asks."""

import os
import secrets
import signal
import socket
from typing import Any

from local_stack.engines import kafka_ready, postgres_ready
from local_stack.engines.choice import Probe
from local_stack.engines.kafka_settings import shared_settings
from local_stack.errors import NoEngineError
from local_stack.ports import free

KAFKA_IMAGE = "apache/kafka:4.3.1"
POSTGRES_IMAGE = "postgres:18"
_PROBE_S = 2


def probe() -> Probe:
    """Whether a Docker engine answers within two seconds."""
    nobody = Probe(is_usable=False, detail="no Docker engine answers")
    host = os.environ.get("DOCKER_HOST") or "unix:///var/run/docker.sock"
    if host.startswith("unix://") and not _is_listening(host.removeprefix("unix://")):
        return nobody
    import docker
    from docker.errors import DockerException

    try:
        client = docker.from_env(timeout=_PROBE_S)
    except DockerException:
        return nobody
    try:
        client.ping()
    except (DockerException, OSError):
        return nobody
    finally:
        client.close()
    return Probe(is_usable=True, detail="docker")


def _is_listening(path: str) -> bool:
    # Asked first, because the library leaves a socket open for each connection that is refused.
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(_PROBE_S)
        try:
            client.connect(path)
        except OSError:
            return False
    return True


class Container:
    """A started container as an engine; `Any`: testcontainers and docker are untyped."""

    def __init__(self, container: Any, *, address: str) -> None:
        self._container = container
        self.address = address

    @property
    def _wrapped(self) -> Any:  # the Docker library is untyped
        return self._container.get_wrapped_container()

    @property
    def exit_code(self) -> int | None:
        self._wrapped.reload()
        return None if self._wrapped.status in ("created", "running") else int(self._wrapped.attrs["State"]["ExitCode"])

    def last_lines(self) -> str:
        """The end of the container's log."""
        return str(self._wrapped.logs(tail=40).decode(errors="replace"))

    def wait(self) -> None:
        """Return when the engine answers."""
        if self.address.startswith("postgresql:"):
            postgres_ready.wait(self, self.address)
        else:
            kafka_ready.wait(self, self.address)

    def stop(self) -> None:
        self._container.stop()

    def restart(self) -> None:
        self._wrapped.restart(timeout=10)
        self.wait()

    def kill(self) -> None:
        self._wrapped.kill(signal.SIGKILL)

    def pause(self) -> None:
        self._wrapped.pause()

    def resume(self) -> None:
        self._wrapped.unpause()


def start_kafka() -> Container:
    """Apache's image on a fixed free port of loopback, with the settings of the native server."""
    (port,) = free(1)
    own = {
        "controller.quorum.voters": "1@localhost:9093",
        "listeners": f"PLAINTEXT://0.0.0.0:{port},CONTROLLER://localhost:9093",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{port}",
    }
    env = {f"KAFKA_{name.upper().replace('.', '_')}": value for name, value in {**shared_settings(), **own}.items()}
    return _start(KAFKA_IMAGE, env=env, ports={f"{port}/tcp": port}, address=f"127.0.0.1:{port}")


def start_postgres() -> Container:
    """The official image on a fixed free port of loopback, so that a restart keeps the address."""
    (port,) = free(1)
    password = secrets.token_hex(16)
    address = f"postgresql://postgres:{password}@127.0.0.1:{port}/postgres"
    options = ["-c", "max_connections=300"]
    env = {"POSTGRES_PASSWORD": password}
    return _start(POSTGRES_IMAGE, env=env, ports={"5432/tcp": port}, address=address, command=options)


def _start(
    image: str, *, env: dict[str, str], ports: dict[str, int], address: str, command: list[str] | None = None
) -> Container:
    from docker.errors import DockerException
    from testcontainers.core.container import DockerContainer

    try:
        container: Any = DockerContainer(image, env=env)  # its types know neither a list nor an address
        container.with_command(command)
        # Written straight into the mapping, because `with_bind_ports` would listen on every address of the host.
        container.ports.update({inside: ("127.0.0.1", outside) for inside, outside in ports.items()})
        container.start()
    except (DockerException, OSError) as failure:
        # An engine that answers but cannot pull counts as absent.
        message = f"Docker answers but could not start {image}: {failure}"
        raise NoEngineError(message) from failure
    engine = Container(container, address=address)
    try:
        engine.wait()
    except BaseException:
        engine.stop()
        raise
    return engine
