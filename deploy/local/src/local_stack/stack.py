"""The whole platform as processes of this machine.

    with Stack("flows") as stack:            # blocks until every service is ready
        httpx.post(stack.urls["ingest"] + "/v1/track", ...)
        stack.kill("stage-engine")           # SIGKILL; not counted as a death
        stack.start_service("stage-engine")  # on the same ports and data, returns when ready

All methods block and may be called from any thread, but not inside a running event loop: use `asyncio.to_thread`.
"""

import asyncio
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from types import TracebackType
from typing import Literal, Self

from journey_runtime import topics
from journey_schemas.topics import catalogue
from local_stack import addresses, database, generated, keys
from local_stack.child import Command
from local_stack.engines import pair
from local_stack.engines.kafka_native import NativeKafka
from local_stack.engines.pair import Engines
from local_stack.engines.postgres_native import NativePostgres
from local_stack.environment import Wiring, environment
from local_stack.migration import migrate
from local_stack.run_folder import RunFolder
from local_stack.service import MAILBOX_RANK, SERVICES, Service
from local_stack.supervisor import Death, Supervisor
from local_stack.watchdog import WatchdogProcess

PARTITIONS = 16


class Stack:
    """A stack called `name`; only one of a name can run. Making one takes the name, `stop` gives it back.

    `settings` are variables laid over those of every service. With `engines` given the stack uses them and leaves
    them running; then `topic_prefix` and `database` keep it apart from others on the same engines. `tell` hears a
    line per step. `died` is set when a process ends that nobody killed or stopped; `deaths` says which.
    """

    def __init__(
        self,
        name: str,
        *,
        ports: Literal["free", "default"] = "free",
        settings: Mapping[str, str] | None = None,
        engines: Engines | None = None,
        topic_prefix: str = "",
        database: str = "waypost",
        services: Sequence[Service] = SERVICES,
        tell: Callable[[str], None] = lambda line: None,
    ) -> None:
        self.name = name
        self.topic_prefix = topic_prefix
        self.urls: dict[str, str] = {}
        self.tokens: dict[str, str] = {}
        self.write_keys: dict[str, str] = {}
        self.dsns: dict[str, str] = {}
        self.smtp_port = 0
        self._ports = ports
        self._settings = dict(settings or {})
        self._database = database
        self._services = services
        self._tell = tell
        self._engines = engines
        self._owns_engines = engines is None
        self._folder = RunFolder(name)
        self._watchdog = WatchdogProcess(held=[self._folder.lock])
        self._supervisor = Supervisor(self._watchdog)
        self._commands: dict[str, Command] = {}
        self._is_stopped = False

    @property
    def engines(self) -> Engines:
        """Kafka and PostgreSQL; there are some from the start on."""
        assert self._engines is not None
        return self._engines

    @property
    def died(self) -> threading.Event:
        """Set at the first death that nobody asked for."""
        return self._supervisor.died

    @property
    def deaths(self) -> Sequence[Death]:
        return tuple(self._supervisor.deaths)

    @property
    def logs(self) -> dict[str, str]:
        """The log file of each process that was started, by its name."""
        return {name: str(child.command.log) for name, child in self._supervisor.children.items()}

    def start(self) -> Self:
        """Start everything and return when every service is ready. Raises LocalStackError and leaves nothing behind."""
        try:
            self._start()
        except BaseException:
            self.stop()
            raise
        return self

    def stop(self) -> None:
        """End services in the order of the data, then the engines; bounded in time, and fine to call twice."""
        if self._is_stopped:
            return
        self._is_stopped = True
        for name in self._supervisor.stop_all():
            self._tell(f"{name} did not end in time and was killed")
        if self._owns_engines and self._engines is not None:
            self._engines.stop()
        self._watchdog.close()
        self._folder.close()

    def kill(self, service: str) -> None:
        """SIGKILL; `died` stays as it is."""
        self._supervisor.children[service].kill()

    def start_service(self, service: str) -> None:
        """Start it again after its end and return when it is ready."""
        self._supervisor.start(self._commands[service])
        self._supervisor.wait_ready({service: self._ready_urls()[service]})
        self._publish()

    def stop_service(self, service: str) -> None:
        """SIGTERM and wait for its end; `died` stays as it is."""
        self._supervisor.children[service].stop()

    def pause(self, service: str) -> None:
        """SIGSTOP."""
        self._supervisor.children[service].pause()

    def resume(self, service: str) -> None:
        """SIGCONT."""
        self._supervisor.children[service].resume()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _start(self) -> None:
        if self._engines is None:
            chosen = pair.plan()
            self._tell(str(chosen))
            self._engines = pair.start(chosen, self._folder.path, self._watchdog)
            self._observe_engines(self._engines)
        wiring = self._wire(self._engines)
        self._tell("topics and migrations")
        self._prepare(wiring)
        self._tell("services")
        for service in self._services:
            self._command(service.name, service.module, rank=service.rank, env=environment(service, wiring))
        self._command("mailbox", "local_stack.mailbox", rank=MAILBOX_RANK, env=self._mailbox_environment(wiring))
        for command in self._commands.values():
            self._supervisor.start(command)
        self._supervisor.wait_ready(self._ready_urls())
        self._publish()

    def _observe_engines(self, engines: Engines) -> None:
        for name, engine in (("kafka", engines.kafka_engine), ("postgres", engines.postgres_engine)):
            if isinstance(engine, NativeKafka | NativePostgres):
                self._supervisor.observe(name, partial(getattr, engine, "child"))

    def _wire(self, engines: Engines) -> Wiring:
        made = keys.keys(self._folder.path / "keys.json")
        where = addresses.assign(self._services, self._ports)
        self.dsns = asyncio.run(database.prepare(engines.postgres, self._database, made.passwords))
        self.urls, self.smtp_port = where.urls, where.smtp
        self.tokens, self.write_keys = {"admin": made.admin_token}, dict(made.write_keys)
        generated.write_sources(self._folder.path / "sources.yaml", made)
        generated.write_providers(self._folder.path / "providers.yaml", smtp_port=where.smtp)
        return Wiring(
            kafka=engines.kafka,
            dsns=self.dsns,
            topic_prefix=self.topic_prefix,
            folder=self._folder.path,
            keys=made,
            addresses=where,
            overrides=self._settings,
        )

    def _prepare(self, wiring: Wiring) -> None:
        with ThreadPoolExecutor() as pool:
            made = topics.apply(wiring.kafka, self.topic_prefix, catalogue(), partitions=PARTITIONS)
            steps: list[Future[object]] = [pool.submit(asyncio.run, made)]
            for service in self._services:
                if service.is_migrating:
                    log = self._folder.logs / f"{service.name}-migrate.log"
                    env = environment(service, wiring)
                    steps.append(pool.submit(migrate, service.module, env=env, log=log, watchdog=self._watchdog))
        for step in steps:
            step.result()

    def _command(self, name: str, module: str, *, rank: int, env: Mapping[str, str]) -> None:
        argv = [sys.executable, "-m", module]
        self._commands[name] = Command(name=name, argv=argv, log=self._folder.logs / f"{name}.log", env=env, rank=rank)

    def _mailbox_environment(self, wiring: Wiring) -> dict[str, str]:
        return {
            "WAYPOST_MAILBOX_PORT": str(wiring.addresses.mailbox),
            "WAYPOST_MAILBOX_SMTP_PORT": str(wiring.addresses.smtp),
        }

    def _ready_urls(self) -> dict[str, str]:
        services = {service.name: f"{self.urls[f'{service.name}-admin']}/readyz" for service in self._services}
        return services | {"mailbox": f"{self.urls['mailbox']}/readyz"}

    def _publish(self) -> None:
        processes = {
            name: {"pid": child.pid, "log": str(child.command.log)} for name, child in self._supervisor.children.items()
        }
        self._folder.write(
            {
                "name": self.name,
                "urls": self.urls,
                "kafka": self.engines.kafka,
                "postgres": self.engines.postgres,
                "dsns": self.dsns,
                "topic_prefix": self.topic_prefix,
                "smtp_port": self.smtp_port,
                "tokens": self.tokens,
                "write_keys": self.write_keys,
                "processes": processes,
            }
        )
