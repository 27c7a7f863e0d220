"""Settings of ingest: `WAYPOST_INGEST_*`."""

from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from journey_runtime.settings import RuntimeSettings

Network = IPv4Network | IPv6Network


class IngestSettings(RuntimeSettings):
    """Read once at start; the file of sources is read again whenever it changes."""

    service: ClassVar[str] = "ingest"

    # YAML file of sources and the hashes of their write keys.
    ingest_sources: Path
    # The public port, and that of health and metrics.
    ingest_port: int = Field(default=8080, ge=0, le=65535)
    ingest_admin_port: int = Field(default=9100, ge=0, le=65535)
    # Largest request as it comes, and after gzip.
    ingest_request_bytes: int = Field(default=4 << 20, ge=1024)
    ingest_inflated_bytes: int = Field(default=16 << 20, ge=1024)
    # Items of a request that are used; each further one is rejected.
    ingest_max_items: int = Field(default=2_500, ge=1)
    # What may be in work at once before requests are answered 503.
    ingest_max_unacked_bytes: int = Field(default=64 << 20, ge=1 << 20)
    ingest_max_requests: int = Field(default=10_000, ge=1)
    # How long a request waits for Kafka, and how old the oldest unconfirmed record may be before new ones are refused.
    ingest_ack_deadline_seconds: float = Field(default=5, gt=0, le=60)
    ingest_circuit_after_seconds: float = Field(default=1, gt=0, le=60)
    # How long to go on accepting after SIGTERM, until load balancers have noticed.
    ingest_drain_seconds: float = Field(default=5, ge=0, le=30)
    # Networks whose X-Forwarded-For is believed, as a JSON list.
    ingest_trusted_proxies: tuple[Network, ...] = ()
    # What is kept of a browser's address: its network (/24, /48), all of it, nothing.
    ingest_ip: Literal["truncate", "keep", "drop"] = "truncate"
