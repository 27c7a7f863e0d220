"""The JSON API: figures, the timeline of a person, the state of the platform. Every answer says `as_of` when."""

from collections import Counter
from datetime import UTC, datetime
from typing import Any  # Any: JSON

from fastapi import APIRouter, FastAPI
from pydantic import BaseModel, ConfigDict, Field
from starlette.exceptions import HTTPException
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.requests import Request
from starlette.responses import Response

from journey_runtime.http import error, install_errors
from journey_schemas.moment import to_text
from metrics.access import Guard
from metrics.answers import journey_body, stage_body, totals_body
from metrics.errors import UnknownJourney, UnknownProfile
from metrics.store.read import Stays
from metrics.timeline import entries
from metrics.view import View

_NO_STAYS = Stays()


class Lookup(BaseModel):
    """An identifier in any namespace, or with one: `email:ann@x`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    identifier: str = Field(min_length=1, max_length=600)


def application(view: View, guard: Guard, *, version: str, console: APIRouter) -> FastAPI:
    """The public application: API and console behind one guard."""
    app = FastAPI(title="Waypost metrics", version=version, docs_url=None, redoc_url=None, openapi_url=None)
    install_errors(app)
    app.add_exception_handler(UnknownJourney, _unknown_journey)
    app.add_exception_handler(UnknownProfile, _unknown_profile)
    app.add_middleware(BaseHTTPMiddleware, dispatch=guard)
    app.include_router(router(view))
    app.include_router(console)
    return app


def router(view: View) -> APIRouter:
    """The endpoints below `/v1`."""
    v1 = APIRouter(prefix="/v1")

    @v1.get("/journeys")
    async def journeys() -> dict[str, Any]:
        return _answer(journeys=[journey_body(journey, counts) for journey, counts in await view.journeys()])

    @v1.get("/journeys/{journey}/stages")
    async def stages(journey: str) -> dict[str, Any]:
        found = await view.journey(journey)
        return _answer(
            journey=journey_body(found.journey, found.counts),
            stages=[
                stage_body(one, found.stays.get(one.stage.name, _NO_STAYS), found.messages_of(one))
                for one in found.stages
            ],
        )

    @v1.get("/profiles/{profile_id}/timeline")
    async def timeline(profile_id: str) -> dict[str, Any]:
        person = await view.people.person(profile_id)
        return _answer(
            profile_id=person.profile_id,
            merged_profiles=person.aliases,
            identifiers=[{"namespace": one["namespace"], "value": one["value"]} for one in person.identifiers],
            entries=[
                {
                    "at": to_text(one.at),
                    "kind": one.kind,
                    "title": one.title,
                    "detail": one.detail,
                    "explanation": list(one.why),
                }
                for one in entries(person)
            ],
        )

    @v1.post("/profiles/lookup")
    async def lookup(body: Lookup) -> dict[str, Any]:
        found = await view.lookup(body.identifier.strip())
        if not found:
            raise HTTPException(404, "nobody was seen with this identifier")
        return _answer(profile_id=found[0], profile_ids=found)

    @v1.get("/status")
    async def status() -> dict[str, Any]:
        return _answer(**await status_body(view))

    @v1.get("/totals")
    async def totals() -> dict[str, Any]:
        async with view.figures.at_once() as figures:
            return _answer(
                **totals_body(
                    await figures.journeys(),
                    await figures.messages(),
                    await figures.touchpoints(),
                    await figures.people(),
                )
            )

    return v1


async def status_body(view: View) -> dict[str, Any]:
    """How far everything is, and how much there is."""
    outcomes: Counter[str] = Counter()
    async with view.figures.at_once() as figures:
        profiles, merges = await figures.people()
        touchpoints = sum((await figures.touchpoints()).values())
        for one in (await figures.messages()).values():
            outcomes.update(one.outcomes)
    release = view.definitions.release
    age = view.newest_age_s()
    return {
        "release": release.number if release else None,
        "lag": [
            {"group": one.group, "topic": one.topic, "records": one.records, "seconds": round(one.seconds, 3)}
            for one in view.lag
        ],
        "newest_event_age_s": None if age is None else round(age, 3),
        "touchpoints_per_second": view.pace.per_second(),
        "counts": {
            "touchpoints": touchpoints,
            "profiles": profiles,
            "merges": merges,
            "commands": outcomes.pop("commanded", 0),
            "deliveries": dict(sorted(outcomes.items())),
        },
    }


def _answer(**body: Any) -> dict[str, Any]:
    return {"as_of": to_text(datetime.now(UTC)), **body}


async def _unknown_journey(request: Request, exception: Exception) -> Response:
    return error(404, "journey_unknown", "no journey of this name is published or was ever entered")


async def _unknown_profile(request: Request, exception: Exception) -> Response:
    return error(404, "profile_unknown", "no profile has this id")
