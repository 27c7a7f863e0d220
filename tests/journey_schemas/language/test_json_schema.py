"""The JSON Schemas for editors are those of the models."""

import json
from pathlib import Path
from typing import Any

from journey_schemas.json_schema import schemas

COMMITTED = Path(__file__).parents[3] / "schemas" / "json" / "language"


def test_the_committed_schemas_are_those_of_the_models() -> None:
    assert {path.name: path.read_text() for path in COMMITTED.iterdir()} == schemas()


def nulls(schema: Any) -> int:  # any JSON
    if isinstance(schema, dict):
        return (schema.get("type") == "null") + sum(map(nulls, schema.values()))
    return sum(map(nulls, schema)) if isinstance(schema, list) else 0


def test_no_schema_lets_a_key_stand_empty() -> None:
    for text in schemas().values():
        assert nulls(json.loads(text)) == 0
