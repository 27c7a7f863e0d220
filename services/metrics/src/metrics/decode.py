"""Records of the three topics as facts to count."""

import re
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from journey_runtime.codec import decoder
from journey_runtime.processor import BadRecord, Record
from journey_schemas.delivery import Delivery
from journey_schemas.marker import MERGED_TYPE, Merged
from journey_schemas.stage_transition import StageTransition
from journey_schemas.touchpoint import ResolvedTouchpoint
from metrics.domain.instance import Instance
from metrics.domain.merge import Merge
from metrics.domain.outcome import COMMANDED, MACHINE, Outcome
from metrics.domain.touch import Identifier, Passing, Touch
from metrics.domain.visit import EXIT, Reach, Visit

TOPICS = ("resolved-touchpoints", "stage-transitions", "deliveries")

Fact = Touch | Identifier | Merge | Instance | Visit | Reach | Passing | Outcome

_ID_LIMIT = 512
_NAME_LIMIT = 200
_REACTIONS = {"opened", "clicked"}
_encode = msgspec.json.Encoder().encode
# PostgreSQL keeps no NUL character in text: an odd number of backslashes before u0000 writes one.
_NUL = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

_touchpoint = decoder(ResolvedTouchpoint)
_merged = decoder(Merged)
_transition = decoder(StageTransition)
_delivery = decoder(Delivery)


@dataclass(slots=True)
class Decoded:
    """The facts of one record; `received_at` is set for touchpoints."""

    facts: list[Fact] = field(default_factory=list)
    received_at: datetime | None = None


def decode(record: Record, topic: str) -> Decoded:
    """The facts of a record of `topic` (its name in the catalogue). Raises `BadRecord`."""
    value = record.value
    if value is not None and b"\\u0000" in value:
        value = _NUL.sub(rb"\1\\ufffd", value)
    if topic == "stage-transitions":
        return Decoded(_of_transition(_transition(value)))
    if topic == "deliveries":
        return Decoded([_of_delivery(_delivery(value))])
    if record.header("ce_type") == MERGED_TYPE.encode():
        return Decoded([_of_marker(_merged(value))])
    touchpoint = _touchpoint(value)
    return Decoded(_of_touchpoint(touchpoint), touchpoint.received_at)


def _of_touchpoint(one: ResolvedTouchpoint) -> list[Fact]:
    if one.profile_id is None:
        raise BadRecord("wrong_shape", "a resolved touchpoint names its profile", "$.profileId")
    profile = _id(one.profile_id, "$.profileId")
    facts: list[Fact] = [
        Touch(
            fact_id=_id(one.message_id, "$.messageId"),
            occurred_at=one.timestamp,
            received_at=one.received_at,
            profile_id=profile,
            origin_profile_id=_id(one.origin_profile_id or profile, "$.originProfileId"),
            source=_name(one.source),
            event=_name(one.event if one.type == "track" and one.event else one.type),
            name=_name(one.name),
            properties=_encode(one.properties or {}).decode(),
        )
    ]
    email = (one.traits or {}).get("email")
    for namespace, value in (("user_id", one.user_id), ("anonymous_id", one.anonymous_id), ("email", email)):
        if isinstance(value, str) and 0 < len(value) <= _ID_LIMIT:
            folded = value.strip().lower() if namespace == "email" else value
            facts.append(Identifier(namespace=namespace, value=folded, profile_id=profile))
    return facts


def _of_marker(one: Merged) -> Merge:
    loser, winner = _id(one.loser, "$.loser"), _id(one.winner, "$.winner")
    return Merge(seq=one.seq, loser=loser, winner=winner, merged_at=one.at)


def _of_transition(one: StageTransition) -> list[Fact]:
    match one.kind:
        case "entered" | "exited" | "objective":
            facts: list[Fact] = [_instance(one)]
            if one.kind == "exited" and one.visit and one.stage:
                facts.append(_visit(one))
            return facts
        case "stage_entered":
            visit = _visit(one)
            reach = Reach(
                instance_id=visit.instance_id,
                stage=visit.stage,
                reached_at=one.at,
                journey=visit.journey,
                version=visit.version,
            )
            return [visit, reach]
        case "stage_left":
            return [_visit(one)]
        case "sent":
            return [_commanded(one)]
        case _:  # passed, refused, stuck, and what newer engines may tell: each is counted under its own kind
            return [_passing(one)]


def _instance(one: StageTransition) -> Instance:
    return Instance(
        instance_id=_of_instance(one),
        first_at=one.at,
        profile_id=_id(one.profile_id, "$.profile_id"),
        journey=_name(one.journey),
        version=_name(one.version),
        entered_at=one.at if one.kind == "entered" else None,
        exited_at=one.at if one.kind == "exited" else None,
        reason=_name(one.reason) if one.kind == "exited" else "",
        objective_at=one.at if one.kind == "objective" else None,
    )


def _visit(one: StageTransition) -> Visit:
    if not one.stage:
        raise BadRecord("wrong_shape", "a visit has a stage", "$.stage")
    is_entering, is_exit = one.kind == "stage_entered", one.kind == "exited"
    return Visit(
        instance_id=_of_instance(one),
        visit=one.visit,
        first_at=one.at,
        profile_id=_id(one.profile_id, "$.profile_id"),
        journey=_name(one.journey),
        version=_name(one.version),
        stage=_name(one.stage),
        entered_at=one.at if is_entering else None,
        left_at=None if is_entering else one.at,
        exit_to="" if is_entering else _name(None if is_exit else one.to) or EXIT,
        reason=_name(one.reason) if is_exit else "",
        cause=_name(one.cause) if is_entering else "",
    )


def _of_instance(one: StageTransition) -> str:
    if one.instance_id is None:
        raise BadRecord("wrong_shape", f"a transition of kind {one.kind} names its instance", "$.instance_id")
    return _id(one.instance_id, "$.instance_id")


def _passing(one: StageTransition) -> Passing:
    return Passing(
        transition_id=_id(one.transition_id, "$.transition_id"),
        kind=_name(one.kind),
        at=one.at,
        profile_id=_id(one.profile_id, "$.profile_id"),
        journey=_name(one.journey),
        version=_name(one.version),
        instance_id=one.instance_id or "",
        visit=one.visit,
        stage=_name(one.stage),
        step=_name(one.step),
        way=_name(one.way or one.reason),
        cause=_name(one.cause),
    )


def _commanded(one: StageTransition) -> Outcome:
    return Outcome(
        at=one.at,
        command_id=_id(one.command_id or one.transition_id, "$.command_id"),
        outcome=COMMANDED,
        profile_id=_id(one.profile_id, "$.profile_id"),
        journey=_name(one.journey),
        version=_name(one.version),
        instance_id=one.instance_id or "",
        visit=one.visit,
        stage=_name(one.stage),
        step=_name(one.step),
        message=_name(one.message),
    )


def _of_delivery(one: Delivery) -> Outcome:
    return Outcome(
        at=one.occurred_at,
        command_id=_id(one.command_id or one.outcome_id, "$.command_id"),
        outcome=MACHINE + one.outcome if one.is_machine and one.outcome in _REACTIONS else _name(one.outcome),
        profile_id=_id(one.profile_id, "$.profile_id"),
        journey=_name(one.journey),
        version=_name(one.version),
        instance_id=one.instance_id or "",
        visit=one.visit or 0,
        stage=_name(one.stage),
        step=_name(one.step),
        message=_name(one.message),
        channel=_name(one.channel),
        reason=_name(one.reason),
        explanation=_encode(one.explanation).decode(),
    )


def _id(value: str, path: str) -> str:
    if not 0 < len(value) <= _ID_LIMIT:
        raise BadRecord("rule", f"an id has 1 to {_ID_LIMIT} characters", path)
    return value


def _name(value: str | None) -> str:
    """Names are keys of counts: cut, since an index takes 2,700 bytes at most."""
    return (value or "")[:_NAME_LIMIT]
