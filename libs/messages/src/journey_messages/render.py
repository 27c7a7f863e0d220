"""Rendering: a compiled message and the values of one command give what leaves."""

import re
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from html import escape
from typing import Any  # Any: values are any JSON

from liquid import BoundTemplate
from liquid.exceptions import LiquidError

from journey_messages.compiled import CompiledEmail, CompiledMessage, CompiledWebhook
from journey_messages.html_document import text_of
from journey_messages.liquid_tags import ADDRESSES, Addresses
from journey_messages.problem import MissingVariable, RenderError, line_of

_SPACES = re.compile(r"\s+")
_HIDDEN = '<div style="display:none;max-height:0;overflow:hidden;opacity:0">{}</div>'
_FOOT = '<p style="max-width:520px;margin:16px auto;font:12px system-ui,sans-serif;color:#6b7480">{}</p>'
_PIXEL = '<img src="{}" width="1" height="1" alt="" style="display:block;border:0">'

Values = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedEmail:
    """`dynamic_links`: targets that became known in rendering, by link number."""

    subject: str
    preheader: str
    html: str
    text: str
    dynamic_links: Mapping[int, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class RenderedWebhook:
    """The document to post. `target` is the one the message names."""

    json: Any
    target: str | None


def render(
    compiled: CompiledMessage,
    channel: str,
    data: Values,
    *,
    unsubscribe_url: str,
    link_url: Callable[[int], str],
    open_url: str | None = None,
    footer: str | None = None,
) -> RenderedEmail | RenderedWebhook:
    """Render one channel of a message.

    `data` holds the roots `profile`, `event`, `vars`. `open_url` is the picture that tells of an opening, `footer` a
    line below the mail. Raises `MissingVariable` and `RenderError`.
    """
    values = _values(compiled, data)
    if channel == "email" and compiled.email is not None:
        addresses = Addresses(unsubscribe_url=unsubscribe_url, link_url=link_url, first_dynamic=len(compiled.links) + 1)
        return _email(compiled.email, values | {ADDRESSES: addresses}, addresses, open_url, footer)
    if channel == "webhook" and compiled.webhook is not None:
        addresses = Addresses(unsubscribe_url=unsubscribe_url, link_url=link_url, first_dynamic=1)
        return _webhook(compiled.webhook, values | {ADDRESSES: addresses})
    raise RenderError(f"the message has no body for {channel}")


def _values(compiled: CompiledMessage, data: Values) -> dict[str, Any]:
    for path in compiled.required:
        if _at(data, path) in (None, ""):
            raise MissingVariable(path)
    if not compiled.fallbacks:
        return dict(data)
    values = deepcopy(dict(data))
    for path, fallback in compiled.fallbacks.items():
        if _at(values, path) in (None, ""):
            _put(values, path.split("."), fallback)
    return values


def _email(
    email: CompiledEmail, values: dict[str, Any], addresses: Addresses, open_url: str | None, footer: str | None
) -> RenderedEmail:
    preheader = _line(_rendered(email.preheader, values)) if email.preheader else ""
    body = _rendered(email.body, values)
    text = _rendered(email.text, values) if email.text else text_of(body)
    pieces = [_rendered(email.head, values)]
    if preheader:
        pieces.append(_HIDDEN.format(escape(preheader)))
    pieces.append(body)
    if footer:
        pieces.append(_FOOT.format(escape(footer)))
        text = f"{text.rstrip()}\n\n{footer}\n"
    if open_url:
        pieces.append(_PIXEL.format(escape(open_url)))
    pieces.append(_rendered(email.tail, values))
    return RenderedEmail(
        subject=_line(_rendered(email.subject, values)),
        preheader=preheader,
        html="".join(pieces),
        text=text,
        dynamic_links=addresses.dynamic,
    )


def _webhook(webhook: CompiledWebhook, values: dict[str, Any]) -> RenderedWebhook:
    return RenderedWebhook(json=_filled(webhook.document, values), target=webhook.target)


def _filled(value: Any, values: dict[str, Any]) -> Any:
    match value:
        case dict():
            return {key: _filled(inner, values) for key, inner in value.items()}
        case list():
            return [_filled(inner, values) for inner in value]
        case BoundTemplate():
            return _rendered(value, values)
    return value


def _rendered(template: BoundTemplate, values: dict[str, Any]) -> str:
    try:
        return template.render(values)
    except LiquidError as error:
        raise RenderError(f"{type(error).__name__} in line {line_of(error) or 1}") from None
    except (ArithmeticError, TypeError, ValueError, RecursionError) as error:
        raise RenderError(type(error).__name__) from None


def _line(text: str) -> str:
    """One line: nothing of a value can become a header of its own."""
    return _SPACES.sub(" ", text).strip()


def _at(data: Mapping[str, Any], path: str) -> Any:
    value: Any = data
    for name in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def _put(values: dict[str, Any], names: list[str], value: Any) -> None:
    for name in names[:-1]:
        inner = values.get(name)
        if not isinstance(inner, dict):
            inner = values[name] = {}
        values = inner
    values[names[-1]] = value
