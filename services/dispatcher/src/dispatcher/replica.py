"""This process among its twins: it says that it lives, and takes over what dead ones left."""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any  # Any: asyncpg's pool and rows carry no types

from dispatcher import metrics
from dispatcher.deliveries import delivery
from dispatcher.domain.decide import Said, is_at_least_once
from dispatcher.errors import Replaced
from dispatcher.store import ledger, outbox, replicas
from dispatcher.store.pool import AWAY, transact
from journey_runtime.log import logger
from journey_schemas.delivery import Delivery
from journey_schemas.policy import Policy

log = logger(__name__)

_BEAT_S = 2.0
_SILENT_S = 8.0
_RECONCILE_S = 5.0
_BATCH = 500


class Replica:
    """Owns rows as `name#epoch`. A process started again under its name is a new owner, and the old one is dead."""

    def __init__(self, pool: Any, name: str, policy: Callable[[], Policy], wake: Callable[[], None]) -> None:
        self._pool = pool
        self._name = name
        self._policy = policy
        self._wake = wake
        self._epoch = 0
        self._beaten_s = 0.0
        self._suspects: set[str] = set()

    @property
    def owner(self) -> str:
        """What our rows carry."""
        return f"{self._name}#{self._epoch}"

    async def enter(self) -> None:
        """Take the name, and what its former holder left behind."""
        self._epoch = await transact(self._pool, lambda connection: replicas.enter(connection, self._name))
        self._beaten_s = time.monotonic()
        log.info("replica_entered", name=self._name, epoch=self._epoch)
        await self.reconcile(frozenset())

    async def leave(self) -> None:
        """Give everything back, so that nobody has to wait until we are taken for dead."""

        async def work(connection: Any) -> None:
            await ledger.release(connection, self.owner)
            await replicas.leave(connection, self._name, self._epoch)

        await transact(self._pool, work)

    async def keep_beating(self) -> None:
        """Beat until cancelled. Raises `Replaced`."""
        while True:
            await asyncio.sleep(_BEAT_S)
            began = time.monotonic()
            try:
                async with asyncio.timeout(_SILENT_S):
                    async with self._pool.acquire() as connection:
                        is_ours = await replicas.beat(connection, self._name, self._epoch)
            except AWAY as error:
                log.warning("beat_failed", error=type(error).__name__)
                continue
            if not is_ours:
                raise Replaced(f"another process runs as {self._name}: give each its own WAYPOST_INSTANCE")
            self._beaten_s = began

    async def fresh(self) -> None:
        """Wait until others know that we live: who is taken for dead must not begin to send."""
        while time.monotonic() - self._beaten_s > _SILENT_S:  # noqa: ASYNC110 - time passes by itself
            await asyncio.sleep(0.1)

    async def keep_reconciling(self, held: Callable[[], set[str]]) -> None:
        """Look for what the dead left until cancelled. `held`: what we have in memory."""
        while True:
            await asyncio.sleep(_RECONCILE_S)
            mine = await transact(self._pool, lambda connection: ledger.owned(connection, self.owner))
            lost = mine - held()
            # What is ours and not in memory, twice in a row: the answer to a commit was lost on its way.
            orphans, self._suspects = frozenset(lost & self._suspects), lost
            await self.reconcile(orphans)

    async def reconcile(self, orphans: frozenset[str]) -> int:
        """Free what had not begun to leave; of what had, resend what may be resent and close the rest as unknown."""
        total = 0
        while True:
            count = await transact(self._pool, lambda connection: self._take_over(connection, orphans))
            total += count
            if count < _BATCH:
                break
        if total:
            log.info("left_behind_taken_over", count=total)
            self._wake()
        return total

    async def _take_over(self, connection: Any, orphans: frozenset[str]) -> int:
        rows = await replicas.left_behind(connection, _BATCH, orphans)
        at = datetime.now(UTC)
        freed, again, closed = [], [], []
        for row in rows:
            if row["state"] != "SENDING":
                freed.append(row["command_id"])
            elif self._may_repeat(row):
                again.append(row["command_id"])
            else:
                closed.append(row)
        await replicas.free(connection, freed)
        await replicas.free(connection, again, reason="retry", is_repeated=True)
        await replicas.close_unknown(connection, [row["command_id"] for row in closed])
        await outbox.add(connection, [_unknown(row, at) for row in closed])
        for row in closed:
            metrics.unknown.labels(row["channel"]).inc()
        return len(rows)

    def _may_repeat(self, row: Any) -> bool:
        # A webhook carries its id, by which its receiver knows it again.
        if row["channel"] == "webhook":
            return True
        return is_at_least_once(row["category"], self._policy()) and not row["is_possible_duplicate"]


def _unknown(row: Any, at: datetime) -> Delivery:
    return delivery(
        row["origin"],
        profile_id=row["profile_id"],
        outcome="unknown",
        at=at,
        key="end",
        attempt=row["attempt"],
        channel=row["channel"],
        account=row["account"],
        is_possible_duplicate=row["is_possible_duplicate"],
        explanation=[
            *(Said(**one) for one in row["explanation"]),
            Said(rule="sending", verdict="unknown", saw="the process ended while it was being sent"),
        ],
    )
