"""Message versions and the policy, as they come on `journey-definitions`; every version seen is kept for good."""

import asyncio
from typing import Any  # Any: the pool of asyncpg carries no types

from dispatcher.store import versions
from dispatcher.store.pool import transact
from journey_messages import CompiledMessage, MessageError, compile  # noqa: A004 - its own name
from journey_runtime.log import logger
from journey_runtime.processor import Headers
from journey_schemas.definition import DEFINITION_TYPE, Definition
from journey_schemas.headers import header
from journey_schemas.policy import Policy
from journey_schemas.records import DECODE_ERRORS, decoder

log = logger(__name__)
_decode = decoder(Definition).decode


class Definitions:
    """All versions by id, and the newest policy. Compiled once."""

    def __init__(self, pool: Any) -> None:
        self._pool = pool
        self._compiled: dict[str, CompiledMessage] = {}
        self._unsaved: list[Definition] = []
        self._arrived = asyncio.Event()
        self._asked: set[str] = set()
        self.policy = Policy()

    def on_record(self, key: bytes | None, value: bytes | None, headers: Headers) -> None:
        """Take in one record of the topic. What cannot be used is told in the log and left."""
        if value is None or header(headers, "ce_type") != DEFINITION_TYPE:
            return
        try:
            definition = _decode(value)
            if definition.kind == "policy":
                self.policy = Policy.model_validate(definition.body)
            elif definition.kind == "message":
                self._add(definition)
        except DECODE_ERRORS as error:
            log.error("definition_unreadable", error=type(error).__name__)
        except (MessageError, ValueError) as error:
            log.error("definition_unusable", error=type(error).__name__)

    def _add(self, definition: Definition) -> None:
        if definition.version not in self._compiled:
            self._compiled[definition.version] = compile(definition.body)
            self._unsaved.append(definition)
            self._arrived.set()

    async def find(self, version: str) -> CompiledMessage | None:
        """A version, also one that has left the topic; None while it is unknown."""
        found = self._compiled.get(version)
        if found is not None or version in self._asked:
            return found
        self._asked.add(version)
        body = await transact(self._pool, lambda connection: versions.body(connection, version))
        if body is not None:
            try:
                self._compiled[version] = compile(body)
            except MessageError:
                log.error("definition_unusable", version=version)
        return self._compiled.get(version)

    def compiled(self, version: str) -> CompiledMessage | None:
        """A version that was found before."""
        return self._compiled.get(version)

    def webhook_target(self, version: str) -> str | None:
        """Where a message's webhook goes when its command does not say."""
        compiled = self._compiled.get(version)
        return compiled.webhook.target if compiled and compiled.webhook else None

    def link(self, version: str, number: int) -> str | None:
        """The target of a static link, without the database."""
        compiled = self._compiled.get(version)
        if compiled is None or not 0 < number <= len(compiled.links):
            return None
        return compiled.links[number - 1]

    async def keep_saving(self) -> None:
        """Store each version that arrives, with its links, until cancelled."""
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            await self.save()

    async def save(self) -> None:
        """Store what has arrived."""
        batch, self._unsaved = self._unsaved, []
        if batch:
            links = {one.version: self._compiled[one.version].links for one in batch}
            await transact(self._pool, lambda connection: versions.save(connection, batch, links))
