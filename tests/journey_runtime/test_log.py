"""Log lines are JSON with a constant event, and hold no address of a person."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from journey_runtime.log import logger, mask, setup


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    out = io.StringIO()
    setup("shop", "info", "json", stream=out)
    yield out
    root.handlers = handlers
    root.setLevel(level)


def test_a_line_is_one_json_object_with_event_and_fields(stream: io.StringIO) -> None:
    logger("x").info("task_opened", task=3, topic="touchpoints")
    line = json.loads(stream.getvalue())
    assert line.pop("ts").endswith("Z")
    assert line == {"level": "info", "service": "shop", "event": "task_opened", "task": 3, "topic": "touchpoints"}


def test_an_exception_is_part_of_its_line(stream: io.StringIO) -> None:
    try:
        raise ValueError("for ann@example.org")
    except ValueError:
        logger("x").exception("failed")
    (line,) = stream.getvalue().splitlines()
    assert "ValueError: for <email>" in json.loads(line)["exception"]


def test_other_libraries_lines_have_a_constant_event_too_and_do_not_flood(stream: io.StringIO) -> None:
    for number in range(500):
        logging.getLogger("aiokafka.conn").warning("lost %s", number)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert 1 <= len(lines) <= 120
    assert {line["event"] for line in lines} == {"aiokafka_log"}


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("to ann.b+c@mail.example.org now", "to <email> now"),
        ("call +49 170 123-4567", "call <phone>"),
        ("call 0170 1234567 now", "call <phone> now"),
        ("018f2a3c-0170-7000-8000-012345678901", "018f2a3c-0170-7000-8000-012345678901"),
        ("2026-11-24T14:29:29.359Z at offset 1234567890", "2026-11-24T14:29:29.359Z at offset 1234567890"),
    ],
)
def test_addresses_are_masked_and_ids_and_times_are_not(text: str, masked: str) -> None:
    assert mask(text) == masked
