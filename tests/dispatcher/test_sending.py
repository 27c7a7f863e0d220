"""From a command to a mail and its delivery, on real engines and a relay that speaks SMTP."""

import re
import time
from email.message import EmailMessage

import httpx

from fakes.smtp_server import SmtpServer
from journey_schemas.definition import version_of
from journey_schemas.message_command import Addresses
from journey_schemas.moment import from_ms
from support.dispatcher_process import DispatcherProcess, command, message


def _part(mail: EmailMessage, kind: str) -> str:
    part = mail.get_body((kind,))
    assert part is not None
    return str(part.get_content())


async def test_one_command_is_one_mail_with_both_parts_and_all_headers(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    order = command(version)
    await dispatcher.order(order)
    (sent,) = await dispatcher.deliveries(1)
    (mail,) = relay.to(order.addresses.email or "")
    assert mail["From"] == "Corner Shop <hello@shop.example>"
    assert mail["To"] == order.addresses.email
    assert mail["Subject"] == "Grüße, Ann"
    assert mail["Message-ID"] == f"<{order.command_id}@shop.example>"
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert re.fullmatch(rf"<{dispatcher.url}/u/[\w-]+>", mail["List-Unsubscribe"])
    assert mail["List-ID"] == "<offers.shop.example>"
    assert mail["Feedback-ID"] == "main:cross-sell:marketing:shopexample"
    assert mail["X-Waypost-Id"]
    assert mail["Date"]
    assert "See" in _part(mail, "plain")
    assert f'<a href="{dispatcher.url}/c/' in _part(mail, "html")
    assert "Shop, Town" in _part(mail, "html")
    assert sent["outcome"] == "sent"
    assert sent["command_id"] == order.command_id
    assert sent["profile_id"] == order.profile_id
    assert (sent["channel"], sent["provider"], sent["account"]) == ("email", "smtp", "mailbox")
    assert [one["rule"] for one in sent["explanation"]] == ["known", "channel"]
    assert order.addresses.email not in str(sent)
    rows = await dispatcher.sql("SELECT payload, state FROM dispatcher.send_ledger")
    assert rows == [{"payload": None, "state": "SENT"}]


async def test_the_same_command_again_and_after_a_restart_is_one_mail(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    order, last = command(version), command(version)
    await dispatcher.order(order, order, order)
    await dispatcher.deliveries(1)
    assert await dispatcher.end() == 0
    await dispatcher.start()
    await dispatcher.order(order, last)
    await dispatcher.deliveries(2)
    assert len(relay.mails) == 2
    assert len(relay.to(order.addresses.email or "")) == 1


async def test_what_has_expired_is_not_sent(dispatcher: DispatcherProcess, relay: SmtpServer) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    order = command(version, expires_at=from_ms(int(time.time() * 1000) - 1))
    await dispatcher.order(order)
    (one,) = await dispatcher.deliveries(1)
    assert one["outcome"] == "expired"
    assert relay.mails == []


async def test_a_command_of_an_unknown_version_waits_for_it_and_fails_when_it_never_comes(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    await dispatcher.start(WAYPOST_DISPATCHER_DEFINITION_WAIT_SECONDS="5")
    body = message("offer", "marketing")
    never = command("f" * 16)
    late = command(version_of(body))
    await dispatcher.order(never, late)
    await dispatcher.until(
        lambda: dispatcher.sql("SELECT wait_reason FROM dispatcher.send_queue WHERE wait_reason = 'definition'"),
        lambda rows: len(rows) == 2,
    )
    await dispatcher.define("message", "offer", body)
    deliveries = {one["command_id"]: one for one in await dispatcher.deliveries(2)}
    assert deliveries[late.command_id]["outcome"] == "sent"
    assert deliveries[never.command_id]["outcome"] == "failed"
    assert deliveries[never.command_id]["reason"] == "unknown_message"
    assert len(relay.mails) == 1


async def test_a_version_that_has_left_the_topic_is_still_known(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    await dispatcher.until(lambda: dispatcher.sql("SELECT id FROM dispatcher.message_version"), lambda rows: bool(rows))
    await dispatcher.sql("UPDATE dispatcher.message_version SET id = 'aaaabbbbccccdddd' WHERE id = $1", version)
    await dispatcher.order(command("aaaabbbbccccdddd"))
    (one,) = await dispatcher.deliveries(1)
    assert one["outcome"] == "sent"


async def test_without_an_address_nothing_is_sent_and_it_says_so(dispatcher: DispatcherProcess) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    await dispatcher.order(command(version, addresses=Addresses()))
    (one,) = await dispatcher.deliveries(1)
    assert (one["outcome"], one["reason"]) == ("suppressed", "no_address")


async def test_a_missing_required_value_suppresses(dispatcher: DispatcherProcess, relay: SmtpServer) -> None:
    body = message("offer", "marketing") | {"required": ["profile.country"]}
    version = await dispatcher.define("message", "offer", body)
    await dispatcher.start()
    await dispatcher.order(command(version))
    (one,) = await dispatcher.deliveries(1)
    assert (one["outcome"], one["reason"]) == ("suppressed", "missing_variable")
    assert one["explanation"][-1]["saw"] == "profile.country"


async def test_a_bad_record_is_a_dead_letter_and_the_rest_goes_on(
    dispatcher: DispatcherProcess, relay: SmtpServer
) -> None:
    version = await dispatcher.define("message", "offer", message("offer", "marketing"))
    await dispatcher.start()
    await dispatcher.raw(b"{not json")
    await dispatcher.raw(b"{}", "waypost.command.unheard.v1")
    good, unstorable = command(version), command(version, journey="a\0b")
    await dispatcher.order(unstorable, good)
    dead = await dispatcher.until(lambda: dispatcher.records("message-commands-dlq"), lambda found: len(found) == 3)
    assert sorted(one["code"] for one in dead) == ["bug", "not_json", "wrong_shape"]
    (one,) = await dispatcher.deliveries(1)
    assert one["command_id"] == good.command_id


async def test_what_waits_is_told_by_health_and_metrics(dispatcher: DispatcherProcess) -> None:
    await dispatcher.start()
    async with httpx.AsyncClient() as http:
        assert (await http.get(dispatcher.admin_url + "/livez")).status_code == 200
        page = (await http.get(dispatcher.admin_url + "/metrics")).text
    assert "journey_dispatcher_outbox_oldest_seconds" in page
