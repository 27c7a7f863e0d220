"""Values in `with`, `update`, `properties`: constants, paths, aggregates (a number), conditions (true or false)."""

from collections.abc import Mapping
from typing import Annotated, Any, TypeAlias

from pydantic import Discriminator, Field, Tag

from journey_schemas.aggregate import MEASURES, Aggregate
from journey_schemas.comparison import COUNTS
from journey_schemas.condition import ConditionForms
from journey_schemas.path import Constant, Scalar


def _form(written: Any) -> str:  # whatever was written
    if isinstance(written, Aggregate) or (isinstance(written, dict) and is_aggregate(written)):
        return "<aggregate>"
    if isinstance(written, dict | ConditionForms):
        return "<condition>"
    return "<list>" if isinstance(written, list | tuple) else "<constant>"


def is_aggregate(written: Mapping[str, Any]) -> bool:
    """Whether a map is an aggregate without a comparison, so a value rather than a condition."""
    if len(written) != 1:
        return False
    ((form, inner),) = written.items()
    if form in {"count", "list"}:
        return True
    if not isinstance(inner, dict):
        return False
    if form in {"last", "first"}:
        return "of" in inner
    return form in MEASURES and not any(operator in inner for operator in COUNTS)


Given: TypeAlias = Annotated[
    Annotated[Aggregate, Tag("<aggregate>")]
    | Annotated[ConditionForms, Tag("<condition>")]
    | Annotated[tuple[Scalar, ...], Tag("<list>")]
    | Annotated[Scalar, Tag("<constant>")],
    Discriminator(_form),
]
#: What the union holds, for readers that `match`.
GivenValue: TypeAlias = Aggregate | ConditionForms | tuple[Constant, ...] | Constant

Givens = Annotated[dict[Annotated[str, Field(min_length=1)], Given], Field(min_length=1)]
