"""How many requests are in work at once."""

import contextlib
from collections.abc import Iterator

from ingest.errors import Overloaded


class Admission:
    """Counts; beyond `most` a request is refused before its body is read."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.in_work = 0

    @contextlib.contextmanager
    def enter(self) -> Iterator[None]:
        """One request. Raises `Overloaded`."""
        if self.in_work >= self._most:
            raise Overloaded
        self.in_work += 1
        try:
            yield
        finally:
            self.in_work -= 1
