"""One person's life with us, in order: touchpoints, stages, messages and merges, each with its reason."""

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any  # Any: rows and JSON

from metrics.domain.outcome import COMMANDED
from metrics.domain.visit import EXIT
from metrics.store.person import Person

_ORDER = {"touchpoint": 0, "merge": 1, "stage": 2, "message": 3}
_SILENT = {"suppressed", "expired", "cancelled", "failed", "unknown"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """`kind` is touchpoint, stage, message or merge. `rank` orders what happened at the same time."""

    at: datetime
    kind: str
    title: str
    detail: dict[str, Any]
    rank: int = 0
    is_silence: bool = False
    why: tuple[dict[str, Any], ...] = ()


def entries(person: Person) -> list[Entry]:
    """All of it, oldest first."""
    found = [*_touches(person), *_stages(person), *_passings(person), *_messages(person)]
    found += [
        Entry(
            at=one["merged_at"],
            kind="merge",
            title="Two profiles became one",
            detail={"merged": one["loser"], "into": one["winner"]},
        )
        for one in person.merges
    ]
    return sorted(found, key=lambda one: (one.at, _ORDER[one.kind], one.rank, one.title))


def _touches(person: Person) -> list[Entry]:
    return [
        Entry(
            at=one["occurred_at"],
            kind="touchpoint",
            title=one["event"] + (f": {one['name']}" if one["name"] else ""),
            detail={**_flat(json.loads(one["properties"])), "source": one["source"]},
        )
        for one in person.touches
    ]


def _stages(person: Person) -> list[Entry]:
    found = []
    for one in person.instances:
        if one["exited_at"]:
            detail = {"journey": one["journey"], "reason": one["reason"]}
            found.append(
                Entry(at=one["exited_at"], kind="stage", title=f"Left {one['journey']}", detail=detail, rank=9)
            )
        if one["objective_at"]:
            title = f"Objective of {one['journey']} reached"
            found.append(
                Entry(at=one["objective_at"], kind="stage", title=title, detail={"journey": one["journey"]}, rank=5)
            )
    for one in person.visits:
        stay = {"journey": one["journey"], "stage": one["stage"]}
        if one["left_at"]:
            stay["until"] = one["left_at"].strftime("%Y-%m-%d %H:%M:%S")
            stay["then"] = one["exit_to"] if one["exit_to"] != EXIT else f"left ({one['reason'] or 'no reason told'})"
        title = f"{one['journey']}: {one['stage']}"
        found.append(Entry(at=one["entered_at"], kind="stage", title=title, detail=stay, rank=min(one["visit"], 4)))
    return found


def _passings(person: Person) -> list[Entry]:
    titles = {"refused": "Not let into {journey}", "passed": "{journey}: way taken", "stuck": "{journey}: stuck"}
    found = []
    for one in person.passings:
        title = titles.get(one["kind"], "{journey}: " + one["kind"]).format(journey=one["journey"])
        word = "reason" if one["kind"] in {"refused", "stuck"} else "way"
        detail = {name: one[name] for name in ("stage", "step") if one[name]} | {word: one["way"]}
        found.append(Entry(at=one["at"], kind="stage", title=title, detail=detail, is_silence=one["kind"] == "refused"))
    return found


def _messages(person: Person) -> list[Entry]:
    found = []
    for one in person.deliveries:
        what = "command given" if one["outcome"] == COMMANDED else one["outcome"].replace("_", " ")
        names = ("reason", "channel", "journey", "stage", "step")
        found.append(
            Entry(
                at=one["at"],
                kind="message",
                title=f"{one['message'] or 'message'}: {what}",
                detail={name: one[name] for name in names if one[name]},
                rank=0 if one["outcome"] == COMMANDED else 1,
                is_silence=one["outcome"] in _SILENT,
                why=tuple(part for part in json.loads(one["explanation"]) if isinstance(part, dict)),
            )
        )
    return found


def _flat(properties: dict[str, Any]) -> dict[str, Any]:
    """Scalars as they are, the rest as short JSON: a timeline is for reading."""
    return {
        name: value if isinstance(value, str | int | float | bool) else json.dumps(value)[:200]
        for name, value in properties.items()
        if value is not None
    }
