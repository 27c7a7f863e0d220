"""HTML around Liquid: links are numbered, tags stay where they belong, a document stands around it all.

While HTML is looked at, each Liquid tag is one word of private characters, so that neither can be taken for the other.
"""

import re
from dataclasses import dataclass
from html import unescape

from inscriptis import get_text  # type: ignore[import-untyped] # wrapped in `_converted`
from inscriptis.model.config import ParserConfig  # type: ignore[import-untyped] # as above
from lxml.etree import LxmlError  # type: ignore[import-untyped] # no stubs

_LIQUID = re.compile(r"\{%.*?%\}|\{\{.*?\}\}", re.DOTALL)
_OPEN, _CLOSE = "\ue000", "\ue001"
_PLACE = re.compile(f"{_OPEN}([0-9]+){_CLOSE}")
_COMMENT = re.compile(r"<!--.*?-->", re.DOTALL)
_TAG = re.compile(r"""<[a-zA-Z][^\s>/]*(?:[^"'>]|"[^"]*"|'[^']*')*>""")
_QUOTED = re.compile(r""""[^"]*"|'[^']*'""")
_LINK = re.compile(r"""<(?:a|area)\s(?:[^"'>]|"[^"]*"|'[^']*')*>""", re.IGNORECASE)
_HREF = re.compile(r"""(\shref\s*=\s*)("[^"]*"|'[^']*')""", re.IGNORECASE)
_UNTRACKED = re.compile(r"\{%-?\s*unsubscribe_url\s*-?%\}")
_WEB = ("http://", "https://")
_BODY = re.compile(r"<body(?:[^\"'>]|\"[^\"]*\"|'[^']*')*>", re.IGNORECASE)
_HEAD = (
    '<!doctype html><html><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width, initial-scale=1"></head><body style="margin:0">'
)
_LINKS_SHOWN = ParserConfig(display_links=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """`head` ends with the opening body tag, `tail` begins with the closing one; all are Liquid.

    `links`: static targets, the first has number 1. `text`: the same as plain text, or None where Liquid stands so that
    only the finished HTML can be turned into text. `faults`: what is wrong, in words.
    """

    head: str
    body: str
    tail: str
    links: tuple[str, ...]
    text: str | None
    faults: tuple[str, ...]


def document(source: str) -> Document:
    """Prepare an author's HTML."""
    liquid = _LIQUID.findall(source)
    numbers = iter(range(len(liquid)))
    marked = _LIQUID.sub(lambda _: f"{_OPEN}{next(numbers)}{_CLOSE}", source)
    links: list[str] = []
    linked = _LINK.sub(lambda found: _numbered(found.group(), liquid, links), marked)
    head, body, tail = _parts(linked)
    return Document(
        head=_restored(head, liquid),
        body=_restored(body, liquid),
        tail=_restored(tail, liquid),
        links=tuple(links),
        text=_text(marked, liquid),
        faults=_faults(marked),
    )


def text_of(html: str) -> str:
    """Plain text of finished HTML, link targets in brackets."""
    return _converted(html) or ""


def _faults(marked: str) -> tuple[str, ...]:
    for tag in _TAG.findall(_COMMENT.sub("", marked)):
        if _OPEN in _QUOTED.sub("", tag):
            return ("Liquid stands between the attributes of a tag: put it inside a quoted value, or around the tag",)
    return ()


def _numbered(tag: str, liquid: list[str], links: list[str]) -> str:
    def replace(found: re.Match[str]) -> str:
        quote, target = found.group(2)[0], found.group(2)[1:-1]
        if _OPEN in target:
            only = _restored(target.strip(), liquid)
            if _UNTRACKED.fullmatch(only):
                return found.group()
            return f"{found.group(1)}{quote}{{% tracked %}}{target}{{% endtracked %}}{quote}"
        url = unescape(target).strip()
        if not url.lower().startswith(_WEB):
            return found.group()
        if url not in links:
            links.append(url)
        return f"{found.group(1)}{quote}{{% link {links.index(url) + 1} %}}{quote}"

    return _HREF.sub(replace, tag, count=1)


def _parts(html: str) -> tuple[str, str, str]:
    opening = _BODY.search(html)
    if opening is None:
        return _HEAD, html, "</body></html>"
    end = html.lower().rfind("</body")
    end = len(html) if end < opening.end() else end
    return html[: opening.end()], html[opening.end() : end], html[end:]


def _restored(marked: str, liquid: list[str]) -> str:
    return _PLACE.sub(lambda found: liquid[int(found.group(1))], marked)


def _text(marked: str, liquid: list[str]) -> str | None:
    converted = _converted(marked)
    if converted is None or [int(number) for number in _PLACE.findall(converted)] != list(range(len(liquid))):
        return None
    return _restored(converted, liquid)


def _converted(html: str) -> str | None:
    try:
        lines = get_text(html, _LINKS_SHOWN).splitlines()
    except (LxmlError, ValueError):
        return None
    text = "\n".join(line.strip() for line in lines)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"
