"""Which server plays an engine: a given address, else Docker, else a native server, else an error that helps."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from local_stack.errors import NoEngineError


class Kind(StrEnum):
    """How an engine is had."""

    EXTERNAL = "external"
    DOCKER = "docker"
    NATIVE = "native"


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """What a look at this machine found: `detail` describes it; where it is not usable, what to do about it."""

    is_usable: bool
    detail: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """How one engine will be had. `address` is set only where it was given."""

    engine: str
    kind: Kind
    detail: str
    address: str | None = None

    def __str__(self) -> str:
        return f"{self.engine} {self.detail}"


def choose(
    engine: str,
    *,
    address: str | None,
    forced: str | None,
    docker: Callable[[], Probe],
    native: Callable[[], Probe],
) -> Choice:
    """Decide for one engine; a probe is called only when its turn comes.

    `forced` is `docker`, `native` or nothing (`WAYPOST_ENGINE`). A given address beats it. Raises NoEngineError.
    """
    if address:
        return Choice(engine=engine, kind=Kind.EXTERNAL, detail="external", address=address)
    if forced not in (None, "", "docker", "native"):
        message = f"WAYPOST_ENGINE={forced}: it is `docker`, `native` or unset"
        raise NoEngineError(message)
    refusals = []
    for kind, probe in ((Kind.DOCKER, docker), (Kind.NATIVE, native)):
        if forced and forced != kind:
            continue
        found = probe()
        if found.is_usable:
            return Choice(engine=engine, kind=kind, detail=found.detail)
        refusals.append(f"  {kind}: {found.detail}")
    message = f"no {engine} to be had:\n" + "\n".join(refusals)
    message += f"\n  or give an address: WAYPOST_{engine.upper().replace('POSTGRESQL', 'POSTGRES')}"
    raise NoEngineError(message)
