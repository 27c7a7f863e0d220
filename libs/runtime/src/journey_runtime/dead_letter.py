"""Dead letters: the record on `<topic>-dlq`, and the breaker that stops a process which writes too many."""

import hashlib
from base64 import b64encode
from collections import deque
from collections.abc import Collection, Mapping, Sequence

from journey_runtime.codec import encode
from journey_runtime.errors import TooManyDeadLetters
from journey_runtime.processor import Dead, Out, Record
from journey_schemas.dead_letter import DEAD_LETTER_TYPE, DeadLetter
from journey_schemas.headers import cloud_event_headers
from journey_schemas.ids import stable_id
from journey_schemas.moment import from_ms, to_text
from journey_schemas.partition import partition_of
from journey_schemas.topics import dead_letter_topic

VALUE_LIMIT = 512 * 1024
"""Bytes of a value kept in a dead letter; the rest is read by its coordinates."""

_IN_A_ROW = 20
_SHARE = 0.01
_AT_LEAST = 100
_WINDOW_S = 60.0


def dead_letter(
    dead: Dead, *, service: str, version: str, at_ms: int, timer_topic: str, partitions: Mapping[str, int]
) -> Out:
    """The record for the dead letter topic, under the source's key. A timer's goes to that of `timer_topic`."""
    if dead.record is None:
        assert dead.due is not None
        key, own_partition, topic = dead.due.key, dead.due.partition, timer_topic
        cause = f"timer:{key.hex()}:{dead.due.up_to_ms}"
        letter = DeadLetter(
            topic=topic, code=dead.code, message=dead.message, path=dead.path, service=service, version=version,
            at=from_ms(at_ms), partition=own_partition,
        )  # fmt: skip
    else:
        record = dead.record
        key, own_partition, topic = record.key or b"", record.partition, record.topic
        letter = _of_record(dead, record, service=service, version=version, at_ms=at_ms)
        cause = letter.message_id or f"{topic}/{record.partition}/{record.offset}"
    target = dead_letter_topic(topic)
    count = partitions[target]
    partition = own_partition if own_partition < count == partitions.get(topic) else partition_of(key, count)
    headers = cloud_event_headers(
        ce_id=stable_id("dead_letter", cause, dead.code),
        ce_type=DEAD_LETTER_TYPE,
        ce_source=f"/services/{service}",
        ce_time=to_text(from_ms(at_ms)),
    )
    return Out(target, key, encode(letter), headers, partition)


def _of_record(dead: Dead, record: Record, *, service: str, version: str, at_ms: int) -> DeadLetter:
    value = record.value or b""
    return DeadLetter(
        topic=record.topic,
        partition=record.partition,
        offset=record.offset,
        appended_at=from_ms(record.appended_ms),
        code=dead.code,
        message=dead.message,
        path=dead.path,
        service=service,
        version=version,
        at=from_ms(at_ms),
        headers={name: content.decode("utf-8", "replace") for name, content in record.headers},
        value_base64=b64encode(value[:VALUE_LIMIT]).decode("ascii"),
        truncated=len(value) > VALUE_LIMIT,
        sha256=hashlib.sha256(value).hexdigest(),
        source=_text(record, "ce_source"),
        message_id=_text(record, "ce_id"),
        replayed_from=_text(record, "wp-replayed-from"),
    )


def _text(record: Record, name: str) -> str | None:
    content = record.header(name)
    return None if content is None else content.decode("utf-8", "replace")


class Breaker:
    """Stops a process at 20 dead letters in a row, or at over 1 % of the last 60 s with at least 100 records.

    On topics that applications write (`outside`) only the code `bug` counts: one broken application must not stop the
    platform. A dead letter that does not count neither lengthens nor ends a row.
    """

    def __init__(self, outside: Collection[str] = ()) -> None:
        self._outside = frozenset(outside)
        self._row = 0
        self._window: deque[tuple[float, int, int]] = deque()
        self._records = 0
        self._dead = 0

    def check(self, count: int, dead: Sequence[Dead], now_s: float) -> None:
        """Take in one batch of `count` records, before it is committed. Raises `TooManyDeadLetters`."""
        counted = [one for one in dead if self._counts(one)]
        self._measure(count, len(counted), now_s)
        longest = self._longest_row(
            count, counted, ignored={one.index for one in dead} - {one.index for one in counted}
        )
        if longest >= _IN_A_ROW:
            raise TooManyDeadLetters(f"{longest} dead letters in a row, the last with code {counted[-1].code}")
        if self._records >= _AT_LEAST and self._dead > self._records * _SHARE:
            raise TooManyDeadLetters(f"{self._dead} of the last {self._records} records became dead letters")

    def _counts(self, dead: Dead) -> bool:
        return dead.code == "bug" or dead.record is None or dead.record.topic not in self._outside

    def _measure(self, count: int, dead: int, now_s: float) -> None:
        self._window.append((now_s, count, dead))
        self._records += count
        self._dead += dead
        while self._window and self._window[0][0] < now_s - _WINDOW_S:
            _, old_count, old_dead = self._window.popleft()
            self._records -= old_count
            self._dead -= old_dead

    def _longest_row(self, count: int, counted: Sequence[Dead], ignored: set[int | None]) -> int:
        """The longest row that ends in this batch; what is left over at its end goes on in the next."""
        if not counted:
            if count > len(ignored):
                self._row = 0
            return 0
        longest = 0
        bad = {one.index for one in counted}
        self._row += sum(1 for one in counted if one.index is None)
        for index in range(count):
            if index in bad:
                self._row += 1
                longest = max(longest, self._row)
            elif index not in ignored:
                self._row = 0
        return max(longest, self._row)
