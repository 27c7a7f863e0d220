"""The web side: pages for people, JSON for tests."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, Response
from starlette.routing import Route

from journey_runtime.http import error, install_errors
from local_stack.mailbox.letter import Letter, Summary, letter, summary
from local_stack.mailbox.store import Mail, Store

_PAGES = Path(__file__).parent / "pages"
_PER_PAGE = 50
# A search looks no further back, so that it holds up the SMTP side for a moment only.
_SEARCHED = 5_000
_MOST_ANSWERED = 1_000
# The mail's own page: links open in a new tab, scripts never run.
_MAIL_POLICY = "sandbox allow-popups allow-popups-to-escape-sandbox allow-same-origin; script-src 'none'"


def app(store: Store) -> Starlette:
    """The application over one store."""
    return _Mailbox(store).app()


class _Mailbox:
    def __init__(self, store: Store) -> None:
        self._store = store
        self._pages = Environment(
            loader=FileSystemLoader(_PAGES), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )

    def app(self) -> Starlette:
        routes = [
            Route("/", self.inbox),
            Route("/mails/{n:int}", self.mail),
            Route("/mails/{n:int}/html", self.html),
            Route("/mails/{n:int}/raw", self.raw),
            Route("/style.css", self.style),
            Route("/api/messages", self.api_list, methods=["GET"]),
            Route("/api/messages", self.api_clear, methods=["DELETE"]),
            Route("/api/messages/{n:int}", self.api_mail),
            Route("/api/stats", self.api_stats),
            Route("/readyz", self.ready),
        ]
        built = Starlette(routes=routes)
        install_errors(built)
        return built

    async def inbox(self, request: Request) -> Response:
        asked = request.query_params.get("q", "").strip()
        before = _number(request, "before", self._store.last + 1)
        older = (mail for mail in self._store.newest_first() if mail.n < before)
        found = list(islice(_matching(older, asked), _PER_PAGE + 1))
        shown = {
            "mails": found[:_PER_PAGE],
            "next": found[_PER_PAGE - 1].n if len(found) > _PER_PAGE else None,
            "q": asked,
            "count": self._store.count,
            "last": self._store.last,
        }
        # The page asks for the list alone when it refreshes itself.
        page = "rows.html" if "rows" in request.query_params else "list.html"
        return HTMLResponse(self._pages.get_template(page).render(shown))

    async def mail(self, request: Request) -> Response:
        mail = self._find(request)
        if mail is None:
            return HTMLResponse(self._pages.get_template("gone.html").render(), status_code=404)
        neighbours = {"newer": self._store.get(mail.n + 1), "older": self._store.get(mail.n - 1)}
        return HTMLResponse(self._pages.get_template("mail.html").render(letter=letter(mail), **neighbours))

    async def html(self, request: Request) -> Response:
        mail = self._find(request)
        if mail is None:
            return _gone()
        body = '<base target="_blank">' + (letter(mail).html or "")
        return HTMLResponse(body, headers={"content-security-policy": _MAIL_POLICY})

    async def raw(self, request: Request) -> Response:
        mail = self._find(request)
        return Response(mail.raw, media_type="text/plain; charset=utf-8") if mail else _gone()

    async def style(self, _request: Request) -> Response:
        return FileResponse(_PAGES / "style.css", headers={"cache-control": "no-cache"})

    async def api_list(self, request: Request) -> Response:
        limit = min(_number(request, "limit", 100), _MOST_ANSWERED)
        mails = self._store.since(_number(request, "since", 0), limit)
        return JSONResponse([_json(letter(mail)) for mail in mails])

    async def api_mail(self, request: Request) -> Response:
        mail = self._find(request)
        return JSONResponse(_json(letter(mail))) if mail else _gone()

    async def api_clear(self, _request: Request) -> Response:
        self._store.clear()
        return JSONResponse({"ok": True})

    async def api_stats(self, _request: Request) -> Response:
        store = self._store
        return JSONResponse(
            {
                "count": store.count,
                "distinct_message_ids": store.distinct_message_ids,
                "kept": store.kept,
                "last": store.last,
            }
        )

    async def ready(self, _request: Request) -> Response:
        return JSONResponse({"ok": True, "checks": []})

    def _find(self, request: Request) -> Mail | None:
        return self._store.get(request.path_params["n"])


def _matching(mails: Iterable[Mail], asked: str) -> Iterable[Summary]:
    if not asked:
        return map(summary, mails)
    words = asked.casefold().split()
    looked_at = map(summary, islice(mails, _SEARCHED))
    return (each for each in looked_at if all(word in _text(each) for word in words))


def _text(found: Summary) -> str:
    return f"{found.sender} {found.recipient} {found.subject}".casefold()


def _number(request: Request, name: str, default: int) -> int:
    given = request.query_params.get(name, "")
    return int(given) if given.isdecimal() else default


def _json(whole: Letter) -> dict[str, Any]:  # JSON
    return {
        "n": whole.summary.n,
        "id": whole.message_id,
        "from": whole.summary.sender,
        "to": whole.summary.recipient,
        "subject": whole.summary.subject,
        "received_at": whole.summary.at,
        "headers": [list(header) for header in whole.headers],
        "text": whole.text,
        "html": whole.html,
        "links": [link.url for link in whole.links],
    }


def _gone() -> Response:
    return error(404, "not_found", "no mail of this number is kept")
