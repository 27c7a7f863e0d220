"""The settings of each service of one stack, as environment variables."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local_stack.addresses import Addresses
from local_stack.keys import Keys
from local_stack.service import Service

# Consumer session: short, so that a killed service's tasks move on within seconds.
_SESSION_S = "6"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wiring:
    """What the environments are made from. `dsns`: of each service's role by its name."""

    kafka: str
    dsns: Mapping[str, str]
    topic_prefix: str
    folder: Path
    keys: Keys
    addresses: Addresses
    overrides: Mapping[str, str]


def environment(service: Service, wiring: Wiring) -> dict[str, str]:
    """All variables of one service. Overrides come last; a service looks at no other service's variables."""
    own = _own(service, wiring)
    shared = {
        "WAYPOST_KAFKA": wiring.kafka,
        "WAYPOST_TOPIC_PREFIX": wiring.topic_prefix,
        "WAYPOST_SESSION_SECONDS": _SESSION_S,
        "WAYPOST_LOG_FORMAT": "text",
        "WAYPOST_KEYRING": wiring.keys.keyring,
        "WAYPOST_ADMIN_TOKEN": wiring.keys.admin_token,
        # All processes take time zones from the package of that name, not from the system they run on.
        "PYTHONTZPATH": "",
        "PYTHONUNBUFFERED": "1",
    }
    if service.name in wiring.dsns:
        shared["WAYPOST_POSTGRES"] = wiring.dsns[service.name]
    return shared | own | dict(wiring.overrides)


def _own(service: Service, wiring: Wiring) -> dict[str, str]:
    own = {f"{service.prefix}_ADMIN_PORT": str(wiring.addresses.admin[service.name])}
    port = wiring.addresses.public.get(service.name)
    if port is not None:
        own[f"{service.prefix}_PORT"] = str(port)
    match service.name:
        case "ingest":
            own["WAYPOST_INGEST_SOURCES"] = str(wiring.folder / "sources.yaml")
            # Nobody in front of it has to notice that it ends.
            own["WAYPOST_INGEST_DRAIN_SECONDS"] = "0"
        case "identity":
            own["WAYPOST_IDENTITY_NAMESPACE_UUID"] = wiring.keys.namespace_uuid
            own["WAYPOST_IDENTITY_LOOKUP_KEY"] = wiring.keys.lookup_key
        case "stage-engine":
            own["WAYPOST_STAGE_ENGINE_DATA"] = str(wiring.folder / "stage-engine")
            own["WAYPOST_STAGE_ENGINE_TASKS"] = "4"
        case "dispatcher":
            own["WAYPOST_DISPATCHER_PUBLIC_URL"] = f"http://127.0.0.1:{port}"
            own["WAYPOST_DISPATCHER_PROVIDERS"] = str(wiring.folder / "providers.yaml")
            own["WAYPOST_DISPATCHER_SECRET"] = wiring.keys.dispatcher_secret
    return own
