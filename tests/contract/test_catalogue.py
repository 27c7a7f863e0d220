"""The contract holds together: catalogue, records, examples and published schemas tell the same."""

import json
from pathlib import Path

import pytest

from journey_schemas.contract import CE_TYPES, RECORDS
from journey_schemas.record_schemas import schemas
from journey_schemas.records import decoder, encode
from journey_schemas.topics import catalogue, dead_letter_topic

SCHEMAS = Path(__file__).parents[2] / "schemas"
#: What an application may write by hand lacks what identity fills in: `direct-` files are examples of `normalise`.
EXAMPLES = [path for path in sorted((SCHEMAS / "examples").glob("*/*.json")) if not path.stem.startswith("direct-")]
CO_PARTITIONED = {
    "resolved-touchpoints",
    "profile-handoffs",
    "stage-engine-changelog",
    "stage-transitions",
    "message-commands",
    "deliveries",
}


def test_each_topic_file_names_record_types_that_exist() -> None:
    for topic in catalogue().values():
        assert topic.records, topic.name
        assert set(topic.records) <= set(RECORDS), topic.name


def test_each_topic_with_a_reader_has_a_dead_letter_twin() -> None:
    topics = catalogue()
    for topic in topics.values():
        # The changelog is read by its own writer only, which rebuilds instead of skipping.
        if topic.read_by and topic.name != "stage-engine-changelog":
            assert dead_letter_topic(topic.name) in topics


def test_the_ce_type_tells_the_record_types_of_a_topic_apart() -> None:
    assert set(CE_TYPES) == set(RECORDS) - {"ChangelogEntry"}
    for topic in catalogue().values():
        types = [CE_TYPES[name] for name in topic.records if name in CE_TYPES]
        assert len(set(types)) == len(types), topic.name


def test_topics_keyed_by_profile_have_equal_partition_counts() -> None:
    together = {topic.name: topic.partitions for topic in catalogue().values() if topic.is_co_partitioned}
    assert set(together) == CO_PARTITIONED
    assert len(set(together.values())) == 1


def test_each_topic_has_examples_and_each_record_type_at_least_two() -> None:
    found: dict[str, int] = dict.fromkeys(RECORDS, 0)
    for topic in catalogue().values():
        examples = list((SCHEMAS / "examples" / topic.name).glob("*.json"))
        assert len(examples) >= 2, topic.name
        for example in examples:
            found[record_of(topic.records, json.loads(example.read_text()))] += 1
    assert {name for name, count in found.items() if count < 2} == set()


def record_of(records: tuple[str, ...], value: dict[str, object]) -> str:
    """The record type of an example, by what only that type has (on a topic the header tells)."""
    marks = {"Merged": "role", "ProfileMerged": "loser", "CancelMessages": "scope", "Release": "number"}
    for name in records:
        if name in marks and marks[name] in value:
            return name
    return next(name for name in records if name not in marks)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_reads_as_its_record_and_writes_back_the_same(path: Path) -> None:
    value = json.loads(path.read_text())
    name = record_of(catalogue()[path.parent.name].records, value)
    read = decoder(RECORDS[name]).decode(path.read_bytes())
    again = decoder(RECORDS[name]).decode(encode(read))
    assert again == read


def test_published_json_schemas_are_those_of_the_records() -> None:
    written = {path.name: path.read_text() for path in (SCHEMAS / "json/records").glob("*.json")}
    assert written == schemas(), "run: python -m journey_schemas.record_schemas schemas/json/records"
