"""One batch in one PostgreSQL transaction: facts, counts and read positions become visible together or not at all."""

import asyncio
from collections.abc import Mapping

import asyncpg

from journey_runtime.log import logger
from journey_runtime.processor import Dead, Position
from metrics.batch import Batch
from metrics.errors import Raced
from metrics.store import positions
from metrics.store.count import count

log = logger(__name__)

_AGAIN = (Raced, asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_ATTEMPTS = 10


class Ledger:
    """Writes batches through one connection of its own, one transaction at a time."""

    def __init__(self, connection: asyncpg.Connection, owner: str) -> None:
        self._connection = connection
        self._owner = owner
        # A rebalance may ask for partitions while a batch is being counted.
        self._turn = asyncio.Lock()

    async def take_over(self, places: list[Position]) -> dict[Position, tuple[int | None, int]]:
        """Become the owner of partitions: next offset (None: never read) and epoch of each."""
        async with self._turn, self._connection.transaction():
            return await positions.take_over(self._connection, places, self._owner)

    async def start_at(self, next_offsets: Mapping[Position, int]) -> None:
        """Where reading begins in partitions never read before."""
        async with self._turn:
            await positions.advance(self._connection, next_offsets)

    async def write(self, batch: Batch, epochs: Mapping[Position, int]) -> tuple[int, list[Dead]]:
        """Count a batch; returns how many touchpoints were new, and the records that the database refuses.

        Raises `Replaced` when a partition has a newer owner.
        """
        try:
            return await self._write(batch, epochs), []
        except (asyncpg.DataError, asyncpg.ProgramLimitExceededError, UnicodeEncodeError, OverflowError) as error:
            if len(batch.records) <= 1:
                log.error("record_refused_by_database", error=type(error).__name__)
                dead = [Dead("rule", "the database does not take it", None, record) for record, _ in batch.records]
                return await self._write(Batch(end=batch.end), epochs), dead
        total, dead = 0, []
        for half in batch.halves():
            new, refused = await self.write(half, epochs)
            total += new
            dead += refused
        return total, dead

    async def _write(self, batch: Batch, epochs: Mapping[Position, int]) -> int:
        owned = {place: epochs[place] for place in batch.end}
        for attempt in range(_ATTEMPTS):
            try:
                async with self._turn, self._connection.transaction():
                    after = await positions.lock(self._connection, owned)
                    new = await count(self._connection, batch.facts(after))
                    ahead = {place: end for place, end in batch.end.items() if end > after[place]}
                    await positions.advance(self._connection, ahead)
                return new
            except _AGAIN as error:
                log.warning("batch_counted_again", cause=type(error).__name__, attempt=attempt)
        raise Raced(f"{_ATTEMPTS} times")
