"""What cannot be decoded says where, and never what."""

from typing import Literal

import msgspec
import pytest

from journey_runtime.codec import decoder
from journey_runtime.processor import BadRecord


class Pet(msgspec.Struct):
    name: str
    kind: Literal["cat", "dog"] = "cat"
    age: int = 0


@pytest.mark.parametrize(
    ("value", "code", "path"),
    [
        (None, "missing_value", None),
        (b"", "missing_value", None),
        (b"{secret", "not_json", None),
        (b'{"name":"\xff"}', "not_json", None),
        (b"[]", "wrong_shape", "$"),
        (b'{"name":"a","age":"secret"}', "wrong_shape", "$.age"),
        (b'{"name":"a","kind":"secret"}', "wrong_shape", "$.kind"),
        (b'{"age":1}', "wrong_shape", "$"),
    ],
)
def test_a_bad_value_has_a_code_and_a_path_and_is_not_quoted(value: bytes | None, code: str, path: str | None) -> None:
    with pytest.raises(BadRecord) as caught:
        decoder(Pet)(value)
    assert (caught.value.code, caught.value.path) == (code, path)
    assert "secret" not in caught.value.message


def test_a_good_value_is_decoded() -> None:
    assert decoder(Pet)(b'{"name":"Tom","more":1}') == Pet("Tom")
