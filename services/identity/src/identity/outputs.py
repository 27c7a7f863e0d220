"""Records of `resolved-touchpoints`: touchpoints under their profile, markers under loser and winner."""

from msgspec.structs import asdict

from identity.decode import Event
from journey_runtime.processor import BadRecord, Out
from journey_schemas.headers import cloud_event_headers
from journey_schemas.ids import stable_id
from journey_schemas.marker import MERGED_TYPE, Merged
from journey_schemas.moment import to_text
from journey_schemas.records import encode, replace
from journey_schemas.touchpoint import RESOLVED_TYPE, Origin, ResolvedTouchpoint

RESOLVED = "resolved-touchpoints"


def resolved(event: Event, *, profile_id: str, origin_id: str) -> Out:
    """A touchpoint with whose it is. Raises `BadRecord` when it cannot be written."""
    touchpoint = event.touchpoint
    fields = asdict(touchpoint)
    fields["profile_id"] = profile_id
    origin = Origin(topic=event.topic, partition=event.partition, offset=event.offset)
    try:
        value = encode(ResolvedTouchpoint(**fields, origin_profile_id=origin_id, origin=origin))
    except (RecursionError, ValueError) as error:
        raise BadRecord("bad_field", "a value is nested too deeply or a number is out of range") from error
    headers = cloud_event_headers(
        ce_id=touchpoint.message_id,
        ce_type=RESOLVED_TYPE,
        ce_source=f"/sources/{touchpoint.source}",
        ce_time=to_text(touchpoint.timestamp),
        traceparent=event.traceparent,
    )
    return Out(RESOLVED, profile_id.encode(), value, headers)


def marker_pair(merged: Merged) -> tuple[Out, Out]:
    """`from` for the loser's partition, `to` for the winner's: the same bytes whenever they are sent again."""
    return _marker(merged, "from", merged.loser), _marker(merged, "to", merged.winner)


def _marker(merged: Merged, role: str, key: str) -> Out:
    headers = cloud_event_headers(
        ce_id=stable_id("merged", merged.loser, merged.winner, str(merged.seq), role),
        ce_type=MERGED_TYPE,
        ce_source="/services/identity",
        ce_time=to_text(merged.at),
    )
    return Out(RESOLVED, key.encode(), encode(replace(merged, role=role)), headers)
