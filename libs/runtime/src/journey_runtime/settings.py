"""The settings that all services share, read once at start.

Any variable `X` may be given as `X_FILE`, a file that holds the value.
"""

import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsConfigDict

from journey_runtime.errors import BadSettings

T = TypeVar("T", bound="RuntimeSettings")


class RuntimeSettings(BaseSettings):
    """Settings named `WAYPOST_*`. A service inherits, sets `service`, and adds fields named `<service>_...`.

    A field `ingest_port` reads `WAYPOST_INGEST_PORT`. Unknown variables with the service's own prefix stop the start.
    """

    model_config = SettingsConfigDict(env_prefix="WAYPOST_", frozen=True, extra="ignore", hide_input_in_errors=True)

    service: ClassVar[str] = ""

    # Addresses of the engines; without them nothing can start.
    kafka: str = Field(min_length=1)
    postgres: SecretStr | None = None
    # Several environments on one cluster: put before the name of every topic, group and transactional id.
    topic_prefix: str = ""
    # Listen addresses of the service and of its admin port.
    bind: str = "127.0.0.1"
    admin_bind: str = "127.0.0.1"
    # Consumer session: how long a silent process keeps its tasks.
    session_seconds: float = Field(default=20, ge=1, le=300)
    # Name of this process among its twins; it must survive a restart. Empty: `<service>-0`.
    instance: str = ""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "text"] = "json"
    # Key ring that encrypts stored values: {"active": "k1", "keys": {"k1": "<base64 of 32 bytes>"}}.
    keyring: SecretStr | None = None
    # Static token of the admin and read APIs, on loopback only.
    admin_token: SecretStr | None = None

    @property
    def instance_name(self) -> str:
        """The name under which this process is a static member of its group."""
        return self.instance or f"{self.service or 'process'}-0"


def read(cls: type[T], environment: Mapping[str, str]) -> T:
    """The settings in `environment`, which comes before the process's own.

    Raises `BadSettings` with one line per fault, without any value.
    """
    given = _with_files(environment)
    own = f"WAYPOST_{cls.service.upper().replace('-', '_')}_" if cls.service else None
    known = {f"WAYPOST_{name.upper()}" for name in cls.model_fields}
    faults = [f"{name}: not a setting of this service" for name in sorted(given) if _is_unknown(name, own, known)]
    source = EnvSettingsSource(cls)
    source.env_vars = {name.lower(): value for name, value in given.items()}
    try:
        settings = cls(**source())
    except ValidationError as error:
        for fault in error.errors(include_input=False, include_url=False):
            place = ".".join(str(part) for part in fault["loc"])
            faults.append(f"WAYPOST_{place.upper()}: {fault['msg']}")
        raise BadSettings("\n".join(faults)) from None
    if faults:
        raise BadSettings("\n".join(faults))
    return settings


def load(cls: type[T]) -> T:
    """The settings of this process; what is wrong is said on stderr, and the process ends with exit code 2."""
    try:
        return read(cls, os.environ)
    except BadSettings as error:
        sys.stderr.write(f"settings of {cls.service or 'this program'} are wrong:\n{error}\n")
        raise SystemExit(BadSettings.exit_code) from None


def _is_unknown(name: str, own: str | None, known: set[str]) -> bool:
    return own is not None and name.startswith(own) and name not in known


def _with_files(environment: Mapping[str, str]) -> dict[str, str]:
    given = {name: value for name, value in environment.items() if name.startswith("WAYPOST_")}
    for name in [name for name in given if name.endswith("_FILE")]:
        path = Path(given.pop(name))
        try:
            given.setdefault(name.removesuffix("_FILE"), path.read_text(encoding="utf-8").rstrip("\n"))
        except OSError as error:
            fault = f"{name}: cannot be read ({error.strerror})"
            raise BadSettings(fault) from None
    return given
