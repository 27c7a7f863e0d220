"""The changelog: one record per changed profile and transaction; what the engine's local store is rebuilt from."""

import msgspec

from journey_schemas.records import Record


class ChangelogEntry(Record, frozen=True, kw_only=True):
    """State of one profile.

    `seen` = highest applied offset per topic, counted only within `cluster` (first 8 characters of the cluster id).

    `due` = earliest timer inside `data`, in UTC milliseconds, or None. `v` is the format number of `data`.
    """

    v: int
    cluster: str
    seen: dict[str, int]
    due: int | None
    data: msgspec.Raw
