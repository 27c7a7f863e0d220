"""What the engine keeps per profile: the domain's state, and how far of each topic it has applied."""

from journey_schemas.changelog import ChangelogEntry
from journey_schemas.profile_state import ProfileState
from journey_schemas.records import Record, decoder, encode
from msgspec import Raw

FORMAT = 1


class Kept(Record, frozen=True, kw_only=True):
    """State of one profile with the highest applied offset per topic."""

    seen: dict[str, int]
    profile: ProfileState


_entry = decoder(ChangelogEntry)
_state = decoder(ProfileState)


def pack(kept: Kept, *, cluster: str, due_ms: int | None) -> bytes:
    """The changelog value of a state: equal states give equal bytes."""
    return encode(ChangelogEntry(v=FORMAT, cluster=cluster, seen=kept.seen, due=due_ms, data=Raw(encode(kept.profile))))


def unpack(data: bytes, *, cluster: str) -> Kept:
    """The inverse of `pack`. Offsets of another cluster say nothing about this one's and are left out."""
    entry = _entry.decode(data)
    return Kept(seen=entry.seen if entry.cluster == cluster else {}, profile=_state.decode(entry.data))


def due_of(data: bytes) -> int | None:
    """The earliest timer of a changelog value in ms; nothing else of it is decoded."""
    return _due.decode(data).due


class _DueOnly(Record, frozen=True, kw_only=True):
    due: int | None = None


_due = decoder(_DueOnly)
