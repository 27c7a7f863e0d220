"""Identity's settings, read once at start."""

from base64 import b64decode
from typing import ClassVar
from uuid import UUID

from pydantic import Field, SecretStr, field_validator

from journey_runtime.settings import RuntimeSettings


class Settings(RuntimeSettings):
    """`WAYPOST_IDENTITY_*` and the shared ones."""

    service: ClassVar[str] = "identity"

    # Here the graph lives: nothing works without it.
    postgres: SecretStr
    # Encrypts identifiers at rest.
    keyring: SecretStr
    # Health and Prometheus.
    identity_admin_port: int = Field(default=9101, ge=0, le=65535)
    # A secret UUID under which profile ids are made. Keep it for ever: another one makes other ids of the same people.
    identity_namespace_uuid: UUID
    # A secret of at least 32 bytes in base64, by which stored identifiers are found. Keep it for ever.
    identity_lookup_key: SecretStr
    # Identifiers and profiles kept in memory, about 0.5 KB each.
    identity_cache_entries: int = Field(default=2_000_000, ge=1_000)
    # How long a message id is remembered.
    identity_dedupe_hours: int = Field(default=24, ge=1, le=24 * 30)
    # Message ids kept in memory, 8 bytes each; above it the oldest are forgotten early.
    identity_dedupe_max_ids: int = Field(default=50_000_000, ge=1_000)
    # Country of phone numbers written without `+` (two letters). None: such numbers are no identifiers.
    identity_default_region: str | None = Field(default=None, pattern=r"^[A-Z]{2}$")
    # Sources, separated by commas, whose alias touchpoints may join two identified people (`context.merge` = force).
    identity_forced_merge_sources: str = ""

    @field_validator("identity_lookup_key")
    @classmethod
    def _is_a_key(cls, value: SecretStr) -> SecretStr:
        if len(b64decode(value.get_secret_value(), validate=True)) < 32:
            fault = "fewer than 32 bytes"
            raise ValueError(fault)
        return value

    @property
    def lookup_key(self) -> bytes:
        """The bytes of `identity_lookup_key`."""
        return b64decode(self.identity_lookup_key.get_secret_value())

    @property
    def forced_sources(self) -> frozenset[str]:
        """`identity_forced_merge_sources` by name."""
        return frozenset(name.strip() for name in self.identity_forced_merge_sources.split(",") if name.strip())


class MigrateSettings(RuntimeSettings):
    """What `python -m identity migrate` needs: a database, no Kafka, no secrets."""

    service: ClassVar[str] = ""

    kafka: str = ""
    postgres: SecretStr
