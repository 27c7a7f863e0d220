"""The engines as every test meets them."""

import asyncpg

from local_stack.engines.pair import Engines


async def test_the_database_of_a_module_answers(engines: Engines) -> None:
    connection = await asyncpg.connect(engines.postgres)
    try:
        assert await connection.fetchval("SELECT 1") == 1
    finally:
        await connection.close()
