"""One batch of commands: decided and stored in one transaction, then handed to the lanes.

Reads `message-commands`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any  # Any: asyncpg's connections carry no types

from dispatcher import metrics
from dispatcher.deliveries import delivery, origin_of
from dispatcher.desk import Desk
from dispatcher.domain.decide import Decision, End, Said, Send
from dispatcher.domain.facts import Earlier
from dispatcher.outgoing import Outgoing
from dispatcher.store import facts, ledger, outbox
from dispatcher.store.facts import Family
from dispatcher.store.pool import transact
from journey_schemas.delivery import Delivery
from journey_schemas.message_command import CancelMessages, ProfileMerged, SendMessage

Command = SendMessage | CancelMessages | ProfileMerged
_STATES = {"suppressed": "SUPPRESSED", "expired": "EXPIRED", "cancelled": "CANCELLED", "failed": "FAILED"}


@dataclass(slots=True, kw_only=True)
class Stored:
    """What a batch came to. `bugs`: commands that a rule failed on, by their place in the batch."""

    outgoing: list[Outgoing] = field(default_factory=list)
    repeats: int = 0
    bugs: dict[int, Exception] = field(default_factory=dict)


class Dispatch:
    """Stores batches. `has_room(lane, n)` says whether a lane takes `n` more in memory."""

    def __init__(self, pool: Any, desk: Desk, owner: str) -> None:
        self._pool = pool
        self._desk = desk
        self._owner = owner

    async def store(self, commands: Sequence[Command], room: dict[str, int]) -> Stored:
        """Decide and store a batch; what `outgoing` holds is ours and fits into the lanes' `room`."""
        merges = {one.loser: (one.winner, one.seq) for one in commands if isinstance(one, ProfileMerged)}
        cancels = [(i, one) for i, one in enumerate(commands) if isinstance(one, CancelMessages)]
        sends = [(i, one) for i, one in enumerate(commands) if isinstance(one, SendMessage)]

        async def work(connection: Any) -> Stored:
            await facts.merge(connection, merges)
            ended: list[Delivery] = []
            for _, cancel in cancels:
                rows = await ledger.cancel(connection, cancel.scope, cancel.target)
                ended.extend(_cancelled(row, cancel) for row in rows)
            stored = await self._sends(connection, sends, cancels, dict(room), ended)
            await outbox.add(connection, ended)
            return stored

        stored = await transact(self._pool, work)
        metrics.repeats.inc(stored.repeats)
        return stored

    async def _sends(
        self,
        connection: Any,
        sends: Sequence[tuple[int, SendMessage]],
        cancels: Sequence[tuple[int, CancelMessages]],
        room: dict[str, int],
        ended: list[Delivery],
    ) -> Stored:
        stored = Stored()
        if not sends:
            return stored
        present = await facts.existing(connection, [one.command_id for _, one in sends])
        fresh: dict[str, tuple[int, SendMessage]] = {}
        for i, one in sends:
            if one.command_id not in present:
                fresh.setdefault(one.command_id, (i, one))
        stored.repeats = len(sends) - len(fresh)
        commands = [one for _, one in fresh.values()]
        if not commands:
            return stored
        at = datetime.now(UTC)
        families = await facts.families(connection, [one.profile_id for one in commands])
        known = _Batch(families, await self._earlier(connection, commands, families))
        cancelled = frozenset(one.command_id for i, one in fresh.values() if _is_cancelled(i, one, cancels))
        decisions = await self._desk.decide(connection, commands, families, known.earlier, cancelled, at)
        rows, leaving = [], []
        for (place, command), decision in zip(fresh.values(), decisions, strict=True):
            if isinstance(decision, Exception):
                stored.bugs[place] = decision
                continue
            person = families[command.profile_id]
            verdict = decision.verdict
            owner = None
            if isinstance(verdict, Send) and room.get(verdict.account, 0) > 0:
                room[verdict.account] -= 1
                owner = self._owner
            state = "QUEUED" if isinstance(verdict, Send) else _STATES[verdict.outcome]
            rows.append(self._desk.row(command, person, decision, state, owner))
            leaving.append((command, person, decision, owner))
        claimed = await ledger.insert(connection, rows)
        stored.repeats += len(rows) - len(claimed)
        taken = [one for one in leaving if one[0].command_id in claimed]
        await self._put(connection, taken, stored, ended, at)
        return stored

    async def _put(
        self,
        connection: Any,
        taken: Sequence[tuple[SendMessage, Family, Decision, str | None]],
        stored: Stored,
        ended: list[Delivery],
        at: datetime,
    ) -> None:
        items, owners = [], []
        for command, person, decision, owner in taken:
            verdict = decision.verdict
            if isinstance(verdict, End):
                metrics.decisions.labels("none", verdict.outcome, verdict.reason or "").inc()
                ended.append(
                    delivery(
                        origin_of(command), profile_id=person.root, outcome=verdict.outcome, at=at, key="end",
                        explanation=decision.explanation, reason=verdict.reason,
                    )
                )  # fmt: skip
                continue
            metrics.decisions.labels(verdict.channel, "send", "").inc()
            item = self._desk.outgoing(command, person, decision, at)
            items.append(item)
            owners.append(owner)
            if owner is not None:
                stored.outgoing.append(item)
        await ledger.queue(connection, items, owners)

    async def _earlier(
        self, connection: Any, commands: Sequence[SendMessage], families: dict[str, Family]
    ) -> list[tuple[tuple[str, ...], Earlier]]:
        merged = {one for person in families.values() if len(person.ids) > 1 for one in person.ids}
        times = [one.decided_at for one in commands]
        return await facts.earlier(connection, merged, min(times), max(times))


class _Batch:
    """What earlier commands of the same batch add to what the ledger knows: they are not stored yet."""

    def __init__(self, families: dict[str, Family], stored: list[tuple[tuple[str, ...], Earlier]]) -> None:
        self._families = families
        self._seen: dict[tuple[str, ...], list[Earlier]] = {}
        for what, one in stored:
            root = families[one.profile_id].root if one.profile_id in families else self._root(one.profile_id)
            self._seen.setdefault((root, *what), []).append(one)

    def _root(self, profile_id: str) -> str:
        for person in self._families.values():
            if profile_id in person.ids:
                return person.root
        return profile_id

    def earlier(self, command: SendMessage) -> tuple[Earlier, ...]:
        """Those before this one, which is remembered for the next."""
        person = self._families[command.profile_id]
        if len(person.ids) == 1:
            return ()
        key = (person.root, command.journey, command.step, command.message)
        before = self._seen.setdefault(key, [])
        found = tuple(before)
        before.append(
            Earlier(command_id=command.command_id, profile_id=command.profile_id, decided_at=command.decided_at)
        )
        return found


def _is_cancelled(place: int, command: SendMessage, cancels: Sequence[tuple[int, CancelMessages]]) -> bool:
    return any(i > place and _matches(cancel, command) for i, cancel in cancels)


def _matches(cancel: CancelMessages, command: SendMessage) -> bool:
    match cancel.scope:
        case "command":
            return cancel.target == command.command_id
        case "visit":
            return cancel.target == f"{command.instance_id}/{command.visit}" and command.category == "marketing"
        case "instance":
            return cancel.target == command.instance_id
        case "profile":
            return cancel.target == command.profile_id
    return False


def _cancelled(row: Any, cancel: CancelMessages) -> Delivery:
    return delivery(
        row["origin"],
        profile_id=row["profile_id"],
        outcome="cancelled",
        at=datetime.now(UTC),
        key="end",
        channel=row["channel"],
        account=row["account"],
        explanation=[
            *(Said(**one) for one in row["explanation"]),
            Said(rule="cancel", verdict="cancelled", saw=cancel.scope),
        ],
    )
