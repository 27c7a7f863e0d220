"""Times on the wire: RFC 3339, UTC, milliseconds, `Z`."""

from datetime import UTC, datetime, timedelta

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MS = timedelta(milliseconds=1)


def to_text(moment: datetime) -> str:
    """`2026-01-31T12:00:00.123Z` of an aware datetime."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def to_ms(moment: datetime) -> int:
    """Milliseconds since 1970 in UTC, rounded down."""
    return (moment - _EPOCH) // _MS


def from_ms(ms: int) -> datetime:
    """The aware UTC datetime of `ms` milliseconds since 1970; exact, unlike a float of seconds."""
    return _EPOCH + timedelta(milliseconds=ms)


def from_text(text: str) -> datetime:
    """The UTC datetime of RFC 3339 text; no offset means UTC. Raises ValueError on anything else."""
    moment = datetime.fromisoformat(text)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
