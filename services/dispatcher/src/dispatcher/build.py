"""The dispatcher put together: its parts in the order in which they need each other.

Called by `__main__`, which would not hold it all.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from typing import Any  # Any: asyncpg's pool carries no types

from starlette.applications import Starlette

from dispatcher.admin import AdminApi
from dispatcher.api import PublicApi
from dispatcher.channels.answer import Carrier
from dispatcher.channels.email import EmailCarrier, sender_of
from dispatcher.channels.webhook import Posting, WebhookCarrier
from dispatcher.connect import DEFINITIONS, partition_counts, patiently, started_consumer, started_producer
from dispatcher.definitions import Definitions
from dispatcher.desk import Desk
from dispatcher.dispatch import Dispatch
from dispatcher.feedback import Feedback
from dispatcher.intake import Intake
from dispatcher.lane import Lane
from dispatcher.migrate import newest
from dispatcher.outgoing import Outgoing
from dispatcher.process import Load, Process
from dispatcher.providers import Providers, SmtpAccount, load
from dispatcher.relay import Relay
from dispatcher.replica import Replica
from dispatcher.sending import Sending
from dispatcher.settings import Settings
from dispatcher.store.pool import check_schema, connected
from dispatcher.tokens import Tokens
from dispatcher.urls import Urls
from dispatcher.vault import Vault
from journey_runtime.health import Health
from journey_runtime.http import serve
from journey_runtime.replica import TopicReplica
from journey_schemas.policy import EmailSender


@asynccontextmanager
async def built_lanes(
    *,
    settings: Settings,
    providers: Providers,
    pool: Any,
    desk: Desk,
    definitions: Definitions,
    replica: Replica,
    sending: Sending,
    urls: Urls,
) -> AsyncIterator[dict[str, Lane]]:
    """One lane per account; what they share is closed at the end."""
    postings: list[Posting] = []

    def email_sender(item: Outgoing) -> EmailSender | None:
        compiled = definitions.compiled(item.command.message_version)
        return sender_of(definitions.policy, compiled.email.sender if compiled and compiled.email else None)

    def carrier_of(account: Any) -> Callable[[], Carrier]:
        if isinstance(account, SmtpAccount):
            return lambda: EmailCarrier(account, urls, email_sender, lambda: datetime.now(UTC))
        posting = Posting(account)
        postings.append(posting)
        return lambda: WebhookCarrier(posting)

    lanes = {
        account.name: Lane(
            name=account.name,
            provider=account.kind,
            concurrency=account.concurrency,
            size=settings.dispatcher_lane_size,
            carrier=carrier_of(account),
            pool=pool,
            owner=lambda: replica.owner,
            desk=desk,
            definitions=definitions,
            sending=sending,
            urls=urls,
            definition_wait_s=settings.dispatcher_definition_wait_seconds,
        )
        for account in providers.accounts
    }
    try:
        yield lanes
    finally:
        for posting in postings:
            await posting.close()


async def assembled(
    settings: Settings, admin: Starlette, health: Health, stack: AsyncExitStack, stop: asyncio.Event
) -> tuple[Process, Intake]:
    """Everything, connected and checked; closed by `stack`. Raises `Stopped`."""
    prefix, secret, dsn = settings.topic_prefix, settings.dispatcher_secret.get_secret_value(), settings.postgres
    providers = load(settings.dispatcher_providers)
    vault, tokens = Vault(settings.keyring.get_secret_value(), secret), Tokens(secret)
    pool = await patiently(
        "postgres", lambda: stack.enter_async_context(connected(dsn.get_secret_value())), health, stop
    )
    await patiently("postgres", lambda: check_schema(pool, newest()), health, stop)
    partitions = await patiently("kafka", lambda: partition_counts(settings), health, stop)
    producer = await patiently("kafka", lambda: started_producer(settings), health, stop)
    stack.push_async_callback(producer.stop)
    definitions = Definitions(pool)
    replicated = TopicReplica(settings.kafka, prefix + DEFINITIONS, definitions.on_record)
    await stack.enter_async_context(replicated)
    await replicated.caught_up()
    await definitions.save()
    relay = Relay(pool, producer, prefix, partitions)
    replica = Replica(pool, settings.instance_name, lambda: definitions.policy, relay.wake)
    desk = Desk(vault, providers.by_channel(), lambda: definitions.policy, definitions.webhook_target)
    sending = Sending(pool, desk, replica, relay.wake)
    lanes = await stack.enter_async_context(
        built_lanes(
            settings=settings, providers=providers, pool=pool, desk=desk, definitions=definitions, replica=replica,
            sending=sending, urls=Urls(settings.dispatcher_public_url, tokens),
        )
    )  # fmt: skip
    await replica.enter()
    consumer = await patiently("kafka", lambda: started_consumer(settings), health, stop)
    stack.push_async_callback(consumer.stop)
    load_now, feedback = Load(), Feedback(pool, relay.wake)
    public = PublicApi(tokens=tokens, feedback=feedback, definitions=definitions, pool=pool).app()
    AdminApi(pool=pool, vault=vault, token=settings.admin_token).add_to(admin)
    await stack.enter_async_context(serve(public, settings.bind, settings.dispatcher_port))
    intake = Intake(
        consumer=consumer, producer=producer, prefix=prefix, partitions=partitions, lanes=lanes, health=health,
        dispatch=Dispatch(pool, desk, replica.owner), wake=relay.wake, is_full=lambda: load_now.is_full,
    )  # fmt: skip
    process = Process(
        pool=pool, health=health, definitions=definitions, replica=replica, sending=sending, relay=relay,
        lanes=lanes, load=load_now,
    )  # fmt: skip
    return process, intake
