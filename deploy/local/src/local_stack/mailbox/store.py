"""Received mail in memory: the newest are kept, all are counted."""

import re
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

MOST = 50_000
MOST_BYTES = 256 * 1024 * 1024

_MESSAGE_ID = re.compile(rb"(?im)^message-id:\s*(<[^>\r\n]*>|\S+)")
_END_OF_HEADERS = re.compile(rb"\r?\n\r?\n")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mail:
    """One mail as it came; `n` counts from 1. `raw` is not parsed: most mails of a load are never looked at."""

    n: int
    received_at: datetime
    mail_from: str
    rcpt_tos: tuple[str, ...]
    raw: bytes


class Store:
    """The newest mails up to a count and a size, oldest first."""

    def __init__(self, *, most: int = MOST, most_bytes: int = MOST_BYTES) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._mails: deque[Mail] = deque()
        self._bytes = 0
        self._last = 0
        self._forgotten = 0
        # Hashes, because the ids of a long load outnumber the mails that are kept.
        self._message_ids: set[int] = set()

    def add(self, raw: bytes, *, mail_from: str, rcpt_tos: tuple[str, ...], at: datetime) -> Mail:
        """Keep a mail, dropping the oldest ones beyond the limits."""
        self._last += 1
        mail = Mail(n=self._last, received_at=at, mail_from=mail_from, rcpt_tos=rcpt_tos, raw=raw)
        self._message_ids.add(hash(_message_id(raw) or mail.n))
        self._mails.append(mail)
        self._bytes += len(raw)
        while len(self._mails) > self._most or (self._bytes > self._most_bytes and len(self._mails) > 1):
            self._bytes -= len(self._mails.popleft().raw)
        return mail

    def get(self, n: int) -> Mail | None:
        """The mail of this number, unless it never came or is no longer kept."""
        first = self._last - len(self._mails) + 1
        return self._mails[n - first] if first <= n <= self._last else None

    def since(self, n: int, limit: int) -> list[Mail]:
        """Up to `limit` mails after number `n`, oldest first."""
        first = self._last - len(self._mails) + 1
        numbers = range(max(n + 1, first), min(max(n + 1, first) + limit, self._last + 1))
        return [self._mails[number - first] for number in numbers]

    def newest_first(self) -> Iterator[Mail]:
        """All that are kept."""
        return reversed(self._mails)

    def clear(self) -> None:
        """Forget all mails and counts; numbers go on."""
        self._mails.clear()
        self._message_ids.clear()
        self._bytes = 0
        self._forgotten = self._last

    @property
    def last(self) -> int:
        """The number of the newest mail; 0 before the first."""
        return self._last

    @property
    def count(self) -> int:
        """Mails received since the last clearing, those no longer kept included."""
        return self._last - self._forgotten

    @property
    def kept(self) -> int:
        return len(self._mails)

    @property
    def distinct_message_ids(self) -> int:
        """Different Message-IDs among `count`; a mail without one counts as different from all."""
        return len(self._message_ids)


def _message_id(raw: bytes) -> bytes | None:
    end = _END_OF_HEADERS.search(raw)
    found = _MESSAGE_ID.search(raw, 0, end.start() if end else len(raw))
    return found.group(1) if found else None
