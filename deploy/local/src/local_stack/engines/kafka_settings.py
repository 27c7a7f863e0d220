"""The broker's settings, for a node that is broker and controller in one process."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Node:
    """Where one Kafka listens and stores."""

    data: Path
    port: int
    controller_port: int


def shared_settings() -> dict[str, str]:
    """What holds for a native server and for a container."""
    return {
        "process.roles": "broker,controller",
        "node.id": "1",
        "controller.listener.names": "CONTROLLER",
        "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
        "num.partitions": "4",
        # The catalogue is the only source of topics.
        "auto.create.topics.enable": "false",
        # The defaults, 50 partitions in three copies, fail on one broker.
        "offsets.topic.num.partitions": "1",
        "offsets.topic.replication.factor": "1",
        "transaction.state.log.num.partitions": "1",
        "transaction.state.log.replication.factor": "1",
        "transaction.state.log.min.isr": "1",
        "share.coordinator.state.topic.num.partitions": "1",
        "share.coordinator.state.topic.replication.factor": "1",
        "share.coordinator.state.topic.min.isr": "1",
        # By default each group starts three seconds late.
        "group.initial.rebalance.delay.ms": "0",
        # A hanging application holds up the readers no longer than that.
        "transaction.max.timeout.ms": "60000",
        # By default the cleaner takes 128 MiB of heap at the start.
        "log.cleaner.dedupe.buffer.size": "16777216",
        # Compaction becomes visible within a test.
        "log.cleaner.backoff.ms": "500",
    }


def native_settings(node: Node) -> str:
    """The file `server.properties`: loopback only, and a static quorum, so that formatting needs no more."""
    own = {
        "controller.quorum.voters": f"1@127.0.0.1:{node.controller_port}",
        "listeners": f"PLAINTEXT://127.0.0.1:{node.port},CONTROLLER://127.0.0.1:{node.controller_port}",
        "advertised.listeners": f"PLAINTEXT://127.0.0.1:{node.port}",
        "log.dirs": str(node.data),
    }
    return "".join(f"{name}={value}\n" for name, value in {**shared_settings(), **own}.items())
