"""The public listener: clicks, opens and the way out, by signed tokens only."""

import asyncio
import base64
from datetime import UTC, datetime
from pathlib import Path
from typing import Any  # Any: asyncpg's pool carries no types

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from dispatcher.definitions import Definitions
from dispatcher.domain.facts import ANY
from dispatcher.errors import BadToken
from dispatcher.feedback import Feedback, Seen
from dispatcher.store import versions
from dispatcher.store.consents import ConsentChange
from dispatcher.tokens import Tokens
from journey_runtime.http import error, install_errors
from journey_runtime.log import logger

log = logger(__name__)

_PIXEL = base64.b64decode("R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7")
_UNCACHED = {"cache-control": "no-store, private", "referrer-policy": "no-referrer"}
_PAGE_HEADERS = {
    **_UNCACHED,
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'",
    "x-robots-tag": "noindex",
}
_RECORD_S = 1.0
_LONGEST_AGENT = 300


class PublicApi:
    """Answers people's mail programs and browsers."""

    def __init__(self, *, tokens: Tokens, feedback: Feedback, definitions: Definitions, pool: Any) -> None:
        self._tokens = tokens
        self._feedback = feedback
        self._definitions = definitions
        self._pool = pool
        folder = Path(__file__).with_name("pages")
        pages = Environment(
            loader=FileSystemLoader(folder), undefined=StrictUndefined, autoescape=select_autoescape(["html"])
        )
        self._page = pages.get_template("unsubscribe.html")
        self._late: set[asyncio.Task[None]] = set()

    def app(self) -> Starlette:
        """The application."""
        app = Starlette(
            routes=[
                Route("/u/{token}", self.ask, methods=["GET"]),
                Route("/u/{token}", self.unsubscribe, methods=["POST"]),
                Route("/c/{token}", self.click, methods=["GET"]),
                Route("/o/{token}.gif", self.opened, methods=["GET"]),
            ]
        )
        install_errors(app)
        return app

    async def ask(self, request: Request) -> Response:
        """A page with a button; looking at it changes nothing, since scanners look at everything."""
        try:
            _, _, channel, topic, *_ = self._tokens.read("u", request.path_params["token"])
        except BadToken:
            return self._shown("bad", "", "", status=400)
        return self._shown("ask", channel, topic)

    async def unsubscribe(self, request: Request) -> Response:
        """One click, by the page's button or by the mail program itself."""
        try:
            profile_id, digest, channel, topic, command_id, user_id = self._tokens.read(
                "u", request.path_params["token"]
            )
        except BadToken:
            return self._shown("bad", "", "", status=400)
        at = datetime.now(UTC)
        subjects = [f"profile:{profile_id}", f"address:{digest}"] + ([f"user:{user_id}"] if user_id else [])
        agent = request.headers.get("user-agent", "")[:_LONGEST_AGENT].replace("\0", "")
        changes = tuple(
            ConsentChange(
                subject=subject, channel=channel, topic=topic or ANY, state="opted_out", is_explicit=True,
                source="one_click", at=at, user_agent=agent, evidence={"command_id": command_id},
            )
            for subject in subjects
        )  # fmt: skip
        await self._feedback.record(
            Seen(outcome="unsubscribed", command_id=command_id, at=at, consents=changes, topic=topic)
        )
        return self._shown("done", channel, topic)

    async def click(self, request: Request) -> Response:
        """On to where the message's link leads. The target is known here; none is ever taken from an address."""
        try:
            command_id, version, number = self._tokens.read("c", request.path_params["token"])
            target = await self._target(command_id, version, int(number))
        except BadToken:
            target = None
        if target is None:
            return error(404, "not_found", "no such link", _UNCACHED)
        seen = Seen(
            outcome="clicked", command_id=command_id, at=datetime.now(UTC), is_head=request.method == "HEAD",
            link=(int(number), target),
        )  # fmt: skip
        await self._recorded(seen)
        return RedirectResponse(target, status_code=307, headers=_UNCACHED)

    async def opened(self, request: Request) -> Response:
        """The picture; a token we did not make gets it too, and is not counted."""
        try:
            (command_id,) = self._tokens.read("o", request.path_params["token"])
        except BadToken:
            return Response(_PIXEL, media_type="image/gif", headers=_UNCACHED, status_code=400)
        await self._recorded(
            Seen(outcome="opened", command_id=command_id, at=datetime.now(UTC), is_head=request.method == "HEAD")
        )
        return Response(_PIXEL, media_type="image/gif", headers=_UNCACHED)

    async def _target(self, command_id: str, version: str, number: int) -> str | None:
        known = self._definitions.link(version, number)
        if known is not None:
            return known
        async with self._pool.acquire(timeout=_RECORD_S) as connection:
            return await versions.target(connection, command_id, version, number)

    async def _recorded(self, seen: Seen) -> None:
        """Record before answering; where that takes long, the person does not wait for it."""
        recording = asyncio.create_task(self._feedback.record(seen))
        self._late.add(recording)
        recording.add_done_callback(self._late.discard)
        done, _ = await asyncio.wait({recording}, timeout=_RECORD_S)
        if done:
            recording.result()
        else:
            log.warning("feedback_late", outcome=seen.outcome)

    def _shown(self, state: str, channel: str, topic: str, status: int = 200) -> Response:
        html = self._page.render(state=state, channel=channel, topic=topic)
        return HTMLResponse(html, status_code=status, headers=_PAGE_HEADERS)
