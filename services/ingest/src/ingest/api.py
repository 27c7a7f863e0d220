"""HTTP: the routes that SDKs call, plain and without a framework's models, beside the pages for people."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any  # Any: JSON bodies

from fastapi import FastAPI
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route

from ingest.accept import Acceptor
from ingest.openapi import document
from journey_runtime.http import install_errors
from journey_schemas.records import encode

#: Type by path, below `/v1/`; None: the body is a batch.
PATHS: Mapping[str, str | None] = {
    "batch": None,
    "b": None,
    "track": "track",
    "t": "track",
    "identify": "identify",
    "i": "identify",
    "page": "page",
    "p": "page",
    "screen": "screen",
    "s": "screen",
    "group": "group",
    "g": "group",
    "alias": "alias",
    "a": "alias",
}
_CORS = {
    "Access-Control-Allow-Credentials": "true",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, X-Retry-Count, X-Write-Key",
    "Access-Control-Max-Age": "900",
}

Endpoint = Callable[[Request], Awaitable[Response]]


def application(acceptor: Acceptor, *, version: str) -> FastAPI:
    """The public application. With and without trailing slash alike: clients take a redirect for delivered."""
    app = FastAPI(
        title="Waypost ingest",
        version=version,
        redirect_slashes=False,
        redoc_url=None,
        # The framework's own spans would hold the query, and with it a write key.
        telemetry={"tracing": False, "metrics": False, "logs": False},
    )
    routes = [
        Route(f"/v1/{path}{slash}", _endpoint(acceptor, kind), methods=["POST", "OPTIONS"], include_in_schema=False)
        for slash in ("", "/")
        for path, kind in PATHS.items()
    ]
    app.router.routes[:0] = routes
    app.openapi = lambda: document(version)  # type: ignore[method-assign] # FastAPI's documented way
    install_errors(app)
    return app


def _endpoint(acceptor: Acceptor, kind: str | None) -> Endpoint:
    async def endpoint(request: Request) -> Response:
        if request.method == "OPTIONS":
            return _json(request, 200, {})
        try:
            status, content, headers = await acceptor.accept(request, kind)
        except ClientDisconnect:
            return _json(request, 400, {"code": "bad_body", "message": "the connection ended before the body"})
        return _json(request, status, content, headers)

    return endpoint


def _json(request: Request, status: int, content: dict[str, Any], headers: Mapping[str, str] | None = None) -> Response:
    response = Response(encode(content), status, headers, media_type="application/json")
    origin = request.headers.get("origin")
    if origin is not None:
        response.headers["Access-Control-Allow-Origin"] = origin
        response.headers["Vary"] = "Origin"
        response.headers.update(_CORS)
    return response
