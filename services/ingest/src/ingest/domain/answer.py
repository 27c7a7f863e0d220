"""What a client is told about its items."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from journey_schemas.normalise import Rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejected:
    """An item that became a dead letter: its place in the request, counted from 0, and why."""

    index: int
    rejection: Rejection


def of_batch(accepted: int, rejected: Sequence[Rejected]) -> tuple[int, dict[str, Any]]:  # JSON
    """Status and body for a batch: 200 whatever became of its items, or the client would drop the good ones too."""
    return 200, {
        "success": True,
        "accepted": accepted,
        "rejected": [
            {"index": one.index, "code": one.rejection.code, "message": one.rejection.message} for one in rejected
        ],
    }


def of_single(accepted: int, rejected: Sequence[Rejected]) -> tuple[int, dict[str, Any]]:  # JSON
    """Status and body for an item that came alone."""
    if not rejected:
        return of_batch(accepted, rejected)
    rejection = rejected[0].rejection
    status = 413 if rejection.code == "event_too_large" else 400
    return status, {"code": rejection.code, "message": rejection.message}
