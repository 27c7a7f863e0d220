"""Comparisons: the same closed set of operators everywhere."""

from typing import Annotated, Any, Self  # Any: values before they are checked

from pydantic import BeforeValidator, Field, model_validator

from journey_schemas.duration import Duration
from journey_schemas.written import Scalar, Written

COUNTS = ("exactly", "at_least", "at_most", "more_than", "less_than", "between")


class Comparison(Written):
    """All operators given must hold. A plain scalar means `exactly`, a list means `one_of`.

    A missing value is never equal to anything and satisfies only `exists: false` and `not`. Text that begins with `$`
    is a path.
    """

    exactly: Scalar | None = None
    one_of: tuple[Scalar, ...] | None = None
    not_: Scalar | tuple[Scalar, ...] | None = Field(default=None, alias="not")
    at_least: Scalar | None = None
    at_most: Scalar | None = None
    more_than: Scalar | None = None
    less_than: Scalar | None = None
    between: tuple[Scalar, Scalar] | None = None
    exists: bool | None = None
    contains: Scalar | None = None
    starts_with: str | None = None
    ends_with: str | None = None
    before: str | None = None
    after: str | None = None
    within_last: Duration | None = None
    within_next: Duration | None = None

    @model_validator(mode="after")
    def _compares(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("a comparison names at least one operator, such as at_least")
        return self


def _normal(value: Any) -> Any:
    if isinstance(value, Comparison | dict):
        return value
    if isinstance(value, list | tuple):
        return {"one_of": value}
    return {"exactly": value}


#: What stands at a property or trait: scalar, list or operators.
Compared = Annotated[Comparison, BeforeValidator(_normal)]
Where = dict[str, Compared]


class CountComparison(Written):
    """How many: of counts, sums and the like. Nothing given: the value itself, or at least one of a `did`."""

    exactly: float | None = None
    at_least: float | None = None
    at_most: float | None = None
    more_than: float | None = None
    less_than: float | None = None
    between: tuple[float, float] | None = None

    @property
    def compares(self) -> bool:
        """Whether any operator is given."""
        return any(getattr(self, name) is not None for name in COUNTS)
