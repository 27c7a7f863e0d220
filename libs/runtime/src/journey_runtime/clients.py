"""Kafka clients with the options that all services share. aiokafka is untyped: what these return is `Any`."""

from typing import Any  # Any: aiokafka's own classes carry no types

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

from journey_runtime.settings import RuntimeSettings


def security(settings: RuntimeSettings) -> dict[str, Any]:
    """Where the brokers are and how to log in."""
    return {"bootstrap_servers": settings.kafka}


def consumer(settings: RuntimeSettings, *topics: str, group: str | None = None, **options: Any) -> Any:
    """A consumer of committed records that never commits by itself. With `group`, a service's name, a static member.

    `topics` are names of the catalogue. Nothing is decided about a missing position: `auto_offset_reset` is `none`
    unless given.
    """
    common: dict[str, Any] = {
        "isolation_level": "read_committed",
        "enable_auto_commit": False,
        "auto_offset_reset": "none",
        "fetch_max_wait_ms": 50,
        "max_partition_fetch_bytes": 1 << 20,
    }
    if group is not None:
        session_ms = int(settings.session_seconds * 1000)
        common |= {
            "group_id": settings.topic_prefix + group,
            "group_instance_id": settings.instance_name,
            "session_timeout_ms": session_ms,
            "heartbeat_interval_ms": max(200, session_ms // 6),
        }
    names = [settings.topic_prefix + topic for topic in topics]
    return AIOKafkaConsumer(*names, **security(settings), **(common | options))


def producer(settings: RuntimeSettings, **options: Any) -> Any:
    """An idempotent producer that waits for all copies. Every caller sets the partition of what it sends."""
    common: dict[str, Any] = {
        "acks": "all",
        "enable_idempotence": True,
        "compression_type": "lz4",
        "linger_ms": 0,
        "max_batch_size": 262_144,
        "max_request_size": 4 << 20,
        "request_timeout_ms": 10_000,
        "retry_backoff_ms": 20,
    }
    return AIOKafkaProducer(**security(settings), **(common | options))


def transactional_producer(settings: RuntimeSettings, name: str, **options: Any) -> Any:
    """A producer that owns the transactional id `<prefix><name>`; `start()` fences the former owner."""
    common = {"transactional_id": settings.topic_prefix + name, "transaction_timeout_ms": 30_000}
    return producer(settings, **(common | options))
