"""Liquid as messages may use it: fewer tags and filters than the language has, and limits on what a template may do."""

from typing import Any, ClassVar

from liquid import Environment, FalsyStrictUndefined, Mode
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.exceptions import LiquidValueError

from journey_messages.liquid_filters import date, money
from journey_messages.liquid_tags import LinkTag, TrackedTag, UnsubscribeTag

#: Beyond what Liquid needs inside: tags that only show text, choose or repeat.
TAGS = frozenset(
    {
        "assign", "break", "capture", "case", "comment", "continue", "cycle", "echo", "for", "if", "ifchanged",
        "unless", "unsubscribe_url", "#",
    }
)  # fmt: skip
_INTERNAL_TAGS = frozenset({"content", "output", "illegal"})
_REFUSED_FILTERS = ("safe",)
_LONGEST_RANGE = 10_000


class Missing(FalsyStrictUndefined):
    """A value that is not there: false where it is tested, an error where it is printed or looped over."""

    force_liquid_default = True


class ShortRange(RangeLiteral):
    """A range that stays short: Liquid's own would let a filter build a list of any length."""

    __slots__ = ()

    def _make_range(self, start: Any, stop: Any) -> range:
        made = super()._make_range(start, stop)
        # `len` fails for more than fits a machine word.
        if made.stop - made.start > _LONGEST_RANGE:
            raise LiquidValueError(f"a range is longer than {_LONGEST_RANGE:,}", token=None)
        return made


class _Limited(Environment):
    loop_iteration_limit: ClassVar[int | None] = 10_000
    output_stream_limit: ClassVar[int | None] = 1_000_000
    local_namespace_limit: ClassVar[int | None] = 100_000


def author_environment() -> Environment:
    """What people write is checked with: knows no tag of the compiler's own."""
    environment = _Limited(undefined=Missing, tolerance=Mode.STRICT, strict_filters=True)
    environment.add_tag(UnsubscribeTag)
    for name in list(environment.tags):
        if name not in TAGS and name not in _INTERNAL_TAGS:
            del environment.tags[name]
    for name in _REFUSED_FILTERS:
        del environment.filters[name]
    environment.add_filter("money", money)
    environment.add_filter("date", date)
    return environment


def text_environment() -> Environment:
    """Plain text: nothing is escaped."""
    return author_environment()


def html_environment() -> Environment:
    """HTML: each value is escaped, and links are counted."""
    environment = author_environment()
    environment.autoescape = True
    environment.add_tag(LinkTag)
    environment.add_tag(TrackedTag)
    return environment
