"""Segments (`segments.yaml`): named conditions over a profile. The body of a segment's definition is its condition."""

from pydantic import ConfigDict, RootModel

from journey_schemas.condition import Condition
from journey_schemas.written import Name


class Segments(RootModel[dict[Name, Condition]]):
    """Name to condition."""

    model_config = ConfigDict(frozen=True)
