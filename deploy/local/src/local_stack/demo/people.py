"""Who visits the shop: a seeded population with plans, which say what and roughly when, and not what follows."""

import random
from dataclasses import dataclass
from enum import Enum

FIRST_NAMES = ("Ann", "Ben", "Cleo", "Dora", "Emil", "Fay", "Gus", "Hana", "Ivo", "June", "Kai", "Lena", "Milo", "Nora")


class Orders(Enum):
    """When a person orders: not at all, before the nudge of the welcome journey, or after it."""

    NEVER = "never"
    EARLY = "early"
    LATE = "late"


class AfterA(Enum):
    """What a buyer of A does about B."""

    NOTHING = "nothing"
    CLICKS = "clicks"
    CLICKS_AND_BUYS = "clicks and buys"
    BUYS = "buys"


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """One visitor. `arrives_s` counts from the beginning of the play. Who never signs up stays anonymous."""

    number: int
    arrives_s: float
    signs_up: bool
    has_email: bool
    views_product: bool
    pages: int
    uses_second_device: bool
    browses_there_first: bool
    orders: Orders
    product: str
    after_a: AfterA
    clicks_nudge: bool
    unsubscribes: bool
    closes_account: bool
    sends_twice: bool

    @property
    def user_id(self) -> str:
        """The shop's own id of the person."""
        return f"u-{self.number:05d}"

    @property
    def phone_id(self) -> str:
        """Anonymous id of the first device."""
        return f"web-{self.number:05d}"

    @property
    def tablet_id(self) -> str:
        """Anonymous id of the second device."""
        return f"app-{self.number:05d}"

    @property
    def email(self) -> str:
        """Where mail reaches the person; the shop's demo domain can reach nobody real."""
        return f"{self.first_name.lower()}.{self.number:05d}@people.example"

    @property
    def first_name(self) -> str:
        """A name for the greeting."""
        return FIRST_NAMES[self.number % len(FIRST_NAMES)]


def population(size: int, *, seed: int, arrive_within_s: float) -> list[Person]:
    """`size` people, equal for equal arguments, in order of arrival."""
    chance = random.Random(seed)  # noqa: S311 - a seeded play, no secret
    arrivals = sorted(chance.uniform(0, arrive_within_s) for _ in range(size))
    return [_person(number, arrives_s, chance) for number, arrives_s in enumerate(arrivals)]


def _person(number: int, arrives_s: float, chance: random.Random) -> Person:
    signs_up = chance.random() < 0.9
    has_email = chance.random() < 0.97
    closes = chance.random() < 0.03
    unsubscribes = has_email and not closes and chance.random() < 0.06
    orders = chance.choices((Orders.NEVER, Orders.EARLY, Orders.LATE), (40, 30, 30))[0]
    if closes or not signs_up:
        orders = Orders.NEVER
    if unsubscribes:
        # They read the nudge first, then say no, then buy: so later offers are seen to be held back.
        orders = Orders.LATE
    after_a = chance.choices(tuple(AfterA), (40, 15, 25, 20))[0]
    if unsubscribes or not has_email:
        after_a = chance.choice((AfterA.NOTHING, AfterA.BUYS))
    second = signs_up and not closes and chance.random() < 0.35
    return Person(
        number=number,
        arrives_s=arrives_s,
        signs_up=signs_up,
        has_email=has_email,
        views_product=chance.random() < 0.6,
        pages=chance.randint(1, 3),
        uses_second_device=second,
        browses_there_first=chance.random() < 0.8,
        orders=orders,
        product="A" if chance.random() < 0.65 else "C",
        after_a=after_a,
        clicks_nudge=orders is Orders.NEVER and not closes and chance.random() < 0.4,
        unsubscribes=unsubscribes,
        closes_account=closes and signs_up,
        sends_twice=chance.random() < 0.1,
    )
