"""Message ids seen lately: the open ten minutes as a set, closed ones as sorted arrays.

The key is the first 8 bytes of BLAKE2b over source and message id: two applications may use equal ids.
"""

from collections.abc import Collection
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

WINDOW_MS = 600_000
_LAST_HOUR_MS = 3_600_000

Hashes = NDArray[np.uint64]


def key_of(source: str, message_id: str) -> int:
    """What stands for one touchpoint."""
    return int.from_bytes(blake2b(f"{source}\0{message_id}".encode(), digest_size=8).digest(), "little")


def window_of(at_ms: int) -> int:
    """Start of the ten minutes that hold a time."""
    return at_ms - at_ms % WINDOW_MS


def packed(keys: Collection[int]) -> bytes:
    """How keys are stored: 8 bytes each, little endian."""
    return np.fromiter(keys, dtype="<u8", count=len(keys)).tobytes()


class Duplicates:
    """All keys of the last `hours`, at most `most` of them: above that the oldest ten minutes are forgotten early."""

    def __init__(self, hours: int, most: int) -> None:
        self.keep_ms = hours * 3_600_000
        self._most = most
        self._windows: dict[int, Hashes] = {}
        self._open: set[int] = set()
        self._open_start = 0

    @property
    def seconds(self) -> float:
        """How far back it remembers."""
        return (self._open_start + WINDOW_MS - min(self._windows, default=self._open_start)) / 1000

    def load(self, start_ms: int, stored: bytes) -> None:
        """Take in all stored keys of one window."""
        self._close(start_ms, np.frombuffer(stored, dtype="<u8").astype(np.uint64))
        self._open_start = max(self._open_start, start_ms)
        self._forget()

    def add(self, start_ms: int, keys: Collection[int]) -> None:
        """Remember keys of the window that starts then; a late one counts as of the open window."""
        if start_ms > self._open_start:
            if self._open:
                self._close(self._open_start, np.fromiter(self._open, np.uint64, len(self._open)))
            self._open, self._open_start = set(), start_ms
            self._forget()
        self._open.update(keys)

    def found(self, keys: Collection[int], *, is_deep: bool) -> set[int]:
        """Which of these were seen: in the last hour, or ever (`is_deep`)."""
        known = self._open.intersection(keys)
        if not keys or not self._windows:
            return known
        wanted = np.fromiter(keys, np.uint64, len(keys))
        since = self._open_start - _LAST_HOUR_MS
        for start_ms, hashes in self._windows.items():
            if (is_deep or start_ms >= since) and len(hashes):
                places = np.minimum(np.searchsorted(hashes, wanted), len(hashes) - 1)
                known.update(wanted[hashes[places] == wanted].tolist())
        return known

    def clear(self) -> None:
        """Forget everything."""
        self._windows.clear()
        self._open.clear()
        self._open_start = 0

    def _close(self, start_ms: int, keys: Hashes) -> None:
        before = self._windows.get(start_ms)
        self._windows[start_ms] = np.sort(keys if before is None else np.concatenate((before, keys)))

    def _forget(self) -> None:
        count = sum(map(len, self._windows.values()))
        for start_ms in sorted(self._windows):
            if start_ms >= self._open_start - self.keep_ms and count <= self._most:
                return
            count -= len(self._windows.pop(start_ms))
