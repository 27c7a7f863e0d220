"""Settings of metrics, read once at start."""

from ipaddress import ip_address
from typing import ClassVar, Self

from pydantic import Field, SecretStr, model_validator

from journey_runtime.settings import RuntimeSettings


class MetricsSettings(RuntimeSettings):
    """`WAYPOST_METRICS_*` and the shared ones."""

    service: ClassVar[str] = "metrics"

    # All figures live here.
    postgres: SecretStr
    # API and console; health and Prometheus.
    metrics_port: int = Field(default=8084, ge=0, le=65535)
    metrics_admin_port: int = Field(default=9104, ge=0, le=65535)
    # Most records counted in one transaction.
    metrics_batch_records: int = Field(default=2000, ge=1, le=10_000)
    # How often lag and stock are looked at.
    metrics_look_seconds: float = Field(default=2, gt=0, le=60)

    @model_validator(mode="after")
    def _needs_a_token(self) -> Self:
        if self.admin_token is None and not is_loopback(self.bind):
            message = "WAYPOST_ADMIN_TOKEN is required where WAYPOST_BIND is not a loopback address"
            raise ValueError(message)
        return self


def is_loopback(address: str) -> bool:
    """Whether only this machine can reach it."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return address == "localhost"
