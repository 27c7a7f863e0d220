"""Who owns the graph, and how far its batches have come: tables `task_fence`, `position`."""

from collections.abc import Mapping
from typing import Any, NamedTuple  # Any: asyncpg carries no types

import asyncpg

from identity.errors import OtherNamespace
from identity.opening import Reached
from journey_runtime.errors import StoreFenced, WrongSchema
from journey_runtime.processor import Position


class Epoch(NamedTuple):
    """What the owner got when it took over."""

    task: str
    epoch: int
    batch_seq: int
    last_seq: int


async def check_schema(connection: Any, version: str) -> None:
    """Raises `WrongSchema` unless the tables are those of `version`."""
    try:
        found = await connection.fetchval("SELECT version_num FROM identity.alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        found = None
    if found != version:
        raise WrongSchema(f"identity's tables have version {found}, not {version}: run `python -m identity migrate`")


async def take_over(connection: Any, task: str, namespace_check: bytes) -> Epoch:
    """A new epoch: it waits for a running transaction of the former owner, whose later writes fail.

    Raises `OtherNamespace` when the graph was made under other secrets.
    """
    await connection.execute(
        "INSERT INTO identity.task_fence VALUES ($1, 0, now(), 0, 0, $2) ON CONFLICT DO NOTHING", task, namespace_check
    )
    row = await connection.fetchrow(
        "UPDATE identity.task_fence SET epoch = epoch + 1, opened_at = now() WHERE task = $1"
        " RETURNING epoch, batch_seq, last_seq, namespace_check",
        task,
    )
    if row["namespace_check"] != namespace_check:
        raise OtherNamespace
    return Epoch(task, row["epoch"], row["batch_seq"], row["last_seq"])


async def still_ours(connection: Any, epoch: Epoch, *, batch_seq: int, last_seq: int) -> None:
    """The first statement of every transaction that writes. Raises `StoreFenced`."""
    status = await connection.execute(
        "UPDATE identity.task_fence SET batch_seq = $3, last_seq = $4 WHERE task = $1 AND epoch = $2",
        epoch.task,
        epoch.epoch,
        batch_seq,
        last_seq,
    )
    if status != "UPDATE 1":
        raise StoreFenced(f"epoch {epoch.epoch} of {epoch.task} is over")


async def positions(connection: Any) -> list[Reached]:
    """How far every partition has come."""
    rows = await connection.fetch("SELECT topic, partition, prev_offset, next_offset, batch_seq FROM identity.position")
    return [Reached((row[0], row[1]), row[2], row[3], row[4]) for row in rows]


async def move(
    connection: Any, before: Mapping[Position, int], after: Mapping[Position, int], *, batch_seq: int
) -> None:
    """Note from where to where a batch reads."""
    places = list(after)
    await connection.execute(
        "INSERT INTO identity.position AS p (topic, partition, prev_offset, next_offset, batch_seq)"
        " SELECT topic, partition, prev, next, $5::bigint"
        " FROM unnest($1::text[], $2::int[], $3::bigint[], $4::bigint[]) AS m(topic, partition, prev, next)"
        " ON CONFLICT (topic, partition) DO UPDATE SET prev_offset = excluded.prev_offset,"
        " next_offset = excluded.next_offset, batch_seq = excluded.batch_seq",
        [topic for topic, _ in places],
        [partition for _, partition in places],
        [before[place] for place in places],
        [after[place] for place in places],
        batch_seq,
    )


async def move_back(connection: Any, batch_seq: int) -> None:
    """The batch will be read again: its positions are those before it. What it taught the graph stays."""
    await connection.execute("UPDATE identity.position SET next_offset = prev_offset WHERE batch_seq = $1", batch_seq)
