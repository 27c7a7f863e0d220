"""The touchpoint.

One thing a customer did or met. The same shape on HTTP, in direct Kafka writes and, resolved, behind identity.
"""

from typing import Any

from journey_schemas.records import Moment, Record

TOUCHPOINT_TYPE = "waypost.touchpoint.v1"
RESOLVED_TYPE = "waypost.touchpoint.resolved.v1"

TYPES = frozenset({"identify", "track", "page", "screen", "group", "alias"})
#: Sources that applications may not claim over HTTP.
RESERVED_SOURCES = frozenset({"kafka", "dispatcher", "stage-engine", "operator"})

Json = dict[str, Any]  # what applications put there; only JSON itself bounds it


class Touchpoint(Record, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A normalised touchpoint: made by `journey_schemas.normalise` only, so all promises of the fields hold.

    `timestamp` is when it happened by a corrected clock, `received_at` when it came in; both UTC.
    At least one of `user_id`, `anonymous_id`, `profile_id` is usable as an identifier.
    """

    type: str
    message_id: str
    source: str
    timestamp: Moment
    received_at: Moment
    v: int = 0
    user_id: str | None = None
    anonymous_id: str | None = None
    profile_id: str | None = None
    previous_id: str | None = None
    group_id: str | None = None
    event: str | None = None
    name: str | None = None
    category: str | None = None
    properties: Json | None = None
    traits: Json | None = None
    context: Json | None = None
    integrations: Json | None = None
    channel: str | None = None
    original_timestamp: Moment | None = None
    sent_at: Moment | None = None
    flags: tuple[str, ...] = ()
    extra: Json | None = None


class Origin(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Where a record stood in the log that caused something."""

    topic: str
    partition: int
    offset: int


class ResolvedTouchpoint(Touchpoint, frozen=True, kw_only=True, rename="camel", omit_defaults=True):
    """A touchpoint of which the person is known.

    `profile_id` is the root today, `origin_profile_id` the one no merge changes.
    """

    origin_profile_id: str = ""
    origin: Origin | None = None
    historical: bool = False
