"""Reading the mail that arrived: who got which message when, and the links in it."""

import re
from dataclasses import dataclass
from typing import Any  # Any: JSON of the mailbox

import httpx

from journey_schemas.moment import from_text

#: What tells a message by its subject, as the recipient sees it.
SUBJECTS = {
    "Welcome,": "welcome",
    "Three good places": "first-steps",
    "Still thinking": "seen-something",
    "Your first order": "thanks-for-joining",
    "goes well with A": "recommend-b",
    "How do you like it": "how-was-it",
    "We miss you": "we-miss-you",
}
_LINK = re.compile(r'href="([^"]+/c/[^"]+)"')
_UNSUBSCRIBE = re.compile(r"<(https?://[^>]+/u/[^>]+)>")


@dataclass(frozen=True, slots=True, kw_only=True)
class Letter:
    """One mail as its recipient has it. `received_at_s` is the mailbox's clock, seconds since 1970."""

    to: str
    message: str
    received_at_s: float
    link: str | None
    unsubscribe: str | None


class Letters:
    """The mailbox, read on from where the last reading ended."""

    def __init__(self, http: httpx.AsyncClient, mailbox: str) -> None:
        self._http = http
        self._mailbox = mailbox
        self._next = 0

    async def new(self) -> list[Letter]:
        """What has arrived since."""
        answer = await self._http.get(f"{self._mailbox}/api/messages", params={"since": self._next, "limit": 500})
        answer.raise_for_status()
        found = answer.json()
        mails = found["messages"] if isinstance(found, dict) else found
        if mails:
            self._next = max(mail["n"] for mail in mails)
        return [_letter(mail) for mail in mails]


def _letter(mail: dict[str, Any]) -> Letter:
    message = next((name for mark, name in SUBJECTS.items() if mark in mail["subject"]), mail["subject"])
    link = _LINK.search(mail["html"] or "")
    headers = {name.lower(): value for name, value in dict(mail["headers"]).items()}
    unsubscribe = _UNSUBSCRIBE.search(headers.get("list-unsubscribe", ""))
    to = mail["to"][0] if isinstance(mail["to"], list) else mail["to"]
    return Letter(
        to=to.strip("<>"),
        message=message,
        received_at_s=from_text(mail["received_at"]).timestamp(),
        link=link.group(1).replace("&amp;", "&") if link else None,
        unsubscribe=unsubscribe.group(1) if unsubscribe else None,
    )
