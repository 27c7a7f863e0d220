"""Definitions and releases on `journey-definitions`: what is published, all of it at once."""

import hashlib
from typing import Any

from journey_schemas.records import Moment, Record, encode

DEFINITION_TYPE = "waypost.definition.v1"
RELEASE_TYPE = "waypost.release.v1"
RELEASE_KEY = b"release/current"

KINDS = frozenset({"journey", "segment", "message", "policy", "catalogue"})


class Definition(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One definition of a release;

    key `<kind>/<name>`. `body` is the JSON of the pydantic model of its kind, files inlined.

    `version` is the fingerprint of the body: stable over releases. `variables` are the template paths of a message
    (`profile.first_name`).
    """

    kind: str
    name: str
    version: str
    release: int
    body: dict[str, Any]
    variables: tuple[str, ...] = ()


class Release(Record, frozen=True, kw_only=True, omit_defaults=True):
    """All definitions that hold together from here on.

    Written last in the transaction of its definitions, key `release/current`.

    `definitions` maps `<kind>/<name>` to the version. `day_seconds` is how long one day of a journey lasts: 86,400,
    or less in a rehearsal.
    """

    number: int
    published_at: Moment
    author: str
    message: str
    definitions: dict[str, str]
    day_seconds: float = 86400.0

    @property
    def is_rehearsal(self) -> bool:
        """Whether days are shortened."""
        return self.day_seconds != 86400.0


def version_of(body: dict[str, Any]) -> str:
    """16 hex digits of the SHA-256 of the canonical JSON (keys sorted) of a definition's body."""
    return hashlib.sha256(encode(_sorted(body))).hexdigest()[:16]


def _sorted(value: Any) -> Any:  # any JSON value
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list | tuple):
        return [_sorted(item) for item in value]
    return value
