"""The topic catalogue: one YAML file per topic, which states all there is to know before it is created."""

from importlib.resources import files
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML


class Topic(BaseModel):
    """One topic.

    `partitions` is the production default of keyed topics; the local stack takes fewer. `retention_days` of a
    compacted topic is None.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str
    purpose: str
    key: str
    records: tuple[str, ...]
    written_by: tuple[str, ...]
    read_by: tuple[str, ...]
    partitions: int = 64
    cleanup: Literal["delete", "compact"] = "delete"
    retention_days: int | None = 30
    is_co_partitioned: bool = False
    settings: dict[str, str] = Field(default_factory=dict)


def folder() -> Path:
    """Where the catalogue lies: beside this package in a checkout, inside it in an installed wheel."""
    inside = Path(str(files("journey_schemas"))) / "topics_catalogue"
    return inside if inside.is_dir() else Path(__file__).parents[2] / "topics"


def catalogue() -> dict[str, Topic]:
    """All topics by name. Raises ValueError when a file's name is not its topic's."""
    topics = {}
    for path in sorted(folder().glob("*.yaml")):
        topic = Topic.model_validate(YAML(typ="safe", pure=True).load(path))
        if topic.name != path.stem:
            message = f"{path.name} describes the topic {topic.name}: file and topic carry one name"
            raise ValueError(message)
        topics[topic.name] = topic
    return topics


def dead_letter_topic(topic: str) -> str:
    """The topic that takes what a reader of `topic` could not use."""
    return f"{topic}-dlq"
