"""The queue of one account: commands in memory, the rest in the table, and as many carriers as it may have."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any  # Any: asyncpg's pool carries no types

from dispatcher import metrics
from dispatcher.channels.answer import Answer, Carrier
from dispatcher.channels.email import sender_of
from dispatcher.definitions import Definitions
from dispatcher.desk import Desk
from dispatcher.domain.decide import End, Said, is_at_least_once
from dispatcher.outgoing import Attempt, Outgoing, Settled
from dispatcher.sending import Sending
from dispatcher.store import ledger
from dispatcher.store.pool import transact
from dispatcher.urls import Urls
from dispatcher.verdicts import answered, ended, waiting
from journey_messages import CompiledMessage, MissingVariable, RenderedEmail, RenderedWebhook, RenderError, render
from journey_runtime.log import logger
from journey_schemas.policy import EmailSender, Policy

log = logger(__name__)

_CLAIM = 100
_POLL_S = 0.5
_DEFINITION_AGAIN = timedelta(seconds=1)
_BACK_OFF_S = (0.25, 15.0)
_ACCOUNT_S = 60.0
Rendered = RenderedEmail | RenderedWebhook


class Lane:
    """Takes commands by `offer` and from the table, and sees each through to where it stands."""

    def __init__(
        self,
        *,
        name: str,
        provider: str,
        concurrency: int,
        size: int,
        carrier: Callable[[], Carrier],
        pool: Any,
        owner: Callable[[], str],
        desk: Desk,
        definitions: Definitions,
        sending: Sending,
        urls: Urls,
        definition_wait_s: float,
    ) -> None:
        self.name = name
        self._provider = provider
        self._concurrency = concurrency
        self._size = size
        self._carrier = carrier
        self._pool = pool
        self._owner = owner
        self._desk = desk
        self._definitions = definitions
        self._sending = sending
        self._urls = urls
        self._definition_wait = timedelta(seconds=definition_wait_s)
        self._queue: asyncio.PriorityQueue[tuple[int, int, Outgoing]] = asyncio.PriorityQueue()
        self._numbers = 0
        self._paused_until_s = 0.0

    @property
    def room(self) -> int:
        """How many more fit into memory."""
        return max(0, self._size - self._queue.qsize())

    def offer(self, items: Sequence[Outgoing]) -> None:
        """Take commands that are stored as ours."""
        for item in items:
            self._sending.held.ids.add(item.command_id)
            self._numbers += 1
            self._queue.put_nowait((item.urgency, self._numbers, item))

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop` is set, then end what is under way. What has not begun stays in the table."""
        async with asyncio.TaskGroup() as group:
            filling = group.create_task(self._fill())
            workers = [group.create_task(self._work(stop)) for _ in range(self._concurrency)]
            await stop.wait()
            filling.cancel()
            await asyncio.wait(workers)

    async def _fill(self) -> None:
        while True:
            taken = 0
            if self._queue.qsize() < self._size // 2:
                wanted = min(_CLAIM, self.room)
                rows = await self._claimed(wanted)
                taken = len(rows)
                self.offer([self._desk.restored(row) for row in rows])
            if taken < _CLAIM:
                await asyncio.sleep(_POLL_S)

    async def _claimed(self, wanted: int) -> list[Any]:
        return await transact(self._pool, lambda connection: ledger.claim(connection, self.name, self._owner(), wanted))

    async def _work(self, stop: asyncio.Event) -> None:
        carrier = self._carrier()
        stopping = asyncio.create_task(stop.wait())
        try:
            while not stop.is_set():
                getting = asyncio.create_task(self._queue.get())
                await asyncio.wait({getting, stopping}, return_when=asyncio.FIRST_COMPLETED)
                if not getting.done():
                    getting.cancel()
                    break
                await self._carry(carrier, getting.result()[2], stop)
        finally:
            stopping.cancel()
            await carrier.close()

    async def _carry(self, carrier: Carrier, item: Outgoing, stop: asyncio.Event) -> None:
        made = await self._made(item)
        if isinstance(made, Settled):
            await self._sending.settle(made)
            return
        if not await self._connected(carrier, item, stop):
            return
        links = tuple(made.dynamic_links.items()) if isinstance(made, RenderedEmail) else ()
        begun = await self._sending.begin(item, links)
        if begun is None:
            return
        began_at, began_s = datetime.now(UTC), time.monotonic()
        answer = await carrier.send(begun, made)
        self._measure(begun, answer, time.monotonic() - began_s)
        attempt = Attempt(
            stage=answer.stage,
            verdict=answer.verdict,
            code=answer.code,
            started_at=began_at,
            ended_at=datetime.now(UTC),
        )
        await self._sending.settle(
            answered(
                begun, answer, provider=self._provider, attempt=attempt, chance=random.random(),  # noqa: S311
                is_at_least_once=is_at_least_once(begun.command.category, self._policy()),
            )
        )  # fmt: skip

    async def _made(self, item: Outgoing) -> Rendered | Settled:
        at = datetime.now(UTC)
        compiled = await self._definitions.find(item.command.message_version)
        if compiled is None:
            if at - item.created_at < self._definition_wait and at < item.command.expires_at:
                return waiting(item, at + _DEFINITION_AGAIN, "definition")
            said = Said(rule="definition", verdict="unknown_message", saw=item.command.message_version)
            return ended(item, End(outcome="failed", reason="unknown_message"), at, said, state="DEAD")
        if item.send.channel == "email" and self._sender(compiled) is None:
            said = Said(rule="sender", verdict="no_account", saw="the policy has no such sender")
            return ended(item, End(outcome="failed", reason="no_account"), at, said, state="DEAD")
        try:
            return self._rendered(compiled, item)
        except MissingVariable as error:
            said = Said(rule="required", verdict="missing_variable", saw=error.path)
            return ended(item, End(outcome="suppressed", reason="missing_variable"), at, said)
        except RenderError as error:
            said = Said(rule="render", verdict="render_error", saw=str(error))
            return ended(item, End(outcome="failed", reason="render_error"), at, said, state="DEAD")
        except Exception as error:
            log.exception("render_bug", message=item.command.message)
            said = Said(rule="render", verdict="render_error", saw=type(error).__name__)
            return ended(item, End(outcome="failed", reason="render_error"), at, said, state="DEAD")

    def _rendered(self, compiled: CompiledMessage, item: Outgoing) -> Rendered:
        policy = self._policy()
        sender = self._sender(compiled)
        is_marketing = item.command.category == "marketing"
        return render(
            compiled,
            item.send.channel,
            {"profile": {}, "event": {}, "vars": {}, **item.command.data},
            unsubscribe_url=self._urls.unsubscribe(item),
            link_url=lambda number: self._urls.click(item, number),
            open_url=self._urls.opened(item) if policy.tracking.opens == "individual" else None,
            footer=sender.postal_address if sender and is_marketing else None,
        )

    async def _connected(self, carrier: Carrier, item: Outgoing, stop: asyncio.Event) -> bool:
        """Wait until the account can be used; False when the command expired meanwhile, or we stop."""
        pause, longest = _BACK_OFF_S
        while (why := await carrier.ready()) is not None or time.monotonic() < self._paused_until_s:
            if why is not None:
                metrics.attempts.labels(item.send.channel, self.name, why.verdict).inc()
                log.warning("account_away", account=self.name, reason=why.verdict, code=why.code)
            if why is not None and why.verdict == "permanent_account":
                pause = _ACCOUNT_S
            metrics.account_paused.labels(self.name).set(1)
            left = (item.command.expires_at - datetime.now(UTC)).total_seconds()
            if left <= 0:
                said = Said(rule="expiry", verdict="expired", saw="the account could not be used")
                await self._sending.settle(ended(item, End(outcome="expired"), datetime.now(UTC), said))
                return False
            try:
                await asyncio.wait_for(stop.wait(), min(pause, max(left, 0.01)))
            except TimeoutError:
                pause = min(pause * 2, longest) if pause < longest else pause
            else:
                return False
        metrics.account_paused.labels(self.name).set(0)
        return True

    def _measure(self, item: Outgoing, answer: Answer, took_s: float) -> None:
        channel = item.send.channel
        metrics.attempts.labels(channel, self.name, answer.verdict).inc()
        metrics.provider_seconds.labels(channel).observe(took_s)
        metrics.command_seconds.labels(channel).observe(
            max(0.0, (datetime.now(UTC) - item.command.decided_at).total_seconds())
        )
        if answer.verdict == "ambiguous":
            metrics.unknown.labels(channel).inc()
        if answer.verdict == "permanent_account":
            log.error("account_paused", account=self.name, code=answer.code)
            self._paused_until_s = time.monotonic() + _ACCOUNT_S

    def _sender(self, compiled: CompiledMessage) -> EmailSender | None:
        return sender_of(self._policy(), compiled.email.sender if compiled.email else None)

    def _policy(self) -> Policy:
        return self._definitions.policy
