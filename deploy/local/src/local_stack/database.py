"""The platform's database: one role per service, which may make its own schema and see no other."""

from urllib.parse import urlsplit

import asyncpg

_SERVICES = ("identity", "dispatcher", "metrics")
# Grafana and people read through it; metrics' migration grants it the views.
READER = "waypost_reader"


async def prepare(superuser: str, database: str, passwords: dict[str, str]) -> dict[str, str]:
    """Create the database and the roles where they are missing; the DSN of each role by its service's name.

    Names are ours, never a person's input. A role that was there gets today's password.
    """
    connection = await asyncpg.connect(superuser, timeout=10)
    try:
        if not await connection.fetchval("SELECT true FROM pg_database WHERE datname = $1", database):
            await connection.execute(f'CREATE DATABASE "{database}"')
        await connection.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
        for service in (*_SERVICES, "reader"):
            role = READER if service == "reader" else f"{database}_{service}"
            await _ensure_role(connection, role, passwords[service])
            rights = "CONNECT" if service == "reader" else "CONNECT, CREATE, TEMPORARY"
            await connection.execute(f'GRANT {rights} ON DATABASE "{database}" TO "{role}"')
    finally:
        await connection.close(timeout=10)
    names = {service: f"{database}_{service}" for service in _SERVICES} | {"reader": READER}
    return {service: dsn(superuser, database, role, passwords[service]) for service, role in names.items()}


def dsn(superuser: str, database: str, role: str, password: str) -> str:
    """The address of `database` on the same server for another role."""
    server = urlsplit(superuser)
    return server._replace(
        netloc=f"{role}:{password}@{server.hostname}:{server.port or 5432}", path=f"/{database}"
    ).geturl()


async def _ensure_role(connection: asyncpg.Connection, role: str, password: str) -> None:
    if not await connection.fetchval("SELECT true FROM pg_roles WHERE rolname = $1", role):
        await connection.execute(f'CREATE ROLE "{role}"')
    await connection.execute(f"ALTER ROLE \"{role}\" LOGIN PASSWORD '{password}'")
