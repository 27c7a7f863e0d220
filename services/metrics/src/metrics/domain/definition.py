"""What the read side shows of a journey's definition: stages in order, what the map says, the objective."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any  # Any: the body of a definition is JSON


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A stage as declared. `sends` are the messages its steps name, in order."""

    name: str
    phase: str = ""
    is_final: bool = False
    touchpoints: tuple[str, ...] = ()
    pains: tuple[str, ...] = ()
    owner: str = ""
    sends: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Journey:
    """A journey as declared. `target` is a share of 1, `within` text such as `10d`."""

    name: str
    version: str = ""
    title: str = ""
    owner: str = ""
    status: str = "live"
    stages: tuple[Stage, ...] = ()
    objective: str = ""
    within: str = ""
    target: float | None = None


def journey_of(name: str, version: str, body: Mapping[str, Any]) -> Journey:
    """Read leniently: keys that are missing or new do not matter here."""
    objective = _mapping(body.get("objective"))
    reach = objective.get("reach")
    return Journey(
        name=name,
        version=version,
        title=_text(body.get("title")) or name,
        owner=_text(body.get("owner")),
        status=_text(body.get("status")) or "live",
        stages=tuple(_stage(one) for one in _many(body.get("stages")) if isinstance(one, Mapping)),
        objective=f"reach {reach}" if reach else _text(objective.get("event") or objective.get("message")),
        within=_text(objective.get("within")),
        target=_share(objective.get("target")),
    )


def _stage(body: Mapping[str, Any]) -> Stage:
    shown = _mapping(body.get("map"))
    return Stage(
        name=_text(body.get("stage")),
        phase=_text(body.get("phase")),
        is_final=body.get("final") is True,
        touchpoints=_texts(shown.get("touchpoints")),
        pains=_texts(shown.get("pains")),
        owner=_text(shown.get("owner")),
        sends=tuple(dict.fromkeys(_sends(body.get("steps")))),
    )


def _sends(part: Any) -> Iterator[str]:
    if isinstance(part, Mapping):
        for key, value in part.items():
            if key == "send":
                yield from _texts(value.get("message") if isinstance(value, Mapping) else value)
            else:
                yield from _sends(value)
    elif isinstance(part, list | tuple):
        for one in part:
            yield from _sends(one)


def _share(written: Any) -> float | None:
    text = _text(written).strip().removesuffix("%").strip()
    try:
        return float(text) / 100
    except ValueError:
        return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [] if value is None else [value]


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(one for one in _many(value) if isinstance(one, str))


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
