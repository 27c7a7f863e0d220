"""Our own tags: the way out of a topic, and the links that the compiler numbers.

What a tag prints comes with the values of the rendering, under a name no author can write.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape, unescape
from typing import Any, TextIO  # Any: Liquid leaves its token values untyped

from liquid import BlockNode, Node, RenderContext, Tag, Token, TokenStream
from liquid.expression import Expression
from liquid.parser import get_parser
from liquid.token import TOKEN_EXPRESSION, TOKEN_TAG

#: Where the addresses stand among the values of a rendering. Not a word of Liquid, so out of every author's reach.
ADDRESSES = "\ue000"

_PLAIN = ("mailto:", "tel:", "#")


@dataclass(slots=True, kw_only=True)
class Addresses:
    """What the tags of one rendering print. `dynamic` collects the targets that became known, by link number."""

    unsubscribe_url: str
    link_url: Callable[[int], str]
    first_dynamic: int
    dynamic: dict[int, str] = field(default_factory=dict)

    def tracked(self, target: str) -> str:
        """The address that counts a click and leads to `target`; what is no web address is passed or cut off."""
        target = target.strip()
        if not target.lower().startswith(("http://", "https://")):
            return target if target.lower().startswith(_PLAIN) else "#"
        for number, known in self.dynamic.items():
            if known == target:
                return self.link_url(number)
        number = self.first_dynamic + len(self.dynamic)
        self.dynamic[number] = target
        return self.link_url(number)


def _addresses(context: RenderContext) -> Addresses:
    found: Any = context.globals[ADDRESSES]
    assert isinstance(found, Addresses)
    return found


class _UnsubscribeNode(Node):
    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Print the address."""
        url = _addresses(context).unsubscribe_url
        return buffer.write(escape(url) if context.autoescape else url)


class UnsubscribeTag(Tag):
    """`{% unsubscribe_url %}`: the page on which one click ends the topic."""

    name = "unsubscribe_url"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """Take no argument."""
        node = _UnsubscribeNode(stream.expect(TOKEN_TAG))
        node.blank = False
        return node


class _LinkNode(Node):
    def __init__(self, token: Token, number: int) -> None:
        super().__init__(token)
        self.number = number
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Print the counting address of a static link."""
        return buffer.write(escape(_addresses(context).link_url(self.number)))


class LinkTag(Tag):
    """`{% link 3 %}`, written by the compiler in place of the third static target."""

    name = "link"
    block = False

    def parse(self, stream: TokenStream) -> Node:
        """Take the number."""
        token = stream.eat(TOKEN_TAG)
        number = stream.expect(TOKEN_EXPRESSION)
        return _LinkNode(token, int(number.value))


class _TrackedNode(Node):
    def __init__(self, token: Token, block: BlockNode) -> None:
        super().__init__(token)
        self.block = block
        self.blank = False

    def render_to_output(self, context: RenderContext, buffer: TextIO) -> int:
        """Find out where the link leads and print the address that counts it."""
        target = context.get_buffer(buffer)
        self.block.render(context, target)
        return buffer.write(escape(_addresses(context).tracked(unescape(target.getvalue()))))

    def children(self, static_context: RenderContext, *, include_partials: bool = True) -> Iterable[Node]:
        """What stands between the two tags."""
        return [self.block]

    def expressions(self) -> Iterable[Expression]:
        """None of its own."""
        return []


class TrackedTag(Tag):
    """`{% tracked %}...{% endtracked %}`, put by the compiler around a target that holds Liquid."""

    name = "tracked"
    end = "endtracked"

    def parse(self, stream: TokenStream) -> Node:
        """Take everything up to the end tag."""
        token = stream.eat(TOKEN_TAG)
        block = get_parser(self.env).parse_block(stream, ("endtracked",))
        stream.expect(TOKEN_TAG, value="endtracked")
        return _TrackedNode(token, block)
