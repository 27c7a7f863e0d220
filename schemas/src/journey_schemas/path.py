"""Paths and constants: what can stand on the right of a name. A path is text, as written: `$event.total`."""

import math
import re
from typing import Annotated, Any, Literal, NamedTuple, TypeAlias, get_args

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

Root = Literal["profile", "event", "entry", "item", "instance"]
ROOTS: tuple[str, ...] = get_args(Root)
INSTANCE_NAMES = ("key", "entered_at")

#: Text that begins so is meant as a path; `$5` is an amount.
_MEANT = re.compile(r"\$[A-Za-z]")
_FORM = re.compile(r"\$(?P<root>[a-z]+)\.(?P<names>[^.$\s][^.$]*(?:\.[^.$\s][^.$]*)*)")


class Path(NamedTuple):
    """`$event.address.city`: root `event`, below it `address.city`."""

    root: str
    below: str


def is_path(value: object) -> bool:
    """Whether a value as written is a path and not a constant."""
    return isinstance(value, str) and _MEANT.match(value) is not None


def parse(text: str) -> Path:
    """The parts of a path. Raises ValueError, naming the roots there are."""
    form = _FORM.fullmatch(text)
    if form is None or form["root"] not in ROOTS:
        roots = ", ".join(f"${root}" for root in ROOTS)
        message = f"`{text}` is no path: a path is a root and a name, like $profile.city; the roots are {roots}"
        raise ValueError(message)
    if form["root"] == "instance" and form["names"] not in INSTANCE_NAMES:
        message = f"`{text}` is no path: of the instance there are $instance.key and $instance.entered_at"
        raise ValueError(message)
    return Path(root=form["root"], below=form["names"])


Constant: TypeAlias = str | bool | int | float


def _path(written: Any) -> str:  # whatever was written
    if not isinstance(written, str):
        raise PydanticCustomError("path", "a path is expected here, like $event.order_id")
    try:
        parse(written)
    except ValueError as error:
        raise PydanticCustomError("path", "{why}", {"why": str(error)}) from error
    return written


def _scalar(written: Any) -> Constant:  # whatever was written
    if isinstance(written, str):
        return _path(written) if is_path(written) else written
    if isinstance(written, bool | int) or (isinstance(written, float) and math.isfinite(written)):
        return written
    raise PydanticCustomError("scalar", "a text, a number, true, false or a path like $event.total is expected here")


def _number(written: Any) -> int | float | str:  # whatever was written
    value = _scalar(written)
    if isinstance(value, bool) or (isinstance(value, str) and not is_path(value)):
        raise PydanticCustomError("number", "a number or a path like $event.total is expected here")
    return value


_AS_WRITTEN = PlainSerializer(lambda value: value, return_type=str | bool | int | float)

PathText = Annotated[str, PlainValidator(_path), WithJsonSchema({"type": "string", "pattern": r"^\$[a-z]+\..+$"})]
#: A constant or a path.
Scalar = Annotated[
    Constant, PlainValidator(_scalar), _AS_WRITTEN, WithJsonSchema({"type": ["string", "number", "boolean"]})
]
#: A number or a path.
Number = Annotated[
    int | float | str, PlainValidator(_number), _AS_WRITTEN, WithJsonSchema({"type": ["number", "string"]})
]
