"""The store port: what a task needs from whatever keeps its states."""

from collections.abc import Collection, Mapping
from typing import Protocol, TypeVar

from journey_runtime.processor import Due, Effects, Key, Out, Position

S = TypeVar("S")


class StorePort(Protocol[S]):
    """Keeps the states of one task. The task calls it in the order of these methods, one call at a time.

    A PostgreSQL store makes `before_commit` true; a local copy of a changelog makes `after_commit` true. An exception
    of `load` is asked again; one of any other method drops and re-opens the task.
    """

    async def fence(self, task: int) -> None:
        """Make the former owner's writes fail. Only for a store outside Kafka."""
        ...

    async def has_state(self, partition: int) -> bool:
        """Whether states of this partition exist: then a missing committed position is an error."""
        ...

    async def open(self, task: int, committed: Mapping[Position, int | None]) -> tuple[Out, ...]:
        """Catch up to the committed positions (None: none yet). Returns outputs that a dead owner left unsent."""
        ...

    async def load(self, keys: Collection[Key]) -> Mapping[Key, S | None]:
        """The states of `keys`, None where there is none; it may bring more than was asked for."""
        ...

    def due(self, partition: int, up_to_ms: int, limit: int) -> list[Due]:
        """Keys with timers due at or before `up_to_ms`, in index order."""
        ...

    def sweep(self, partition: int, limit: int) -> list[bytes]:
        """Keys that have not yet met the present reference; empty when the sweep is over."""
        ...

    async def before_commit(self, effects: Effects[S]) -> None:
        """Write what must be durable before Kafka commits. Raises `StoreFenced` when a newer owner holds the store."""
        ...

    def changelog(self, effects: Effects[S]) -> tuple[Out, ...]:
        """One record per written key, with its partition."""
        ...

    async def after_commit(self, effects: Effects[S], offsets: Mapping[int, int]) -> None:
        """Kafka has it: bring the copy level. `offsets` is the next changelog offset per partition written."""
        ...

    async def close(self) -> None:
        """Give up what was opened; the task may be opened again later."""
        ...
