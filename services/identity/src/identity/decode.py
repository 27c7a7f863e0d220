"""From a record of `touchpoints` to a touchpoint with its identifiers.

Applications write there themselves, so nothing is assumed: what ingest would have done is done here, by the same rules.
"""

import re
from collections.abc import Collection, Mapping
from typing import Any  # Any: JSON of applications
from uuid import UUID, uuid5

import msgspec
from msgspec import Struct

from identity.domain.cloudevent import item_of, structured
from identity.domain.identifiers import Links, links_of, raw_phone
from identity.duplicates import key_of
from identity.phone import e164
from journey_runtime.processor import BadRecord, Record
from journey_schemas.moment import from_ms
from journey_schemas.normalise import Rejection, normalise_record
from journey_schemas.records import DECODE_ERRORS
from journey_schemas.touchpoint import Touchpoint

MOST_BYTES = 768 * 1024

_OWN_TYPE = b"waypost."
_STRUCTURED = b"application/cloudevents+json"
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_MADE_ID = frozenset({"message_id_generated", "message_id_derived"})
_COMES_AGAIN = frozenset({"retried", "replayed", "suspect_duplicate"})
_decode = msgspec.json.Decoder().decode


class Event(Struct, frozen=True, kw_only=True):
    """A touchpoint ready to be resolved, with its place in the log.

    `seen` stands for (source, message id), None for an id that nobody can send twice. `is_deep`: it may have been sent
    long ago.
    """

    touchpoint: Touchpoint
    links: Links
    topic: str
    partition: int
    offset: int
    seen: int | None
    is_deep: bool
    traceparent: bytes | None


class EventDecoder:
    """Decodes records. `cluster_id` and `namespace` make the ids of records that have none."""

    def __init__(
        self, *, namespace: UUID, cluster_id: str, region: str | None, forced_sources: Collection[str]
    ) -> None:
        self._namespace = namespace
        self._cluster_id = cluster_id
        self._region = region
        self._forced = frozenset(forced_sources)

    def decode(self, record: Record) -> Event:
        """Raises `BadRecord` with one of the codes of what applications may do wrong."""
        headers = dict(reversed(record.headers))  # the first of a name counts
        item = _item(record, headers)
        touchpoint = normalise_record(
            item,
            received_at=from_ms(record.appended_ms),
            fallback_message_id=self._derived_id(record, item),
            source=_source(headers),
            replayed="wp-replayed-from" in headers,
        )
        if isinstance(touchpoint, Rejection):
            raise BadRecord(touchpoint.code, touchpoint.message, touchpoint.path)
        flags = touchpoint.flags
        written = raw_phone(touchpoint)
        return Event(
            touchpoint=touchpoint,
            links=links_of(
                touchpoint, phone=e164(written, self._region) if written else None, forced_sources=self._forced
            ),
            topic=record.topic,
            partition=record.partition,
            offset=record.offset,
            seen=None if flags and not _MADE_ID.isdisjoint(flags) else key_of(touchpoint.source, touchpoint.message_id),
            is_deep="receivedAt" not in item or (bool(flags) and not _COMES_AGAIN.isdisjoint(flags)),
            traceparent=headers.get("traceparent"),
        )

    def _derived_id(self, record: Record, item: Any) -> str:
        if type(item) is dict:
            written = item.get("messageId")
            if type(written) is str and written.strip():
                return ""  # not asked for
        return str(uuid5(self._namespace, f"{self._cluster_id}/{record.topic}/{record.partition}/{record.offset}"))


def _item(record: Record, headers: Mapping[str, bytes]) -> Any:
    value = record.value
    if not value:
        raise BadRecord("missing_value", "the record has no value")
    if len(value) > MOST_BYTES:
        raise BadRecord("event_too_large", f"the value has {len(value)} bytes, more than {MOST_BYTES}")
    try:
        decoded = _decode(value)
    except (*DECODE_ERRORS, ValueError) as error:
        raise BadRecord("not_json", "not JSON in UTF-8, or too deep, or a number out of range") from error
    item = decoded
    if headers.get("content-type", b"").startswith(_STRUCTURED):
        item = structured(decoded) if type(decoded) is dict else None
    elif not headers.get("ce_type", _OWN_TYPE).startswith(_OWN_TYPE):
        item = item_of(_attributes(headers), decoded)
    if item is None and decoded is not None:
        raise BadRecord("bad_cloudevent", "no CloudEvent 1.0 with id, type and source")
    if type(item) is dict and item.get("messageId") is None:
        item["messageId"] = _text(headers, "ce_id")
    return item


def _attributes(headers: Mapping[str, bytes]) -> dict[str, str]:
    return {
        name.removeprefix("ce_"): content.decode("utf-8", "replace")
        for name, content in headers.items()
        if name.startswith("ce_")
    }


def _text(headers: Mapping[str, bytes], name: str) -> str | None:
    content = headers.get(name)
    return None if content is None else content.decode("utf-8", "replace")


def _source(headers: Mapping[str, bytes]) -> str:
    written = (_text(headers, "ce_source") or "").removeprefix("/sources/")
    return written if _SOURCE.fullmatch(written) else "kafka"
