"""From the rows of a person to the picture of their time."""

from datetime import datetime

from metrics.console.stay_svg import Lane, Mark, Stay, draw
from metrics.console.words import clock
from metrics.store.person import Person
from metrics.timeline import entries

_MOST_LANES = 12


def picture(person: Person) -> str:
    """The drawing, empty where nothing has happened. It ends with the last thing that did."""
    moments = [one.at for one in entries(person)]
    moments += [one["left_at"] for one in person.visits if one["left_at"]]
    if not moments:
        return ""
    begin, end = min(moments), max(moments)
    touches = [
        Mark(at=one["occurred_at"], text=f"{one['event']} at {clock(one['occurred_at'])}") for one in person.touches
    ]
    lanes = [_lane(person, one["instance_id"], one["journey"], end) for one in person.instances[-_MOST_LANES:]]
    return draw(lanes, touches, begin, end)


def _lane(person: Person, instance_id: str, journey: str, end: datetime) -> Lane:
    visits = [one for one in person.visits if one["instance_id"] == instance_id]
    messages = [one for one in person.deliveries if one["instance_id"] == instance_id and one["outcome"] != "commanded"]
    silent = {"suppressed", "expired", "cancelled", "failed", "unknown"}
    return Lane(
        name=journey,
        stays=[
            Stay(
                stage=one["stage"],
                since=one["entered_at"],
                until=one["left_at"] or end,
                is_over=one["left_at"] is not None,
            )
            for one in sorted(visits, key=lambda one: one["visit"])
        ],
        marks=[
            Mark(
                at=one["at"],
                text=f"{one['message']} {one['outcome']} {one['reason']}".strip() + f" at {clock(one['at'])}",
                is_silence=one["outcome"] in silent,
            )
            for one in messages
        ],
    )
