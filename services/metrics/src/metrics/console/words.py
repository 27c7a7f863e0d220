"""How figures are written on pages."""

from datetime import UTC, datetime

_UNITS = ((86_400.0, "d"), (3_600.0, "h"), (60.0, "min"))


def number(n: float | None) -> str:
    """`1,234`; a dash for nothing known."""
    if n is None:
        return "–"  # noqa: RUF001 - a dash, as people write it
    return f"{n:,.1f}" if isinstance(n, float) and not n.is_integer() else f"{n:,.0f}"


def percent(share: float | None) -> str:
    """`12.5 %`."""
    if share is None:
        return "–"  # noqa: RUF001 - a dash, as people write it
    return f"{share * 100:.1f} %".replace(".0 %", " %")


def duration(seconds: float | None) -> str:
    """`3.2 d`, `4 min`, `12 s`."""
    if seconds is None:
        return "–"  # noqa: RUF001 - a dash, as people write it
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{seconds / size:.1f} {unit}".replace(".0 ", " ")
    return f"{seconds:.1f} s".replace(".0 ", " ")


def clock(at: datetime) -> str:
    """`2026-03-01 12:00:05`, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S")
