"""What one input does, worked out for a whole batch: pure, the same for every processor.

A service says in a `Processor` what one input does to which states. `plan` decodes what was read and names the states
to load; `process` applies everything in order and returns `Effects`, which the task carries out in one transaction.
No I/O, no clock, no logging, no randomness: equal arguments give equal bytes.

Topic names here are those of the catalogue; the prefix of an environment is put on and taken off by the shell.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from pathlib import PurePath
from typing import Any, Generic, Protocol, TypeVar

from msgspec import Struct, field

from journey_schemas.partition import partition_of

Key = Hashable
Position = tuple[str, int]
"""A topic of the catalogue and a partition."""
Headers = tuple[tuple[str, bytes], ...]

E = TypeVar("E")
S = TypeVar("S")

OUTPUT_LIMIT = 900 * 1024
"""Bytes of key, value and headers of one output, where the processor names no other limit for its topic."""
STATE_LIMIT = 256 * 1024
"""Bytes of one packed state."""


class Record(Struct, frozen=True):
    """One record as it was read. `appended_ms` is the broker's time."""

    topic: str
    partition: int
    offset: int
    appended_ms: int
    key: bytes | None
    value: bytes | None
    headers: Headers = ()

    def header(self, name: str) -> bytes | None:
        """The first header of this name."""
        for found, value in self.headers:
            if found == name:
                return value
        return None


class Due(Struct, frozen=True):
    """An order to fire the timers of `key` that are due at or before `up_to_ms`. A sweep's `Due` may hold none."""

    partition: int
    key: bytes
    up_to_ms: int


class Out(Struct, frozen=True):
    """A record to write. Without `partition` it goes where its key belongs; `value` None is a tombstone."""

    topic: str
    key: bytes
    value: bytes | None
    headers: Headers = ()
    partition: int | None = None


class Changes(Struct, Generic[S], frozen=True):
    """What one input did: states written (None deletes) and records to write, in order."""

    put: dict[Key, S | None] = field(default_factory=dict)
    out: tuple[Out, ...] = ()


class BadRecord(Exception):  # noqa: N818 - it names the record's fault, as the dead letter does
    """An input that cannot be used: it becomes a dead letter with this code; the batch goes on.

    `message` holds no value of the record; `path` is like `$.properties`.
    """

    def __init__(self, code: str, message: str, path: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.message = message
        self.path = path


class KeyNotLoaded(LookupError):  # noqa: N818 - says what happened
    """`apply` read a state that `keys` did not name and the store did not bring along: a bug of the processor."""


class View(Generic[S]):
    """The states an input may read: those loaded, with what earlier inputs of the batch wrote on top."""

    __slots__ = ("_loaded", "_written")

    def __init__(self, loaded: Mapping[Key, S | None], written: Mapping[Key, S | None]) -> None:
        self._loaded = loaded
        self._written = written

    def get(self, key: Key) -> S | None:
        """The state of `key`, None when there is none. Raises `KeyNotLoaded` for a key nobody named."""
        if key in self._written:
            return self._written[key]
        try:
            return self._loaded[key]
        except KeyError:
            raise KeyNotLoaded from None

    __getitem__ = get

    def __contains__(self, key: Key) -> bool:
        """Whether `get` would answer for this key."""
        return key in self._written or key in self._loaded


class Item(Struct, Generic[E], frozen=True):
    """A decoded record with the keys it may touch; `index` is its place among the records taken."""

    record: Record
    event: E
    keys: tuple[Key, ...]
    index: int


class Processor(Protocol[E, S]):
    """What a service says about one input. Inherit from it explicitly: the hooks below the line have defaults.

    States are never changed in place: an input works wholly or not at all. `apply` gets the event as `decode` made it;
    a processor that keeps `seen` offsets in its states carries the record's coordinates in its event.
    """

    reads: tuple[str, ...]
    """Topics, in the order in which they are applied."""
    output_limits: Mapping[str, int] = {}
    """Bytes of one output, for the topics that allow other sizes than `OUTPUT_LIMIT`."""

    def decode(self, record: Record) -> E:
        """The record's meaning. Raises `BadRecord`; any other exception becomes the code `bug`."""
        ...

    def keys(self, record: Record, event: E) -> Iterable[Key]:
        """The states that `apply` may read and write for it."""
        ...

    def apply(self, source: E | Due, states: View[S], reference: Any, now_ms: int) -> Changes[S]:  # Any: see Batch
        """What this input does. Raises `BadRecord`; any other exception becomes the code `bug`."""
        ...

    def pack(self, state: S) -> tuple[bytes, int | None]:
        """The state as bytes, and its earliest timer in ms (None: no timer)."""
        ...

    def unpack(self, data: bytes) -> S:
        """The inverse of `pack`."""
        ...

    # -- hooks with defaults -------------------------------------------------------------------------------------------

    def due_keys(self, due: Due) -> Iterable[Key]:
        """The states that `apply` may read and write for a `Due`."""
        return ((due.partition, due.key),)

    def is_seen(self, item: Item[E], states: View[S]) -> bool:
        """Whether the states say that this record was applied before (its offset is at or below their `seen`)."""
        return False

    def order(self, items: Sequence[Item[E]]) -> Sequence[Item[E]]:
        """The order of application: per partition topics as in `reads`, offsets ascending."""
        rank = {topic: number for number, topic in enumerate(self.reads)}
        return sorted(items, key=lambda item: (item.record.partition, rank[item.record.topic], item.record.offset))


class Dead(Struct, frozen=True):
    """An input refused. `index` is the record's place among those taken; a fired timer has no record and no index."""

    code: str
    message: str
    path: str | None = None
    record: Record | None = None
    due: Due | None = None
    index: int | None = None


class Plan(Struct, Generic[E], frozen=True):
    """Records decoded and ordered, the keys to load for them, and where reading stands after them."""

    items: tuple[Item[E], ...]
    keys: frozenset[Key]
    dead: tuple[Dead, ...]
    positions: dict[Position, int]
    count: int


class Batch(Struct, Generic[E, S], frozen=True):
    """All that `process` needs. `states` holds every key named (None: no state yet), and may hold more.

    `partitions` is the partition count of every topic that is read or written.
    """

    plan: Plan[E]
    states: Mapping[Key, S | None]
    partitions: Mapping[str, int]
    reference: Any = None  # Any: a snapshot of the service's own type
    due: tuple[Due, ...] = ()


class Effects(Struct, Generic[S]):
    """All that one batch leads to; the task makes it true in one transaction.

    `states` are the written states as objects, `put` the same as bytes (None deletes), `next_due` their earliest timer.
    `failed_due` are those of `due` that were refused: their timers must be asked again later, not at once. `swept` is
    set by the task: per partition the last key of the sweep that this batch applied.
    """

    positions: dict[Position, int]
    due: tuple[Due, ...] = ()
    states: dict[Key, S | None] = field(default_factory=dict)
    put: dict[Key, bytes | None] = field(default_factory=dict)
    next_due: dict[Key, int | None] = field(default_factory=dict)
    out: list[Out] = field(default_factory=list)
    dead: list[Dead] = field(default_factory=list)
    failed_due: list[Due] = field(default_factory=list)
    swept: dict[int, bytes] = field(default_factory=dict)
    processed: dict[str, int] = field(default_factory=dict)
    duplicates: dict[str, int] = field(default_factory=dict)
    count: int = 0

    @property
    def is_empty(self) -> bool:
        """Nothing to write but the positions."""
        return not (self.put or self.out or self.dead)


def plan(processor: Processor[E, S], records: Iterable[Record]) -> Plan[E]:
    """Decode what was read, name the keys to load, and note what could not be decoded."""
    items: list[Item[E]] = []
    dead: list[Dead] = []
    keys: set[Key] = set()
    positions: dict[Position, int] = {}
    index = 0
    for index, record in enumerate(records, start=1):
        place = (record.topic, record.partition)
        positions[place] = max(record.offset + 1, positions.get(place, 0))
        try:
            event = processor.decode(record)
            named = tuple(processor.keys(record, event))
        except Exception as error:  # noqa: BLE001 - an unknown exception in a rule is the dead letter `bug`
            dead.append(_dead(error, record=record, index=index - 1))
            continue
        items.append(Item(record, event, named, index - 1))
        keys.update(named)
    return Plan(tuple(processor.order(items)), frozenset(keys), tuple(dead), positions, index)


def due_keys(processor: Processor[E, S], due: Iterable[Due]) -> set[Key]:
    """The keys to load for fired timers."""
    return {key for one in due for key in processor.due_keys(one)}


def process(processor: Processor[E, S], batch: Batch[E, S], now_ms: int) -> Effects[S]:
    """Apply a batch. A key whose state cannot be packed takes no input: all is applied again without its inputs."""
    refused: dict[Key, BadRecord] = {}
    while True:
        effects = _apply_all(processor, batch, now_ms, refused)
        failed = _pack_all(processor, effects)
        if not failed:
            return effects
        refused.update(failed)


def _apply_all(
    processor: Processor[E, S], batch: Batch[E, S], now_ms: int, refused: Mapping[Key, BadRecord]
) -> Effects[S]:
    work = batch.plan
    effects: Effects[S] = Effects(dict(work.positions), batch.due, count=work.count, dead=list(work.dead))
    written, out, reference = effects.states, effects.out, batch.reference
    view = View(batch.states, written)
    apply, is_seen = processor.apply, processor.is_seen
    for due in batch.due:
        try:
            if refused:
                _refuse(refused, processor.due_keys(due))
            changes = apply(due, view, reference, now_ms)
            placed = _placed(changes, refused, processor.output_limits, batch.partitions, None)
        except Exception as error:  # noqa: BLE001 - an unknown exception in a rule is the dead letter `bug`
            effects.dead.append(_dead(error, due=due))
            effects.failed_due.append(due)
            continue
        written.update(changes.put)
        out.extend(placed)
    processed, duplicates = effects.processed, effects.duplicates
    for item in work.items:
        record = item.record
        try:
            if refused:
                _refuse(refused, item.keys)
            if is_seen(item, view):
                duplicates[record.topic] = duplicates.get(record.topic, 0) + 1
                continue
            changes = apply(item.event, view, reference, now_ms)
            placed = _placed(changes, refused, processor.output_limits, batch.partitions, record)
        except Exception as error:  # noqa: BLE001 - an unknown exception in a rule is the dead letter `bug`
            effects.dead.append(_dead(error, record=record, index=item.index))
            continue
        written.update(changes.put)
        out.extend(placed)
        processed[record.topic] = processed.get(record.topic, 0) + 1
    return effects


def _placed(
    changes: Changes[S],
    refused: Mapping[Key, BadRecord],
    limits: Mapping[str, int],
    partitions: Mapping[str, int],
    record: Record | None,
) -> list[Out]:
    """The outputs of one input, checked, each with its partition. Raises before anything was merged."""
    if refused:
        _refuse(refused, changes.put)
    placed = []
    for one in changes.out:
        size = len(one.key) + len(one.value or b"")
        if one.headers:
            size += sum(len(name) + len(value) for name, value in one.headers)
        if size > limits.get(one.topic, OUTPUT_LIMIT):
            raise BadRecord("output_too_large", f"an output to {one.topic} has {size} bytes")
        if one.partition is None:
            count = partitions[one.topic]
            if record is not None and one.key == record.key and partitions[record.topic] == count:
                partition = record.partition
            else:
                partition = partition_of(one.key, count)
            one = Out(one.topic, one.key, one.value, one.headers, partition)
        placed.append(one)
    return placed


def _refuse(refused: Mapping[Key, BadRecord], keys: Iterable[Key]) -> None:
    for key in keys:
        if key in refused:
            raise refused[key]


def _pack_all(processor: Processor[E, S], effects: Effects[S]) -> dict[Key, BadRecord]:
    """Pack each written state once; say which keys could not be packed."""
    failed: dict[Key, BadRecord] = {}
    for key, state in effects.states.items():
        if state is None:
            effects.put[key] = None
            effects.next_due[key] = None
            continue
        try:
            data, due = processor.pack(state)
        except Exception as error:  # noqa: BLE001 - an unknown exception in a rule is the dead letter `bug`
            failed[key] = BadRecord("bug", _place(error))
            continue
        if len(data) > STATE_LIMIT:
            failed[key] = BadRecord("state_too_large", f"the state would have {len(data)} bytes")
            continue
        effects.put[key] = data
        effects.next_due[key] = due
    return failed


def _dead(error: Exception, *, record: Record | None = None, due: Due | None = None, index: int | None = None) -> Dead:
    if isinstance(error, BadRecord):
        return Dead(error.code, error.message, error.path, record, due, index)
    return Dead("bug", _place(error), None, record, due, index)


def _place(error: Exception) -> str:
    """Class and place of an exception; its text may hold values of the record, so it is left out."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return type(error).__name__
    code = trace.tb_frame.f_code
    return f"{type(error).__name__} in {code.co_qualname}, {PurePath(code.co_filename).name}:{trace.tb_lineno}"
