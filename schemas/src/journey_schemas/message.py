"""Messages: content with a name and a body per channel. Texts are Liquid; `journey_messages` compiles them."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.condition import Channel
from journey_schemas.duration import Duration
from journey_schemas.path import Constant
from journey_schemas.written import Name, Words, Written

#: Liquid. Where it stands alone on a line and ends like a file (`welcome.html`), the project puts the file's text here.
Template = Annotated[str, Field(min_length=1)]

#: A path inside a template's roots: `profile.first_name`, `vars.link`.
TemplatePath = Annotated[str, Field(pattern=r"^(profile|event|vars)(\.[^.\s]+)+$")]


class Email(Written):
    """`body` is HTML or MJML; `text` is derived from it unless given. `from` names a sender of the policy."""

    subject: Template
    body: Template
    preheader: Template | None = None
    text: Template | None = None
    from_: Name | None = None


class Sms(Written):
    """One text."""

    text: Template


class Push(Written):
    """A notification on a device."""

    title: Template
    text: Template
    image: Template | None = None
    link: Template | None = None
    data: dict[str, Template] | None = None


class InApp(Written):
    """A card in the app's or the site's inbox."""

    text: Template
    kind: Literal["banner", "modal", "card", "slot"] = "card"
    title: Template | None = None
    image: Template | None = None
    link: Template | None = None
    slot: Name | None = None
    max_displays: Annotated[int, Field(strict=True, ge=1)] | None = None


class Mail(Written):
    """A letter or postcard."""

    html: Template


class Script(Written):
    """What a person reads who carries out a human task."""

    script: Template


class WhatsApp(Written):
    """An approved template by name, with its parameters in order."""

    template: Words
    params: tuple[Template, ...] = ()


class Webhook(Written):
    """A JSON document to a configured target; each text inside is a template."""

    json_: dict[str, Any]  # any JSON: the receiver's contract, not ours
    target: Name | None = None


class Channels(Written):
    """The content per channel."""

    email: Email | None = None
    sms: Sms | None = None
    push: Push | None = None
    in_app: InApp | None = None
    mail: Mail | None = None
    task: Script | None = None
    whatsapp: WhatsApp | None = None
    webhook: Webhook | None = None

    def names(self) -> tuple[Channel, ...]:
        """The channels there is content for."""
        return tuple(name for name in _CHANNELS if getattr(self, name) is not None)

    @model_validator(mode="after")
    def _need_one(self) -> Self:
        if not self.names():
            raise PydanticCustomError("channels", "a message needs content for at least one channel, like `email`")
        return self


_CHANNELS: tuple[Channel, ...] = ("email", "sms", "push", "in_app", "whatsapp", "mail", "webhook", "task")


class Message(Written):
    """One message file.

    `topic` is what people subscribe to. `expires`: how long it may wait before it leaves; without it the category's.
    `fallbacks` and `required` say what happens when a printed value is missing: print this instead, or do not send.
    """

    message: Name
    category: Name
    topic: Name | None = None
    priority: Annotated[int, Field(strict=True, ge=0, le=100)] = 50
    expires: Duration | None = None
    channels: Channels
    fallbacks: dict[TemplatePath, Constant] = Field(default_factory=dict)
    required: tuple[TemplatePath, ...] = ()
