"""Where the local stack keeps its files: all below `.waypost` of the checkout, or of `WAYPOST_HOME`."""

import os
from pathlib import Path

CHECKOUT = Path(__file__).parents[4]
POM = CHECKOUT / "deploy/local/kafka/pom.xml"
JAR_HASHES = CHECKOUT / "deploy/local/kafka/jars.sha256"


def home() -> Path:
    """The folder that holds caches and runs; created when missing."""
    folder = Path(os.environ.get("WAYPOST_HOME") or CHECKOUT) / ".waypost"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def kafka_cache() -> Path:
    """Jars and the formatted template folder of one Kafka version."""
    return home() / "cache/kafka/4.3.1"


def run_folder(name: str) -> Path:
    """State, logs and generated files of the stack called `name`."""
    return home() / "run" / name
