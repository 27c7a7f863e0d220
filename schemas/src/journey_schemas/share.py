"""Shares are percent: `45%`, `12.5%`."""

import re
from decimal import Decimal
from typing import Annotated, Any

from pydantic import BeforeValidator, PlainSerializer, WithJsonSchema
from pydantic_core import PydanticCustomError

_FORM = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) ?%", re.ASCII)


def _percent(written: Any) -> Decimal:  # whatever was written
    if isinstance(written, Decimal):
        return written
    form = _FORM.fullmatch(written) if isinstance(written, str) else None
    if form is None or (percent := Decimal(form[1])) > 100:
        raise PydanticCustomError("share", "a share is a percentage from 0% to 100%, like 45%")
    return percent


def to_text(percent: Decimal) -> str:
    """`12.5%`: no zeros at the end, no exponent."""
    text = f"{percent:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + "%"


#: Percent, exact: `Decimal("45")` is 45%.
Share = Annotated[
    Decimal,
    BeforeValidator(_percent),
    PlainSerializer(to_text, return_type=str),
    WithJsonSchema({"type": "string", "pattern": r"^[0-9]{1,3}(\.[0-9]{1,6})? ?%$", "examples": ["10%", "33.3%"]}),
]
