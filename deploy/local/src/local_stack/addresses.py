"""Who listens where in one stack, and the URLs that follow from it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from local_stack import ports
from local_stack.service import MAILBOX_PORT, MAILBOX_SMTP_PORT, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Ports on 127.0.0.1 by service name."""

    public: dict[str, int]
    admin: dict[str, int]
    mailbox: int
    smtp: int

    @property
    def urls(self) -> dict[str, str]:
        """Public sides by service name, the console and the mailbox, and `<service>-admin` for each admin port."""
        found = {name: _url(port) for name, port in self.public.items()}
        if "metrics" in found:
            found["console"] = found["metrics"]
        found["mailbox"] = _url(self.mailbox)
        return found | {f"{name}-admin": _url(port) for name, port in self.admin.items()}


def assign(services: Sequence[Service], kind: Literal["free", "default"]) -> Addresses:
    """`default`: the usual ports, else the next free ones; `free`: any, for tests."""
    public = [service for service in services if service.port is not None]
    usual = [service.port or 0 for service in public] + [service.admin_port for service in services]
    usual += [MAILBOX_PORT, MAILBOX_SMTP_PORT]
    chosen: list[int] = []
    if kind == "free":
        chosen = ports.free(len(usual))
    else:
        for port in usual:
            chosen.append(ports.next_free(port, taken=[*chosen, *(other for other in usual if other != port)]))
    numbers = iter(chosen)
    return Addresses(
        public={service.name: next(numbers) for service in public},
        admin={service.name: next(numbers) for service in services},
        mailbox=next(numbers),
        smtp=next(numbers),
    )


def _url(port: int) -> str:
    return f"http://127.0.0.1:{port}"
