"""`python -m local_stack demo`: start the platform, publish the shop's journeys, play, compare, and say so."""

import asyncio
import contextlib
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any  # Any: JSON of the read API

import httpx
from rich.console import Console

from local_stack.demo import figures
from local_stack.demo.days import DAY_S
from local_stack.demo.expectation import Totals, expected
from local_stack.demo.people import population
from local_stack.demo.play import Addresses, Play
from local_stack.demo.screen import Screen, latency, verdict
from local_stack.stack import Stack

SEED = 7
#: How long the platform may take to finish what the last visitor began, beyond the journeys' own windows.
_SETTLE_S = 30.0


def demo(*, people: int, arrive_within_s: float, keeps_running: bool, journeys: Path) -> int:
    """Play the shop once. Returns 0 when every total is equal on both sides, else 1."""
    console = Console()
    begun = time.monotonic()
    stack = Stack("demo", ports="default", settings=_HURRY, tell=lambda line: console.print(line, highlight=False))
    try:
        stack.start()
        console.print(f"platform up after {time.monotonic() - begun:.1f} s", highlight=False)
        publish(stack, journeys, day=f"{DAY_S:g}s")
        play = Play(population(people, seed=SEED, arrive_within_s=arrive_within_s), _addresses(stack))
        is_equal = asyncio.run(_perform(stack, play, console))
        if keeps_running:
            _keep(stack, console)
        return 0 if is_equal else 1
    except KeyboardInterrupt:
        return 1
    finally:
        stack.stop()


#: A rehearsal's days are so short that a clock which looks once a second would be late by half a day.
_HURRY = {
    "WAYPOST_STAGE_ENGINE_GRACE_MS": "250",
    "WAYPOST_STAGE_ENGINE_PROBE_MS": "200",
}


def publish(stack: Stack, journeys: Path, *, day: str) -> None:
    """Publish a folder as a user would: with the command."""
    environment = os.environ | {
        "WAYPOST_ENGINE_URL": stack.urls["stage-engine"],
        "WAYPOST_ADMIN_TOKEN": stack.tokens["admin"],
    }
    command = [sys.executable, "-m", "waypost", "publish", str(journeys), "--day", day, "--message", "The demo shop"]
    subprocess.run(command, env=environment, check=True)


def _addresses(stack: Stack) -> Addresses:
    return Addresses(
        ingest=stack.urls["ingest"],
        mailbox=stack.urls["mailbox"],
        kafka=stack.engines.kafka,
        touchpoints=stack.topic_prefix + "touchpoints",
        web_key=stack.write_keys["web"],
        app_key=stack.write_keys["app"],
    )


async def _perform(stack: Stack, play: Play, console: Console) -> bool:
    headers = {"Authorization": f"Bearer {stack.tokens['admin']}"}
    async with httpx.AsyncClient(base_url=stack.urls["metrics"], headers=headers, timeout=20) as read_side:
        with Screen(console) as screen:
            watching = asyncio.create_task(_watch(read_side, play, screen, stack))
            try:
                async with play.run():
                    totals = expected(play.diaries)
                    await asyncio.sleep(max(0.0, totals.ends_at - time.time()))
                    found = await _settled(read_side, stack, play, totals)
            finally:
                watching.cancel()
                await asyncio.gather(watching, return_exceptions=True)
    return _report(play, found, console)


async def _watch(read_side: httpx.AsyncClient, play: Play, screen: Screen, stack: Stack) -> None:
    while not stack.died.is_set():
        with contextlib.suppress(httpx.HTTPError):
            answer = await read_side.get("/v1/totals")
            if answer.is_success:
                screen.show(play.progress, answer.json())
        await asyncio.sleep(1)


async def _settled(read_side: httpx.AsyncClient, stack: Stack, play: Play, totals: Totals) -> list[figures.Figure]:
    """Compare until all is equal and stays so for two looks, or the time for it is up; the last comparison."""
    deadline = time.monotonic() + _SETTLE_S
    was_equal = False
    while True:
        found = await _compare(read_side, stack, play, totals)
        is_equal = all(figure.is_equal for figure in found)
        if (is_equal and was_equal) or time.monotonic() > deadline:
            return found
        was_equal = is_equal
        await asyncio.sleep(1)


async def _compare(read_side: httpx.AsyncClient, stack: Stack, play: Play, totals: Totals) -> list[figures.Figure]:
    counted: dict[str, Any] = (await read_side.get("/v1/totals")).raise_for_status().json()
    async with httpx.AsyncClient(timeout=20) as http:
        mails = (await http.get(f"{stack.urls['mailbox']}/api/stats")).raise_for_status().json()
    topic = stack.topic_prefix + "touchpoints-dlq"
    dead = await figures.count_dead_letters(stack.engines.kafka, topic)
    litter = play.progress
    totals_with_litter = _with_litter(totals)
    return figures.compare(totals_with_litter, counted, mails=mails, dead_letters=(litter.dead_letters, dead))


def _with_litter(totals: Totals) -> Totals:
    """The one good page among the bad items belongs to a visitor of its own."""
    return Totals(
        events=totals.events + type(totals.events)({"page": 1}),
        profiles=totals.profiles + 1,
        merges=totals.merges,
        entered=totals.entered,
        stages=totals.stages,
        exits=totals.exits,
        objectives=totals.objectives,
        commanded=totals.commanded,
        sent=totals.sent,
        suppressed=totals.suppressed,
        clicked=totals.clicked,
        ends_at=totals.ends_at,
    )


def _report(play: Play, found: list[figures.Figure], console: Console) -> bool:
    console.print(verdict(found))
    for problem in play.problems:
        console.print(f"problem: {problem}", style="red", highlight=False)
    different = [figure for figure in found if not figure.is_equal]
    progress = play.progress
    first = (progress.first_letter_s or time.time()) - progress.begun_s
    console.print(
        f"first mail {first:.1f} s after the first visitor; event to mail: {latency(progress)};"
        f" {progress.sent_twice} touchpoints were sent twice and counted once",
        highlight=False,
    )
    if different or play.problems:
        console.print(f"{len(different)} of {len(found)} totals differ", style="bold red")
        return False
    console.print(f"All {len(found)} totals are equal: nothing lost, nothing twice.", style="bold green")
    return True


def _keep(stack: Stack, console: Console) -> None:
    token = stack.tokens["admin"]
    console.print(f"console  {stack.urls['metrics']}/?token={token}", highlight=False)
    console.print(f"mailbox  {stack.urls['mailbox']}", highlight=False)
    console.print("Ctrl-C ends it.", highlight=False)
    with contextlib.suppress(KeyboardInterrupt):
        stack.died.wait()
