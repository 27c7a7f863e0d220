"""What all lanes share: begin and settle as group commits, so that no message pays for a transaction of its own."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any  # Any: asyncpg's pool carries no types

from dispatcher import metrics
from dispatcher.desk import Desk
from dispatcher.domain.decide import End, Said
from dispatcher.grouped import Grouped
from dispatcher.outgoing import Outgoing, Settled
from dispatcher.replica import Replica
from dispatcher.store import ledger, outbox
from dispatcher.store.pool import transact
from dispatcher.verdicts import ended

#: A decision younger than this still holds; older ones are made again before the message leaves.
FRESH_S = 0.5

#: A command and the targets of its links that became known in rendering.
Ready = tuple[Outgoing, tuple[tuple[int, str], ...]]


@dataclass(slots=True, kw_only=True)
class Held:
    """All commands that this process has in memory, so that what it has lost can be told."""

    ids: set[str]


class Sending:
    """Begins and settles. `wake` is called when the outbox has something new."""

    def __init__(self, pool: Any, desk: Desk, replica: Replica, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._desk = desk
        self._replica = replica
        self._wake = wake
        self.held = Held(ids=set())
        self._begin: Grouped[Ready, Outgoing | None] = Grouped(self._begin_group)
        self._settle: Grouped[Settled, bool] = Grouped(self._settle_group)

    async def begin(self, item: Outgoing, links: tuple[tuple[int, str], ...]) -> Outgoing | None:
        """Commit that a command is being sent; only then may a byte leave. None: it may not leave any more."""
        return await self._begin.put((item, links))

    async def settle(self, settled: Settled) -> bool:
        """Write what became of a command; False when it was no longer ours."""
        try:
            return await self._settle.put(settled)
        finally:
            self.held.ids.discard(settled.item.command_id)

    async def drained(self) -> None:
        """Wait for what is being written."""
        await self._begin.drained()
        await self._settle.drained()

    async def _begin_group(self, group: Sequence[Ready]) -> list[Outgoing | None]:
        await self._replica.fresh()
        links = [(item.command_id, no, url) for item, found in group for no, url in found]
        old = [item for item, _ in group if time.monotonic() - item.asked_at_s > FRESH_S]

        async def work(connection: Any) -> tuple[set[str], int]:
            at = datetime.now(UTC)
            over = await self._asked_again(connection, old, at)
            refused = {one.item.command_id for one in over}
            left = [item for item, _ in group if item.command_id not in refused]
            over.extend(
                ended(item, End(outcome="expired"), at, Said(rule="expiry", verdict="expired"))
                for item in left
                if item.command.expires_at <= at
            )
            done = await ledger.settle(connection, self._replica.owner, over) if over else []
            deliveries = [one.delivery for one in done if one.delivery is not None]
            await outbox.add(connection, deliveries)
            return await ledger.begin(connection, self._replica.owner, left, links), len(deliveries)

        started, published = await transact(self._pool, work)
        if published:
            self._wake()
        results: list[Outgoing | None] = []
        for item, _ in group:
            if item.command_id in started:
                results.append(replace(item, attempt=item.attempt + 1))
            else:
                self.held.ids.discard(item.command_id)
                results.append(None)
        return results

    async def _asked_again(self, connection: Any, old: Sequence[Outgoing], at: datetime) -> list[Settled]:
        if not old:
            return []
        over = []
        for item, decision in zip(old, await self._desk.ask_again(connection, old, at), strict=True):
            if isinstance(decision.verdict, End):
                metrics.decisions.labels(
                    item.send.channel, decision.verdict.outcome, decision.verdict.reason or ""
                ).inc()
                over.append(ended(item, decision.verdict, at, decision.explanation[-1]))
        return over

    async def _settle_group(self, group: Sequence[Settled]) -> list[bool]:
        async def work(connection: Any) -> set[str]:
            done = await ledger.settle(connection, self._replica.owner, group)
            await outbox.add(connection, [one.delivery for one in done if one.delivery is not None])
            return {one.item.command_id for one in done}

        done = await transact(self._pool, work)
        self._wake()
        return [one.item.command_id in done for one in group]
