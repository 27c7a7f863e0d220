"""What a relay does wrong, by the table of the delivery page: nothing is sent twice, nothing is lost."""

from typing import Any

import pytest

from dispatcher.channels.smtp import Connection
from dispatcher.providers import SmtpAccount
from fakes.smtp_server import EOF, SILENT, SmtpServer
from support.dispatcher_process import DispatcherProcess, command, message

_MAIL = b"Subject: x\r\n\r\n.dot\r\nend\r\n"


@pytest.mark.parametrize(
    ("stage", "reply", "verdict", "reached"),
    [
        ("connect", EOF, "retry_safe", "pre"),
        ("connect", "421 busy", "retry_safe", "pre"),
        ("connect", SILENT, "retry_safe", "pre"),
        ("mail", "421 busy", "retry_safe", "pre"),
        ("mail", "550 5.7.1 not you", "permanent_account", "pre"),
        ("mail", EOF, "retry_safe", "pre"),
        ("rcpt", "450 later", "retry_later", "pre"),
        ("rcpt", "550 5.1.1 nobody", "permanent_recipient", "pre"),
        ("rcpt", "550 nobody", "permanent_recipient", "pre"),
        ("rcpt", SILENT, "retry_safe", "pre"),
        ("data", EOF, "retry_safe", "data_command"),
        ("data", "451 later", "retry_later", "data_command"),
        ("dot", EOF, "ambiguous", "body_sent"),
        ("dot", SILENT, "ambiguous", "body_sent"),
        ("dot", "421 closing", "retry_safe", "answered"),
        ("dot", "450 later", "retry_later", "answered"),
        ("dot", "452 full", "retry_later", "answered"),
        ("dot", "554 5.7.1 spam", "permanent_message", "answered"),
        ("dot", "550 5.1.1 nobody", "permanent_recipient", "answered"),
    ],
)
async def test_each_fault_has_its_class_and_stage(
    relay: SmtpServer, stage: str, reply: str, verdict: str, reached: str
) -> None:
    relay.script = lambda at, recipient: reply if at == stage else None
    account = SmtpAccount(
        name="mailbox", kind="smtp", host="127.0.0.1", port=relay.port, timeout_s=0.3, final_timeout_s=0.3,
        starttls=False,
    )  # fmt: skip
    connection = Connection(account)
    try:
        answer = await connection.ready() or await connection.send("a@shop.example", "b@shop.example", _MAIL)
    finally:
        await connection.close()
    assert (answer.verdict, answer.stage) == (verdict, reached)


async def test_a_mail_arrives_byte_for_byte_also_where_lines_begin_with_a_dot(relay: SmtpServer) -> None:
    connection = Connection(SmtpAccount(name="m", kind="smtp", host="127.0.0.1", port=relay.port, starttls=False))
    assert await connection.ready() is None
    assert (await connection.send("a@shop.example", "b@shop.example", _MAIL)).verdict == "sent"
    await connection.close()
    assert relay.raw == [_MAIL]


async def test_an_address_beyond_ascii_needs_a_relay_that_takes_it(relay: SmtpServer) -> None:
    connection = Connection(SmtpAccount(name="m", kind="smtp", host="127.0.0.1", port=relay.port, starttls=False))
    assert await connection.ready() is None
    assert (await connection.send("a@shop.example", "jürgen@shop.example", _MAIL)).verdict == "sent"
    await connection.close()
    relay.script = lambda at, recipient: "250 fake" if at == "ehlo" else None
    assert await connection.ready() is None
    answer = await connection.send("a@shop.example", "jürgen@shop.example", _MAIL)
    assert (answer.verdict, answer.code) == ("permanent_recipient", "SMTPUTF8")
    await connection.close()


async def _one(dispatcher: DispatcherProcess, category: str = "marketing", timeout_s: float = 40) -> dict[str, Any]:
    version = await dispatcher.define("message", "offer", message("offer", category))
    await dispatcher.start()
    await dispatcher.order(command(version, category))
    (one,) = await dispatcher.deliveries(1, timeout_s)
    return dict(one)


async def test_a_lost_answer_to_marketing_is_unknown_and_never_sent_again(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    relay.script = lambda at, recipient: EOF if at == "dot" else None
    one = await _one(dispatcher)
    assert one["outcome"] == "unknown"
    assert len(relay.mails) == 1
    assert await dispatcher.states() == {"UNKNOWN": 1}
    assert await dispatcher.sql("SELECT * FROM dispatcher.send_queue") == []


async def test_a_lost_answer_to_a_transactional_message_is_sent_once_more_and_marked(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    lost = iter([EOF])
    relay.script = lambda at, recipient: next(lost, None) if at == "dot" else None
    one = await _one(dispatcher, "transactional", 60)
    assert one["outcome"] == "sent"
    assert one["is_possible_duplicate"] is True
    assert one["attempt"] == 2
    assert len(relay.mails) == 2
    assert relay.mails[0][1]["Message-ID"] == relay.mails[1][1]["Message-ID"]


async def test_a_connection_lost_before_the_mail_was_handed_over_costs_nothing(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    lost = iter([EOF, EOF])
    relay.script = lambda at, recipient: next(lost, None) if at == "data" else None
    one = await _one(dispatcher)
    assert one["outcome"] == "sent"
    assert one["attempt"] == 3
    assert not one.get("is_possible_duplicate", False)
    assert len(relay.mails) == 1


async def test_an_address_that_does_not_exist_is_asked_once_for_all_messages(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    relay.script = lambda at, recipient: "550 5.1.1 nobody" if at == "rcpt" else None
    version = await dispatcher.define("message", "offer", message("offer", "transactional"))
    await dispatcher.start()
    first = command(version, "transactional")
    await dispatcher.order(first)
    (one,) = await dispatcher.deliveries(1)
    assert (one["outcome"], one["reason"], one["provider_code"]) == ("failed", "rejected_recipient", "550")
    relay.script = lambda at, recipient: None
    await dispatcher.order(command(version, "transactional", addresses=first.addresses))
    two = (await dispatcher.deliveries(2))[1]
    assert (two["outcome"], two["reason"]) == ("suppressed", "bounced")
    assert relay.mails == []


async def test_content_that_is_refused_fails_and_says_so(dispatcher: DispatcherProcess, relay: SmtpServer) -> None:
    relay.script = lambda at, recipient: "552 5.3.4 too big" if at == "dot" else None
    one = await _one(dispatcher)
    assert (one["outcome"], one["reason"]) == ("failed", "too_large")


async def test_while_the_relay_is_away_messages_wait_and_none_fails(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await relay.stop()
    await dispatcher.start()
    await dispatcher.order(*[command(version) for _ in range(5)])
    await dispatcher.until(dispatcher.states, lambda states: states == {"QUEUED": 5})
    attempts = await dispatcher.sql("SELECT * FROM dispatcher.send_attempt")
    await relay.start()
    deliveries = await dispatcher.deliveries(5, 60)
    assert {one["outcome"] for one in deliveries} == {"sent"}
    assert attempts == []
    assert len(relay.mails) == 5
