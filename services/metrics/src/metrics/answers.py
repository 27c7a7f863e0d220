"""Bodies of the JSON API, from figures."""

from collections.abc import Mapping
from typing import Any  # Any: JSON

from journey_schemas.moment import to_text
from metrics.domain.definition import Journey
from metrics.domain.figures import JourneyCounts, MessageFigures, StageFigures, share, together
from metrics.store.read import Stays

_SINGLE = (
    *("commanded", "sent", "delivered", "opened", "clicked", "unsubscribed", "bounced", "complained"),
    *("expired", "cancelled", "held", "unknown"),
)
_RATES = ("opened", "clicked", "unsubscribed", "bounced")


def journey_body(journey: Journey, counts: JourneyCounts) -> dict[str, Any]:
    """One journey in the list."""
    return {
        "journey": journey.name,
        "title": journey.title,
        "version": journey.version,
        "status": journey.status,
        "entered": counts.entered,
        "inside": counts.entered - counts.exited,
        "exited": counts.by_way("exited"),
        "objective": {
            "what": journey.objective,
            "n": counts.objective,
            "rate": share(counts.objective, counts.entered),
            "target": journey.target,
            "within": journey.within,
        },
        "refused": counts.by_reason("refused"),
    }


def stage_body(figures: StageFigures, stays: Stays, messages: list[MessageFigures]) -> dict[str, Any]:
    """One stage of a journey."""
    left = sum(figures.leaves.values())
    return {
        "stage": figures.stage.name,
        "phase": figures.stage.phase,
        "is_declared": figures.is_declared,
        "entries": figures.entries,
        "inside": figures.inside,
        "leaves": [{"to": to, "n": n, "share": share(n, left)} for to, n in figures.leaves.items()],
        "exits": figures.exits,
        "ways": figures.ways,
        "conversion_from_before": figures.from_before,
        "conversion_from_entry": figures.from_entry,
        "time_s": {"finished": stays.n, "median": stays.median_s, "p90": stays.p90_s},
        "oldest_inside_at": to_text(stays.oldest_at) if stays.oldest_at else None,
        "messages": [{"message": one.message, **message_body(one)} for one in messages],
    }


def message_body(one: MessageFigures) -> dict[str, Any]:
    """Commands of a message by outcome; rates are of those sent."""
    return {
        **{outcome: one.n(outcome) for outcome in _SINGLE},
        "suppressed": one.suppressed,
        "failed": one.failed,
        "rates": {outcome: one.rate(outcome) for outcome in _RATES},
    }


def totals_body(
    journeys: Mapping[str, JourneyCounts],
    messages: Mapping[tuple[str, str], MessageFigures],
    touchpoints: Mapping[str, int],
    people: tuple[int, int],
) -> dict[str, Any]:
    """Every exact total."""
    names = sorted({message for _, message in messages if message})
    by_name = {name: together(name, (one for (_, m), one in messages.items() if m == name)) for name in names}
    return {
        "touchpoints": dict(touchpoints),
        "profiles": people[0],
        "merges": people[1],
        "journeys": {name: _journey_totals(counts) for name, counts in sorted(journeys.items())},
        "messages": {name: message_body(one) for name, one in by_name.items()},
    }


def _journey_totals(counts: JourneyCounts) -> dict[str, Any]:
    return {
        "entered": counts.entered,
        "inside": counts.entered - counts.exited,
        "exited": counts.by_way("exited"),
        "objective": counts.objective,
        "refused": counts.by_reason("refused"),
        "stages": {stage: counts.of("stage_entered", stage) for stage in sorted(counts.stages())},
    }
