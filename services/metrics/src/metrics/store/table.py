"""Tables of facts by their columns: loading, inserting and updating many rows with one statement each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar  # Any: rows hold texts, numbers and times

import asyncpg

from metrics.domain.instance import Instance
from metrics.domain.outcome import Outcome
from metrics.domain.touch import Identifier, Passing, Touch
from metrics.domain.visit import Reach, Visit
from metrics.errors import Raced


class Row(Protocol):
    """A value that is kept as one row; its fields are named like the columns."""

    @property
    def key(self) -> tuple[Any, ...]:
        """The values of the key columns, in their order."""
        ...


R = TypeVar("R", bound=Row)


@dataclass(frozen=True)
class Table(Generic[R]):
    """`columns` maps each column to its type; the first `keys` of them are the primary key.

    Names are ours, never anybody's input, so they may stand in SQL as they are.
    """

    name: str
    row: type[R]
    keys: int
    columns: Mapping[str, str]

    async def load(self, connection: asyncpg.Connection, keys: Collection[tuple[Any, ...]]) -> dict[Any, R]:
        """The rows of these keys, locked until the transaction ends, in the order of the keys."""
        names = list(self.columns)[: self.keys]
        on = " AND ".join(f"t.{name} = k.{name}" for name in names)
        order = ", ".join(f"t.{name}" for name in names)
        columns = ", ".join(f"t.{name}" for name in self.columns)
        records = await connection.fetch(
            f"SELECT {columns} FROM metrics.{self.name} t JOIN {self._unnest(names)} AS k({', '.join(names)})"  # noqa: S608 - names of ours
            f" ON {on} ORDER BY {order} FOR UPDATE OF t",
            *zip(*keys, strict=True),
        )
        rows = [self.row(**record) for record in records]
        return {row.key: row for row in rows}

    async def insert(self, connection: asyncpg.Connection, rows: Collection[R]) -> set[tuple[Any, ...]]:
        """Insert the rows whose keys are not there yet; returns their keys."""
        if not rows:
            return set()
        names = list(self.columns)
        keys = ", ".join(names[: self.keys])
        records = await connection.fetch(
            f"INSERT INTO metrics.{self.name} ({', '.join(names)}) SELECT * FROM {self._unnest(names)}"  # noqa: S608 - names of ours
            f" ON CONFLICT ({keys}) DO NOTHING RETURNING {keys}",
            *self._arrays(sorted(rows, key=lambda row: row.key)),
        )
        return {tuple(record) for record in records}

    async def save(self, connection: asyncpg.Connection, before: Mapping[Any, R], after: Mapping[Any, R]) -> None:
        """Write the rows that are new or changed since `load`. Raises `Raced` when a new one is there after all."""
        new = [row for key, row in after.items() if key not in before]
        if len(await self.insert(connection, new)) != len(new):
            raise Raced(self.name)
        changed = [row for key, row in after.items() if key in before and before[key] != row]
        if not changed:
            return
        names = list(self.columns)
        sets = ", ".join(f"{name} = k.{name}" for name in names[self.keys :])
        on = " AND ".join(f"t.{name} = k.{name}" for name in names[: self.keys])
        await connection.execute(
            f"UPDATE metrics.{self.name} t SET {sets} FROM {self._unnest(names)} AS k({', '.join(names)}) WHERE {on}",  # noqa: S608 - names of ours
            *self._arrays(changed),
        )

    def _unnest(self, names: Sequence[str]) -> str:
        return f"unnest({', '.join(f'${n}::{self.columns[name]}[]' for n, name in enumerate(names, 1))})"

    def _arrays(self, rows: Sequence[R]) -> list[list[Any]]:
        return [[getattr(row, name) for row in rows] for name in self.columns]


def _columns(text: str, **others: str) -> dict[str, str]:
    """Columns in order; those without a type of their own are text."""
    return {name: others.get(name, "text") for name in text.split()}


_TIME = "timestamptz"

INSTANCES = Table(
    "instance",
    Instance,
    1,
    _columns(
        "instance_id first_at profile_id journey version entered_at exited_at reason objective_at",
        first_at=_TIME,
        entered_at=_TIME,
        exited_at=_TIME,
        objective_at=_TIME,
    ),
)
VISITS = Table(
    "stage_visit",
    Visit,
    2,
    _columns(
        "instance_id visit first_at profile_id journey version stage entered_at left_at exit_to reason cause",
        visit="integer",
        first_at=_TIME,
        entered_at=_TIME,
        left_at=_TIME,
    ),
)
REACHES = Table("stage_reached", Reach, 2, _columns("instance_id stage reached_at journey version", reached_at=_TIME))
DELIVERIES = Table(
    "delivery",
    Outcome,
    2,
    _columns(
        "command_id outcome at profile_id journey version instance_id visit stage step message channel reason"
        " explanation",
        at=_TIME,
        visit="integer",
        explanation="jsonb",
    ),
)
TOUCHES = Table(
    "touch",
    Touch,
    1,
    _columns(
        "fact_id occurred_at received_at profile_id origin_profile_id source event name properties",
        occurred_at=_TIME,
        received_at=_TIME,
        properties="jsonb",
    ),
)
PASSINGS = Table(
    "passing",
    Passing,
    1,
    _columns(
        "transition_id kind at profile_id journey version instance_id visit stage step way cause",
        at=_TIME,
        visit="integer",
    ),
)
IDENTIFIERS = Table("identifier", Identifier, 3, _columns("namespace value profile_id"))
