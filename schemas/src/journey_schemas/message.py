"""Messages: content with a name and a body per channel. Whether templates are sound is `journey_messages`' matter."""

from typing import Any, Literal, Self  # Any: webhook bodies are any JSON

from pydantic import Field, model_validator

from journey_schemas.duration import Duration
from journey_schemas.journey import NAME
from journey_schemas.written import Written

CHANNELS = ("email", "sms", "push", "in_app", "whatsapp", "mail", "webhook", "task")


class EmailBody(Written):
    """A mail. `body` and `text` hold Liquid, or name a file beside the message file (the project loader inlines it)."""

    subject: str
    body: str
    preheader: str | None = None
    text: str | None = None
    sender: str | None = None


class SmsBody(Written):
    """A text message."""

    text: str


class PushBody(Written):
    """A push message."""

    title: str
    text: str
    image: str | None = None
    link: str | None = None
    data: dict[str, str] | None = None


class InAppBody(Written):
    """A message inside the application."""

    text: str
    title: str | None = None
    kind: Literal["banner", "modal", "card", "slot"] = "card"
    link: str | None = None


class WhatsAppBody(Written):
    """An approved template with its parameters."""

    template: str
    params: tuple[str, ...] = ()


class MailBody(Written):
    """A letter on paper."""

    html: str


class TaskBody(Written):
    """A script for a human task."""

    script: str


class WebhookBody(Written):
    """A JSON body; each string in it is a template. `target` names a configured receiver."""

    json_: dict[str, Any] = Field(alias="json")
    target: str | None = None


class Channels(Written):
    """A body per channel; at least one."""

    email: EmailBody | None = None
    sms: SmsBody | None = None
    push: PushBody | None = None
    in_app: InAppBody | None = None
    whatsapp: WhatsAppBody | None = None
    mail: MailBody | None = None
    webhook: WebhookBody | None = None
    task: TaskBody | None = None

    def names(self) -> tuple[str, ...]:
        """The channels that have a body, in the language's order."""
        return tuple(name for name in CHANNELS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _has_one(self) -> Self:
        if not self.names():
            raise ValueError("a message has a body for at least one channel")
        return self


class Message(Written):
    """A message file."""

    message: str = Field(pattern=NAME)
    category: str = "marketing"
    topic: str | None = None
    priority: int = Field(default=50, ge=0, le=100)
    expires: Duration | None = None
    channels: Channels
    fallbacks: dict[str, str] = Field(default_factory=dict)
    required: tuple[str, ...] = ()
