"""CloudEvents attributes as Kafka headers (binary mode).

The value of a record is the truth; headers serve routing and tracing.
"""

from collections.abc import Sequence

Headers = tuple[tuple[str, bytes], ...]

_CONSTANT: Headers = (("ce_specversion", b"1.0"), ("content-type", b"application/json"))


def cloud_event_headers(
    *, ce_id: str, ce_type: str, ce_source: str, ce_time: str, traceparent: bytes | None = None
) -> Headers:
    """The headers of one record.

    `ce_time` is RFC 3339 in UTC, `ce_source` a path such as `/sources/web` or `/services/identity`.
    """
    own = (
        ("ce_id", ce_id.encode()),
        ("ce_type", ce_type.encode()),
        ("ce_source", ce_source.encode()),
        ("ce_time", ce_time.encode()),
    )
    trace = (("traceparent", traceparent),) if traceparent else ()
    return _CONSTANT + own + trace


def header(headers: Sequence[tuple[str, bytes]], name: str) -> str | None:
    """The first header called `name` as text, or None.

    Bytes that are no UTF-8 are replaced, since headers are advisory.
    """
    for key, value in headers:
        if key == name:
            return value.decode("utf-8", "replace")
    return None
