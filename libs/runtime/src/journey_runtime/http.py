"""HTTP of every service: one server in the running loop, one admin port, one shape of error."""

import asyncio
import contextlib
import platform
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping

import uvicorn
from prometheus_client import REGISTRY, CollectorRegistry
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp

from journey_runtime.health import Body, Health
from journey_runtime.log import logger

log = logger(__name__)
_GRACE_S = 10
_WORDS = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 404: "not_found", 405: "method_not_allowed"}


def error(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """The one error body: `{"code", "message"}`."""
    return JSONResponse({"code": code, "message": message}, status_code=status, headers=dict(headers or {}))


def install_errors(app: Starlette) -> None:
    """Replace the framework's own error handlers (FastAPI's validation errors included) by our body."""
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(Exception, _unexpected)
    with contextlib.suppress(ImportError):
        from fastapi.exceptions import RequestValidationError

        app.add_exception_handler(RequestValidationError, _invalid)


async def _http_error(request: Request, exception: Exception) -> Response:
    assert isinstance(exception, HTTPException)
    code = _WORDS.get(exception.status_code, f"http_{exception.status_code}")
    return error(exception.status_code, code, str(exception.detail), exception.headers)


async def _invalid(request: Request, exception: Exception) -> Response:
    first = exception.errors()[0] if hasattr(exception, "errors") else {"loc": (), "msg": "not valid"}
    place = ".".join(str(part) for part in first["loc"])
    return error(400, "invalid", f"{place}: {first['msg']}")


async def _unexpected(request: Request, exception: Exception) -> Response:
    log.error("request_failed", path=request.url.path, error=type(exception).__name__)
    return error(500, "internal_error", "the request failed; the log says why")


def admin_app(health: Health, registry: CollectorRegistry = REGISTRY) -> Starlette:
    """Health, metrics and version, for the admin port."""

    def answer(ask: Callable[[], Body]) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            body = ask()
            return JSONResponse(body, status_code=200 if body["ok"] else 503)

        return endpoint

    async def metrics(request: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    async def version(request: Request) -> Response:
        return JSONResponse({"service": health.service, "version": health.version, "python": platform.python_version()})

    app = Starlette(
        routes=[
            Route("/livez", answer(health.live)),
            Route("/healthz", answer(health.live)),
            Route("/startz", answer(health.started)),
            Route("/readyz", answer(health.ready)),
            Route("/metrics", metrics),
            Route("/version", version),
        ]
    )
    install_errors(app)
    return app


class _Server(uvicorn.Server):
    """Uvicorn without signal handlers: the process decides when to stop."""

    @contextlib.contextmanager
    def capture_signals(self):  # type: ignore[no-untyped-def] # uvicorn leaves the generator untyped
        yield


@contextlib.asynccontextmanager
async def serve(app: ASGIApp, host: str, port: int) -> AsyncIterator[int]:
    """Serve `app` while the block runs; yields the port bound (`port` 0: any free one). Raises OSError when taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.create_server((host, port), family=family, backlog=2048)
    listener.setblocking(False)  # noqa: FBT003 - the standard library's signature
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        # Who may speak for a client is a setting of the service; by default uvicorn believes everybody on loopback.
        proxy_headers=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    running = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        while not server.started and not running.done():  # noqa: ASYNC110 - uvicorn offers only the flag
            await asyncio.sleep(0.005)
        if running.done():
            running.result()
        yield listener.getsockname()[1]
    finally:
        server.should_exit = True
        await running
        listener.close()
