"""One request from its first byte to its answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal, Self  # Any: JSON bodies

from starlette.requests import Request

from ingest import body, metrics
from ingest.admission import Admission
from ingest.auth import authenticate, presented_key
from ingest.domain import answer
from ingest.errors import KafkaUnavailable, Refusal, RequestTooLarge
from ingest.peer import address_of
from ingest.prepare import Prepared, Preparer, Sending
from ingest.producer import Writer
from ingest.settings import IngestSettings, Network
from ingest.sources import Source, Sources

_TOLD_HEADERS = ("content-type", "user-agent", "x-retry-count")
_LONGEST_HEADER = 512
_MOST_RETRIES = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """What one request may weigh, and what is kept of a browser's address."""

    request_bytes: int
    inflated_bytes: int
    max_items: int
    max_unacked_bytes: int
    trusted_proxies: tuple[Network, ...]
    ip: Literal["truncate", "keep", "drop"]

    @classmethod
    def of(cls, settings: IngestSettings) -> Self:
        """Those of the settings."""
        return cls(
            request_bytes=settings.ingest_request_bytes,
            inflated_bytes=settings.ingest_inflated_bytes,
            max_items=settings.ingest_max_items,
            max_unacked_bytes=settings.ingest_max_unacked_bytes,
            trusted_proxies=settings.ingest_trusted_proxies,
            ip=settings.ingest_ip,
        )


class Acceptor:
    """Reads, authenticates, normalises, stores; then answers."""

    def __init__(
        self, *, sources: Sources, writer: Writer, preparer: Preparer, admission: Admission, limits: Limits
    ) -> None:
        self._sources = sources
        self._writer = writer
        self._preparer = preparer
        self._admission = admission
        self._limits = limits

    async def accept(self, request: Request, kind: str | None) -> tuple[int, dict[str, Any], Mapping[str, str]]:
        """Status, body and extra headers; `kind` is the type that the path names, None for a batch."""
        call = _Call(request, kind)
        try:
            status, content = await self._accept(call)
            headers: Mapping[str, str] = {}
        except Refusal as refusal:
            status, content = refusal.status, {"code": refusal.code, "message": refusal.message}
            headers = refusal.headers
        metrics.requests.labels(call.source_name, str(status)).inc()
        if call.retry_count:
            metrics.retried_requests.labels(call.source_name).inc()
        return status, content, headers

    async def _accept(self, call: "_Call") -> tuple[int, dict[str, Any]]:
        if self._writer.is_open():
            raise KafkaUnavailable
        with self._admission.enter():
            raw = await body.read(
                call.request.stream(),
                call.headers,
                request_bytes=self._limits.request_bytes,
                inflated_bytes=self._limits.inflated_bytes,
            )
            prepared = self._single(call, raw) if call.kind is not None else self._batch(call, raw)
            if sum(len(record.value) for record in prepared.records) > self._limits.max_unacked_bytes:
                raise RequestTooLarge("the items take too many bytes with the context they share")
            await self._writer.store(prepared.records)
        _count(call.source_name, prepared)
        rule = answer.of_batch if call.kind is None else answer.of_single
        return rule(prepared.accepted, prepared.rejected)

    def _batch(self, call: "_Call", raw: bytes) -> Prepared:
        batch = body.split(raw, max_items=self._limits.max_items)
        source = self._authenticated(call, batch.write_key)
        sending = call.sending(
            source,
            self._address(call, source),
            sent_at=batch.sent_at,
            context=batch.context,
            integrations=batch.integrations,
        )
        return self._preparer.batch(batch.items, sending)

    def _single(self, call: "_Call", raw: bytes) -> Prepared:
        item = body.single(raw)
        source = self._authenticated(call, item.get("writeKey") if isinstance(item, dict) else None)
        return self._preparer.single(item, raw, call.sending(source, self._address(call, source)))

    def _authenticated(self, call: "_Call", body_key: object) -> Source:
        key = presented_key(call.headers, body_key, call.request.scope["query_string"])
        source = authenticate(self._sources, key, call.text("origin"), call.received_at)
        call.source_name = source.name
        return source

    def _address(self, call: "_Call", source: Source) -> str | None:
        if not source.is_browser:
            return None
        client = call.request.client
        return address_of(
            client.host if client else None, call.headers, trusted=self._limits.trusted_proxies, kept=self._limits.ip
        )


class _Call:
    """A request as it comes in; its source is unknown until its key was found."""

    def __init__(self, request: Request, kind: str | None) -> None:
        self.request = request
        self.kind = kind
        self.headers: dict[bytes, bytes] = dict(request.scope["headers"])
        self.received_at = datetime.now(UTC)
        self.source_name = "unknown"
        self.retry_count = _count_of(self.headers.get(b"x-retry-count", b""))

    def text(self, header: str) -> str | None:
        """A header as text, at most 512 characters of it."""
        value = self.headers.get(header.encode("ascii"))
        return value.decode("latin-1")[:_LONGEST_HEADER] if value is not None else None

    def sending(self, source: Source, address: str | None, **shared: Any) -> Sending:
        """What the items' records are made with."""
        told = {name: value for name in _TOLD_HEADERS if (value := self.text(name)) is not None}
        return Sending(
            source=source,
            received_at=self.received_at,
            kind=self.kind,
            retry_count=self.retry_count,
            traceparent=_traceparent(self.headers.get(b"traceparent")),
            address=address,
            user_agent=told.get("user-agent"),
            headers=told,
            **shared,
        )


def _count(source: str, prepared: Prepared) -> None:
    if prepared.accepted:
        metrics.touchpoints.labels(source, "accepted").inc(prepared.accepted)
    if prepared.rejected:
        metrics.touchpoints.labels(source, "rejected").inc(len(prepared.rejected))
        for code, count in prepared.codes().items():
            metrics.rejected.labels(source, code).inc(count)


def _count_of(value: bytes) -> int:
    return min(int(value), _MOST_RETRIES) if value.isdigit() and len(value) <= 9 else 0


def _traceparent(value: bytes | None) -> bytes | None:
    """As in W3C Trace Context: 55 characters; anything else is not passed on."""
    return value if value is not None and len(value) == 55 and value.isascii() else None
