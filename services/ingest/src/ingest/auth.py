"""Who sends: the write key, from the first of four places that holds one, and the source that it belongs to."""

import binascii
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from urllib.parse import parse_qs

from ingest.errors import Refusal
from ingest.sources import Source, Sources


def presented_key(headers: Mapping[bytes, bytes], body_key: object, query: bytes) -> str | None:
    """`Authorization: Basic`, `X-Write-Key`, `writeKey` in the body, `?writeKey=`. There is no second try.

    Headers come before the body, because some clients mask the key there.
    """
    basic = _basic(headers.get(b"authorization", b""))
    if basic:
        return basic
    header = headers.get(b"x-write-key", b"").decode("latin-1").strip()
    if header:
        return header
    if isinstance(body_key, str) and body_key.strip():
        return body_key.strip()
    if query:
        found = parse_qs(query.decode("latin-1")).get("writeKey")
        return found[0] if found else None
    return None


def authenticate(sources: Sources, key: str | None, origin: str | None, at: datetime) -> Source:
    """The source of `key`. Raises `Refusal`."""
    if key is None:
        raise Refusal(401, "missing_key", "no write key: send it as user name of Basic authorization")
    source = sources.find(key, at)
    if source is None:
        raise Refusal(401, "unknown_key", "the write key is unknown or expired")
    if not source.is_enabled:
        raise Refusal(403, "key_disabled", "the source of this write key is disabled")
    if source.origins and origin not in source.origins:
        raise Refusal(403, "origin_not_allowed", "the write key does not allow this origin")
    return source


def _basic(value: bytes) -> str | None:
    scheme, _, encoded = value.partition(b" ")
    if scheme.lower() != b"basic":
        return None  # Bearer too: such clients put the key into the body
    try:
        text = b64decode(encoded.strip(), validate=True).decode("utf-8")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return text.removesuffix(":").strip()
