"""How fast and how fresh: touchpoints counted in the last seconds, and the newest one."""

import time
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime

from metrics import metrics

_WINDOW_S = 10.0


class Pace:
    """Fed by the reader after each commit."""

    def __init__(self) -> None:
        self._counts: deque[tuple[float, int]] = deque()
        self.newest: datetime | None = None

    def counted(self, new: int, received: Sequence[datetime]) -> None:
        """`new` touchpoints became visible; `received` is when those of the batch had come in."""
        self._counts.append((time.monotonic(), new))
        metrics.touchpoints.inc(new)
        now = datetime.now(UTC)
        for at in received:
            metrics.visible_seconds.observe((now - at).total_seconds())
        if received:
            newest = max(received)
            self.newest = max(self.newest, newest) if self.newest else newest

    def per_second(self) -> float:
        """Touchpoints per second over the last 10 s."""
        since = time.monotonic() - _WINDOW_S
        while self._counts and self._counts[0][0] < since:
            self._counts.popleft()
        return sum(n for _, n in self._counts) / _WINDOW_S
