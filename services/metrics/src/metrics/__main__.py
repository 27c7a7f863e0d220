"""`python -m metrics`: counts what happened and shows it. `python -m metrics migrate` makes its tables.

Reads `resolved-touchpoints`, `stage-transitions`, `deliveries`, `journey-definitions`; writes `<topic>-dlq`.
"""

import asyncio
import sys
from functools import partial
from importlib.metadata import version

from journey_runtime import clients, topics
from journey_runtime.health import Health
from journey_runtime.http import admin_app, serve
from journey_runtime.log import setup
from journey_runtime.offsets import Offsets
from journey_runtime.replica import TopicReplica
from journey_runtime.run import run
from journey_runtime.settings import load
from journey_schemas.topics import catalogue, dead_letter_topic
from metrics.access import Guard
from metrics.api import application
from metrics.console import pages
from metrics.dead_letters import DeadLetters
from metrics.decode import TOPICS
from metrics.definitions import Definitions
from metrics.lag import LagProbe
from metrics.migrate import migrate
from metrics.pace import Pace
from metrics.reader import Reader
from metrics.settings import MetricsSettings
from metrics.store import connect
from metrics.store.person import People
from metrics.store.read import Figures
from metrics.view import View
from metrics.work import Work

VERSION = version("metrics")
_DEFINITIONS = "journey-definitions"
_NEEDED = (*TOPICS, *(dead_letter_topic(topic) for topic in TOPICS), _DEFINITIONS)


async def main(settings: MetricsSettings, stop: asyncio.Event) -> None:
    """Build all parts, then work until asked to stop."""
    setup("metrics", settings.log_level, settings.log_format)
    health, pace, definitions = Health("metrics", VERSION), Pace(), Definitions()
    dsn, prefix = settings.postgres.get_secret_value(), settings.topic_prefix
    wanted = {name: topic for name, topic in catalogue().items() if name in _NEEDED}
    admin = serve(admin_app(health), settings.admin_bind, settings.metrics_admin_port)
    async with admin, await connect.pool(dsn) as pool:
        await connect.check_schema(pool)
        partitions = await topics.check(settings.kafka, prefix, wanted)
        offsets = Offsets(clients.security(settings), prefix)
        replica = TopicReplica(settings.kafka, prefix + _DEFINITIONS, definitions.on_record)
        producer, looking = clients.producer(settings), clients.consumer(settings, max_partition_fetch_bytes=4096)
        probe, figures = LagProbe(offsets, looking, prefix), Figures(pool)
        view = View(figures=figures, people=People(pool), definitions=definitions, probe=probe, pace=pace)
        reader = Reader(
            topics={prefix + topic: topic for topic in TOPICS},
            owner=settings.instance_name,
            # Positions come from PostgreSQL; the client only must not stop while it has none of its own.
            consumer=partial(clients.consumer, settings, group="metrics", auto_offset_reset="earliest"),
            connect=partial(connect.connect, dsn),
            dead_letters=DeadLetters(producer, prefix, partitions, VERSION),
            pace=pace,
            health=health,
            batch_records=settings.metrics_batch_records,
        )
        token = settings.admin_token.get_secret_value() if settings.admin_token else None
        app = application(view, Guard(token), version=VERSION, console=pages.router(view))
        parts = (offsets, looking, producer)
        async with replica, serve(app, settings.bind, settings.metrics_port):
            await Work(view, replica, probe, reader, health).run(stop, parts, settings.metrics_look_seconds)


if __name__ == "__main__":
    given = load(MetricsSettings)
    if sys.argv[1:] == ["migrate"]:
        migrate(given.postgres.get_secret_value())
    elif sys.argv[1:]:
        sys.stderr.write("usage: python -m metrics [migrate]\n")
        raise SystemExit(2)
    else:
        run(partial(main, given))
