"""Everything that pages and API ask, in one place, so that both show the same figures."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from metrics.definitions import Definitions
from metrics.domain.definition import Journey
from metrics.domain.figures import JourneyCounts, MessageFigures, StageFigures, stage_figures
from metrics.errors import UnknownJourney, UnknownProfile
from metrics.lag import Lag, LagProbe
from metrics.pace import Pace
from metrics.store.person import People
from metrics.store.read import Figures, Stays

NAMESPACES = ("user_id", "anonymous_id", "email")


@dataclass(frozen=True, slots=True, kw_only=True)
class JourneyView:
    """One journey with all its figures."""

    journey: Journey
    counts: JourneyCounts
    stages: list[StageFigures]
    stays: dict[str, Stays]
    messages: dict[tuple[str, str], MessageFigures]

    def messages_of(self, stage: StageFigures) -> list[MessageFigures]:
        """Messages of a stage: as declared, those without any command too, then what older versions sent."""
        name = stage.stage.name
        empty = MessageFigures(message="", stage=name, outcomes={}, suppressed={}, failed={})
        known = [message for at, message in sorted(self.messages) if at == name]
        order = dict.fromkeys((*stage.stage.sends, *known))
        found = []
        for message in order:
            one = self.messages.get((name, message), empty)
            found.append(one if one.message else _named(empty, message))
        return found


class View:
    """Asks the store, the definitions, the probe of lag and the reader's pace."""

    def __init__(
        self, *, figures: Figures, people: People, definitions: Definitions, probe: LagProbe, pace: Pace
    ) -> None:
        self.figures = figures
        self.people = people
        self.definitions = definitions
        self.pace = pace
        self._probe = probe

    @property
    def lag(self) -> Sequence[Lag]:
        """As of the last look."""
        return self._probe.latest

    def seconds_behind(self) -> float | None:
        """The largest lag of any group; None before the first look."""
        return max((one.seconds for one in self.lag), default=None)

    def newest_age_s(self) -> float | None:
        """Seconds since the newest visible touchpoint came in."""
        if self.pace.newest is None:
            return None
        return max(0.0, (datetime.now(UTC) - self.pace.newest).total_seconds())

    async def journeys(self) -> list[tuple[Journey, JourneyCounts]]:
        """Those published in order of name, then those known by their counts only."""
        counts = await self.figures.journeys()
        names = [*sorted(self.definitions.journeys), *sorted(counts.keys() - self.definitions.journeys.keys())]
        return [(self.definitions.journey(name), counts.get(name, JourneyCounts())) for name in names]

    async def journey(self, name: str) -> JourneyView:
        """Raises `UnknownJourney`."""
        counts = await self.figures.journey(name)
        if name not in self.definitions.journeys and not counts.n:
            raise UnknownJourney(name)
        journey = self.definitions.journey(name)
        return JourneyView(
            journey=journey,
            counts=counts,
            stages=stage_figures(journey, counts),
            stays=await self.figures.stays(name),
            messages=await self.figures.messages(name),
        )

    async def lookup(self, identifier: str) -> list[str]:
        """Profiles of `u-1` in any namespace, or of `email:ann@x` in one; a profile id finds itself."""
        namespace, colon, value = identifier.partition(":")
        if colon and namespace in NAMESPACES:
            return await self.figures.roots_of(value, (namespace,))
        found = await self.figures.roots_of(identifier, NAMESPACES)
        if found:
            return found
        try:
            return [(await self.people.person(identifier)).profile_id]
        except UnknownProfile:
            return []


def _named(empty: MessageFigures, message: str) -> MessageFigures:
    return MessageFigures(message=message, stage=empty.stage, outcomes={}, suppressed={}, failed={})
