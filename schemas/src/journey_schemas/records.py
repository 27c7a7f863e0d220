"""What all records on topics share: how they are declared, written and read."""

from datetime import datetime
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec.structs import replace

__all__ = ["DECODE_ERRORS", "Moment", "Record", "decoder", "encode", "replace", "to_builtins"]

#: An aware time. msgspec keeps an offset as written; writers of ours send UTC with milliseconds.
Moment = Annotated[datetime, msgspec.Meta(tz=True)]

#: All that decoding bad bytes can raise. A reader that catches fewer dies of one record.
DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)

T = TypeVar("T")


class Record(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of everything on a topic.

    Fields are only ever added, with a default that never changes; unknown fields are ignored by readers.
    """


def decoder(record: type[T]) -> msgspec.json.Decoder[T]:
    """A decoder that validates; build it once and keep it."""
    return msgspec.json.Decoder(record)


_encoder = msgspec.json.Encoder(decimal_format="string")


def encode(record: object) -> bytes:
    """JSON bytes of a record; equal records give equal bytes."""
    return _encoder.encode(record)


def to_builtins(record: object) -> Any:
    """Dicts, lists and scalars of a record: what JSON has, so there is no narrower type."""
    return msgspec.to_builtins(record)
