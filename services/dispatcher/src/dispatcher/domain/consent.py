"""Whether a person's recorded will allows a message."""

from collections.abc import Iterable
from typing import Literal

from dispatcher.domain.facts import ANY, Consent

Will = Literal["in", "out", "unknown"]


def will(consents: Iterable[Consent], channel: str, topic: str) -> Will:
    """What all subjects of a person together say of exactly this channel and topic.

    The stricter wins, unless the newest event is an explicit opt-in: somebody who has just said yes means it, while an
    import is no such event.
    """
    found = [one for one in consents if one.channel == channel and one.topic == topic]
    if not found:
        return "unknown"
    newest = max(found, key=lambda one: (one.at, one.state == "opted_out"))
    if newest.state == "opted_in" and newest.is_explicit:
        return "in"
    return "out" if any(one.state == "opted_out" for one in found) else "in"


def topic_will(consents: tuple[Consent, ...], topic: str) -> Will:
    """The will for a message topic on all channels."""
    return will(consents, ANY, topic)


def channel_will(consents: tuple[Consent, ...], channel: str, topic: str | None) -> Will:
    """The will for one channel: for all topics, or for this one."""
    wills = {will(consents, channel, ANY)} | ({will(consents, channel, topic)} if topic is not None else set())
    if "out" in wills:
        return "out"
    return "in" if "in" in wills else "unknown"
