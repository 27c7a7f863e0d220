"""What people do with messages: each fact once, in the ledger, the consents and the outbox at the same time."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any  # Any: asyncpg's pool and rows carry no types

from dispatcher import metrics
from dispatcher.deliveries import delivery
from dispatcher.domain.facts import ANY
from dispatcher.grouped import Grouped
from dispatcher.store import consents, ledger_feedback, outbox
from dispatcher.store.consents import ConsentChange
from dispatcher.store.pool import transact
from journey_schemas.delivery import Delivery

_MACHINE_WITHIN = timedelta(seconds=2)
_RANKS = {"opened": 50, "clicked": 60, "unsubscribed": 0}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One thing somebody did. `link`: number and target of a click; `consents`: what it changes."""

    outcome: str
    command_id: str
    at: datetime
    is_head: bool = False
    link: tuple[int, str] | None = None
    consents: tuple[ConsentChange, ...] = ()
    topic: str | None = None

    @property
    def key(self) -> str:
        """What makes it one fact: a machine's look and a person's are two."""
        parts = [self.outcome]
        if self.link is not None:
            parts.append(str(self.link[0]))
        if self.outcome == "unsubscribed":
            parts.append(self.topic or ANY)
        if self.is_head:
            parts.append("machine")
        return "/".join(parts)


class Feedback:
    """Records in group commits. `wake` is called when there is something to publish."""

    def __init__(self, pool: Any, wake: Callable[[], None]) -> None:
        self._pool = pool
        self._wake = wake
        self._grouped: Grouped[Seen, None] = Grouped(self._commit)

    async def record(self, seen: Seen) -> None:
        """Have it recorded; the same again changes nothing."""
        await self._grouped.put(seen)

    async def _commit(self, group: Sequence[Seen]) -> list[None]:
        async def work(connection: Any) -> list[Delivery]:
            await consents.change(connection, [one for seen in group for one in seen.consents])
            rows = await ledger_feedback.origins(connection, [seen.command_id for seen in group])
            found = {}
            for seen in group:
                row = rows.get(seen.command_id)
                if row is not None:
                    made = _delivery(seen, row)
                    found[made.outcome_id] = made
            fresh = await ledger_feedback.first_time(connection, list(found.values()))
            await ledger_feedback.raise_ranks(
                connection, [(one.command_id or "", _RANKS[one.outcome]) for one in fresh if not one.is_machine]
            )
            await outbox.add(connection, fresh)
            return fresh

        for one in await transact(self._pool, work):
            metrics.feedback.labels(one.provider or "other", one.outcome).inc()
        self._wake()
        return [None for _ in group]


def _delivery(seen: Seen, row: Any) -> Delivery:
    is_early = seen.outcome == "opened" and seen.at - row["changed_at"] < _MACHINE_WITHIN
    link = {"no": seen.link[0], "url": seen.link[1].partition("?")[0]} if seen.link else None
    return delivery(
        row["origin"],
        profile_id=row["profile_id"],
        outcome=seen.outcome,
        at=datetime.now(UTC),
        occurred_at=seen.at,
        key=seen.key,
        attempt=row["attempt"],
        channel=row["channel"],
        provider="smtp" if row["channel"] == "email" else "webhook",
        account=row["account"],
        provider_message_id=row["provider_message_id"],
        is_machine=seen.is_head or is_early,
        link=link,
    )
