"""The store of identity's task: PostgreSQL first, then Kafka; memory follows after both.

The other way round a marker could be visible for a merge that the graph never stored.
"""

import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any  # Any: asyncpg carries no types
from uuid import UUID

import asyncpg

from identity import metrics
from identity.cache import Cache
from identity.domain.graph import Known, Profile
from identity.domain.identifiers import Identifier
from identity.duplicates import Duplicates, window_of
from identity.opening import NONE, Opening, compare
from identity.outputs import RESOLVED, marker_pair
from identity.state import LAST_SEQ, NEWEST, LongAgo, State
from identity.store import fence, merges, seen
from identity.store.batch import Rows, write
from identity.store.fence import Epoch
from identity.store.loading import Loader
from identity.vault import Vault
from journey_runtime.log import logger
from journey_runtime.processor import Due, Effects, Key, Out, Position
from journey_schemas.moment import from_ms
from journey_schemas.partition import partition_of
from journey_schemas.records import replace

log = logger(__name__)

_OPTIONS = {
    # A paused owner must not hold the fence for ever.
    "idle_in_transaction_session_timeout": "10000",
    "application_name": "waypost-identity",
}


class GraphStore:
    """Implements the runtime's `StorePort`. `partition_counts` asks the broker how many partitions topics have."""

    def __init__(
        self,
        *,
        dsn: str,
        vault: Vault,
        namespace: UUID,
        schema_version: str,
        cache_entries: int,
        duplicates: Duplicates,
        partition_counts: Callable[[], Awaitable[Mapping[str, int]]],
    ) -> None:
        self._dsn = dsn
        self._vault = vault
        self._namespace_check = vault.check(namespace.bytes)
        self._schema_version = schema_version
        self._cache: Cache[Key, Known | Profile] = Cache(cache_entries)
        self._loader = Loader(self._cache, vault, namespace)
        self._duplicates = duplicates
        self._partition_counts = partition_counts
        self._pool: Any = None
        self._epoch = Epoch("", 0, 0, 0)
        self._next: dict[Position, int] = {}
        self._given: Mapping[Key, State | None] = {}
        self._newest = 0
        self._folded = 0
        self._begun = 0.0

    # -- opening -------------------------------------------------------------------------------------------------------

    async def fence(self, task: int) -> None:
        """Take the graph over. Raises `WrongSchema` or `OtherNamespace` when it is not ours to take."""
        if self._pool is None:
            self._pool = await asyncpg.create_pool(
                self._dsn, min_size=1, max_size=2, timeout=10, command_timeout=60, server_settings=_OPTIONS
            )
        async with self._pool.acquire() as connection, connection.transaction():
            await fence.check_schema(connection, self._schema_version)
            self._epoch = await fence.take_over(connection, f"task-{task}", self._namespace_check)
        metrics.epoch.set(self._epoch.epoch)

    async def has_state(self, partition: int) -> bool:
        """`open` compares positions itself."""
        return False

    async def open(self, task: int, committed: Mapping[Position, int | None]) -> tuple[Out, ...]:
        """Find out how the last batch ended; the markers that a dead owner may have left unsent."""
        self._cache.clear()
        self._duplicates.clear()
        self._given, self._newest, self._folded = {}, 0, 0
        epoch = self._epoch
        async with self._pool.acquire() as connection:
            reached = await fence.positions(connection)
            opening = compare(reached, epoch.batch_seq, committed)
            if opening is Opening.PENDING:
                async with connection.transaction():
                    await fence.still_ours(connection, epoch, batch_seq=epoch.batch_seq, last_seq=epoch.last_seq)
                    await seen.remove(connection, epoch.batch_seq)
                    await fence.move_back(connection, epoch.batch_seq)
                metrics.pending_openings.inc()
            at = {place: NONE if offset is None else offset for place, offset in committed.items()}
            self._next = at
            unsent = await merges.unsent(connection, at)
            async for start_ms, hashes in seen.windows(connection, self._duplicates.keep_ms):
                self._duplicates.load(start_ms, hashes)
        metrics.dedupe_window.set(self._duplicates.seconds)
        log.info("graph_opened", epoch=epoch.epoch, opening=opening.value, markers=len(unsent))
        if not unsent:
            return ()
        partitions = (await self._partition_counts())[RESOLVED]
        return tuple(
            replace(out, partition=partition_of(out.key, partitions)) for one in unsent for out in marker_pair(one)
        )

    # -- one batch -----------------------------------------------------------------------------------------------------

    async def load(self, keys: Collection[Key]) -> Mapping[Key, State | None]:
        """What the batch may read; every state that the rules can reach is among it."""
        self._begun = time.perf_counter()
        identifiers: list[Identifier] = []
        profile_ids: list[str] = []
        recent: list[int] = []
        long_ago: list[int] = []
        for key in keys:
            if isinstance(key, Identifier):
                identifiers.append(key)
            elif isinstance(key, int):
                recent.append(key)
            elif isinstance(key, LongAgo):
                long_ago.append(key.seen)
            else:
                assert isinstance(key, str)
                profile_ids.append(key)
        states: dict[Key, State | None] = {LAST_SEQ: self._epoch.last_seq, NEWEST: self._newest}
        states.update(dict.fromkeys(recent))
        states.update(dict.fromkeys(self._duplicates.found(recent, is_deep=False), True))
        if long_ago:
            states.update(dict.fromkeys(self._duplicates.found(long_ago, is_deep=True), True))
        states.update(await self._loader.load(self._pool, identifiers, profile_ids))
        metrics.cache_misses.inc(self._loader.missed)
        metrics.sql_seconds.labels("load").observe(time.perf_counter() - self._begun)
        self._given = states
        return states

    async def before_commit(self, effects: Effects[State]) -> None:
        """The batch becomes true in PostgreSQL. Raises `StoreFenced`."""
        begun = time.perf_counter()
        epoch = self._epoch
        after = Epoch(epoch.task, epoch.epoch, epoch.batch_seq + 1, _number(effects, LAST_SEQ, epoch.last_seq))
        rows = Rows.of(effects.states, self._given)
        newest = _number(effects, NEWEST, self._newest)
        async with self._pool.acquire() as connection, connection.transaction():
            await fence.still_ours(connection, epoch, batch_seq=after.batch_seq, last_seq=after.last_seq)
            await write(connection, self._vault, rows, batch_seq=after.batch_seq)
            if rows.seen:
                start_ms = window_of(newest)
                if start_ms > self._folded:
                    await seen.fold(connection, start_ms, keep_ms=self._duplicates.keep_ms)
                    await merges.forget_conflicts(connection, from_ms(start_ms))
                    self._folded = start_ms
                await seen.add(connection, start_ms, rows.seen, batch_seq=after.batch_seq)
            await fence.move(connection, self._next, effects.positions, batch_seq=after.batch_seq)
        self._epoch, self._newest = after, newest
        self._next = {**self._next, **effects.positions}
        metrics.sql_seconds.labels("commit").observe(time.perf_counter() - begun)

    async def after_commit(self, effects: Effects[State], offsets: Mapping[int, int]) -> None:
        """Both have it: the cache follows."""
        for key, state in effects.states.items():
            if isinstance(state, Known | Profile):
                self._cache.put(key, state)
        self._duplicates.add(window_of(self._newest), [key for key in effects.states if isinstance(key, int)])
        self._given = {}
        metrics.observe(effects)
        metrics.dedupe_window.set(self._duplicates.seconds)
        metrics.batch_seconds.observe(time.perf_counter() - self._begun)

    async def close(self) -> None:
        """Close the connections."""
        self._cache.clear()
        self._duplicates.clear()
        pool, self._pool = self._pool, None
        if pool is not None:
            await pool.close()

    # -- what identity has not -----------------------------------------------------------------------------------------

    def due(self, partition: int, up_to_ms: int, limit: int) -> list[Due]:
        """No timers."""
        return []

    def sweep(self, partition: int, limit: int) -> list[bytes]:
        """No reference that profiles must meet."""
        return []

    def changelog(self, effects: Effects[State]) -> tuple[Out, ...]:
        """No changelog: PostgreSQL is the durable copy."""
        return ()


def _number(effects: Effects[State], key: Key, default: int) -> int:
    found = effects.states.get(key)
    return found if isinstance(found, int) else default
