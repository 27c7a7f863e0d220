"""Computed traits (`traits.yaml`): named aggregates, read like any trait; the aggregate is the definition body."""

from pydantic import ConfigDict, RootModel

from journey_schemas.aggregate import Aggregate
from journey_schemas.written import Name


class Traits(RootModel[dict[Name, Aggregate]]):
    """Name to aggregate."""

    model_config = ConfigDict(frozen=True)
