"""Comparisons: the one closed set of operators, the same in every condition."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.duration import Duration
from journey_schemas.path import Number, Path, Scalar
from journey_schemas.written import Written


class NumberFields(Written):
    """What a count or a sum can be compared with; all that are given must hold."""

    exactly: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    more_than: Number | None = None
    less_than: Number | None = None
    between: tuple[Number, Number] | None = None

    @property
    def is_compared(self) -> bool:
        """Whether any operator is given."""
        return any(getattr(self, name) is not None for name in NUMBER_OPERATORS)

    def numbers(self) -> tuple[int | float | Path, ...]:
        """All operands."""
        single = (self.exactly, self.at_least, self.at_most, self.more_than, self.less_than, *(self.between or ()))
        return tuple(number for number in single if number is not None)


NUMBER_OPERATORS: tuple[str, ...] = tuple(NumberFields.model_fields)


class Comparison(Written):
    """What one value is compared with; all operators given must hold.

    A plain scalar is read as `exactly`, a list as `one_of`. `between` includes both ends. `before`, `after` take a
    date or a time; `within_last`, `within_next` count from the moment of the decision. A missing value satisfies only
    `exists: false` and `not`.
    """

    exactly: Scalar | None = None
    one_of: Annotated[tuple[Scalar, ...], Field(min_length=1)] | None = None
    at_least: Scalar | None = None
    at_most: Scalar | None = None
    more_than: Scalar | None = None
    less_than: Scalar | None = None
    between: tuple[Scalar, Scalar] | None = None
    not_: "Compared | None" = None
    exists: bool | None = None
    contains: Scalar | None = None
    starts_with: Scalar | None = None
    ends_with: Scalar | None = None
    before: Scalar | None = None
    after: Scalar | None = None
    within_last: Duration | None = None
    within_next: Duration | None = None

    @model_validator(mode="after")
    def _refuse_nothing(self) -> Self:
        if not self.model_fields_set:
            raise PydanticCustomError("no_operator", "a comparison needs a value or an operator like at_least")
        return self

    def operands(self) -> tuple[Any, ...]:  # constants and paths; Any spares each reader a union
        """All constants and paths it compares with, those under `not` too."""
        found: list[Any] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, Comparison):
                found.extend(value.operands())
            elif isinstance(value, tuple):
                found.extend(value)
            elif value is not None and name not in {"exists", "within_last", "within_next"}:
                found.append(value)
        return tuple(found)


def _as_comparison(written: Any) -> Any:  # whatever was written; the model checks it
    if isinstance(written, dict | Comparison):
        return written
    return {"one_of": written} if isinstance(written, list | tuple) else {"exactly": written}


#: A comparison as people write it: a scalar, a list, or operators.
Compared = Annotated[
    Comparison, BeforeValidator(_as_comparison, json_schema_input_type=Comparison | Scalar | tuple[Scalar, ...])
]
#: Property or trait (dots reach inside) to comparison; all must hold.
Matches = Annotated[dict[Annotated[str, Field(min_length=1)], Compared], Field(min_length=1)]

Comparison.model_rebuild()
