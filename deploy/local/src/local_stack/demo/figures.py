"""What the platform says it counted, and the comparison with what the diaries say it must have counted."""

from collections import Counter
from dataclasses import dataclass
from typing import Any  # Any: JSON of the read API

from aiokafka import AIOKafkaConsumer, TopicPartition

from local_stack.demo.expectation import Totals

#: Touchpoints of the platform itself: what became of messages comes back as touchpoints.
FEEDBACK = "Email "


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One total from both sides."""

    name: str
    expected: int
    counted: int

    @property
    def is_equal(self) -> bool:
        """Whether both sides agree."""
        return self.expected == self.counted


def compare(
    expected: Totals, counted: dict[str, Any], *, mails: dict[str, int], dead_letters: tuple[int, int]
) -> list[Figure]:
    """Every figure of the demo: the diaries' against that of `GET /v1/totals`, the mailbox and the dead letters."""
    figures: list[Figure] = []

    def add(name: str, one: Counter[Any], other: dict[Any, int]) -> None:
        for key in sorted({*one, *other}):
            label = " / ".join(key) if isinstance(key, tuple) else key
            figures.append(Figure(name=f"{name}: {label}", expected=one.get(key, 0), counted=other.get(key, 0)))

    events = {name: n for name, n in counted["touchpoints"].items() if not name.startswith(FEEDBACK)}
    add("touchpoints", expected.events, events)
    figures.append(Figure(name="people (profiles)", expected=expected.profiles, counted=counted["profiles"]))
    figures.append(Figure(name="merges", expected=expected.merges, counted=counted["merges"]))
    journeys, messages = counted["journeys"], counted["messages"]
    add("entered", expected.entered, {name: one["entered"] for name, one in journeys.items()})
    add("entered stage", expected.stages, _nested(journeys, "stages"))
    add("left", expected.exits, _nested(journeys, "exited"))
    add("still inside", Counter(), {name: one["inside"] for name, one in journeys.items() if one["inside"]})
    add("objective", expected.objectives, {name: one["objective"] for name, one in journeys.items()})
    add("commanded", expected.commanded, {name: one["commanded"] for name, one in messages.items()})
    add("sent", expected.sent, {name: one["sent"] for name, one in messages.items()})
    add("suppressed", expected.suppressed, _nested(messages, "suppressed"))
    add("clicked", expected.clicked, {name: one["clicked"] for name, one in messages.items() if one["clicked"]})
    sent = sum(expected.sent.values())
    figures.append(Figure(name="mails in the mailbox", expected=sent, counted=mails["count"]))
    figures.append(Figure(name="different Message-IDs", expected=sent, counted=mails["distinct_message_ids"]))
    figures.append(Figure(name="dead letters", expected=dead_letters[0], counted=dead_letters[1]))
    return figures


def _nested(named: dict[str, Any], part: str) -> dict[tuple[str, str], int]:
    return {(name, key): n for name, one in named.items() for key, n in one[part].items() if n}


async def count_dead_letters(bootstrap: str, topic: str) -> int:
    """Records on a dead letter topic, read to its end."""
    consumer: Any = AIOKafkaConsumer(
        bootstrap_servers=bootstrap, isolation_level="read_committed", auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        await consumer.topics()
        places = [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        ends = await consumer.end_offsets(places)
        count = 0
        while any([await consumer.position(place) < ends[place] for place in places]):
            for records in (await consumer.getmany(timeout_ms=200)).values():
                count += len(records)
        return count
    finally:
        await consumer.stop()
