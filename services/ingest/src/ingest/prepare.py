"""Items of a request to records for Kafka: touchpoints, and dead letters for what cannot be one."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any  # Any: JSON as it came
from uuid import uuid4

import msgspec

from ingest.body import decode
from ingest.dead_letters import DeadLetters
from ingest.domain.answer import Rejected
from ingest.producer import Outgoing
from ingest.sources import Source
from journey_schemas.headers import cloud_event_headers
from journey_schemas.moment import to_text
from journey_schemas.normalise import Rejection, normalise, source_key
from journey_schemas.partition import partition_of
from journey_schemas.records import DECODE_ERRORS, encode, replace
from journey_schemas.touchpoint import TOUCHPOINT_TYPE, Json, Touchpoint

_LARGEST_RECORD = 1_400_000  # what the topic takes (1.5 MiB), less headers and overhead

_NOT_JSON = Rejection(code="not_json", message="the item is not JSON in UTF-8", path="$")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What is known of a request beside its items.

    `kind`: the type that the path names. `browser_context`: what overrides the context of a browser's items.
    """

    source: Source
    received_at: datetime
    kind: str | None = None
    sent_at: datetime | None = None
    context: Json | None = None
    integrations: Json | None = None
    retry_count: int = 0
    traceparent: bytes | None = None
    address: str | None = None
    user_agent: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class Prepared:
    """Records in the order of the items, and what became of each item."""

    records: list[Outgoing] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)
    accepted: int = 0

    def codes(self) -> Counter[str]:
        """How often each code was given."""
        return Counter(one.rejection.code for one in self.rejected)


class Preparer:
    """Makes records. `partitions` is the count of `topic`, and of its dead letters."""

    def __init__(self, *, topic: str, partitions: int, dead_letters: DeadLetters, max_items: int) -> None:
        self._topic = topic
        self._partitions = partitions
        self._dead_letters = dead_letters
        self._max_items = max_items

    def batch(self, items: Sequence[msgspec.Raw], sending: Sending) -> Prepared:
        """All items of a batch, each decoded on its own: one bad item costs none of the others."""
        prepared = Prepared()
        for index, raw in enumerate(items):
            try:
                item = decode(raw)
            except DECODE_ERRORS:
                self._reject(prepared, index, _NOT_JSON, None, bytes(raw), sending)
                continue
            if index >= self._max_items:
                rejection = Rejection(
                    code="too_many_items", message=f"the batch has more than {self._max_items} items", path="$"
                )
                self._reject(prepared, index, rejection, item, bytes(raw), sending)
            else:
                self._take(prepared, index, item, raw, sending)
        return prepared

    def single(self, item: Any, body: bytes, sending: Sending) -> Prepared:
        """The one item of a request, already decoded."""
        prepared = Prepared()
        self._take(prepared, 0, item, body, sending)
        return prepared

    def _take(self, prepared: Prepared, index: int, item: Any, raw: msgspec.Raw | bytes, sending: Sending) -> None:
        if memoryview(raw).nbytes > sending.source.event_bytes:
            self._reject(prepared, index, _too_large(sending.source.event_bytes), item, bytes(raw), sending)
            return
        if sending.integrations is not None and type(item) is dict and item.get("integrations") is None:
            item["integrations"] = sending.integrations
        made = normalise(
            item,
            source=sending.source.name,
            received_at=sending.received_at,
            sent_at=sending.sent_at,
            context=sending.context,
            fallback_message_id=_fallback_id(item),
            path_type=sending.kind,
            retried=sending.retry_count > 0,
        )
        if isinstance(made, Rejection):
            self._reject(prepared, index, made, item, bytes(raw), sending)
            return
        if sending.source.is_browser:
            made = _as_seen(made, sending)
        try:
            value = encode(made)
        except RecursionError:
            self._reject(prepared, index, _NOT_JSON, None, bytes(raw), sending)
            return
        if len(value) > _LARGEST_RECORD:
            self._reject(prepared, index, _too_large(_LARGEST_RECORD), item, bytes(raw), sending)
            return
        key = source_key(made).encode()
        headers = cloud_event_headers(
            ce_id=made.message_id,
            ce_type=TOUCHPOINT_TYPE,
            ce_source=f"/sources/{sending.source.name}",
            ce_time=to_text(made.timestamp),
            traceparent=sending.traceparent,
        )
        if sending.retry_count:
            headers += (("wp-retry", b"%d" % sending.retry_count),)
        prepared.records.append(Outgoing(self._topic, key, value, headers, partition_of(key, self._partitions)))
        prepared.accepted += 1

    def _reject(
        self, prepared: Prepared, index: int, rejection: Rejection, item: Any, raw: bytes, sending: Sending
    ) -> None:
        prepared.rejected.append(Rejected(index=index, rejection=rejection))
        prepared.records.append(
            self._dead_letters.record(
                rejection,
                item,
                raw,
                source=sending.source.name,
                kind=sending.kind,
                context=sending.context,
                sent_at=sending.sent_at,
                received_at=sending.received_at,
                headers=sending.headers,
            )
        )


def _fallback_id(item: Any) -> str:
    """An id of our own is made only where one may be needed: a random number per item is dear."""
    own = item.get("messageId") if type(item) is dict else None
    return "" if type(own) is str and own and not own.isspace() else str(uuid4())


def _as_seen(touchpoint: Touchpoint, sending: Sending) -> Touchpoint:
    """A browser cannot know its address, and may not claim another one's."""
    context = dict(touchpoint.context or {})
    if sending.address is None:
        context.pop("ip", None)
    else:
        context["ip"] = sending.address
    if sending.user_agent and context.get("userAgent") is None:
        context["userAgent"] = sending.user_agent
    return replace(touchpoint, context=context or None)


def _too_large(limit: int) -> Rejection:
    return Rejection(code="event_too_large", message=f"the item has more than {limit} bytes", path="$")
