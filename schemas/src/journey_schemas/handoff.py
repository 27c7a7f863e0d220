"""The handoff: a loser's journey state on its way to the winner."""

import msgspec

from journey_schemas.records import Moment, Record

HANDOFF_TYPE = "waypost.profile.handoff.v1"


class Handoff(Record, frozen=True, kw_only=True, omit_defaults=True):
    """`state` is the loser's profile state as the stage-engine packs it.

    `path` names all profiles whose state is inside, the oldest first.
    """

    seq: int
    loser: str
    winner: str
    path: tuple[str, ...]
    at: Moment
    state: msgspec.Raw
