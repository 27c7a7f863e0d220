"""The store port of one task: RocksDB behind, changelog in front, an LRU of decoded states between.

Written only after Kafka committed, so the copy is never ahead; what it may be behind is caught up at the next opening.
"""

import time
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Any  # Any: aiokafka and rocksdict carry no types

from journey_runtime.log import logger
from journey_runtime.processor import Due, Effects, Key, Out, Position

from stage_engine.errors import StoreDamaged
from stage_engine.kept import Kept, due_of, unpack
from stage_engine.store.catch_up import ChangelogReader
from stage_engine.store.database import Database
from stage_engine.store.layout import (
    META,
    STATE,
    TIMERS,
    TimerRow,
    partition_prefix,
    profile_of,
    split_value,
    state_key,
    state_value,
    timer_key,
)
from stage_engine.store.recent import Recent
from stage_engine.store.timer_index import HOUR_MS, Placement, TimerIndex, as_due, place

log = logger(__name__)

CHANGELOG = "stage-engine-changelog"
#: A copy older than this may have missed tombstones that compaction has removed since.
_TOO_OLD_S = 3 * 86_400


class StateStore:
    """States of the partitions of one task, keyed by (partition, profile id)."""

    def __init__(
        self,
        *,
        task: int,
        partitions: list[int],
        folder: Path,
        cluster: str,
        cache: Any,
        reader: Callable[[], ChangelogReader],
        release: Callable[[], int],
    ) -> None:
        self._task = task
        self._partitions = partitions
        self._cluster = cluster
        self._reader = reader
        self._release = release
        self._database = Database(folder, cache)
        self._index = TimerIndex(self._database)
        self._recent = Recent(50_000)
        self._rows: dict[Key, int] = {}
        self._swept: dict[int, str] = {}

    # -- opening -------------------------------------------------------------------------------------------------------

    async def fence(self, task: int) -> None:
        """Kafka's fence is enough for a copy; here the files are opened, so that `has_state` can look."""
        if self._database.is_open:
            return
        try:
            self._database.open(task=self._task, cluster=self._cluster)
        except StoreDamaged as error:
            self._rebuild(str(error))

    async def has_state(self, partition: int) -> bool:
        """Whether the copy or the changelog holds anything of the partition."""
        iterator = self._database.scan(STATE, partition_prefix(partition))
        if iterator.valid() and iterator.key()[:2] == partition_prefix(partition):
            return True
        async with self._reader() as reader:
            end = (await reader.ends([partition]))[partition]
            # The end alone says nothing: an aborted first transaction leaves records and a marker that nobody sees.
            async for _, changes in reader.read(partition, 0, end):
                if changes:
                    return True
        return False

    async def open(self, task: int, committed: Mapping[Position, int | None]) -> tuple[Out, ...]:
        """Bring the copy level with the changelog; a copy that does not fit is rebuilt, never mixed."""
        self._forget()
        async with self._reader() as reader:
            ends = await reader.ends(self._partitions)
            reason = self._mismatch(committed, ends)
            if reason:
                self._rebuild(reason)
            for partition in self._partitions:
                await self._catch_up(reader, partition, ends[partition], committed)
        return ()

    def _mismatch(self, committed: Mapping[Position, int | None], ends: Mapping[int, int]) -> str | None:
        written_at = self._database.note("written_at")
        if written_at is not None and time.time() - float(written_at) > _TOO_OLD_S:
            return "the copy is over three days old"
        for (topic, partition), offset in committed.items():
            applied = self._database.note(f"src:{topic}:{partition}")
            if applied is not None and int(applied) > (offset or 0):
                return "the copy is ahead of the committed position"
        for partition, end in ends.items():
            if int(self._database.note(f"chg:{partition}") or 0) > end:
                return "the copy is ahead of its changelog"
        return None

    def _rebuild(self, reason: str) -> None:
        log.warning("store_rebuilt", task=self._task, reason=reason)
        self._database.remove()
        self._database.open(task=self._task, cluster=self._cluster)
        self._forget()

    async def _catch_up(
        self, reader: ChangelogReader, partition: int, end: int, committed: Mapping[Position, int | None]
    ) -> None:
        start = int(self._database.note(f"chg:{partition}") or 0)
        restored = 0
        async for position, changes in reader.read(partition, start, end):
            batch = self._database.batch()
            newest = dict(changes)
            values = self._database.get_many(STATE, [state_key(partition, profile) for profile in newest])
            for (profile, packed), old in zip(newest.items(), values, strict=True):
                row_ms = split_value(old)[0] if old is not None else 0
                self._restore(batch, partition, profile, packed, row_ms)
            self._note(batch, f"chg:{partition}", str(position))
            self._database.write(batch)
            restored += len(newest)
        batch = self._database.batch()
        for (topic, number), offset in committed.items():
            if number == partition and offset is not None:
                self._note(batch, f"src:{topic}:{number}", str(offset))
        self._note(batch, "written_at", str(time.time()))
        self._database.write(batch)
        if restored:
            log.info("store_caught_up", task=self._task, partition=partition, states=restored)

    def _restore(self, batch: Any, partition: int, profile: bytes, packed: bytes | None, row_ms: int) -> None:
        if packed is None:
            self._drop(batch, partition, profile, row_ms)
            return
        cursor = self._index.cursor_ms(partition)
        where = place(partition, profile, row_ms=row_ms, due_ms=due_of(packed), cursor_ms=cursor)
        self._keep(batch, partition, profile, packed, where)

    # -- a batch -------------------------------------------------------------------------------------------------------

    async def load(self, keys: Collection[Key]) -> Mapping[Key, Kept | None]:
        """States from the LRU, the rest in one multi-get."""
        loaded: dict[Key, Kept | None] = {}
        missing: list[Key] = []
        for key in keys:
            found = self._recent.get(key)
            if found is None:
                missing.append(key)
            else:
                self._rows[key], loaded[key] = found
        if missing:
            values = self._database.get_many(STATE, [state_key(*key) for key in missing])  # type: ignore[misc] # our keys
            for key, value in zip(missing, values, strict=True):
                row_ms, packed = split_value(value) if value is not None else (0, None)
                self._rows[key] = row_ms
                loaded[key] = unpack(packed, cluster=self._cluster) if packed is not None else None
        return loaded

    def due(self, partition: int, up_to_ms: int, limit: int) -> list[Due]:
        """Profiles to look at now. Rows that turn out too early are moved, without a transaction: the index is ours."""
        found: list[Due] = []
        batch = None
        rows = self._index.due_rows(partition, up_to_ms, limit)
        values = self._database.get_many(STATE, [state_key(partition, row.profile) for row in rows]) if rows else []
        for row, value in zip(rows, values, strict=True):
            row_ms, packed = split_value(value) if value is not None else (0, b"")
            due_ms = due_of(packed) if packed else None
            is_current = row_ms == row.row_ms
            if is_current and due_ms is not None and due_ms <= up_to_ms:
                found.append(as_due(row, up_to_ms))
                continue
            batch = batch or self._database.batch()
            self._database.delete(batch, TIMERS, timer_key(row))
            if is_current:
                self._recent.pop((partition, row.profile))
                where = Placement(0, None, None)
                if due_ms is not None:
                    where = Placement(due_ms, TimerRow(partition, due_ms, row.profile), None)
                self._keep(batch, partition, row.profile, packed, where)
        if batch is not None:
            self._database.write(batch)
        return found

    def sweep(self, partition: int, limit: int) -> list[bytes]:
        """Profiles of a partition that have not met the present release, in key order, from where the sweep stands."""
        release = self._release()
        mark = self._swept.get(partition) or self._database.note(f"swept:{partition}") or "0:"
        number, _, last = mark.partition(":")
        if int(number) == release and last == "end":
            return []
        prefix = partition_prefix(partition)
        after = bytes.fromhex(last) if int(number) == release and last else b""
        iterator = self._database.scan(STATE, prefix + after + (b"\x00" if after else b""))
        found: list[bytes] = []
        while iterator.valid() and len(found) < limit and iterator.key()[:2] == prefix:
            found.append(profile_of(iterator.key()))
            iterator.next()
        self._swept[partition] = f"{release}:{found[-1].hex() if len(found) == limit else 'end'}"
        return found

    async def before_commit(self, effects: Effects[Kept]) -> None:
        """Nothing: this copy is written after the commit."""

    def changelog(self, effects: Effects[Kept]) -> tuple[Out, ...]:
        """One record per changed profile, in the source's partition."""
        return tuple(
            Out(CHANGELOG, profile, packed, (), partition)
            for (partition, profile), packed in effects.put.items()  # type: ignore[misc] # our keys are such pairs
        )

    async def after_commit(self, effects: Effects[Kept], offsets: Mapping[int, int]) -> None:
        """One batch over all families: states, index rows, cursors, positions."""
        batch = self._database.batch()
        self._take_rows(batch, effects)
        for key, packed in effects.put.items():
            partition, profile = key  # type: ignore[misc] # our keys are such pairs
            row_ms = self._rows.get(key, 0)
            if packed is None:
                self._drop(batch, partition, profile, row_ms)
                self._recent.pop(key)
                continue
            cursor = self._index.cursor_ms(partition)
            due_ms = effects.next_due[key]
            where = place(partition, profile, row_ms=row_ms, due_ms=due_ms, cursor_ms=cursor)
            self._keep(batch, partition, profile, packed, where)
            state = effects.states[key]
            assert state is not None
            self._recent.put(key, (where.row_ms, state))
        for (topic, partition), offset in effects.positions.items():
            self._note(batch, f"src:{topic}:{partition}", str(offset))
        for partition, offset in offsets.items():
            self._note(batch, f"chg:{partition}", str(offset))
        for partition, mark in self._swept.items():
            self._note(batch, f"swept:{partition}", mark)
        self._note(batch, "written_at", str(time.time()))
        self._database.write(batch)
        self._rows.clear()
        self._swept.clear()

    def _take_rows(self, batch: Any, effects: Effects[Kept]) -> None:
        """Remove the index rows of the fired; a refused one is asked again in an hour."""
        failed = {(due.partition, due.key) for due in effects.failed_due}
        for due in effects.due:
            key = (due.partition, due.key)
            row_ms = self._rows.get(key, 0)
            if not row_ms or row_ms > due.up_to_ms:
                continue  # handed out by the sweep, not by the index
            row = TimerRow(due.partition, row_ms, due.key)
            self._database.delete(batch, TIMERS, timer_key(row))
            self._index.advance(batch, row)
            self._rows[key] = 0
            if key in failed or key not in effects.put:
                later = row_ms + HOUR_MS if key in failed else max(due.up_to_ms, row_ms) + 1
                self._move(batch, key, later)

    def _move(self, batch: Any, key: tuple[int, bytes], row_ms: int) -> None:
        """Write a row for a state that was not written."""
        value = self._database.get(STATE, state_key(*key))
        if value is not None:
            where = Placement(row_ms, TimerRow(key[0], row_ms, key[1]), None)
            self._keep(batch, *key, split_value(value)[1], where)
            self._rows[key] = row_ms
            self._recent.pop(key)

    def _keep(self, batch: Any, partition: int, profile: bytes, packed: bytes, where: Placement) -> None:
        self._index.write(batch, where)
        self._database.put(batch, STATE, state_key(partition, profile), state_value(where.row_ms, packed))

    def _drop(self, batch: Any, partition: int, profile: bytes, row_ms: int) -> None:
        self._database.delete(batch, STATE, state_key(partition, profile))
        if row_ms:
            self._database.delete(batch, TIMERS, timer_key(TimerRow(partition, row_ms, profile)))

    def _note(self, batch: Any, name: str, value: str) -> None:
        self._database.put(batch, META, name.encode(), value.encode())

    def _forget(self) -> None:
        self._recent.clear()
        self._rows.clear()
        self._swept.clear()
        self._index.forget()

    async def close(self) -> None:
        """Forget what was decoded and let go of the files."""
        self._forget()
        self._database.close()
