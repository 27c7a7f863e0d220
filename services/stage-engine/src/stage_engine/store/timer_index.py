"""The timer index: one row per profile that says when to look at its timers. The state is the truth, the row derived.

A row may lie earlier than the profile's earliest timer (a timer moved later writes nothing) and never later.
"""

from typing import Any, NamedTuple  # Any: a RocksDB write batch, which carries no types

from journey_runtime.processor import Due

from stage_engine.store.database import Database
from stage_engine.store.layout import META, TIMERS, TimerRow, partition_prefix, timer_key, timer_row

HOUR_MS = 3_600_000


class Placement(NamedTuple):
    """Where a written state's row is from now on, and the rows to write and delete for it."""

    row_ms: int
    insert: TimerRow | None
    delete: TimerRow | None


def place(partition: int, profile: bytes, *, row_ms: int, due_ms: int | None, cursor_ms: int) -> Placement:
    """What writing a state with the earliest timer `due_ms` does to its row at `row_ms` (0: none)."""
    if due_ms is None or (row_ms and due_ms >= row_ms):
        return Placement(row_ms, None, None)
    # Behind the cursor nothing is looked at any more, so a timer that is overdue goes right after it.
    new_ms = max(due_ms, cursor_ms + 1)
    old = TimerRow(partition, row_ms, profile) if row_ms else None
    return Placement(new_ms, TimerRow(partition, new_ms, profile), old)


class TimerIndex:
    """Rows of the partitions of one task. `cursor` = last row removed, so that a scan skips what was deleted."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._cursors: dict[int, TimerRow] = {}

    def cursor_ms(self, partition: int) -> int:
        """The time up to which all rows have been taken; 0 before the first."""
        return self._cursor(partition).row_ms

    def _cursor(self, partition: int) -> TimerRow:
        found = self._cursors.get(partition)
        if found is None:
            note = self._database.get(META, f"fired:{partition}".encode())
            found = timer_row(note) if note else TimerRow(partition, 0, b"")
            self._cursors[partition] = found
        return found

    def due_rows(self, partition: int, up_to_ms: int, limit: int) -> list[TimerRow]:
        """Rows at or before `up_to_ms`, in order."""
        prefix = partition_prefix(partition)
        iterator = self._database.scan(TIMERS, timer_key(self._cursor(partition)))
        rows: list[TimerRow] = []
        while iterator.valid() and len(rows) < limit:
            key = iterator.key()
            if key[:2] != prefix:
                break
            row = timer_row(key)
            if row.row_ms > up_to_ms:
                break
            rows.append(row)
            iterator.next()
        return rows

    def advance(self, batch: Any, row: TimerRow) -> None:
        """Move the partition's cursor to `row`, which is removed in the same batch."""
        if row <= self._cursor(row.partition):
            return
        self._cursors[row.partition] = row
        self._database.put(batch, META, f"fired:{row.partition}".encode(), timer_key(row))

    def write(self, batch: Any, placement: Placement) -> None:
        """Add the rows of a placement to a batch."""
        if placement.delete is not None:
            self._database.delete(batch, TIMERS, timer_key(placement.delete))
        if placement.insert is not None:
            self._database.put(batch, TIMERS, timer_key(placement.insert), b"")

    def forget(self) -> None:
        """Read the cursors anew, after a batch that was not written."""
        self._cursors.clear()


def as_due(row: TimerRow, up_to_ms: int) -> Due:
    """The order to fire what is due of a row's profile."""
    return Due(row.partition, row.profile, up_to_ms)


