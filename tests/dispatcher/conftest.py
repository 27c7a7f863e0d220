"""A dispatcher on topics and tables of the test's own, and the relay it hands its mail to."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from fakes import smtp_server
from fakes.smtp_server import SmtpServer
from local_stack.engines.pair import Engines
from support.dispatcher_process import PARTITIONS, POLICY, TOPICS, DispatcherProcess


@pytest.fixture
async def relay() -> AsyncIterator[SmtpServer]:
    async with smtp_server.serving() as server:
        yield server


@pytest.fixture
async def dispatcher(
    engines: Engines,
    topic_prefix: str,
    topics: Callable[..., Awaitable[None]],
    database: str,
    tmp_path: Path,
    relay: SmtpServer,
) -> AsyncIterator[DispatcherProcess]:
    """Not started yet; the policy is published."""
    await topics(*TOPICS, partitions=PARTITIONS)
    mailbox = {
        "name": "mailbox", "kind": "smtp", "host": "127.0.0.1", "port": relay.port, "timeout_s": 3,
        "final_timeout_s": 3, "concurrency": 4, "starttls": False,
    }  # fmt: skip
    process = DispatcherProcess(
        kafka=engines.kafka, prefix=topic_prefix, database=database, folder=tmp_path, accounts=[mailbox]
    )
    await process.sql(
        "TRUNCATE dispatcher.send_ledger, dispatcher.send_queue, dispatcher.outbox, dispatcher.profile_alias,"
        " dispatcher.consent_state, dispatcher.suppression, dispatcher.address_state, dispatcher.replica,"
        " dispatcher.message_version, dispatcher.link, dispatcher.sent_link, dispatcher.feedback_event,"
        " dispatcher.send_attempt, dispatcher.consent_event"
    )
    await process.define("policy", "company", POLICY)
    yield process
    await process.close()
