"""A batch of records from several partitions: what is to be counted, what is refused, where reading goes on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import PurePath

from journey_runtime.processor import BadRecord, Dead, Position, Record
from metrics.decode import Decoded, Fact, decode


@dataclass(slots=True)
class Batch:
    """Decoded records. `end` is the offset after the last record of each partition, the refused ones included."""

    records: list[tuple[Record, Decoded]] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    count: int = 0
    end: dict[Position, int] = field(default_factory=dict)

    def facts(self, after: Mapping[Position, int]) -> list[Fact]:
        """The facts of the records at or behind the positions `after`: what lies before was counted already."""
        return [
            fact
            for record, decoded in self.records
            if record.offset >= after[(record.topic, record.partition)]
            for fact in decoded.facts
        ]

    def received(self) -> list[datetime]:
        """When the touchpoints of this batch came in."""
        return [decoded.received_at for _, decoded in self.records if decoded.received_at is not None]

    def halves(self) -> tuple["Batch", "Batch"]:
        """The same work in two steps, to find the record that the database will not take."""
        middle = len(self.records) // 2
        first = Batch(self.records[:middle])
        for record, _ in first.records:
            first.end[record.topic, record.partition] = record.offset + 1
        return first, Batch(self.records[middle:], end=self.end)


def gather(records: Sequence[Record]) -> Batch:
    """Decode; `topic` of the records is the name in the catalogue. What cannot be used becomes a `Dead`."""
    batch = Batch(count=len(records))
    for index, record in enumerate(records):
        batch.end[record.topic, record.partition] = record.offset + 1
        try:
            batch.records.append((record, decode(record, record.topic)))
        except BadRecord as error:
            batch.dead.append(Dead(error.code, error.message, error.path, record, None, index))
        except Exception as error:  # noqa: BLE001 - an unknown exception in decoding is the dead letter `bug`
            batch.dead.append(Dead("bug", _place(error), None, record, None, index))
    return batch


def _place(error: Exception) -> str:
    """Class and place of an exception; its text may hold values of the record, so it is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_qualname}, {PurePath(code.co_filename).name}:{trace.tb_lineno}"
