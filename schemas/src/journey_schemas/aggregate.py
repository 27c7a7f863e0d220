"""Aggregates: counts, sums and newest values over what a person did, as conditions and as values."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.comparison import COUNTS, CountComparison, MeasureComparison
from journey_schemas.duration import Duration
from journey_schemas.times import Since
from journey_schemas.what import What, need_what
from journey_schemas.written import Written

#: A property, dots reach inside: `products.sku`.
Property = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^$\s]([^$]*\S)?$")]


class WindowFields(Written):
    """From when to now: `within` a duration back (`T - W < timestamp <= T`), or `since` the entry, the visit or a
    date; without either, ever.
    """

    within: Duration | None = None
    since: Since | None = None

    @model_validator(mode="after")
    def _check_window(self) -> Self:
        if self.within is not None and self.since is not None:
            text = "`within` and `since` exclude each other"
            raise PydanticCustomError("window", text, {"key": "since"})
        return self


class CountValue(What, WindowFields):
    """How many of them, as a value."""

    @model_validator(mode="after")
    def _need_what(self) -> Self:
        need_what(self)
        return self


class Did(CountValue, CountComparison):
    """So many of them; without an operator, at least one."""


class DidNot(Did):
    """None of them."""

    @model_validator(mode="after")
    def _refuse_counts(self) -> Self:
        for key in COUNTS:
            if getattr(self, key) is not None:
                text = "`did_not` means none of them: write `did` with `{key}`"
                raise PydanticCustomError("did_not", text, {"key": key})
        return self


class Less(What):
    """What is taken off a sum: the `of` of these."""

    of: Property

    @model_validator(mode="after")
    def _need_what(self) -> Self:
        need_what(self)
        return self


class Measure(CountValue, MeasureComparison):
    """A number over the property `of` of these events: sum, average, smallest, largest or distinct values."""

    of: Property
    less: Less | None = None


class ListValue(CountValue):
    """The property `of` of the newest of them, newest first."""

    of: Property
    limit: Annotated[int, Field(strict=True, ge=1, le=20)] = 20


class NewestFields(What):
    """The newest (or oldest) of these events."""

    within: Duration | None = None

    @model_validator(mode="after")
    def _need_what(self) -> Self:
        need_what(self)
        return self


class Newest(NewestFields):
    """Whether the newest (oldest) of these events, whatever its properties, matches `where`."""

    @model_validator(mode="after")
    def _need_where(self) -> Self:
        if not self.where:
            raise PydanticCustomError("newest", "say with `where` what the event should look like")
        return self


class NewestValue(NewestFields):
    """The property `of` of the newest (oldest) of these events."""

    of: Property


MEASURES = ("sum", "average", "smallest", "largest", "distinct")


class Aggregate(Written):
    """An aggregate as a value: exactly one of the forms, without a comparison. `traits.yaml` names them."""

    count: CountValue | None = None
    sum: Measure | None = None
    average: Measure | None = None
    smallest: Measure | None = None
    largest: Measure | None = None
    distinct: Measure | None = None
    list: ListValue | None = None
    last: NewestValue | None = None
    first: NewestValue | None = None

    @property
    def form(self) -> Literal["count", "sum", "average", "smallest", "largest", "distinct", "list", "last", "first"]:
        """Which one it is."""
        (form,) = self.model_fields_set
        return form  # type: ignore[return-value]  # a field's name, one of the nine

    @model_validator(mode="after")
    def _check_form(self) -> Self:
        if len(self.model_fields_set) != 1:
            forms = ", ".join(type(self).model_fields)
            raise PydanticCustomError("aggregate", "a value is exactly one of {forms}", {"forms": forms})
        for name in MEASURES:
            measure: Measure | None = getattr(self, name)
            if measure is not None and measure.compares:
                raise PydanticCustomError("aggregate", "a value is not compared here", {"key": name})
            check_less(name, measure)
        return self


def check_less(name: str, measure: Measure | None) -> None:
    """Refuse `less` where there is nothing to take off."""
    if measure is not None and measure.less is not None and name != "sum":
        raise PydanticCustomError("aggregate", "`less` belongs to a `sum`", {"key": name})
