"""From a command to its decision, for new commands and for those that are asked again before they leave."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any  # Any: asyncpg's connections and rows carry no types

from msgspec import Raw

from dispatcher.deliveries import origin_of
from dispatcher.domain.decide import Decision, Said, Send, decide
from dispatcher.domain.facts import Address, Earlier, Facts
from dispatcher.outgoing import Outgoing
from dispatcher.store import facts as store
from dispatcher.store.facts import Family, Known
from dispatcher.store.ledger import Row
from dispatcher.vault import Vault
from journey_schemas.message_command import SendMessage
from journey_schemas.policy import Policy
from journey_schemas.records import decoder, encode, replace

_decode = decoder(SendMessage).decode


class Desk:
    """Knows the accounts, the policy of now, and how addresses are hashed."""

    def __init__(
        self,
        vault: Vault,
        accounts: Mapping[str, tuple[str, ...]],
        policy: Callable[[], Policy],
        default_target: Callable[[str], str | None],
    ) -> None:
        self._vault = vault
        self._accounts = accounts
        self._policy = policy
        self._default_target = default_target

    def addresses(self, command: SendMessage) -> dict[str, tuple[str, str]]:
        """Channel to address and its hash. A webhook goes where the command says, else where its message does."""
        values = {
            "email": command.addresses.email,
            "webhook": command.addresses.webhook or self._default_target(command.message_version),
        }
        return {
            channel: (value, self._vault.address_hash(channel, value))
            for channel, value in values.items()
            if value and channel in command.channels
        }

    async def decide(
        self,
        connection: Any,
        commands: Sequence[SendMessage],
        families: Mapping[str, Family],
        earlier: Callable[[SendMessage], tuple[Earlier, ...]],
        cancelled: frozenset[str],
        at: datetime,
    ) -> list[Decision | Exception]:
        """Decide commands in their order with facts as they are now. A rule that fails gives its exception."""
        places = [self.addresses(command) for command in commands]
        people = [families[command.profile_id] for command in commands]
        subjects = [self._subjects(one, people[i], places[i]) for i, one in enumerate(commands)]
        hashes = [digest for found in places for _, digest in found.values()]
        known = await store.known(connection, [name for names in subjects for name in names], hashes)
        decisions: list[Decision | Exception] = []
        for i, command in enumerate(commands):
            facts = self._facts(places[i], subjects[i], known, earlier(command), command.command_id in cancelled)
            try:
                decisions.append(decide(command, facts, self._policy(), at))
            except Exception as error:  # noqa: BLE001 - one record must not stop the rest
                decisions.append(error)
        return decisions

    def _facts(
        self,
        places: Mapping[str, tuple[str, str]],
        subjects: Sequence[str],
        known: Known,
        earlier: tuple[Earlier, ...],
        is_cancelled: bool,  # noqa: FBT001 - handed through
    ) -> Facts:
        return Facts(
            is_cancelled=is_cancelled,
            earlier=earlier,
            addresses={
                channel: Address(value=value, hash=digest, status=known.statuses.get((digest, channel), "ok"))
                for channel, (value, digest) in places.items()
            },
            consents=tuple(one for name in subjects for one in known.consents.get(name, ())),
            suppressions=tuple(one for _, digest in places.values() for one in known.suppressions.get(digest, ())),
            accounts=self._accounts,
        )

    @staticmethod
    def _subjects(command: SendMessage, person: Family, places: Mapping[str, tuple[str, str]]) -> list[str]:
        names = [f"profile:{one}" for one in person.ids]
        if command.user_id:
            names.append(f"user:{command.user_id}")
        names.extend(f"address:{digest}" for _, digest in places.values())
        return names

    async def ask_again(self, connection: Any, items: Sequence[Outgoing], at: datetime) -> list[Decision]:
        """Decide once more, for the channel chosen, with facts of now."""
        commands = [replace(one.command, channels=(one.send.channel,), is_order_fixed=True) for one in items]
        families = await store.families(connection, [one.profile_id for one in commands])
        decisions = await self.decide(connection, commands, families, lambda _: (), frozenset(), at)
        again: list[Decision] = []
        for decision in decisions:
            if isinstance(decision, Exception):
                raise decision
            again.append(decision)
        return again

    def row(self, command: SendMessage, person: Family, decision: Decision, state: str, owner: str | None) -> Row:
        """The ledger's row of a decided command, its payload encrypted."""
        verdict = decision.verdict
        send = verdict if isinstance(verdict, Send) else None
        payload = self._vault.seal(encode(command), command.command_id) if send else None
        return (
            command.command_id, person.root, command.profile_id, command.user_id, command.anonymous_id, state,
            send.channel if send else None, send.account if send else None, command.category, command.topic,
            command.priority, command.journey, command.step, command.instance_id, command.visit, command.message,
            command.message_version, owner, send.address.hash if send else None, payload,
            self._vault.active_id if send else None, origin_of(command), said_json(decision.explanation),
            command.decided_at, command.expires_at,
        )  # fmt: skip

    def outgoing(self, command: SendMessage, person: Family, decision: Decision, at: datetime) -> Outgoing:
        """A new command whose verdict is `send`."""
        assert isinstance(decision.verdict, Send)
        return Outgoing(
            command=command,
            profile_id=person.root,
            send=decision.verdict,
            explanation=decision.explanation,
            attempt=0,
            is_possible_duplicate=False,
            created_at=at,
            asked_at_s=time.monotonic(),
        )

    def restored(self, row: Any) -> Outgoing:
        """A command out of the ledger. Raises `Unreadable`."""
        command_id = str(row["command_id"])
        command = _decode(self._vault.open(row["payload"], row["key_id"], command_id))
        value, digest = self.addresses(command).get(row["channel"], ("", row["address_hash"]))
        return Outgoing(
            command=command,
            profile_id=row["profile_id"],
            send=Send(channel=row["channel"], address=Address(value=value, hash=digest), account=row["account"]),
            explanation=tuple(Said(**one) for one in row["explanation"]),
            attempt=row["attempt"],
            is_possible_duplicate=row["is_possible_duplicate"],
            created_at=row["created_at"],
            asked_at_s=0.0,
        )


def said_json(explanation: Sequence[Said]) -> Raw:
    """An explanation as the ledger keeps it. Already JSON: a list among others would be taken for a dimension."""
    return Raw(encode([{"rule": one.rule, "verdict": one.verdict, "saw": one.saw} for one in explanation]))
