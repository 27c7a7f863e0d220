"""A mail as a person or a test reads it."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from email.parser import BytesHeaderParser
from functools import lru_cache
from html.parser import HTMLParser

from local_stack.mailbox.store import Mail

_URL = re.compile(r"https?://[^\s<>\"')\]]+")
_HEADERS = BytesHeaderParser(policy=policy.default)


@dataclass(frozen=True, slots=True, kw_only=True)
class Summary:
    """A mail in a list."""

    n: int
    at: str
    sender: str
    recipient: str
    subject: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """Where a mail leads, and the words that lead there."""

    url: str
    words: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """A whole mail. `html` and `text` are None where it has no such part."""

    summary: Summary
    message_id: str
    headers: tuple[tuple[str, str], ...]
    text: str | None
    html: str | None
    links: tuple[Link, ...]
    size: int


@lru_cache(maxsize=10_000)
def summary(mail: Mail) -> Summary:
    """Its headers only, so that a long list stays cheap."""
    return _summary(mail, _HEADERS.parsebytes(mail.raw))


@lru_cache(maxsize=1_000)
def letter(mail: Mail) -> Letter:
    """All of it. Parts in an unknown encoding show as nothing rather than as an error."""
    message = message_from_bytes(mail.raw, policy=policy.default)
    html, text = _part(message, "html"), _part(message, "plain")
    return Letter(
        summary=_summary(mail, message),
        message_id=str(message["message-id"] or "").strip(),
        headers=tuple((name, str(value)) for name, value in message.items()),
        text=text,
        html=html,
        links=_links(html, text, str(message["list-unsubscribe"] or "")),
        size=len(mail.raw),
    )


def iso(mail: Mail) -> str:
    """When it came, in UTC, to the millisecond."""
    return mail.received_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _summary(mail: Mail, message: EmailMessage) -> Summary:
    return Summary(
        n=mail.n,
        at=iso(mail),
        sender=str(message["from"] or mail.mail_from),
        recipient=str(message["to"] or ", ".join(mail.rcpt_tos)),
        subject=str(message["subject"] or "(no subject)"),
    )


def _part(message: EmailMessage, kind: str) -> str | None:
    part = message.get_body((kind,))
    if part is None:
        return None
    try:
        return str(part.get_content())
    except (LookupError, ValueError):
        return None


class _Anchors(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[Link] = []
        self._url: str | None = None
        self._words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "a":
            self._url, self._words = dict(attrs).get("href"), []
        elif tag == "img" and self._url:
            self._words.append(dict(attrs).get("alt") or "")

    def handle_data(self, data: str) -> None:
        self._words.append(data)

    def handle_endtag(self, tag: str) -> None:
        if tag == "a" and self._url:
            self.found.append(Link(url=self._url, words=" ".join("".join(self._words).split())))
            self._url = None


def _links(html: str | None, text: str | None, unsubscribe: str) -> tuple[Link, ...]:
    anchors = _Anchors()
    anchors.feed(html or "")
    anchors.close()
    found = anchors.found or [Link(url=url, words="") for url in _URL.findall(text or "")]
    found += [Link(url=url, words="List-Unsubscribe") for url in re.findall(r"<([^>]+)>", unsubscribe)]
    return tuple(dict.fromkeys(link for link in found if not link.url.startswith("#")))
