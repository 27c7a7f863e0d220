"""The admin listener beside health and metrics: consents, suppressions, and what became of a command."""

import hmac
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any, Literal  # Any: asyncpg's pool and JSON evidence carry no types

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, SecretStr, ValidationError
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dispatcher.domain.facts import ANY
from dispatcher.store import consents, ledger
from dispatcher.store.consents import ConsentChange
from dispatcher.store.pool import transact
from dispatcher.vault import Vault
from journey_runtime.http import error
from journey_runtime.log import logger
from journey_schemas.moment import to_text

log = logger(__name__)

_LARGEST = 5 << 20
Handler = Callable[[Request], Awaitable[Response]]


class _Written(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class ConsentItem(_Written):
    """One consent: of a profile, a user or an address. `is_explicit`: the person said so just now, no import."""

    profile_id: str | None = Field(default=None, max_length=200)
    user_id: str | None = Field(default=None, max_length=200)
    address: str | None = Field(default=None, max_length=500)
    channel: str = Field(default=ANY, max_length=20)
    topic: str = Field(default=ANY, max_length=100)
    state: Literal["opted_in", "opted_out"]
    is_explicit: bool = False
    source: str = Field(max_length=200)
    at: AwareDatetime | None = None
    evidence: dict[str, Any] = Field(default_factory=dict)


class Consents(_Written):
    """Up to 1,000 at once."""

    consents: list[ConsentItem] = Field(min_length=1, max_length=1_000)


class SuppressionItem(_Written):
    """Let an address stand suppressed: for all, a category or a message topic."""

    channel: Literal["email", "webhook"]
    address: str = Field(min_length=1, max_length=500)
    scope: str = Field(default="all", max_length=100)
    reason: Literal["bounced", "complained", "manual"] = "manual"
    expires_at: AwareDatetime | None = None


class AdminApi:
    """Adds its paths to the admin port. Without a token every request is refused."""

    def __init__(self, *, pool: Any, vault: Vault, token: SecretStr | None) -> None:
        self._pool = pool
        self._vault = vault
        self._token = token.get_secret_value() if token else None

    def add_to(self, app: Starlette) -> None:
        """Serve beside what the port has already."""
        for path, method, handler in (
            ("/v1/consents", "POST", self.put_consents),
            ("/v1/suppressions", "POST", self.suppress),
            ("/v1/suppressions", "GET", self.suppressions),
            ("/v1/suppressions", "DELETE", self.lift),
            ("/v1/commands/{id:uuid}", "GET", self.command),
        ):
            app.router.routes.append(Route(path, self._guarded(handler), methods=[method]))

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: Request) -> Response:
            given = request.headers.get("authorization", "").removeprefix("Bearer ")
            if self._token is None or not hmac.compare_digest(given.encode(), self._token.encode()):
                return error(401, "unauthorized", "a bearer token is needed")
            try:
                return await handler(request)
            except ValidationError as fault:
                first = fault.errors(include_input=False, include_url=False)[0]
                place = ".".join(str(part) for part in first["loc"])
                return error(400, "invalid", f"{place}: {first['msg']}")

        return guarded

    async def put_consents(self, request: Request) -> Response:
        """Record consents with their proof."""
        written = Consents.model_validate_json(await _body(request))
        now = datetime.now(UTC)
        changes = [change for item in written.consents for change in self._changes(item, now)]
        if not changes:
            return error(400, "invalid", "a consent needs profile_id, user_id or address")
        await transact(self._pool, lambda connection: consents.change(connection, changes))
        log.info("audit", action="consents", count=len(changes))
        return JSONResponse({"recorded": len(changes)})

    def _changes(self, item: ConsentItem, now: datetime) -> list[ConsentChange]:
        subjects = [f"profile:{item.profile_id}"] if item.profile_id else []
        subjects += [f"user:{item.user_id}"] if item.user_id else []
        if item.address:
            channel = "email" if item.channel == ANY else item.channel
            subjects.append(f"address:{self._vault.address_hash(channel, item.address)}")
        return [
            ConsentChange(
                subject=subject, channel=item.channel, topic=item.topic, state=item.state,
                is_explicit=item.is_explicit, source=item.source, at=min(item.at or now, now), actor="admin",
                evidence=item.evidence,
            )
            for subject in subjects
        ]  # fmt: skip

    async def suppress(self, request: Request) -> Response:
        """Suppress an address."""
        item = SuppressionItem.model_validate_json(await _body(request))
        digest = self._vault.address_hash(item.channel, item.address)
        await transact(
            self._pool,
            lambda connection: consents.suppress(
                connection, address_hash=digest, channel=item.channel, scope=item.scope, reason=item.reason,
                expires_at=item.expires_at,
            ),
        )  # fmt: skip
        log.info("audit", action="suppress", address_hash=digest, scope=item.scope)
        return JSONResponse({"address_hash": digest})

    async def lift(self, request: Request) -> Response:
        """End a suppression."""
        item = SuppressionItem.model_validate_json(await _body(request))
        digest = self._vault.address_hash(item.channel, item.address)
        was_there = await transact(
            self._pool,
            lambda connection: consents.lift(connection, address_hash=digest, channel=item.channel, scope=item.scope),
        )
        log.info("audit", action="lift_suppression", address_hash=digest, scope=item.scope)
        return JSONResponse({"lifted": was_there})

    async def suppressions(self, request: Request) -> Response:
        """Those of an address: `?channel=email&address=ann@shop.example`."""
        channel, address = request.query_params.get("channel", "email"), request.query_params.get("address", "")
        digest = self._vault.address_hash(channel, address)
        rows = await transact(self._pool, lambda connection: consents.suppressions(connection, digest))
        return JSONResponse({"address_hash": digest, "suppressions": [_json(dict(row)) for row in rows]})

    async def command(self, request: Request) -> Response:
        """What became of a command and why; no content, no address."""
        row = await transact(self._pool, lambda connection: ledger.by_id(connection, str(request.path_params["id"])))
        if row is None:
            return error(404, "not_found", "the ledger has no such command")
        found = {name: value for name, value in dict(row).items() if name not in {"payload", "key_id"}}
        return JSONResponse(_json(found))


async def _body(request: Request) -> bytes:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > _LARGEST:
            break
    return body[: _LARGEST + 1]


def _json(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _value(value) for name, value in row.items()}


def _value(value: Any) -> Any:
    if isinstance(value, datetime):
        return to_text(value)
    return value if isinstance(value, str | int | float | bool | dict | list) or value is None else str(value)
