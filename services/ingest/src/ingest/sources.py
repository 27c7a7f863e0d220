"""Sources and their write keys: a file that people or a secret store write, read again when it changes.

No database: ingest accepts while PostgreSQL is down.
"""

import asyncio
import hmac
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from ingest import metrics
from ingest.errors import BadSources
from journey_runtime.log import logger
from journey_schemas.touchpoint import RESERVED_SOURCES

log = logger(__name__)

_LOOK_EVERY_S = 5.0


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class WriteKey(_Written):
    """SHA-256 of a key, in hex. After `expires` it is unknown; two keys at once make a rotation."""

    sha256: Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
    expires: AwareDatetime | None = None


class Limits(_Written):
    """What one item may weigh. Rates are not limited: only 0 is allowed."""

    touchpoints_per_second: Literal[0] = 0
    burst: Literal[0] = 0
    event_bytes: Annotated[int, Field(ge=1024, le=768 << 10)] = 32 << 10


class WrittenSource(_Written):
    """One application. `origins` are of browsers only; none means any."""

    kind: Literal["browser", "server"]
    keys: tuple[WriteKey, ...] = ()
    origins: tuple[str, ...] = ()
    scopes: tuple[Literal["import"], ...] = ()
    limits: Limits = Limits()
    enabled: bool = True


class _File(_Written):
    sources: dict[Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")], WrittenSource]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """A source as requests meet it."""

    name: str
    is_browser: bool
    origins: frozenset[str]
    event_bytes: int
    is_enabled: bool


@dataclass(frozen=True, slots=True)
class _Entry:
    digest: bytes
    expires: datetime | None
    source: Source


class Sources:
    """Finds a source by its write key. `load` before use, `follow` while serving."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._entries: dict[bytes, _Entry] = {}
        self._seen: tuple[int, int, int] | None = None

    def find(self, key: str, at: datetime) -> Source | None:
        """The source whose key this is, at this time; also a disabled one."""
        digest = sha256(key.encode("utf-8", "surrogatepass")).digest()
        entry = self._entries.get(digest)
        # The look-up goes by a digest, of which nobody can choose the first bytes; the last word has a comparison that
        # takes equally long for all.
        if entry is None or not hmac.compare_digest(entry.digest, digest):
            return None
        return entry.source if entry.expires is None or at < entry.expires else None

    def load(self) -> None:
        """Read the file. Raises `BadSources`; what was read before then still holds."""
        self._seen = self._stamp()
        try:
            written = YAML(typ="safe", pure=True).load(self._path.read_text(encoding="utf-8"))
            self._entries = _entries(_File.model_validate(written))
        except OSError as error:
            raise BadSources(f"cannot be read ({error.strerror})") from None
        except (YAMLError, UnicodeDecodeError) as error:
            raise BadSources("is no YAML") from error
        except ValidationError as error:
            first = error.errors(include_input=False, include_url=False)[0]
            place = ".".join(str(part) for part in first["loc"])
            raise BadSources(f"{place}: {first['msg']}") from None

    async def follow(self) -> None:
        """Look at the file for ever; a bad one is reported and not used."""
        while True:
            await asyncio.sleep(_LOOK_EVERY_S)
            await self.refresh()

    async def refresh(self) -> None:
        """Read the file again if it is another than the one last read."""
        if await asyncio.to_thread(self._stamp) == self._seen:
            return
        try:
            await asyncio.to_thread(self.load)
        except BadSources as error:
            metrics.sources_ok.set(0)
            log.error("sources_unusable", detail=str(error))
        else:
            metrics.sources_ok.set(1)
            log.info("sources_read", keys=len(self._entries))

    def _stamp(self) -> tuple[int, int, int] | None:
        """What changes with the file: mounted secrets are replaced as a whole."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ino, found.st_mtime_ns, found.st_size


def _entries(file: _File) -> dict[bytes, _Entry]:
    entries: dict[bytes, _Entry] = {}
    for name, written in file.sources.items():
        if name in RESERVED_SOURCES:
            raise BadSources(f"sources.{name}: this name is reserved")
        if written.origins and written.kind != "browser":
            raise BadSources(f"sources.{name}.origins: only a browser source has origins")
        source = Source(
            name=name,
            is_browser=written.kind == "browser",
            origins=frozenset(written.origins),
            event_bytes=written.limits.event_bytes,
            is_enabled=written.enabled,
        )
        for key in written.keys:
            digest = bytes.fromhex(key.sha256)
            if digest in entries:
                raise BadSources(f"sources.{name}.keys: a key belongs to one source, once")
            entries[digest] = _Entry(digest, key.expires, source)
    return entries
