"""What is sent to the mailbox can be read there, by people and by tests."""

import asyncio
import smtplib
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage

import httpx
import pytest

from local_stack.mailbox import smtp, web
from local_stack.mailbox.store import Store

NOW = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)


class Mailbox:
    """A mailbox over real SMTP, and its pages through ASGI."""

    def __init__(self, store: Store, port: int, client: httpx.AsyncClient) -> None:
        self.store = store
        self.port = port
        self.client = client

    async def send(self, *messages: EmailMessage) -> None:
        def over_one_connection() -> None:
            with smtplib.SMTP("127.0.0.1", self.port, timeout=10) as connection:
                for message in messages:
                    connection.send_message(message)

        await asyncio.to_thread(over_one_connection)


@pytest.fixture
async def mailbox() -> AsyncIterator[Mailbox]:
    store = Store()
    transport = httpx.ASGITransport(app=web.app(store))
    async with (
        smtp.serve(smtp.Keeper(store, lambda: NOW), "127.0.0.1", 0) as port,
        httpx.AsyncClient(transport=transport, base_url="http://mailbox") as client,
    ):
        yield Mailbox(store, port, client)


def _message(number: int = 1, subject: str = "Grüße") -> EmailMessage:
    message = EmailMessage()
    message["From"] = "Shop <hello@shop.example>"
    message["To"] = f"ada{number}@people.example"
    message["Subject"] = subject
    message["Message-ID"] = f"<command-{number}@shop.example>"
    message["List-Unsubscribe"] = "<https://shop.example/u/1>"
    message.set_content("Hello Ada\n")
    message.add_alternative('<p>Hello <a href="https://shop.example/c/1">Ada</a></p>', subtype="html")
    return message


async def test_a_mail_arrives_with_all_its_parts(mailbox: Mailbox) -> None:
    await mailbox.send(_message())
    (found,) = (await mailbox.client.get("/api/messages")).json()
    assert found["id"] == "<command-1@shop.example>"
    assert (found["n"], found["to"], found["subject"]) == (1, "ada1@people.example", "Grüße")
    assert found["received_at"] == "2026-05-01T12:00:00.123Z"
    assert found["text"].strip() == "Hello Ada"
    assert "Hello" in found["html"]
    assert found["links"] == ["https://shop.example/c/1", "https://shop.example/u/1"]
    assert ["From", "Shop <hello@shop.example>"] in found["headers"]


async def test_a_repeated_message_id_is_seen(mailbox: Mailbox) -> None:
    await mailbox.send(_message(1), _message(2), _message(1))
    stats = (await mailbox.client.get("/api/stats")).json()
    assert (stats["count"], stats["distinct_message_ids"]) == (3, 2)


async def test_reading_goes_on_after_the_last_number_read(mailbox: Mailbox) -> None:
    await mailbox.send(*(_message(number) for number in range(5)))
    first = (await mailbox.client.get("/api/messages", params={"limit": 2})).json()
    rest = (await mailbox.client.get("/api/messages", params={"since": first[-1]["n"]})).json()
    assert [each["n"] for each in first + rest] == [1, 2, 3, 4, 5]


async def test_clearing_forgets_mail_and_counts_but_not_the_numbers(mailbox: Mailbox) -> None:
    await mailbox.send(_message())
    await mailbox.client.delete("/api/messages")
    assert (await mailbox.client.get("/api/stats")).json()["count"] == 0
    await mailbox.send(_message())
    assert [each["n"] for each in (await mailbox.client.get("/api/messages")).json()] == [2]


async def test_what_a_mail_says_is_shown_and_never_run(mailbox: Mailbox) -> None:
    await mailbox.send(_message(subject="<script>alert(1)</script>"))
    for path in ("/", "/mails/1"):
        page = (await mailbox.client.get(path)).text
        assert "<script>alert" not in page
        assert "&lt;script&gt;alert" in page
    assert 'sandbox="allow-popups' in (await mailbox.client.get("/mails/1")).text
    body = await mailbox.client.get("/mails/1/html")
    assert "script-src 'none'" in body.headers["content-security-policy"]


async def test_the_search_finds_words_of_recipient_and_subject_in_any_order(mailbox: Mailbox) -> None:
    await mailbox.send(_message(1, "Your grinder"), _message(2, "Your beans"))
    page = (await mailbox.client.get("/", params={"q": "GRINDER ada1"})).text
    assert "Your grinder" in page
    assert "Your beans" not in page
    assert "Nothing matches" in (await mailbox.client.get("/", params={"q": "grinder ada2"})).text


async def test_an_unknown_mail_is_a_clear_404(mailbox: Mailbox) -> None:
    assert (await mailbox.client.get("/mails/7")).status_code == 404
    assert (await mailbox.client.get("/api/messages/7")).json()["code"] == "not_found"


def test_only_the_newest_are_kept_but_all_are_counted() -> None:
    store = Store(most=3)
    for second in range(5):
        at = NOW + timedelta(seconds=second)
        store.add(b"Message-ID: <%d@x>\r\n\r\nhello" % second, mail_from="a@x", rcpt_tos=("b@x",), at=at)
    assert (store.count, store.kept, store.distinct_message_ids) == (5, 3, 5)
    assert [mail.n for mail in store.since(0, 10)] == [3, 4, 5]
    assert store.get(2) is None
    assert [mail.n for mail in store.newest_first()] == [5, 4, 3]


def test_the_size_of_what_is_kept_is_bounded() -> None:
    store = Store(most_bytes=100)
    for _ in range(5):
        store.add(b"x" * 60, mail_from="a@x", rcpt_tos=("b@x",), at=NOW)
    assert store.kept == 1
