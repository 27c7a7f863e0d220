"""Comparisons: the one closed set of operators, the same in every condition."""

from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, StrictBool, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.duration import Duration
from journey_schemas.path import Constant, Number, Scalar
from journey_schemas.written import Written

#: How many times: a whole number from 0.
Count = Annotated[int, Field(strict=True, ge=0)]
Scalars = Annotated[tuple[Scalar, ...], Field(min_length=1)]


class CountComparison(Written):
    """What a number of times can be compared with; all that are given must hold."""

    exactly: Count | None = None
    at_least: Count | None = None
    at_most: Count | None = None
    more_than: Count | None = None
    less_than: Count | None = None
    between: tuple[Count, Count] | None = None

    @property
    def compares(self) -> bool:
        """Whether any operator is given."""
        return any(getattr(self, name) is not None for name in COUNTS)


class MeasureComparison(Written):
    """What a sum and the like can be compared with; all that are given must hold."""

    exactly: Number | None = None
    at_least: Number | None = None
    at_most: Number | None = None
    more_than: Number | None = None
    less_than: Number | None = None
    between: tuple[Number, Number] | None = None

    @property
    def compares(self) -> bool:
        """Whether any operator is given."""
        return any(getattr(self, name) is not None for name in COUNTS)


COUNTS: tuple[str, ...] = tuple(CountComparison.model_fields)


class Comparison(Written):
    """What one value is compared with; all operators given must hold.

    A plain scalar is read as `exactly`, a list as `one_of`. `between` includes both ends. `before`, `after` take a
    date or a time; `within_last`, `within_next` count from the moment of the decision. A missing value satisfies only
    `exists: false` and `not`.
    """

    exactly: Scalar | None = None
    one_of: Scalars | None = None
    at_least: Scalar | None = None
    at_most: Scalar | None = None
    more_than: Scalar | None = None
    less_than: Scalar | None = None
    between: tuple[Scalar, Scalar] | None = None
    not_: Scalar | Scalars | None = None
    exists: StrictBool | None = None
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

    def operands(self) -> tuple[Constant, ...]:
        """All constants and paths it compares with."""
        found: list[Constant] = []
        for name in type(self).model_fields:
            value = getattr(self, name)
            if isinstance(value, tuple):
                found.extend(value)
            elif value is not None and name not in NOT_COMPARED:
                found.append(value)
        return tuple(found)


#: Operators whose operand is no value to compare with.
NOT_COMPARED = frozenset({"exists", "within_last", "within_next"})


def _as_comparison(written: Any) -> Any:  # whatever was written; the model checks it
    if isinstance(written, dict | Comparison):
        return written
    return {"one_of": written} if isinstance(written, list | tuple) else {"exactly": written}


#: A comparison as people write it: a scalar, a list, or operators.
Compared = Annotated[
    Comparison, BeforeValidator(_as_comparison, json_schema_input_type=Comparison | Scalar | tuple[Scalar, ...])
]
#: Property or trait (dots reach inside) to comparison; all must hold.
Where = Annotated[dict[Annotated[str, Field(min_length=1)], Compared], Field(min_length=1)]
