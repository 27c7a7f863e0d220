"""A processor that is easy to check: per key a count, a sum and the last numbers; a command per third input; a timer.

Its store keeps the states in memory and reads them back from the changelog at each opening.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from journey_runtime.codec import decoder, encode
from journey_runtime.processor import (
    BadRecord,
    Changes,
    Due,
    Effects,
    Item,
    Key,
    Out,
    Position,
    Processor,
    Record,
    View,
)
from journey_runtime.restore import restore

SOURCE, LOG, COMMANDS, FIRED = "resolved-touchpoints", "stage-engine-changelog", "message-commands", "stage-transitions"
EVERY_TOPIC = (SOURCE, f"{SOURCE}-dlq", LOG, COMMANDS, FIRED)
TIMER_MS = 2_000


class Number(msgspec.Struct, frozen=True):
    n: int


class Event(msgspec.Struct, frozen=True):
    n: int
    partition: int
    offset: int
    key: bytes
    at_ms: int


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    key: str
    seen: int = -1
    count: int = 0
    total: int = 0
    last: tuple[int, ...] = ()
    due: int | None = None


_number = decoder(Number)
_entry = msgspec.json.Decoder(Entry)


class Ledger(Processor[Event, Entry]):
    """`n` 13 is refused by the rule, 666 is a bug, 901 writes too large an output, 257 too large a state."""

    reads = (SOURCE,)

    def decode(self, record: Record) -> Event:
        if not record.key:
            raise BadRecord("missing_key", "the record has no key")
        number = _number(record.value)
        return Event(number.n, record.partition, record.offset, record.key, record.appended_ms)

    def keys(self, record: Record, event: Event) -> Iterable[Key]:
        return ((record.partition, event.key),)

    def is_seen(self, item: Item[Event], states: View[Entry]) -> bool:
        state = states.get(item.keys[0])
        return state is not None and item.record.offset <= state.seen

    def apply(self, source: Event | Due, states: View[Entry], reference: Any, now_ms: int) -> Changes[Entry]:
        if isinstance(source, Due):
            return self._fire(source, states)
        key = (source.partition, source.key)
        before = states.get(key) or Entry(key=source.key.decode())
        if source.n == 13:
            raise BadRecord("rule", "the number is unlucky", "$.n")
        if source.n == 666:
            raise ZeroDivisionError(f"secret {source.n}")
        last = (*before.last, source.n)[-20:]
        after = Entry(
            key=before.key if source.n != 257 else "k" * 257 * 1024,
            seen=source.offset,
            count=before.count + 1,
            total=before.total + source.n,
            last=last,
            due=source.at_ms + TIMER_MS,
        )
        out: tuple[Out, ...] = ()
        if after.count % 3 == 0 or source.n == 901:
            body = encode({"count": after.count, "total": after.total})
            out = (Out(COMMANDS, source.key, b"x" * 901 * 1024 if source.n == 901 else body),)
        return Changes({key: after}, out)

    def _fire(self, due: Due, states: View[Entry]) -> Changes[Entry]:
        key = (due.partition, due.key)
        state = states.get(key)
        if state is None or state.due is None or state.due > due.up_to_ms:
            return Changes()
        fired = Out(FIRED, due.key, encode({"due": state.due, "count": state.count}))
        return Changes({key: msgspec.structs.replace(state, due=None)}, (fired,))

    def pack(self, state: Entry) -> tuple[bytes, int | None]:
        return encode(state), state.due

    def unpack(self, data: bytes) -> Entry:
        return _entry.decode(data)


class LedgerStore:
    """States in memory, read back from the changelog at each opening; `fence` counts how often it was asked."""

    def __init__(self, client_options: Mapping[str, Any], prefix: str, owned: Mapping[str, tuple[int, ...]]) -> None:
        self._options = client_options
        self._prefix = prefix
        self._partitions = owned[SOURCE]
        self.states: dict[Key, Entry] = {}
        self.refuse_next_load = False
        self.on_after_commit: Callable[[], None] = lambda: None

    async def fence(self, task: int) -> None:
        """Kafka's fence is enough for what only Kafka holds."""

    async def has_state(self, partition: int) -> bool:
        found: list[Record] = []
        await self._restore([partition], lambda number, records, position: found.extend(records))
        return bool(found)

    async def open(self, task: int, committed: Mapping[Position, int | None]) -> tuple[Out, ...]:
        self.states.clear()
        await self._restore(self._partitions, self._take_in)
        return ()

    async def load(self, keys: Collection[Key]) -> Mapping[Key, Entry | None]:
        if self.refuse_next_load:
            self.refuse_next_load = False
            raise OSError("the disk sleeps")
        return {key: self.states.get(key) for key in keys}

    def due(self, partition: int, up_to_ms: int, limit: int) -> list[Due]:
        found = sorted(
            (state.due, key[1])
            for key, state in self.states.items()
            if isinstance(key, tuple) and key[0] == partition and state.due is not None and state.due <= up_to_ms
        )
        return [Due(partition, key, up_to_ms) for _, key in found[:limit]]

    def sweep(self, partition: int, limit: int) -> list[bytes]:
        return []

    async def before_commit(self, effects: Effects[Entry]) -> None:
        """Nothing outside Kafka."""

    def changelog(self, effects: Effects[Entry]) -> tuple[Out, ...]:
        return tuple(Out(LOG, key[1], data, (), key[0]) for key, data in effects.put.items() if isinstance(key, tuple))

    async def after_commit(self, effects: Effects[Entry], offsets: Mapping[int, int]) -> None:
        self.on_after_commit()
        for key, state in effects.states.items():
            if state is None:
                self.states.pop(key, None)
            else:
                self.states[key] = state

    async def close(self) -> None:
        self.states.clear()

    async def _restore(self, partitions: Iterable[int], take_in: Callable[[int, Sequence[Record], int], None]) -> None:
        await restore(self._options, prefix=self._prefix, topic=LOG, starts=dict.fromkeys(partitions, 0), apply=take_in)

    def _take_in(self, partition: int, records: Sequence[Record], position: int) -> None:
        for record in records:
            if record.value is None:
                self.states.pop((partition, record.key), None)
            else:
                self.states[partition, record.key] = _entry.decode(record.value)
