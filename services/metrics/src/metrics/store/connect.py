"""Connections to PostgreSQL, and whether its tables are those this program knows."""

import asyncpg

from journey_runtime.errors import WrongSchema
from metrics.migrate import newest

_OPTIONS = {"application_name": "waypost metrics", "timezone": "UTC"}


async def connect(dsn: str) -> asyncpg.Connection:
    """A connection for the reader."""
    return await asyncpg.connect(dsn, timeout=10, command_timeout=60, server_settings=_OPTIONS)


async def pool(dsn: str) -> asyncpg.Pool:
    """Connections for questions; one that takes over 10 s is given up."""
    options = {**_OPTIONS, "statement_timeout": "10s"}
    return await asyncpg.create_pool(dsn, min_size=1, max_size=4, timeout=10, server_settings=options)


async def check_schema(connections: asyncpg.Pool) -> None:
    """Raises `WrongSchema` unless the migrations of this program, and no more, have run."""
    try:
        version = await connections.fetchval("SELECT version_num FROM metrics.alembic_version")
    except (asyncpg.UndefinedTableError, asyncpg.InvalidSchemaNameError):
        version = None
    if version != newest():
        raise WrongSchema(f"schema version {version}, this program needs {newest()}: run `python -m metrics migrate`")
