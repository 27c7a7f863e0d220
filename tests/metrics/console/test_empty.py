"""Before anything has happened every page says what to do next."""

from metrics.store import connect
from support.metrics_client import console_client


async def test_empty_pages_say_what_to_do_next(database: str) -> None:
    async with await connect.pool(database) as pool:
        async with console_client(pool, releases=()) as nothing:
            text = (await nothing.get("/")).text
            assert "waypost publish journeys/" in text
            assert (await nothing.get("/v1/totals")).json()["journeys"] == {}
            assert (await nothing.get("/v1/status")).json()["release"] is None
        async with console_client(pool) as published:
            assert "No touchpoint has come in yet" in (await published.get("/")).text
            text = (await published.get("/journeys/welcome")).text
            assert "Nobody has entered yet" in text
            assert "Nobody has left" in text
            stages = (await published.get("/v1/journeys/welcome/stages")).json()["stages"]
            assert [one["entries"] for one in stages] == [0, 0, 0]
            assert all(one["conversion_from_entry"] is None for one in stages)
