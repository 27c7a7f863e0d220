"""The play: people visit the shop through its real doors while their mail is read."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any  # Any: touchpoints as JSON

import httpx

from journey_schemas.ids import stable_id
from local_stack.demo.batch_uplink import BatchUplink
from local_stack.demo.diary import Diary
from local_stack.demo.kafka_uplink import KafkaUplink
from local_stack.demo.letters import Letter, Letters
from local_stack.demo.people import Person
from local_stack.demo.sdk_uplink import SdkUplink
from local_stack.demo.visit import Doors, Visit

WEB_CLIENTS = 6
_READ_EVERY_S = 0.2
#: Items that no touchpoint can be made of, among good ones: a batch never suffers for them.
BAD_ITEMS: tuple[dict[str, Any], ...] = (
    {"type": "track", "userId": "u-bad"},
    {"type": "track", "event": "Order Completed"},
    {"type": "dance", "userId": "u-bad"},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Addresses:
    """Where the platform's doors are, with the keys to them. `touchpoints` is the topic's name on the broker."""

    ingest: str
    mailbox: str
    kafka: str
    touchpoints: str
    web_key: str
    app_key: str


@dataclass(slots=True, kw_only=True)
class Progress:
    """What is known while it plays; the screen reads it. `dead_letters` are those that must come of what was sent."""

    people: int
    begun_s: float = 0.0
    finished: int = 0
    events: Counter[str] = field(default_factory=Counter)
    letters: Counter[str] = field(default_factory=Counter)
    first_letter_s: float | None = None
    #: Seconds from the touchpoint that caused a mail to the mailbox's acceptance.
    latencies_s: list[float] = field(default_factory=list)
    dead_letters: int = 0
    sent_twice: int = 0


class Play:
    """One performance by `people`. The diaries hold what they did; `problems` what should not have happened."""

    def __init__(self, people: list[Person], addresses: Addresses) -> None:
        self.progress = Progress(people=len(people))
        self.diaries = [Diary(person=person) for person in people]
        self.problems: list[str] = []
        self._to = addresses
        self._visits: dict[str, Visit] = {}

    @asynccontextmanager
    async def run(self) -> AsyncIterator[None]:
        """Play everybody; inside the block mail is still read. Raises what a person met that must not be met."""
        self.progress.begun_s = time.time()
        webs = [SdkUplink(self._to.web_key, self._to.ingest, gzip=number % 2 == 0) for number in range(WEB_CLIENTS)]
        app = BatchUplink(self._to.app_key, self._to.ingest)
        orders = KafkaUplink(self._to.kafka, self._to.touchpoints)
        await orders.start()
        async with httpx.AsyncClient(timeout=20) as http:
            for number, diary in enumerate(self.diaries):
                doors = Doors(web=webs[number % WEB_CLIENTS], app=app, orders=orders, http=http, tell=self._tell)
                self._visits[diary.person.email] = Visit(diary, doors)
            reading = asyncio.create_task(self._read(Letters(http, self._to.mailbox)))
            async with asyncio.TaskGroup() as group:
                group.create_task(self._litter(app, orders))
                for visit in self._visits.values():
                    group.create_task(self._visit(visit))
            self.progress.sent_twice = app.sent_twice + orders.sent_twice
            yield
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)
            for visit in self._visits.values():
                await visit.finish()
        await asyncio.gather(*(web.close() for web in webs), app.close(), orders.close())
        self.problems.extend(error for web in webs for error in web.errors)

    async def _visit(self, visit: Visit) -> None:
        await visit.run(self.progress.begun_s)
        self.progress.finished += 1

    async def _litter(self, app: BatchUplink, orders: KafkaUplink) -> None:
        """Send what nobody can use, in the middle of the traffic."""
        await asyncio.sleep(3)
        await orders.litter()
        good = {"type": "page", "anonymousId": "litter", "messageId": stable_id("demo", "litter"), "name": "Home"}
        answer = await app.post([BAD_ITEMS[0], good, *BAD_ITEMS[1:]])
        if answer["accepted"] != 1 or len(answer["rejected"]) != len(BAD_ITEMS):
            self.problems.append(f"a batch with {len(BAD_ITEMS)} bad items was answered {answer}")
        self._tell("page")
        self.progress.dead_letters = orders.garbage + len(BAD_ITEMS)

    async def _read(self, letters: Letters) -> None:
        while True:
            try:
                for letter in await letters.new():
                    self._arrived(letter)
            except httpx.TransportError as error:
                self.problems.append(f"the mailbox did not answer: {type(error).__name__}")
            await asyncio.sleep(_READ_EVERY_S)

    def _arrived(self, letter: Letter) -> None:
        progress = self.progress
        progress.letters[letter.message] += 1
        progress.first_letter_s = progress.first_letter_s or letter.received_at_s
        visit = self._visits.get(letter.to)
        if visit is None:
            self.problems.append(f"a mail {letter.message} reached somebody who does not exist")
            return
        caused = _caused_at(visit.diary, letter.message)
        if caused is not None:
            progress.latencies_s.append(letter.received_at_s - caused)
        visit.read(letter)

    def _tell(self, event: str) -> None:
        self.progress.events[event] += 1


def _caused_at(diary: Diary, message: str) -> float | None:
    """When the touchpoint happened that a message answers at once; None for those that follow a wait."""
    if message == "welcome":
        return diary.signed_up_at
    if message == "recommend-b":
        return next((order.at_s for order in diary.orders if order.product == "A"), None)
    return None
