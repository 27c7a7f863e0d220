"""From a message definition to templates: everything that can be known to be wrong is told at once."""

from typing import Any  # Any: the JSON of a definition

from liquid import BoundTemplate, Environment
from liquid.exceptions import LiquidError
from pydantic import ValidationError

from journey_messages.analysis import analyse
from journey_messages.compiled import CompiledEmail, CompiledMessage, CompiledWebhook
from journey_messages.html_document import Document, document
from journey_messages.liquid_environment import author_environment, html_environment, text_environment
from journey_messages.problem import MessageError, MessageProblem, line_of
from journey_schemas.definition import version_of
from journey_schemas.message import Email, Message, Webhook
from journey_schemas.written import body_of

_SUPPORTED = frozenset({"email", "webhook"})
_AUTHOR, _TEXT, _HTML = author_environment(), text_environment(), html_environment()


def compile(definition: dict[str, Any] | Message) -> CompiledMessage:  # noqa: A001 - the one thing this library does
    """Compile the body of a message's definition. Raises `MessageError` with all that is wrong.

    The version is the fingerprint of the body, the same that its definition carries.
    """
    if isinstance(definition, Message):
        message, body = definition, body_of(definition)
    else:
        message, body = _message(definition), definition
    work = _Compiler(message)
    email = work.email(message.channels.email) if message.channels.email else None
    webhook = work.webhook(message.channels.webhook) if message.channels.webhook else None
    for channel in message.channels.names():
        if channel not in _SUPPORTED:
            work.problem(channel, "", f"{channel} is not supported yet")
    if work.problems:
        raise MessageError(work.problems)
    return CompiledMessage(
        name=message.message,
        version=version_of(body),
        category=message.category,
        topic=message.topic,
        channels=tuple(message.channels.names()),
        variables=tuple(sorted(work.paths)),
        links=work.links,
        fallbacks=dict(message.fallbacks),
        required=message.required,
        email=email,
        webhook=webhook,
        written=message,
    )


def _message(body: dict[str, Any]) -> Message:
    try:
        return Message.model_validate(body)
    except ValidationError as error:
        problems = []
        for fault in error.errors(include_url=False, include_input=False):
            loc = [str(part) for part in fault["loc"]]
            channel = loc[1] if loc[:1] == ["channels"] and len(loc) > 1 else ""
            field = ".".join(loc[2:] if channel else loc)
            problems.append(MessageProblem(channel=channel, field=field, message=fault["msg"]))
        raise MessageError(problems) from None


class _Compiler:
    def __init__(self, message: Message) -> None:
        self.problems: list[MessageProblem] = []
        self.paths: set[str] = set(message.required)
        self.links: tuple[str, ...] = ()
        self._answered = frozenset(message.required) | frozenset(message.fallbacks)

    def problem(self, channel: str, field: str, text: str) -> None:
        """Note what is wrong, once."""
        found = MessageProblem(channel=channel, field=field, message=text)
        if found not in self.problems:
            self.problems.append(found)

    def email(self, email: Email) -> CompiledEmail | None:
        """Templates of an email; None when something is wrong."""
        before = len(self.problems)
        subject = self._text("email", "subject", email.subject)
        preheader = self._text("email", "preheader", email.preheader) if email.preheader else None
        text = self._text("email", "text", email.text) if email.text else None
        made = self._html(email.body)
        if len(self.problems) > before or made is None or subject is None:
            return None
        if text is None and made.text is not None:
            text = self._finished(_TEXT, made.text)
        return CompiledEmail(
            subject=subject,
            preheader=preheader,
            head=self._finished(_HTML, made.head),
            body=self._finished(_HTML, made.body),
            tail=self._finished(_HTML, made.tail),
            text=text,
            sender=email.from_,
        )

    def webhook(self, webhook: Webhook) -> CompiledWebhook:
        """The document with a template in place of each text that holds Liquid."""
        return CompiledWebhook(document=self._leaf("json", webhook.json_), target=webhook.target)

    def _leaf(self, field: str, value: Any) -> Any:
        match value:
            case dict():
                return {key: self._leaf(f"{field}.{key}", inner) for key, inner in value.items()}
            case list() | tuple():
                return [self._leaf(f"{field}[{index}]", inner) for index, inner in enumerate(value)]
            case str() if "{{" in value or "{%" in value:
                return self._text("webhook", field, value)
        return value

    def _html(self, body: str) -> Document | None:
        if body.lstrip()[:6].lower() == "<mjml>" or body.lstrip()[:6].lower() == "<mjml ":
            self.problem("email", "body", "MJML is not supported yet: write HTML")
            return None
        if not self._check("email", "body", body):
            return None
        made = document(body)
        for fault in made.faults:
            self.problem("email", "body", fault)
        self.links = made.links
        return made

    def _text(self, channel: str, field: str, source: str) -> BoundTemplate | None:
        if not self._check(channel, field, source):
            return None
        return self._finished(_TEXT, source)

    def _check(self, channel: str, field: str, source: str) -> bool:
        if "\ue000" in source or "\ue001" in source:
            self.problem(channel, field, "characters U+E000 and U+E001 are reserved")
            return False
        try:
            found = analyse(_AUTHOR.from_string(source), self._answered)
        except LiquidError as error:
            self.problem(channel, field, _in_words(error))
            return False
        for fault in found.faults:
            self.problem(channel, field, fault)
        self.paths |= found.paths
        return not found.faults

    def _finished(self, environment: Environment, source: str) -> BoundTemplate:
        template = environment.from_string(source)
        analyse(template, self._answered)  # bounds the ranges of this parse
        return template


def _in_words(error: LiquidError) -> str:
    """Line and reason, without the picture of the source."""
    text = str(error.args[0]) if error.args else type(error).__name__
    line = line_of(error)
    return f"{text} (line {line})" if line else text
