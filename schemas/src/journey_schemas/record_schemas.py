"""JSON Schemas of the records, for writers in other languages: `python -m journey_schemas.record_schemas FOLDER`."""

import json
import sys
from pathlib import Path

import msgspec

from journey_schemas.contract import RECORDS


def schemas() -> dict[str, str]:
    """File name to JSON Schema text, equal for equal records."""
    return {
        f"{name}.json": json.dumps(msgspec.json.schema(record), indent=2, sort_keys=True) + "\n"
        for name, record in RECORDS.items()
    }


def write(folder: Path) -> None:
    """Write all of them into `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in schemas().items():
        (folder / name).write_text(text)


if __name__ == "__main__":
    write(Path(sys.argv[1]))
