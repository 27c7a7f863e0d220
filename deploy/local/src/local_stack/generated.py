"""Files that the stack writes for its services, in the form a company writes them by hand."""

from collections.abc import Mapping
from pathlib import Path

from ruamel.yaml import YAML

from local_stack.keys import SOURCES, Keys, hash_of


def write_sources(file: Path, keys: Keys) -> None:
    """Ingest's sources: each with the hash of its write key."""
    sources = {
        name: {"kind": kind, "keys": [{"sha256": hash_of(keys.write_keys[name]), "expires": None}]}
        for name, kind in SOURCES.items()
    }
    _write(file, {"sources": sources})


def write_providers(file: Path, *, smtp_port: int) -> None:
    """The dispatcher's accounts: the mailbox, and webhooks without targets."""
    mailbox = {"name": "mailbox", "kind": "smtp", "channel": "email", "host": "127.0.0.1", "port": smtp_port}
    hooks = {"name": "hooks", "kind": "webhook", "channel": "webhook", "targets": {}}
    _write(file, {"accounts": [{**mailbox, "concurrency": 8}, hooks]})


def _write(file: Path, content: Mapping[str, object]) -> None:
    with file.open("w") as stream:
        YAML(typ="safe", pure=True).dump(content, stream)
