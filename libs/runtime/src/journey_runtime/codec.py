"""JSON in and out of records; what cannot be read is a `BadRecord` that names no value."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from journey_runtime.processor import BadRecord

T = TypeVar("T")

_PATH = re.compile(r" - at `(?:key in )?([^`]*)`")
_QUOTED = re.compile(r"'[^']*'")
_INVALID = re.compile(r"(Invalid (?:enum )?value).*")

encode: Callable[[object], bytes] = msgspec.json.Encoder().encode


def decoder(shape: type[T]) -> Callable[[bytes | None], T]:
    """A function that decodes JSON into `shape`.

    It raises `BadRecord`: `missing_value` for None or no bytes, `not_json`, or `wrong_shape` with the path.
    """
    decode = msgspec.json.Decoder(shape).decode

    def read(value: bytes | None) -> T:
        if not value:
            raise BadRecord("missing_value", "the record has no value")
        try:
            return decode(value)
        except msgspec.ValidationError as error:
            text = str(error)
            found = _PATH.search(text)
            message = _INVALID.sub(r"\1", _QUOTED.sub("'...'", _PATH.sub("", text)))
            raise BadRecord("wrong_shape", message, found.group(1) if found else "$") from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise BadRecord("not_json", "the value is not JSON in UTF-8") from error

    return read
