"""`python -m ingest`: the HTTP front door. Writes `touchpoints` and `touchpoints-dlq`."""

import asyncio
from collections.abc import Mapping
from functools import partial
from importlib.metadata import version

from fastapi import FastAPI

from ingest import connect, metrics
from ingest.accept import Acceptor, Limits
from ingest.admission import Admission
from ingest.api import application
from ingest.dead_letters import DeadLetters
from ingest.errors import BadSources
from ingest.prepare import Preparer
from ingest.producer import Writer
from ingest.serving import serve_until
from ingest.settings import IngestSettings
from ingest.sources import Sources
from journey_runtime.errors import BadSettings
from journey_runtime.health import Health
from journey_runtime.http import admin_app, serve
from journey_runtime.log import setup
from journey_runtime.run import run
from journey_runtime.settings import load

VERSION = version("ingest")


async def main(settings: IngestSettings, stop: asyncio.Event) -> None:
    """Build all parts, then serve until asked to stop."""
    setup("ingest", settings.log_level, settings.log_format)
    health = Health("ingest", VERSION)
    sources = Sources(settings.ingest_sources)
    try:
        sources.load()
    except BadSources as error:
        raise BadSettings(f"WAYPOST_INGEST_SOURCES: {error}") from error
    metrics.sources_ok.set(1)
    writer = Writer(
        partial(connect.connect, settings),
        ack_deadline_s=settings.ingest_ack_deadline_seconds,
        circuit_after_s=settings.ingest_circuit_after_seconds,
        max_unacked_bytes=settings.ingest_max_unacked_bytes,
    )
    metrics.circuit_open.set_function(writer.is_open)
    metrics.unacked_bytes.set_function(lambda: writer.unacked_bytes)
    build = partial(public_app, settings, sources, writer)
    async with serve(admin_app(health), settings.admin_bind, settings.ingest_admin_port):
        await serve_until(stop, settings, health, sources=sources, writer=writer, build=build)


def public_app(settings: IngestSettings, sources: Sources, writer: Writer, counts: Mapping[str, int]) -> FastAPI:
    """The public application, once the partition counts of our topics are known."""
    prefix = settings.topic_prefix
    preparer = Preparer(
        topic=prefix + connect.TOPIC,
        partitions=counts[connect.TOPIC],
        dead_letters=DeadLetters(
            topic=connect.TOPIC,
            target=prefix + connect.DEAD_LETTERS,
            partitions=counts[connect.DEAD_LETTERS],
            version=VERSION,
        ),
        max_items=settings.ingest_max_items,
    )
    acceptor = Acceptor(
        sources=sources,
        writer=writer,
        preparer=preparer,
        admission=Admission(settings.ingest_max_requests),
        limits=Limits.of(settings),
    )
    return application(acceptor, version=VERSION)


if __name__ == "__main__":
    run(partial(main, load(IngestSettings)))
