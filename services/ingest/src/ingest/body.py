"""From the bytes of a request to items. The content type is ignored: browsers send JSON as text, others as a form."""

import zlib
from collections.abc import AsyncIterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any  # Any: JSON as it came

import msgspec

from ingest.errors import Refusal, RequestTooLarge
from journey_schemas.normalise import moment_or_none
from journey_schemas.records import DECODE_ERRORS
from journey_schemas.touchpoint import Json

_GZIP = 31  # zlib's window bits for a gzip container
_PIECE = 1 << 20
_LARGE = 1 << 20
_MOST_COMMAS = 1_000_000
_SHARED_BYTES = 32 << 10

#: Decodes completely: what msgspec leaves raw is not validated.
decode = msgspec.json.Decoder().decode


class _Envelope(msgspec.Struct, rename="camel"):
    batch: list[msgspec.Raw]
    sent_at: msgspec.Raw = msgspec.Raw()
    context: msgspec.Raw = msgspec.Raw()
    integrations: msgspec.Raw = msgspec.Raw()
    write_key: msgspec.Raw = msgspec.Raw()


_decode_envelope = msgspec.json.Decoder(_Envelope).decode


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Items as they came, and what they share."""

    items: list[msgspec.Raw]
    sent_at: datetime | None
    context: Json | None
    integrations: Json | None
    write_key: object


async def read(
    chunks: AsyncIterable[bytes], headers: Mapping[bytes, bytes], *, request_bytes: int, inflated_bytes: int
) -> bytes:
    """The whole body, gunzipped if it says so. Raises `Refusal` before more is read or inflated than allowed."""
    length = headers.get(b"content-length", b"")
    if length.isdigit() and int(length) > request_bytes:
        raise _too_many_bytes(request_bytes)
    parts: list[bytes] = []
    size = 0
    async for chunk in chunks:
        size += len(chunk)
        if size > request_bytes:
            raise _too_many_bytes(request_bytes)
        parts.append(chunk)
    body = parts[0] if len(parts) == 1 else b"".join(parts)
    encoding = headers.get(b"content-encoding", b"").strip().lower()
    if encoding == b"gzip":
        return _inflate(body, inflated_bytes)
    if encoding not in (b"", b"identity"):
        raise Refusal(400, "bad_body", "the content encoding is none of gzip and identity")
    return body


def split(body: bytes, *, max_items: int) -> Batch:
    """The items of a batch, each with its exact bytes. Raises `Refusal`.

    Items beyond `max_items` are still split, so that each can be named, but not without bound.
    """
    if len(body) > _LARGE and body.count(b",") > _MOST_COMMAS:
        # A list of millions of empty items would take twenty times the memory of its bytes.
        raise RequestTooLarge("the body has too many values")
    try:
        envelope = _decode_envelope(body)
    except msgspec.ValidationError:
        raise Refusal(400, "bad_body", "the body is no object with an array `batch`") from None
    except DECODE_ERRORS:
        raise not_json() from None
    if len(envelope.batch) > 4 * max_items:
        raise RequestTooLarge(f"the batch has more than {4 * max_items} items")
    return Batch(
        items=envelope.batch,
        sent_at=moment_or_none(_value(envelope.sent_at)),
        context=_shared(envelope.context, "context"),
        integrations=_shared(envelope.integrations, "integrations"),
        write_key=_value(envelope.write_key),
    )


def single(body: bytes) -> Any:
    """The one item that is the body. Raises `Refusal`."""
    try:
        return decode(body)
    except DECODE_ERRORS:
        raise not_json() from None


def not_json() -> Refusal:
    """Malformed, no UTF-8, a number out of range, or nested too deeply."""
    return Refusal(400, "not_json", "the body is not JSON in UTF-8")


def _too_many_bytes(limit: int) -> RequestTooLarge:
    return RequestTooLarge(f"the body has more than {limit} bytes")


def _inflate(body: bytes, limit: int) -> bytes:
    """Inflates piece by piece, so that a bomb costs no more memory than the limit."""
    stream = zlib.decompressobj(_GZIP)
    parts: list[bytes] = []
    size = 0
    try:
        while part := stream.decompress(body, _PIECE):
            size += len(part)
            if size > limit:
                raise RequestTooLarge(f"the body has more than {limit} bytes once inflated")
            parts.append(part)
            body = stream.unconsumed_tail
    except zlib.error:
        raise Refusal(400, "bad_gzip", "the body is no gzip") from None
    if not stream.eof or stream.unused_data:
        raise Refusal(400, "bad_gzip", "the gzip stream is cut off, or something follows it")
    return parts[0] if len(parts) == 1 else b"".join(parts)


def _value(raw: msgspec.Raw) -> Any:
    if not bytes(raw):
        return None
    try:
        return decode(raw)
    except DECODE_ERRORS:
        raise not_json() from None


def _shared(raw: msgspec.Raw, name: str) -> Json | None:
    """An object that all items take; bounded, since it is stored once per item."""
    if memoryview(raw).nbytes > _SHARED_BYTES:
        raise RequestTooLarge(f"{name} of the batch has more than {_SHARED_BYTES} bytes")
    value = _value(raw)
    if value is None or type(value) is dict:
        return value
    raise Refusal(400, "bad_body", f"{name} of the batch is no object")
