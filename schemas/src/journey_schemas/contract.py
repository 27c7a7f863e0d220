"""Which record types there are, and how a reader tells those of a topic apart: by the header `ce_type`."""

from journey_schemas.changelog import ChangelogEntry
from journey_schemas.dead_letter import DEAD_LETTER_TYPE, DeadLetter
from journey_schemas.definition import DEFINITION_TYPE, RELEASE_TYPE, Definition, Release
from journey_schemas.delivery import DELIVERY_TYPE, Delivery
from journey_schemas.handoff import HANDOFF_TYPE, Handoff
from journey_schemas.marker import MERGED_TYPE, Merged
from journey_schemas.message_command import (
    CANCEL_TYPE,
    PROFILE_MERGED_TYPE,
    SEND_TYPE,
    CancelMessages,
    ProfileMerged,
    SendMessage,
)
from journey_schemas.records import Record
from journey_schemas.stage_transition import TRANSITION_TYPE, StageTransition
from journey_schemas.touchpoint import RESOLVED_TYPE, TOUCHPOINT_TYPE, ResolvedTouchpoint, Touchpoint

#: Record types by name, as the catalogue spells them.
RECORDS: dict[str, type[Record]] = {
    record.__name__: record
    for record in (
        CancelMessages,
        ChangelogEntry,
        DeadLetter,
        Definition,
        Delivery,
        Handoff,
        Merged,
        ProfileMerged,
        Release,
        ResolvedTouchpoint,
        SendMessage,
        StageTransition,
        Touchpoint,
    )
}

#: `ce_type` of each record type. The changelog is no event and carries none.
CE_TYPES: dict[str, str] = {
    "CancelMessages": CANCEL_TYPE,
    "DeadLetter": DEAD_LETTER_TYPE,
    "Definition": DEFINITION_TYPE,
    "Delivery": DELIVERY_TYPE,
    "Handoff": HANDOFF_TYPE,
    "Merged": MERGED_TYPE,
    "ProfileMerged": PROFILE_MERGED_TYPE,
    "Release": RELEASE_TYPE,
    "ResolvedTouchpoint": RESOLVED_TYPE,
    "SendMessage": SEND_TYPE,
    "StageTransition": TRANSITION_TYPE,
    "Touchpoint": TOUCHPOINT_TYPE,
}
