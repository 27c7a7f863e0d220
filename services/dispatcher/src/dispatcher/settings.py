"""The dispatcher's settings, read once at start."""

from pathlib import Path
from typing import ClassVar

from pydantic import Field, SecretStr

from journey_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """`WAYPOST_DISPATCHER_*` and the shared ones."""

    service: ClassVar[str] = "dispatcher"

    # Here the send ledger lives: nothing works without it.
    postgres: SecretStr
    # Encrypts payloads, addresses included.
    keyring: SecretStr
    # What people's mail programs and browsers reach: unsubscribing, clicks, opens.
    dispatcher_port: int = Field(default=8083, ge=0, le=65535)
    # Health, Prometheus, consents and suppressions.
    dispatcher_admin_port: int = Field(default=9103, ge=0, le=65535)
    # How the public listener is reached from outside, without a slash at the end.
    dispatcher_public_url: str = "http://127.0.0.1:8083"
    # YAML file of accounts at providers.
    dispatcher_providers: Path
    # Signs the tokens in links and peppers address hashes. Keep it for ever: links in old mail hang on it.
    dispatcher_secret: SecretStr = Field(min_length=16)
    # Commands a lane holds in memory; the rest waits in the table.
    dispatcher_lane_size: int = Field(default=2_000, ge=10)
    # Longest a command waits for its message's definition.
    dispatcher_definition_wait_seconds: float = Field(default=60, ge=1)


class MigrateSettings(RuntimeSettings):
    """What `python -m dispatcher migrate` needs: a database, no Kafka, no secrets."""

    service: ClassVar[str] = ""

    kafka: str = ""
    postgres: SecretStr
