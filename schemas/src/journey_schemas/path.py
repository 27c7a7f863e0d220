"""Paths and constants: what can stand on the right of a name."""

import math
import re
from dataclasses import dataclass
from typing import Annotated, Any, Literal, TypeAlias, get_args

from pydantic import PlainSerializer, PlainValidator, WithJsonSchema
from pydantic_core import PydanticCustomError

Root = Literal["profile", "event", "entry", "item", "instance"]
ROOTS: tuple[str, ...] = get_args(Root)
INSTANCE_NAMES = ("key", "entered_at")

#: Text that begins so is meant as a path; `$5` is an amount.
_MEANT = re.compile(r"\$[A-Za-z]")
_FORM = re.compile(r"\$(?P<root>[a-z]+)(?P<names>(?:\.[^.$\s][^.$]*)+)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Path:
    """`$event.address.city`: root `event`, names `("address", "city")`."""

    root: Root
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"${self.root}.{self.dotted}"

    @property
    def dotted(self) -> str:
        """The names below the root, as the stored values are addressed: `address.city`."""
        return ".".join(self.names)


def parse(text: str) -> Path:
    """The path written in `text`. Raises ValueError, naming the roots there are."""
    form = _FORM.fullmatch(text)
    if form is None or form["root"] not in ROOTS:
        message = f"`{text}` is no path: a path is a root and a name, like $profile.city; the roots are " + ", ".join(
            f"${root}" for root in ROOTS
        )
        raise ValueError(message)
    names = tuple(form["names"].removeprefix(".").split("."))
    if form["root"] == "instance" and names not in {(name,) for name in INSTANCE_NAMES}:
        message = f"`{text}` is no path: of the instance there are $instance.key and $instance.entered_at"
        raise ValueError(message)
    root: Root = form["root"]  # type: ignore[assignment]  # one of ROOTS, checked above
    return Path(root=root, names=names)


Constant: TypeAlias = str | bool | int | float


def _path(written: Any) -> Path:  # whatever was written
    if isinstance(written, Path):
        return written
    if not isinstance(written, str):
        raise PydanticCustomError("path", "a path is expected here, like $event.order_id")
    try:
        return parse(written)
    except ValueError as error:
        raise PydanticCustomError("path", "{why}", {"why": str(error)}) from error


def _scalar(written: Any) -> Constant | Path:  # whatever was written
    if isinstance(written, Path):
        return written
    if isinstance(written, str):
        return _path(written) if _MEANT.match(written) else written
    if isinstance(written, bool | int) or (isinstance(written, float) and math.isfinite(written)):
        return written
    raise PydanticCustomError("scalar", "a text, a number, true, false or a path like $event.total is expected here")


def _number(written: Any) -> int | float | Path:  # whatever was written
    value = _scalar(written)
    if isinstance(value, str | bool):
        raise PydanticCustomError("number", "a number or a path like $event.total is expected here")
    return value


def to_json(value: Constant | Path) -> Constant:
    """How it is written: a path as its text, a constant as itself."""
    return str(value) if isinstance(value, Path) else value


_JSON = PlainSerializer(to_json, return_type=str | bool | int | float)

PathOnly = Annotated[
    Path, PlainValidator(_path), _JSON, WithJsonSchema({"type": "string", "pattern": r"^\$[a-z]+\..+$"})
]
#: A constant or a path.
Scalar = Annotated[
    Constant | Path, PlainValidator(_scalar), _JSON, WithJsonSchema({"type": ["string", "number", "boolean"]})
]
#: A number or a path.
Number = Annotated[int | float | Path, PlainValidator(_number), _JSON, WithJsonSchema({"type": ["number", "string"]})]
