"""Message versions and the targets of their links."""

from collections.abc import Mapping, Sequence
from typing import Any  # Any: asyncpg's rows and JSON bodies carry no types

from journey_schemas.definition import Definition


async def save(connection: Any, definitions: Sequence[Definition], links: Mapping[str, Sequence[str]]) -> None:
    """Keep versions for good."""
    await connection.execute(
        """
        INSERT INTO dispatcher.message_version (id, name, body)
        SELECT * FROM unnest($1::text[], $2::text[], $3::jsonb[]) ON CONFLICT (id) DO NOTHING
        """,
        [one.version for one in definitions],
        [one.name for one in definitions],
        [one.body for one in definitions],
    )
    rows = [(version, no, target) for version, targets in links.items() for no, target in enumerate(targets, 1)]
    if rows:
        await connection.execute(
            """
            INSERT INTO dispatcher.link (version_id, no, target)
            SELECT * FROM unnest($1::text[], $2::int[], $3::text[]) ON CONFLICT (version_id, no) DO NOTHING
            """,
            *[list(column) for column in zip(*rows, strict=True)],
        )


async def body(connection: Any, version: str) -> dict[str, Any] | None:
    """The definition of a version, if it was ever seen."""
    found: dict[str, Any] | None = await connection.fetchval(
        "SELECT body FROM dispatcher.message_version WHERE id = $1", version
    )
    return found


async def target(connection: Any, command_id: str, version: str, number: int) -> str | None:
    """Where a link of a sent message leads."""
    found: str | None = await connection.fetchval(
        """
        SELECT target FROM dispatcher.link WHERE version_id = $2 AND no = $3
        UNION ALL SELECT url FROM dispatcher.sent_link WHERE command_id = $1 AND no = $3 LIMIT 1
        """,
        command_id,
        version,
        number,
    )
    return found
