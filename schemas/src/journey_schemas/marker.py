"""Markers: records in `resolved-touchpoints` that tell of a merge, in order with the touchpoints around them."""

from journey_schemas.records import Moment, Record
from journey_schemas.touchpoint import Origin

MERGED_TYPE = "waypost.profile.merged.v1"


class Merged(Record, frozen=True, kw_only=True, omit_defaults=True):
    """Two profiles became one. Written twice: `role` `from` keyed by the loser, `role` `to` keyed by the winner.

    `seq` rises over all merges; a reader ignores a marker whose `seq` is not above the last it saw for that profile
    and role.
    """

    seq: int
    role: str
    loser: str
    winner: str
    rule: str
    message_id: str
    at: Moment
    origin: Origin
    kind: str = "merged"
