"""SIGKILL at every place that matters: at most one mail per command, exactly one end, nothing stuck."""

import asyncio
from collections import Counter

import pytest

from fakes.smtp_server import SILENT, SmtpServer
from support.dispatcher_process import DispatcherProcess, command, message, outcomes

_ENDS = {"sent", "unknown"}


async def test_killed_before_sending_it_is_sent_once(dispatcher: DispatcherProcess, relay: SmtpServer) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await relay.stop()
    await dispatcher.start()
    orders = [command(version) for _ in range(20)]
    await dispatcher.order(*orders)
    await dispatcher.until(dispatcher.states, lambda states: states == {"QUEUED": 20})
    await dispatcher.kill()
    await relay.start()
    await dispatcher.start()
    deliveries = await dispatcher.deliveries(20)
    assert {one["outcome"] for one in deliveries} == {"sent"}
    assert Counter(to for to, _ in relay.mails) == Counter(one.addresses.email for one in orders)


@pytest.mark.parametrize(("category", "outcome", "mails"), [("marketing", "unknown", 1), ("transactional", "sent", 2)])
async def test_killed_after_the_dot_marketing_is_unknown_and_transactional_goes_once_more(
    dispatcher: DispatcherProcess, relay: SmtpServer, category: str, outcome: str, mails: int
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", category))
    relay.script = lambda at, recipient: SILENT if at == "dot" else None
    await dispatcher.start()
    order = command(version, category)
    await dispatcher.order(order)
    await dispatcher.until(lambda: _taken(relay), lambda count: count == 1)
    await dispatcher.kill()
    assert await dispatcher.states() == {"SENDING": 1}
    relay.script = lambda at, recipient: None
    await dispatcher.start()
    (one,) = await dispatcher.deliveries(1)
    assert one["outcome"] == outcome
    assert one.get("is_possible_duplicate", False) == (category == "transactional")
    assert len(relay.mails) == mails
    assert await dispatcher.sql("SELECT * FROM dispatcher.send_queue") == []


async def test_killed_before_the_relay_has_published_the_delivery_comes_once(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    # Nobody can read the outbox while this lock is held: what is written stays there.
    await dispatcher.sql("CREATE TABLE IF NOT EXISTS held (n int)")
    import asyncpg

    holder = await asyncpg.connect(dispatcher.database)
    transaction = holder.transaction()
    await transaction.start()
    await holder.execute("LOCK TABLE dispatcher.outbox IN SHARE MODE")
    order = command(version)
    await dispatcher.order(order)
    await dispatcher.until(lambda: _taken(relay), lambda count: count == 1)
    await dispatcher.kill()
    await transaction.rollback()
    await holder.close()
    await dispatcher.start()
    deliveries = await dispatcher.deliveries(1)
    assert outcomes(deliveries)[order.command_id] in (["sent"], ["unknown"])
    assert len(relay.mails) == 1


async def test_killed_again_and_again_under_load_every_command_ends_once_and_no_mail_is_doubled(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    orders = [command(version) for _ in range(600)]
    await dispatcher.start()
    writing = asyncio.create_task(_spread(dispatcher, orders))
    for mark in (80, 200, 350):
        await dispatcher.until(lambda: _taken(relay), lambda count, mark=mark: count >= mark)
        await dispatcher.kill()
        await dispatcher.start()
    await writing
    await dispatcher.until(lambda: _ended(dispatcher), lambda count: count == 600, 60)
    await dispatcher.until(lambda: dispatcher.sql("SELECT 1 FROM dispatcher.outbox"), lambda rows: not rows)
    deliveries = await dispatcher.deliveries(600)
    by_outcome_id = {one["outcome_id"]: one for one in deliveries}
    ends = outcomes(by_outcome_id.values())
    assert set(ends) == {one.command_id for one in orders}
    assert all(len(found) == 1 and found[0] in _ENDS for found in ends.values())
    mails = Counter(to for to, _ in relay.mails)
    assert max(mails.values()) == 1
    sent = {one["command_id"] for one in by_outcome_id.values() if one["outcome"] == "sent"}
    address = {one.command_id: one.addresses.email for one in orders}
    assert all(mails[address[one] or ""] == 1 for one in sent)
    assert len(sent) >= 560
    assert await dispatcher.sql("SELECT * FROM dispatcher.send_queue") == []


async def test_stopped_by_sigterm_nothing_is_unknown(dispatcher: DispatcherProcess, relay: SmtpServer) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    orders = [command(version) for _ in range(300)]
    await dispatcher.order(*orders)
    await dispatcher.until(lambda: _taken(relay), lambda count: count >= 20)
    assert await dispatcher.end() == 0
    await dispatcher.start()
    deliveries = await dispatcher.deliveries(300)
    assert {one["outcome"] for one in deliveries} == {"sent"}
    assert len(relay.mails) == 300


async def _taken(relay: SmtpServer) -> int:
    return len(relay.mails)


async def _ended(dispatcher: DispatcherProcess) -> int:
    states = await dispatcher.states()
    return states.get("SENT", 0) + states.get("UNKNOWN", 0)


async def _spread(dispatcher: DispatcherProcess, orders: list[object]) -> None:
    for start in range(0, len(orders), 50):
        await dispatcher.order(*orders[start : start + 50])
        await asyncio.sleep(0.3)
