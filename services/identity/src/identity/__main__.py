"""Identity's process: settings, objects, run. `migrate` brings the tables up to date instead."""

import asyncio
import gc
import sys
from importlib.metadata import version

from identity.connect import cluster_id
from identity.decode import EventDecoder
from identity.domain.rules import Rules
from identity.duplicates import Duplicates
from identity.migrate import migrate, newest
from identity.resolver import TOUCHPOINTS, Resolver
from identity.settings import MigrateSettings, Settings
from identity.store.graph_store import GraphStore
from identity.vault import Vault
from journey_runtime import log
from journey_runtime.clients import security, transactional_producer
from journey_runtime.dead_letter import Breaker
from journey_runtime.health import Health
from journey_runtime.http import admin_app, serve
from journey_runtime.offsets import Offsets
from journey_runtime.run import run
from journey_runtime.settings import load
from journey_runtime.task import TaskParts
from journey_runtime.worker import TaskWorker, host

SERVICE = "identity"


async def main(stop: asyncio.Event) -> int:
    """Resolve until asked to stop."""
    settings = load(Settings)
    # A batch makes some 100,000 objects that die with it: looking for cycles at every 700th took a third of the time.
    gc.set_threshold(100_000, 50, 50)
    log.setup(SERVICE, settings.log_level, settings.log_format)
    vault = Vault(settings.keyring.get_secret_value(), settings.lookup_key)
    namespace, health = settings.identity_namespace_uuid, Health(SERVICE, version(SERVICE))
    async with serve(admin_app(health), settings.admin_bind, settings.identity_admin_port):
        cluster = await cluster_id(settings, health, stop)
        offsets = Offsets(security(settings), settings.topic_prefix)
        decoder = EventDecoder(
            namespace=namespace,
            cluster_id=cluster,
            region=settings.identity_default_region,
            forced_sources=settings.forced_sources,
        )
        schema_version = newest()
        parts = TaskParts(
            service=SERVICE,
            version=health.version,
            prefix=settings.topic_prefix,
            processor=Resolver(decoder, Rules(namespace)),
            tasks=1,
            store=lambda task, owned: GraphStore(
                dsn=settings.postgres.get_secret_value(),
                vault=vault,
                namespace=namespace,
                schema_version=schema_version,
                cache_entries=settings.identity_cache_entries,
                duplicates=Duplicates(settings.identity_dedupe_hours, settings.identity_dedupe_max_ids),
                partition_counts=offsets.partition_counts,
            ),
            producer=lambda name: transactional_producer(settings, name),
            offsets=offsets,
            breaker=Breaker((TOUCHPOINTS,)),
            report=health.report,
        )
        return await host(settings, TaskWorker(settings, parts, health), SERVICE, stop)


if __name__ == "__main__":
    if sys.argv[1:] == ["migrate"]:
        migrate(load(MigrateSettings).postgres.get_secret_value())
    elif sys.argv[1:]:
        sys.exit("usage: python -m identity [migrate]")
    else:
        run(main)
