"""Dead letters of items that came over HTTP: kept so that they can be mended and replayed, without any credential."""

import re
from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from hashlib import sha256
from typing import Any  # Any: JSON as it came
from uuid import uuid4

from ingest.producer import Outgoing
from journey_schemas.dead_letter import DEAD_LETTER_TYPE, DeadLetter
from journey_schemas.headers import cloud_event_headers
from journey_schemas.identifiers_blocked import identifier, is_blocked
from journey_schemas.ids import stable_id
from journey_schemas.moment import to_text
from journey_schemas.normalise import REMOVED, Rejection
from journey_schemas.partition import partition_of
from journey_schemas.records import encode
from journey_schemas.touchpoint import Json

_SERVICE = "ingest"
_KEPT_BYTES = 512 << 10
_LONGEST_ID = 100
_WRITE_KEY = re.compile(rb'("writeKey"\s*:\s*)"(?:[^"\\]|\\.)*"')


class DeadLetters:
    """Makes records for `target`, the dead letters of `topic` (its name in the catalogue)."""

    def __init__(self, *, topic: str, target: str, partitions: int, version: str) -> None:
        self._topic = topic
        self._target = target
        self._partitions = partitions
        self._version = version

    def record(
        self,
        rejection: Rejection,
        item: Any,
        raw: bytes,
        *,
        source: str,
        kind: str | None,
        context: Json | None,
        sent_at: datetime | None,
        received_at: datetime,
        headers: Mapping[str, str],
    ) -> Outgoing:
        """`item` is None where it could not be parsed; then the value is `raw`, as it came."""
        if type(item) is dict:
            value = _standing_alone(item, source, kind, context, sent_at, received_at)
            message_id = identifier(item.get("messageId"))
            key = _key(item)
        else:
            value, message_id, key = _WRITE_KEY.sub(rb'\1""', raw), "", None
            item = {}
        if not 0 < len(message_id) <= _LONGEST_ID:
            message_id = str(uuid4())
        letter = DeadLetter(
            topic=self._topic,
            code=rejection.code,
            message=rejection.message,
            path=rejection.path,
            service=_SERVICE,
            version=self._version,
            at=received_at,
            headers=dict(headers),
            value_base64=b64encode(value[:_KEPT_BYTES]).decode("ascii"),
            truncated=len(value) > _KEPT_BYTES,
            sha256=sha256(value).hexdigest(),
            source=source,
            message_id=message_id,
            library=_library(item.get("context")) or _library(context),
        )
        ce_headers = cloud_event_headers(
            ce_id=stable_id("dead_letter", message_id, rejection.code),
            ce_type=DEAD_LETTER_TYPE,
            ce_source=f"/services/{_SERVICE}",
            ce_time=to_text(received_at),
        )
        partition = partition_of(key or message_id.encode(), self._partitions)
        return Outgoing(self._target, key, encode(letter), ce_headers, partition)


def _standing_alone(
    item: Json,
    source: str,
    kind: str | None,
    context: Json | None,
    sent_at: datetime | None,
    received_at: datetime,
) -> bytes:
    """The item with all that the request said about it, in the form in which identity reads records."""
    whole = {name: value for name, value in item.items() if name not in REMOVED}
    if kind is not None and whole.get("type") is None:
        whole["type"] = kind
    own = whole.get("context")
    if context and (own is None or type(own) is dict):
        whole["context"] = {**context, **(own or {})}
    if sent_at is not None and whole.get("sentAt") is None:
        whole["sentAt"] = to_text(sent_at)
    return encode({**whole, "source": source, "receivedAt": to_text(received_at)})


def _key(item: Json) -> bytes | None:
    for name, is_movable in (("anonymousId", True), ("userId", False)):
        value = identifier(item.get(name))
        if value and not is_blocked(value, is_movable=is_movable):
            return value.encode()
    return None


def _library(context: object) -> str | None:
    """Name and version of the sender's SDK, as far as they are words."""
    library = context.get("library") if isinstance(context, dict) else None
    if not isinstance(library, dict) or not isinstance(library.get("name"), str):
        return None
    version = library.get("version")
    return "/".join(part[:100] for part in (library["name"], version) if isinstance(part, str))
