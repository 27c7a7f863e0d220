"""Secrets of a local stack: made once per run folder, so that an application keeps its write key between starts."""

import base64
import hashlib
import json
import os
import secrets
import uuid
from pathlib import Path

import msgspec

SOURCES = {"web": "browser", "app": "server", "shop": "server"}


class Keys(msgspec.Struct, frozen=True, kw_only=True):
    """All that services would refuse to start without, and what applications need to send."""

    keyring: str
    namespace_uuid: str
    lookup_key: str
    admin_token: str
    dispatcher_secret: str
    passwords: dict[str, str]
    write_keys: dict[str, str]


def keys(file: Path) -> Keys:
    """Those in `file`; a new file readable by its owner only is made when there is none."""
    if file.exists():
        return msgspec.json.decode(file.read_bytes(), type=Keys)
    made = Keys(
        keyring=json.dumps({"active": "k1", "keys": {"k1": _random_base64()}}),
        namespace_uuid=str(uuid.uuid4()),
        lookup_key=_random_base64(),
        admin_token=secrets.token_urlsafe(24),
        dispatcher_secret=_random_base64(),
        passwords={name: secrets.token_hex(16) for name in ("identity", "dispatcher", "metrics", "reader")},
        write_keys={name: f"{name}-{secrets.token_hex(12)}" for name in SOURCES},
    )
    file.touch(mode=0o600)
    file.write_bytes(msgspec.json.encode(made))
    return made


def hash_of(write_key: str) -> str:
    """How ingest's file of sources holds a write key."""
    return hashlib.sha256(write_key.encode()).hexdigest()


def _random_base64() -> str:
    return base64.b64encode(os.urandom(32)).decode()
