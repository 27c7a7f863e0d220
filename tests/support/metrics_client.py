"""The read side's application over a pool, without Kafka: API and console through ASGI."""

from collections.abc import Iterable
from datetime import UTC, datetime

import asyncpg
import httpx

from journey_runtime.offsets import Offsets
from journey_schemas.definition import Definition, Release
from journey_schemas.records import encode
from metrics.access import Guard
from metrics.api import application
from metrics.console import pages
from metrics.definitions import Definitions
from metrics.lag import LagProbe
from metrics.pace import Pace
from metrics.store.person import People
from metrics.store.read import Figures
from metrics.view import View
from support.shop_story import definitions

_AT = datetime(2026, 3, 1, tzinfo=UTC)
EVIL = '<script>alert("x")</script>'
Written = Iterable[tuple[bytes, bytes]]


def console_client(
    pool: asyncpg.Pool, token: str | None = None, *, releases: Written | None = None
) -> httpx.AsyncClient:
    """Without `releases` the shop's journeys are published, as release 4."""
    known = Definitions()
    for key, value in definitions(4, _AT) if releases is None else releases:
        known.on_record(key, value, ())
    view = View(
        figures=Figures(pool),
        people=People(pool),
        definitions=known,
        probe=LagProbe(Offsets({}), None, ""),
        pace=Pace(),
    )
    app = application(view, Guard(token), version="1", console=pages.router(view))
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://console")


def evil_release() -> Written:
    """A journey whose names are markup."""
    body = {"journey": "evil", "title": EVIL, "stages": [{"stage": EVIL, "phase": EVIL}]}
    yield b"journey/evil", encode(Definition(kind="journey", name="evil", version="1", release=5, body=body))
    named = {"journey/evil": "1"}
    yield b"release/current", encode(Release(number=5, published_at=_AT, author="a", message="m", definitions=named))
