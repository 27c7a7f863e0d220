"""Who may read: a static token, in a header for programs, in a cookie for people's browsers."""

import hashlib
import hmac
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from journey_runtime.http import error

_COOKIE = "waypost_console"
_MONTH_S = 30 * 24 * 3600
Next = Callable[[Request], Awaitable[Response]]


class Guard:
    """Lets everybody in without a token: the settings allow that on loopback only."""

    def __init__(self, token: str | None) -> None:
        self._token = token
        # What the browser keeps opens the console only, and does not give the token away.
        self._cookie = hmac.new((token or "").encode(), b"console", hashlib.sha256).hexdigest()

    async def __call__(self, request: Request, go_on: Next) -> Response:
        """A middleware for every request."""
        if self._token is None or request.url.path.startswith("/static/"):
            return await go_on(request)
        if request.url.path.startswith("/v1/"):
            given = request.headers.get("authorization", "")
            if hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
                return await go_on(request)
            needed = {"WWW-Authenticate": "Bearer"}
            return error(401, "unauthorized", "send the header `Authorization: Bearer <WAYPOST_ADMIN_TOKEN>`", needed)
        shown = request.query_params.get("token")
        if shown is not None and hmac.compare_digest(shown.encode(), self._token.encode()):
            return self._welcome(request)
        if hmac.compare_digest(request.cookies.get(_COOKIE, "").encode(), self._cookie.encode()):
            return await go_on(request)
        return error(401, "unauthorized", "open the console once with ?token=<WAYPOST_ADMIN_TOKEN> in its address")

    def _welcome(self, request: Request) -> Response:
        """The same page again without the token, so that it stays in no history and no bookmark."""
        rest = [(name, value) for name, value in request.query_params.multi_items() if name != "token"]
        target = request.url.path + (f"?{urlencode(rest)}" if rest else "")
        # Never `//elsewhere`, which a browser takes for another host.
        answer = RedirectResponse("/" + target.lstrip("/"), status_code=303)
        answer.set_cookie(_COOKIE, self._cookie, max_age=_MONTH_S, httponly=True, samesite="strict", path="/")
        return answer
