"""The two engines together: chosen, started at the same time, ended in the right order."""

import os
import sys
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from local_stack.engines import docker, kafka_native, postgres_native
from local_stack.engines.choice import Choice, Kind, Probe, choose
from local_stack.engines.engine import Engine, ExternalEngine
from local_stack.errors import NoEngineError
from local_stack.watchdog import Watchdog


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """How both engines will be had."""

    kafka: Choice
    postgres: Choice

    def __str__(self) -> str:
        return f"engines: {self.kafka} | {self.postgres}"


def plan(env: Mapping[str, str] = os.environ) -> Plan:
    """Look at the environment and, where it must be, at this machine. Raises NoEngineError."""
    forced = env.get("WAYPOST_ENGINE")
    # Both ask for Docker; it is pinged once.
    docker_probe = _once(docker.probe)
    return Plan(
        kafka=choose(
            "kafka", address=env.get("WAYPOST_KAFKA"), forced=forced, docker=docker_probe, native=kafka_native.probe
        ),
        postgres=choose(
            "postgres",
            address=env.get("WAYPOST_POSTGRES"),
            forced=forced,
            docker=docker_probe,
            native=postgres_native.probe,
        ),
    )


class Engines:
    """Both engines, running. `kafka` is `host:port`, `postgres` the superuser's DSN."""

    def __init__(self, *, kafka: Engine, postgres: Engine) -> None:
        self.kafka_engine = kafka
        self.postgres_engine = postgres

    @property
    def kafka(self) -> str:
        return self.kafka_engine.address

    @property
    def postgres(self) -> str:
        return self.postgres_engine.address

    def stop(self) -> None:
        """End what is ours, Kafka first."""
        self.kafka_engine.stop()
        self.postgres_engine.stop()


def start(chosen: Plan, folder: Path, watchdog: Watchdog, *, is_durable: bool = False) -> Engines:
    """Start both at once, their logs and Kafka's data in `folder`. If one fails the other is ended.

    `is_durable`: PostgreSQL waits for the disk, for measurements. Raises LocalStackError.
    """
    kafka = _Ways(
        name="Kafka",
        docker=docker.start_kafka,
        probe=kafka_native.probe,
        native=lambda: kafka_native.start(folder / "kafka", watchdog),
    )
    postgres = _Ways(
        name="PostgreSQL",
        docker=docker.start_postgres,
        probe=postgres_native.probe,
        native=lambda: postgres_native.start(folder / "postgres", watchdog, is_durable=is_durable),
    )
    with ThreadPoolExecutor(2) as pool:
        starts: list[Future[Engine]] = [pool.submit(kafka.go, chosen.kafka), pool.submit(postgres.go, chosen.postgres)]
    failures = [failure for each in starts if (failure := each.exception()) is not None]
    if failures:
        for each in starts:
            if each.exception() is None:
                each.result().stop()
        raise failures[0]
    return Engines(kafka=starts[0].result(), postgres=starts[1].result())


@dataclass(frozen=True, slots=True, kw_only=True)
class _Ways:
    """The ways in which one engine can be started."""

    name: str
    docker: Callable[[], Engine]
    probe: Callable[[], Probe]
    native: Callable[[], Engine]

    def go(self, choice: Choice) -> Engine:
        if choice.address is not None:
            return ExternalEngine(self.name, choice.address)
        if choice.kind is Kind.NATIVE:
            return self.native()
        try:
            return self.docker()
        except NoEngineError as failure:
            if os.environ.get("WAYPOST_ENGINE") == "docker" or not self.probe().is_usable:
                raise
            print(f"{failure}; {self.name} is started natively instead", file=sys.stderr)
            return self.native()


def _once(probe: Callable[[], Probe]) -> Callable[[], Probe]:
    found: list[Probe] = []

    def remembered() -> Probe:
        if not found:
            found.append(probe())
        return found[0]

    return remembered
