"""The console: pages over the same figures as the API. They work without the script, which only refreshes them."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path
from typing import Any  # Any: what templates take

from fastapi import APIRouter, Form
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response

from metrics.console import map_svg, mini_svg, words
from metrics.console.person_view import picture
from metrics.domain.figures import edges, stage_figures, together
from metrics.errors import UnknownJourney, UnknownProfile
from metrics.store.read import Stays
from metrics.timeline import entries
from metrics.view import JourneyView, View

_HERE = Path(__file__).parent
_STATIC = {"style.css": "text/css", "refresh.js": "text/javascript", "icon.svg": "image/svg+xml"}
_SAFE = {
    "Content-Security-Policy": "default-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "private, no-cache",
}


class Pages:
    """Renders templates; the ETag of a page is a hash of its `main`, so that an unchanged page is not sent again."""

    def __init__(self) -> None:
        self._templates = Environment(
            loader=FileSystemLoader(_HERE / "templates"), autoescape=True, undefined=StrictUndefined, trim_blocks=True
        )
        self._templates.filters.update(
            number=words.number, percent=words.percent, duration=words.duration, clock=words.clock
        )

    def answer(self, request: Request, template: str, status: int = 200, **values: Any) -> Response:
        """The page, or 304 when the browser has it."""
        now = datetime.now(UTC)
        html = self._templates.get_template(template).render(as_of=now, path=request.url.path, **values)
        body = html[html.index("<main") : html.index("</main>")]
        etag = f'W/"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'
        headers = {**_SAFE, "ETag": etag, "X-As-Of": words.clock(now)}
        if status == 200 and request.headers.get("if-none-match") == etag:
            return Response(status_code=304, headers=headers)
        return HTMLResponse(html, status_code=status, headers=headers)


def router(view: View) -> APIRouter:
    """The pages and what they load."""
    pages, console = Pages(), APIRouter(include_in_schema=False)

    @console.get("/")
    async def overview(request: Request) -> Response:
        return pages.answer(request, "overview.html", **await _overview(view))

    @console.get("/journeys/{journey}")
    async def journey(request: Request, journey: str) -> Response:
        try:
            found = await view.journey(journey)
        except UnknownJourney:
            return pages.answer(request, "missing.html", 404, what="journey", name=journey)
        return pages.answer(request, "journey.html", **_journey(found))

    @console.get("/people")
    async def people(request: Request) -> Response:
        return pages.answer(request, "people.html", asked="", found=None)

    @console.post("/people")
    async def search(request: Request, identifier: str = Form(min_length=1, max_length=600)) -> Response:
        found = await view.lookup(identifier.strip())
        if len(found) == 1:
            return RedirectResponse(request.url_for("person", profile_id=found[0]).path, status_code=303)
        return pages.answer(request, "people.html", asked=identifier, found=found)

    @console.get("/people/{profile_id}", name="person")
    async def person(request: Request, profile_id: str) -> Response:
        try:
            found = await view.people.person(profile_id)
        except UnknownProfile:
            return pages.answer(request, "missing.html", 404, what="person", name=profile_id)
        if found.profile_id != profile_id:
            return RedirectResponse(request.url_for("person", profile_id=found.profile_id).path, status_code=303)
        drawing = Markup(picture(found))  # noqa: S704 - the drawing escapes every text
        return pages.answer(request, "person.html", person=found, picture=drawing, entries=entries(found)[::-1])

    @console.get("/static/{name}")
    async def static(request: Request, name: str) -> Response:
        if name not in _STATIC:
            return pages.answer(request, "missing.html", 404, what="file", name=name)
        return FileResponse(_HERE / "static" / name, media_type=_STATIC[name], headers={"Cache-Control": "no-cache"})

    return console


async def _overview(view: View) -> dict[str, Any]:
    people, merges = await view.figures.people()
    journeys = []
    for journey, counts in await view.journeys():
        figures = stage_figures(journey, counts)
        drawing = mini_svg.draw(f"stages of {journey.title}", figures)
        journeys.append({"journey": journey, "counts": counts, "drawing": Markup(drawing)})  # noqa: S704 - it escapes
    messages = await view.figures.messages()
    touchpoints = await view.figures.touchpoints()
    return {
        "journeys": journeys,
        "people": people,
        "merges": merges,
        "messages": together("", messages.values()),
        "touchpoints": sum(touchpoints.values()),
        "by_event": sorted(touchpoints.items(), key=lambda pair: (-pair[1], pair[0]))[:12],
        "per_second": view.pace.per_second(),
        "behind": view.seconds_behind(),
        "lag": view.lag,
        "release": view.definitions.release,
    }


def _journey(found: JourneyView) -> dict[str, Any]:
    nodes = [
        map_svg.Node(
            name=one.stage.name,
            phase=one.stage.phase,
            inside=one.inside,
            entered=one.entries,
            is_final=one.stage.is_final,
            exits=one.exits,
        )
        for one in found.stages
    ]
    drawing = map_svg.draw(f"map of {found.journey.title}", nodes, edges(found.counts))
    return {
        "journey": found.journey,
        "counts": found.counts,
        "stages": found.stages,
        "stays": found.stays,
        "no_stays": Stays(),
        "messages_of": found.messages_of,
        "has_messages": any(found.messages_of(one) for one in found.stages),
        "drawing": Markup(drawing),  # noqa: S704 - the drawing escapes every text
    }
