"""Dead letters: records we could not use, kept whole with the reason, so that a person can mend and replay them."""

from msgspec import field

from journey_schemas.records import Moment, Record

DEAD_LETTER_TYPE = "waypost.dead_letter.v1"


class DeadLetter(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One unusable record.

    `partition`, `offset`, `appended_at` are None for what came over HTTP. `message` holds no value of the record.

    `value_base64` holds the value, at most 512 KiB of it (`truncated` tells); `sha256` is that of the whole value.
    """

    topic: str
    code: str
    message: str
    service: str
    at: Moment
    partition: int | None = None
    offset: int | None = None
    appended_at: Moment | None = None
    path: str | None = None
    version: str | None = None
    headers: dict[str, str] = field(default_factory=dict)
    value_base64: str = ""
    truncated: bool = False
    sha256: str = ""
    source: str | None = None
    message_id: str | None = None
    library: str | None = None
    replayed_from: str | None = None
