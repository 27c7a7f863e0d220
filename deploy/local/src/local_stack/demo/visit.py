"""One person's visit to the shop, played in real time; every act goes into the diary with the time it went out."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime

import httpx

from journey_schemas.ids import stable_id
from local_stack.demo.batch_uplink import BatchUplink
from local_stack.demo.days import HOW_WAS_IT_S, LAPSED_S, MARGIN_S, NUDGE_S, RECOMMENDED_S, WELCOME_ENDS_S
from local_stack.demo.diary import Diary, Order
from local_stack.demo.kafka_uplink import KafkaUplink
from local_stack.demo.letters import Letter
from local_stack.demo.people import AfterA, Orders
from local_stack.demo.sdk_uplink import Call, SdkUplink

PRICES = {"A": "40.00", "B": "25.00", "C": "15.00"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Doors:
    """The ways into the platform, and the way the mail's links take. `tell` counts a touchpoint that was sent."""

    web: SdkUplink
    app: BatchUplink
    orders: KafkaUplink
    http: httpx.AsyncClient
    tell: Callable[[str], None]


class Visit:
    """A person at work. `read` is called with each mail that reaches them."""

    def __init__(self, diary: Diary, doors: Doors) -> None:
        self.diary = diary
        self.person = diary.person
        self._doors = doors
        self._reading: list[asyncio.Task[None]] = []
        self._unsubscribed = asyncio.Event()

    # -- what they do by themselves ------------------------------------------------------------------------------------

    async def run(self, begins_s: float) -> None:
        """From the first page to the last order."""
        await _until(begins_s + self.person.arrives_s)
        await self._browse()
        if self.person.signs_up:
            await asyncio.sleep(1)
            signed_up = await self._sign_up()
            await asyncio.gather(self._second_device(signed_up), self._shop(signed_up), self._leave(signed_up))

    async def finish(self) -> None:
        """Wait for what the mail led to."""
        while self._reading:
            await self._reading.pop()

    async def _browse(self) -> None:
        phone = self.person.phone_id
        for number in range(self.person.pages):
            await self._doors.web.send(_page(phone, f"/{number}", _now()))
            self._note("page")
        if self.person.views_product:
            when = _now()
            await self._doors.web.send(
                lambda client: client.track(
                    anonymous_id=phone, event="Product Viewed", properties={"product": "A"}, timestamp=when
                )
            )
            self._note("Product Viewed")
            self.diary.viewed_at.append(when.timestamp())

    async def _sign_up(self) -> float:
        person, when = self.person, _now()
        traits = {"first_name": person.first_name} | ({"email": person.email} if person.has_email else {})
        both = {"user_id": person.user_id, "anonymous_id": person.phone_id, "timestamp": when}
        await self._doors.web.send(
            lambda client: client.identify(traits=traits, **both),
            lambda client: client.track(event="Signed Up", properties={"plan": "free"}, **both),
        )
        self._note("identify", "Signed Up")
        self.diary.signed_up_at = when.timestamp()
        return when.timestamp()

    async def _second_device(self, signed_up: float) -> None:
        if not self.person.uses_second_device:
            return
        await _until(signed_up + MARGIN_S)
        person, tablet = self.person, self.person.tablet_id
        if person.browses_there_first:
            await self._doors.app.send(
                {"type": "track", "event": "Page Viewed", "anonymousId": tablet, "messageId": f"{tablet}-1",
                 "properties": {"path": "/app"}, "timestamp": _text(_now())}
            )  # fmt: skip
            self._note("Page Viewed")
            self.diary.browsed_second_device = True
        when = _text(_now())
        both = {"userId": person.user_id, "anonymousId": tablet, "timestamp": when}
        await self._doors.app.send(
            {"type": "identify", "messageId": f"{tablet}-2", "traits": {"device": "tablet"}, **both},
            {"type": "track", "event": "Signed In", "messageId": f"{tablet}-3", **both},
        )
        self._note("identify", "Signed In")
        self.diary.signed_in_second_device = True

    async def _leave(self, signed_up: float) -> None:
        if not self.person.closes_account:
            return
        await _until(signed_up + NUDGE_S - 2 * MARGIN_S)
        if (when := _now()).timestamp() > signed_up + NUDGE_S - MARGIN_S:
            return
        person = self.person
        await self._doors.web.send(
            lambda client: client.track(
                user_id=person.user_id, anonymous_id=person.phone_id, event="Account Closed", timestamp=when
            )
        )
        self._note("Account Closed")
        self.diary.closed_at = when.timestamp()

    async def _shop(self, signed_up: float) -> None:
        person = self.person
        if person.orders is Orders.NEVER:
            return
        await _until(signed_up + (NUDGE_S / 2 if person.orders is Orders.EARLY else NUDGE_S + 2 * MARGIN_S))
        if person.unsubscribes:
            await _at_most(self._unsubscribed.wait(), signed_up + WELCOME_ENDS_S - 2 * MARGIN_S)
            await asyncio.sleep(MARGIN_S)
        await _clear_of(signed_up + NUDGE_S, signed_up + WELCOME_ENDS_S)
        first = await self._order(person.product)
        if person.after_a is AfterA.BUYS:
            await asyncio.sleep(HOW_WAS_IT_S / 2)
            await self._buy_b(first)

    async def _buy_b(self, first: float) -> None:
        await _clear_of(first + HOW_WAS_IT_S, first + RECOMMENDED_S)
        if time.time() < first + LAPSED_S - MARGIN_S:
            await self._order("B")

    async def _order(self, product: str) -> float:
        when = _now()
        number = len(self.diary.orders)
        order_id = f"o-{self.person.number:05d}-{number}"
        item = {
            "type": "track",
            "event": "Order Completed",
            "userId": self.person.user_id,
            "messageId": stable_id("demo-order", order_id),
            "source": "orders",
            "properties": {"order_id": order_id, "product": product, "total": PRICES[product]},
            "timestamp": _text(when),
        }
        self.diary.orders.append(Order(at_s=when.timestamp(), product=product))
        await self._doors.orders.send(item, key=order_id, is_repeated=self.person.sends_twice)
        self._note("Order Completed")
        return when.timestamp()

    # -- what mail makes them do ---------------------------------------------------------------------------------------

    def read(self, letter: Letter) -> None:
        """A mail is there."""
        self._reading.append(asyncio.create_task(self._react(letter)))

    async def _react(self, letter: Letter) -> None:
        signed_up = self.diary.signed_up_at or 0.0
        if letter.message in ("first-steps", "seen-something"):
            if time.time() > signed_up + WELCOME_ENDS_S - 2 * MARGIN_S:
                return
            if self.person.unsubscribes:
                await self._unsubscribe(letter)
            elif self.person.clicks_nudge:
                await asyncio.sleep(0.3)
                await self._click(letter)
        elif letter.message == "recommend-b" and self.person.after_a in (AfterA.CLICKS, AfterA.CLICKS_AND_BUYS):
            first = self.diary.orders[0].at_s
            await asyncio.sleep(0.5)
            if time.time() > first + RECOMMENDED_S - 2 * MARGIN_S:
                return
            await self._click(letter)
            if self.person.after_a is AfterA.CLICKS_AND_BUYS:
                await asyncio.sleep(2 * MARGIN_S)
                await self._buy_b(first)

    async def _click(self, letter: Letter) -> None:
        assert letter.link, f"no link in {letter.message}"
        answer = await self._doors.http.get(letter.link, follow_redirects=False)
        assert answer.status_code == 307, f"a click was answered {answer.status_code}"
        self.diary.clicked_at[letter.message] = time.time()

    async def _unsubscribe(self, letter: Letter) -> None:
        assert letter.unsubscribe, f"no one-click unsubscribe in {letter.message}"
        answer = await self._doors.http.post(letter.unsubscribe, data={"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200, f"an unsubscribe was answered {answer.status_code}"
        self.diary.unsubscribed_at = time.time()
        self._unsubscribed.set()

    def _note(self, *events: str) -> None:
        for event in events:
            self.diary.events[event] += 1
            self._doors.tell(event)


def _page(anonymous_id: str, path: str, when: datetime) -> Call:
    return lambda client: client.page(anonymous_id=anonymous_id, name="Home", properties={"path": path}, timestamp=when)


def _now() -> datetime:
    """The present, cut to the milliseconds that travel."""
    now = datetime.now(UTC)
    return now.replace(microsecond=now.microsecond // 1000 * 1000)


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


async def _until(at_s: float) -> None:
    await asyncio.sleep(max(0.0, at_s - time.time()))


async def _clear_of(*deadlines_s: float) -> None:
    """Wait until no deadline is near, so that no figure hangs on a tenth of a second."""
    for deadline in sorted(deadlines_s):
        if abs(time.time() - deadline) < MARGIN_S:
            await _until(deadline + MARGIN_S)


async def _at_most(waiting: Awaitable[object], until_s: float) -> None:
    try:
        await asyncio.wait_for(waiting, max(0.0, until_s - time.time()))
    except TimeoutError:
        return
