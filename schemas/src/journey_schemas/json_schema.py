"""JSON Schemas of the files that people write, for their editors: `python -m journey_schemas.json_schema FOLDER`."""

import json
import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from journey_schemas.catalogue import Catalogue
from journey_schemas.journey import Journey
from journey_schemas.message import Message
from journey_schemas.policy import Policy
from journey_schemas.segment import Segments
from journey_schemas.trait import Traits

#: File that the schema is for, without its end, and its model.
FILES: dict[str, type[BaseModel]] = {
    "journey": Journey,
    "message": Message,
    "policy": Policy,
    "segments": Segments,
    "touchpoints": Catalogue,
    "traits": Traits,
}


def schemas() -> dict[str, str]:
    """File name to JSON Schema text, equal for equal models."""
    return {f"{name}.json": _text(model.model_json_schema(by_alias=True)) for name, model in FILES.items()}


def _text(schema: dict[str, Any]) -> str:  # any JSON
    return json.dumps(_without_null(schema), indent=2, sort_keys=True) + "\n"


def _without_null(schema: Any) -> Any:  # any JSON
    """A key is left out rather than left empty: no null, anywhere."""
    if isinstance(schema, list):
        return [_without_null(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    kept = {key: _without_null(part) for key, part in schema.items() if not (key == "default" and part is None)}
    choices = [choice for choice in kept.get("anyOf", ()) if choice != {"type": "null"}]
    if len(choices) == 1:
        del kept["anyOf"]
        return choices[0] | kept
    return kept | ({"anyOf": choices} if choices else {})


def write(folder: Path) -> None:
    """Write all of them into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
