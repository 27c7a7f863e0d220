"""The dispatcher's process: settings, objects, run. `migrate` brings the tables up to date instead."""

import asyncio
import sys
from contextlib import AsyncExitStack
from importlib.metadata import version

from dispatcher.build import assembled
from dispatcher.connect import Stopped
from dispatcher.migrate import migrate
from dispatcher.settings import MigrateSettings, Settings
from journey_runtime import log
from journey_runtime.health import Health
from journey_runtime.http import admin_app, serve
from journey_runtime.run import run
from journey_runtime.settings import load

SERVICE = "dispatcher"


async def main(stop: asyncio.Event) -> int:
    """Carry messages out until asked to stop."""
    settings = load(Settings)
    log.setup(SERVICE, settings.log_level, settings.log_format)
    health = Health(SERVICE, version(SERVICE))
    admin = admin_app(health)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(serve(admin, settings.admin_bind, settings.dispatcher_admin_port))
        try:
            process, intake = await assembled(settings, admin, health, stack, stop)
        except Stopped:
            return 0
        health.mark_started()
        await process.run(intake, stop)
    return 0


if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        migrate(load(MigrateSettings).postgres.get_secret_value())
    elif sys.argv[1:]:
        sys.exit("usage: python -m dispatcher [migrate]")
    else:
        run(main)
