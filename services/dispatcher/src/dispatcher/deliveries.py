"""Deliveries, and the touchpoints that they become: how records that leave are made."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any  # Any: JSON of a record

from dispatcher.domain.decide import Said
from journey_schemas.catalogue import feedback_event
from journey_schemas.delivery import Delivery
from journey_schemas.ids import stable_id
from journey_schemas.message_command import SendMessage
from journey_schemas.moment import from_text, to_text
from journey_schemas.records import to_builtins
from journey_schemas.touchpoint import Touchpoint

_UNSAID = ("explanation", "profile_id", "recorded_at")
_LONGEST_SAW = 200


def origin_of(command: SendMessage) -> dict[str, Any]:
    """What every delivery of a command repeats about where it comes from; JSON, holds no address."""
    return {
        "command_id": command.command_id,
        "journey": command.journey,
        "version": command.version,
        "release": command.release,
        "instance_id": command.instance_id,
        "stage": command.stage,
        "step": command.step,
        "visit": command.visit,
        "message": command.message,
        "message_version": command.message_version,
        "category": command.category,
        "topic": command.topic,
        "caused_at": to_text(command.caused_at),
        "user_id": command.user_id,
        "anonymous_id": command.anonymous_id,
    }


def delivery(
    origin: dict[str, Any],
    *,
    profile_id: str,
    outcome: str,
    at: datetime,
    key: str,
    explanation: Sequence[Said] = (),
    occurred_at: datetime | None = None,
    **more: Any,
) -> Delivery:
    """One outcome. Its id comes from the command and `key`: the same again is the same outcome.

    A command's own end has the key `end`, so that it has one only.
    """
    caused_at = origin.get("caused_at")
    return Delivery(
        **(origin | {"caused_at": from_text(caused_at) if caused_at else None}),
        outcome_id=stable_id("outcome", str(origin.get("command_id") or profile_id), key),
        profile_id=profile_id,
        outcome=outcome,
        occurred_at=occurred_at or at,
        recorded_at=at,
        explanation=tuple(
            {"rule": one.rule, "verdict": one.verdict, "saw": one.saw[:_LONGEST_SAW]} for one in explanation
        ),
        **more,
    )


def touchpoint(record: Delivery) -> Touchpoint:
    """The feedback touchpoint of a delivery: `Email Clicked` and its like."""
    properties = to_builtins(record)
    for name in _UNSAID:
        properties.pop(name, None)
    return Touchpoint(
        type="track",
        message_id=record.outcome_id,
        source="dispatcher",
        timestamp=record.occurred_at,
        received_at=record.recorded_at,
        profile_id=record.profile_id,
        user_id=record.user_id,
        anonymous_id=record.anonymous_id,
        event=feedback_event(record.channel or "email", record.outcome),  # type: ignore[arg-type] # one of the closed list
        properties=properties,
    )
