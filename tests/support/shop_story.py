"""Records as identity, the engine and the dispatcher write them about a shop's customers, with the totals they mean."""

import random
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any  # Any: JSON

from journey_schemas.definition import Definition, Release, version_of
from journey_schemas.delivery import DELIVERY_TYPE, Delivery
from journey_schemas.headers import Headers, cloud_event_headers
from journey_schemas.ids import stable_id
from journey_schemas.marker import MERGED_TYPE, Merged
from journey_schemas.moment import to_text
from journey_schemas.records import Record, encode
from journey_schemas.stage_transition import TRANSITION_TYPE, StageTransition
from journey_schemas.touchpoint import RESOLVED_TYPE, Origin, ResolvedTouchpoint

_ORIGIN = Origin(topic="touchpoints", partition=0, offset=0)
_DAY = timedelta(days=1)

WELCOME: dict[str, Any] = {
    "journey": "welcome",
    "title": "From sign-up to the first order",
    "owner": "crm",
    "objective": {"reach": "customer", "within": "14d", "target": "40%"},
    "enter": [{"event": "Signed Up"}],
    "stages": [
        {
            "stage": "new",
            "phase": "awareness",
            "map": {"touchpoints": ["Signed Up"], "pains": ["where do I begin"], "owner": "shop"},
            "steps": [{"send": {"message": "welcome"}}, {"branch": [{"then": [{"send": {"message": "first-steps"}}]}]}],
        },
        {"stage": "browsing", "phase": "consideration", "steps": [{"send": {"message": "seen-something"}}]},
        {
            "stage": "customer",
            "phase": "purchase",
            "final": True,
            "steps": [{"send": {"message": "thanks-for-joining"}}],
        },
    ],
}
CROSS_SELL: dict[str, Any] = {
    "journey": "cross-sell",
    "title": "Who buys A hears of B at once",
    "owner": "shop",
    "objective": {"reach": "bought-b", "within": "10d", "target": "25%"},
    "stages": [
        {"stage": "bought-a", "phase": "purchase", "steps": [{"send": {"message": "recommend-b"}}]},
        {"stage": "considering", "phase": "consideration"},
        {"stage": "bought-b", "phase": "loyalty", "final": True},
    ],
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One record for one topic."""

    topic: str
    key: bytes
    value: bytes
    headers: Headers
    at: datetime


@dataclass(slots=True)
class Story:
    """All records in order of time, and what they add up to, counted by hand beside them."""

    told: list[Told] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)
    people: int = 0
    merges: int = 0
    entered: Counter[str] = field(default_factory=Counter)
    exited: Counter[tuple[str, str]] = field(default_factory=Counter)
    objective: Counter[str] = field(default_factory=Counter)
    refused: Counter[tuple[str, str]] = field(default_factory=Counter)
    stages: Counter[tuple[str, str]] = field(default_factory=Counter)
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)

    def totals(self) -> dict[str, Any]:
        """In a shape that is easy to compare with the answer of `GET /v1/totals`."""
        return {
            "touchpoints": dict(self.events),
            "profiles": self.people,
            "merges": self.merges,
            "entered": dict(self.entered),
            "exited": dict(self.exited),
            "objective": dict(self.objective),
            "refused": dict(self.refused),
            "stages": dict(self.stages),
            "outcomes": dict(self.outcomes),
        }

    def tell(self, topic: str, key: str, kind: str, record: Record, at: datetime) -> None:
        """Add a record."""
        headers = cloud_event_headers(
            ce_id=stable_id("story", str(len(self.told))), ce_type=kind, ce_source="/story", ce_time=to_text(at)
        )
        self.told.append(Told(topic=topic, key=key.encode(), value=encode(record), headers=headers, at=at))


def shape(answer: dict[str, Any]) -> dict[str, Any]:
    """The answer of `GET /v1/totals` as `Story.totals` has it."""
    journeys, messages = answer["journeys"], answer["messages"]

    def nested(named: dict[str, Any], part: str) -> dict[tuple[str, str], int]:
        return {(name, way): n for name, one in named.items() for way, n in one[part].items() if n}

    singles = ("commanded", "sent", "opened", "clicked")
    outcomes = {(name, kind): one[kind] for name, one in messages.items() for kind in singles if one[kind]}
    outcomes |= {(name, f"suppressed {reason}"): n for (name, reason), n in nested(messages, "suppressed").items()}
    return {
        "touchpoints": answer["touchpoints"],
        "profiles": answer["profiles"],
        "merges": answer["merges"],
        "entered": {name: one["entered"] for name, one in journeys.items() if one["entered"]},
        "exited": nested(journeys, "exited"),
        "objective": {name: one["objective"] for name, one in journeys.items() if one["objective"]},
        "refused": nested(journeys, "refused"),
        "stages": nested(journeys, "stages"),
        "outcomes": outcomes,
    }


def definitions(release: int, at: datetime) -> list[tuple[bytes, bytes]]:
    """Keys and values of one release of the two journeys, the release record last."""
    bodies = (WELCOME, CROSS_SELL)
    records = [
        Definition(kind="journey", name=body["journey"], version=version_of(body), release=release, body=body)
        for body in bodies
    ]
    named = {f"journey/{one.name}": one.version for one in records}
    last = Release(number=release, published_at=at, author="story", message="The shop", definitions=named)
    written = [(f"journey/{one.name}".encode(), encode(one)) for one in records]
    return [*written, (b"release/current", encode(last))]


def story(people: int, *, seed: int, begin: datetime, over: timedelta) -> Story:
    """`people` customers arrive over a time; what each does is drawn from `seed`."""
    whole, chance = Story(), random.Random(seed)
    for number in range(people):
        _Person(whole, chance, number, begin + over * chance.random()).live()
    whole.told.sort(key=lambda one: one.at)
    return whole


class _Person:
    def __init__(self, whole: Story, chance: random.Random, number: int, at: datetime) -> None:
        self.story, self.chance, self.number, self.at = whole, chance, number, at
        self.first = stable_id("profile", str(number))
        self.profile = self.first
        self.user = f"u-{number}"
        self.device = f"device-{number}"
        self.has_email = chance.random() < 0.9

    def live(self) -> None:
        self.story.people += 1
        self._touch("page", name="Home", path="/")
        self._pass(60)
        if self.chance.random() < 0.25:
            self._merge()
        self._touch("Signed Up", traits={"email": f"{self.user}@shop.example"} if self.has_email else {})
        self._welcome()
        if self.chance.random() < 0.1:
            self._refused()

    def _welcome(self) -> None:
        run = _Run(self, "welcome")
        run.enter("new")
        run.send("welcome", opens=0.6, clicks=0.25)
        self._pass(3600 * 20)
        if self.chance.random() < 0.65:
            self._touch("Product Viewed", product=self.chance.choice("ABC"))
            run.move("browsing")
            run.send("seen-something", opens=0.5, clicks=0.3)
            if self.chance.random() < 0.2:
                self._pass(3600 * 5)
                run.move("new")
                run.send("first-steps", opens=0.4, clicks=0.1)
                self._pass(3600 * 5)
        if self.chance.random() < 0.12:
            return  # still inside
        self._pass(3600 * 40)
        if self.chance.random() < 0.5:
            self._touch("Order Completed", product="A", total=49.9)
            run.move("customer")
            run.reach()
            run.send("thanks-for-joining", opens=0.7, clicks=0.1)
            run.exit("completed")
            self._cross_sell()
        else:
            run.exit(self.chance.choice(["no order yet", "no order yet", "no order yet", "account closed"]))

    def _cross_sell(self) -> None:
        run = _Run(self, "cross-sell")
        run.enter("bought-a")
        clicked = run.send("recommend-b", opens=0.6, clicks=0.35)
        self._pass(3600 * 30)
        if clicked:
            run.move("considering")
            self._pass(3600 * 30)
        if self.chance.random() < 0.15:
            return
        if self.chance.random() < (0.5 if clicked else 0.1):
            self._touch("Order Completed", product="B", total=19.9)
            run.move("bought-b")
            run.reach()
            run.exit("completed")
        else:
            run.exit("looked only" if clicked else "not interested")

    def _merge(self) -> None:
        """A second device was somebody of its own, and turns out to be this person."""
        other = stable_id("profile", f"{self.number}/other")
        self.story.merges += 1
        seq = self.story.merges
        self._touch("page", name="Offers", path="/offers", profile=other, device=f"tablet-{self.number}")
        self._pass(30)
        for role, key in (("from", other), ("to", self.profile)):
            marker = Merged(
                seq=seq, role=role, loser=other, winner=self.profile, rule="same_user", message_id=f"m-{seq}",
                at=self.at, origin=_ORIGIN,
            )  # fmt: skip
            self.story.tell("resolved-touchpoints", key, MERGED_TYPE, marker, self.at)
        self._pass(1)

    def _refused(self) -> None:
        transition = StageTransition(
            transition_id=stable_id("refused", str(self.number)), kind="refused", profile_id=self.profile,
            journey="welcome", version="1", release=1, at=self.at, decided_at=self.at, cause="again",
            reason="already_inside",
        )  # fmt: skip
        self.story.tell("stage-transitions", self.profile, TRANSITION_TYPE, transition, self.at)
        self.story.refused["welcome", "already_inside"] += 1

    def _touch(
        self,
        event: str,
        *,
        name: str | None = None,
        traits: dict[str, Any] | None = None,
        profile: str | None = None,
        device: str | None = None,
        **properties: Any,
    ) -> None:
        is_page = event == "page"
        record = ResolvedTouchpoint(
            type="page" if is_page else "track",
            event=None if is_page else event,
            name=name,
            message_id=stable_id("touch", str(len(self.story.told)), str(self.number)),
            source="web",
            timestamp=self.at,
            received_at=self.at,
            user_id=None if is_page else self.user,
            anonymous_id=device or self.device,
            profile_id=profile or self.profile,
            origin_profile_id=profile or self.profile,
            properties=properties,
            traits=traits,
        )
        self.story.tell("resolved-touchpoints", profile or self.profile, RESOLVED_TYPE, record, self.at)
        self.story.events[event] += 1

    def _pass(self, seconds: float) -> None:
        self.at += timedelta(seconds=round(seconds * self.chance.uniform(0.2, 1.8), 3))


class _Run:
    def __init__(self, person: _Person, journey: str) -> None:
        self.person, self.journey = person, journey
        self.id = stable_id("instance", journey, str(person.number))
        self.visit, self.stage, self.ordinal = 0, "", 0

    def enter(self, stage: str) -> None:
        self._tell("entered")
        self.person.story.entered[self.journey] += 1
        self._stage(stage)

    def move(self, stage: str) -> None:
        self._tell("stage_left", to=stage)
        self._stage(stage)

    def exit(self, reason: str) -> None:
        self._tell("stage_left")
        self._tell("exited", reason=reason)
        self.person.story.exited[self.journey, reason] += 1

    def reach(self) -> None:
        self._tell("objective")
        self.person.story.objective[self.journey] += 1

    def send(self, message: str, *, opens: float, clicks: float) -> bool:
        """Whether the person clicked."""
        command = stable_id("command", self.id, str(self.visit), message)
        self._tell("sent", command_id=command, message=message)
        count = self.person.story.outcomes
        count[message, "commanded"] += 1
        if not self.person.has_email:
            count[message, "suppressed no_address"] += 1
            why = ({"rule": "address", "verdict": "suppress", "saw": "no email"},)
            self._outcome(command, message, "suppressed", reason="no_address", explanation=why)
            return False
        count[message, "sent"] += 1
        self._outcome(command, message, "sent")
        clicked = False
        for outcome, share in (("opened", opens), ("clicked", clicks)):
            if self.person.chance.random() < share:
                self.person._pass(300)
                count[message, outcome] += 1
                self._outcome(command, message, outcome)
                clicked = outcome == "clicked"
        return clicked

    def _stage(self, stage: str) -> None:
        self.visit += 1
        self.stage = stage
        self._tell("stage_entered")
        self.person.story.stages[self.journey, stage] += 1

    def _tell(self, kind: str, **others: Any) -> None:
        person = self.person
        person.at += timedelta(milliseconds=1)
        transition = StageTransition(
            transition_id=stable_id("transition", self.id, str(self.ordinal)), kind=kind, profile_id=person.profile,
            journey=self.journey, version="1", release=1, at=person.at, decided_at=person.at, cause="story",
            instance_id=self.id, visit=self.visit, stage=self.stage or None, **others,
        )  # fmt: skip
        self.ordinal += 1
        person.story.tell("stage-transitions", person.profile, TRANSITION_TYPE, transition, person.at)

    def _outcome(self, command: str, message: str, outcome: str, **others: Any) -> None:
        person = self.person
        person.at += timedelta(milliseconds=1)
        delivery = Delivery(
            outcome_id=stable_id("outcome", command, outcome), profile_id=person.profile, outcome=outcome,
            occurred_at=person.at, recorded_at=person.at, command_id=command, channel="email", journey=self.journey,
            version="1", instance_id=self.id, stage=self.stage, step="0", visit=self.visit, message=message,
            caused_at=person.at, **others,
        )  # fmt: skip
        person.story.tell("deliveries", person.profile, DELIVERY_TYPE, delivery, person.at)
