"""The processes of the platform: what they are called, where they listen, when they end."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """One process. Ports are the usual ones; None where it has none. `rank`: lower ends first."""

    name: str
    module: str
    port: int | None
    admin_port: int
    rank: int
    is_migrating: bool = False

    @property
    def prefix(self) -> str:
        """What its own settings begin with."""
        return f"WAYPOST_{self.module.upper()}"


SERVICES = (
    Service(name="ingest", module="ingest", port=8080, admin_port=9100, rank=10),
    Service(name="identity", module="identity", port=None, admin_port=9101, rank=20, is_migrating=True),
    Service(name="stage-engine", module="stage_engine", port=8082, admin_port=9102, rank=30),
    Service(name="dispatcher", module="dispatcher", port=8083, admin_port=9103, rank=40, is_migrating=True),
    Service(name="metrics", module="metrics", port=8084, admin_port=9104, rank=50, is_migrating=True),
)

MAILBOX_RANK = 60
MAILBOX_PORT = 8025
MAILBOX_SMTP_PORT = 2525
