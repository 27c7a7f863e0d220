"""Laws of dead letters and of the breaker."""

import base64

import msgspec
import pytest

from journey_runtime.dead_letter import VALUE_LIMIT, Breaker, dead_letter
from journey_runtime.errors import TooManyDeadLetters
from journey_runtime.processor import Dead, Due, Out, Record
from journey_schemas.dead_letter import DeadLetter

COUNTS = {"touchpoints": 4, "touchpoints-dlq": 4}


def bad(index: int, code: str = "not_json", topic: str = "touchpoints") -> Dead:
    return Dead(code, "cannot be used", None, Record(topic, 2, index, 5, b"k", b"v"), None, index)


def letter(dead: Dead) -> tuple[Out, DeadLetter]:
    out = dead_letter(dead, service="x", version="1", at_ms=1_000, timer_topic="touchpoints", partitions=COUNTS)
    assert out.value is not None
    return out, msgspec.json.decode(out.value, type=DeadLetter)


def test_a_dead_letter_keeps_the_record_whole_with_its_coordinates_key_and_reason() -> None:
    headers = (("ce_id", b"m-1"), ("ce_source", b"/sources/web"))
    record = Record("touchpoints", 2, 77, 5_000, b"k", b"\xff\x00", headers)
    out, found = letter(Dead("not_json", "the value is not JSON", "$", record, None, 0))
    assert (out.topic, out.partition, out.key) == ("touchpoints-dlq", 2, b"k")
    assert (found.topic, found.partition, found.offset, found.code) == ("touchpoints", 2, 77, "not_json")
    assert base64.b64decode(found.value_base64) == b"\xff\x00"
    assert (found.source, found.message_id, found.truncated) == ("/sources/web", "m-1", False)


def test_a_value_over_the_limit_is_cut_and_says_so() -> None:
    _, found = letter(Dead("x", "y", None, Record("touchpoints", 0, 0, 0, None, b"z" * (VALUE_LIMIT + 1)), None, 0))
    assert found.truncated
    assert len(base64.b64decode(found.value_base64)) == VALUE_LIMIT


def test_a_timer_that_failed_has_a_dead_letter_without_offset() -> None:
    out, found = letter(Dead("bug", "y", None, None, Due(1, b"k", 9), None))
    assert (out.topic, out.key, found.offset) == ("touchpoints-dlq", b"k", None)


def test_twenty_in_a_row_trip_the_breaker_across_batches() -> None:
    breaker = Breaker()
    breaker.check(10, [bad(index) for index in range(10)], 0)
    breaker.check(9, [bad(index) for index in range(9)], 1)
    with pytest.raises(TooManyDeadLetters):
        breaker.check(1, [bad(0)], 2)


def test_one_good_record_ends_the_row() -> None:
    breaker = Breaker()
    breaker.check(20, [bad(index) for index in range(20) if index != 9], 0)


def test_more_than_one_in_a_hundred_of_the_last_minute_trips_the_breaker() -> None:
    breaker = Breaker()
    breaker.check(200, [bad(0), bad(100)], 0)
    with pytest.raises(TooManyDeadLetters):
        breaker.check(10, [bad(5)], 10)
    forgetful = Breaker()
    forgetful.check(200, [bad(0), bad(100)], 0)
    forgetful.check(200, [bad(5)], 61)


def test_on_topics_that_applications_write_only_bugs_count() -> None:
    breaker = Breaker(["touchpoints"])
    breaker.check(500, [bad(index) for index in range(500)], 0)
    with pytest.raises(TooManyDeadLetters):
        breaker.check(30, [bad(index, code="bug") for index in range(30)], 1)
