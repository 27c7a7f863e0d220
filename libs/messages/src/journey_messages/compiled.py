"""Compiled messages: what the compiler makes and rendering takes."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any  # Any: a webhook's JSON is the receiver's

from liquid import BoundTemplate

from journey_schemas.message import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledEmail:
    """Templates of an email. `text` is None where it is made from the finished HTML."""

    subject: BoundTemplate
    preheader: BoundTemplate | None
    head: BoundTemplate
    body: BoundTemplate
    tail: BoundTemplate
    text: BoundTemplate | None
    sender: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledWebhook:
    """The document, each text in it a template."""

    document: Any
    target: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CompiledMessage:
    """A message that can be rendered.

    `variables`: the paths it reads, sorted. `links`: static targets of its email; number 1 is the first.
    """

    name: str
    version: str
    category: str
    topic: str | None
    channels: tuple[str, ...]
    variables: tuple[str, ...]
    links: tuple[str, ...]
    fallbacks: Mapping[str, Any]
    required: tuple[str, ...]
    email: CompiledEmail | None
    webhook: CompiledWebhook | None
    written: Message
