"""When a failed attempt is made again."""

from datetime import timedelta

_FIRST, _CAP = timedelta(seconds=2), timedelta(minutes=15)
_WEBHOOK = tuple(timedelta(seconds=s) for s in (5, 300, 1800, 7200, 18000, 36000, 50400, 72000, 86400))


def retry_after(channel: str, attempt: int, chance: float) -> timedelta:
    """How long to wait after the `attempt`-th failure. `chance` in [0, 1) spreads what failed together."""
    if channel == "webhook":
        return _WEBHOOK[min(attempt, len(_WEBHOOK)) - 1]
    return min(_CAP, _FIRST * float(2 ** min(attempt, 12))) * chance
