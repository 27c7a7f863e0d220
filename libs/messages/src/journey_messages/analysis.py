"""What a template reads: its paths, and whether each printed one has an answer for the case that it is missing."""

from collections.abc import Iterator, Set
from dataclasses import dataclass, field

from liquid import BoundTemplate, Node, RenderContext
from liquid.ast import ConditionalBlockNode
from liquid.builtin.expressions import FilteredExpression, LoopExpression, Path
from liquid.builtin.expressions.primitive import RangeLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.case_tag import CaseNode
from liquid.builtin.tags.echo_tag import EchoNode
from liquid.builtin.tags.for_tag import ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from journey_messages.liquid_environment import ShortRange

ROOTS = ("profile", "event", "vars")
#: Words that ask something of a list or text; the value itself stands in front of them.
_PROPERTIES = frozenset({"size", "first", "last"})


@dataclass(slots=True, kw_only=True)
class Analysis:
    """`paths`: all below the roots, as `profile.first_name`. `faults`: what is wrong, in words."""

    paths: set[str] = field(default_factory=set)
    faults: list[str] = field(default_factory=list)


def analyse(template: BoundTemplate, answered: Set[str]) -> Analysis:
    """Read a parsed template, and bound its ranges on the way.

    `answered` holds the paths for which `fallbacks` or `required` say what happens when the value is missing.
    """
    found = Analysis()
    walk = _Walk(found, answered, RenderContext(template))
    walk.nodes(template.nodes, frozenset(), frozenset())
    return found


class _Walk:
    """`names`: assigned or loop variables in reach; `tested`: paths that an enclosing `if` asks for."""

    def __init__(self, found: Analysis, answered: Set[str], context: RenderContext) -> None:
        self._found = found
        self._answered = answered
        self._context = context
        self._assigned: set[str] = set()

    def nodes(self, nodes: Iterator[Node] | list[Node], names: frozenset[str], tested: frozenset[str]) -> None:
        for node in nodes:
            self._node(node, names, tested)

    def _node(self, node: Node, names: frozenset[str], tested: frozenset[str]) -> None:
        for expression in node.expressions():
            for part in _parts(expression):
                if isinstance(part, RangeLiteral):
                    part.__class__ = ShortRange
                elif isinstance(part, Path):
                    self._path(part, names)
                elif isinstance(part, FilteredExpression):
                    self._filters(part)
        if isinstance(node, OutputNode | EchoNode | AssignNode):
            self._printed(node.expression, names)
        elif isinstance(node, ForNode):
            self._looped(node.expression, names, tested)
        elif isinstance(node, IfNode | UnlessNode | CaseNode | ConditionalBlockNode):
            tested |= {
                text
                for expression in node.expressions()
                for part in _parts(expression)
                if isinstance(part, Path) and (text := _text(part)) is not None
            }
        self._assigned.update(str(name) for name in node.template_scope())
        inner = names | {str(name) for name in node.block_scope()}
        self.nodes(list(node.children(self._context)), inner, tested)

    def _filters(self, expression: FilteredExpression) -> None:
        for one in expression.filters or ():
            if one.name not in self._context.env.filters:
                line = one.token.source.count("\n", 0, one.token.start_index) + 1
                self._fault(f"unknown filter '{one.name}' (line {line})")

    def _path(self, path: Path, names: frozenset[str]) -> None:
        root = str(path.head())
        if root in names or root in self._assigned:
            return
        if root not in ROOTS:
            self._fault(f'unknown value "{path}": values begin with profile, event or vars')
        elif any(isinstance(segment, Path) for segment in path.path):
            self._fault(f'"{path}": which value is meant must stand in the template, not in another value')
        else:
            text = _text(path)
            if text is None:
                self._fault(f'"{path}" is a whole root: name the value inside, as {root}.something')
            else:
                self._found.paths.add(text)

    def _printed(self, expression: Expression, names: frozenset[str]) -> None:
        if not isinstance(expression, FilteredExpression) or not isinstance(expression.left, Path):
            return
        filters = [one.name for one in expression.filters or ()]
        if filters[:1] == ["default"]:
            return
        path = expression.left
        root = str(path.head())
        if root in names or root in self._assigned:
            if len(path.path) == 1 or root == "forloop":
                return
        elif root not in ROOTS or _text(path) is None or _text(path) in self._answered:
            return
        self._fault(
            f'"{path}" may be missing: let `default` be its first filter, or list it under `fallbacks` or `required`'
        )

    def _looped(self, expression: Expression, names: frozenset[str], tested: frozenset[str]) -> None:
        assert isinstance(expression, LoopExpression)
        iterable = expression.iterable
        if not isinstance(iterable, Path) or str(iterable.head()) not in ROOTS:
            return
        text = _text(iterable)
        if text is not None and text not in self._answered and text not in tested:
            self._fault(f'"{iterable}" may be missing: loop inside an `if` on it, or list it under `required`')

    def _fault(self, text: str) -> None:
        if text not in self._found.faults:
            self._found.faults.append(text)


def _parts(expression: Expression) -> Iterator[Expression]:
    yield expression
    for child in expression.children():
        yield from _parts(child)


def _text(path: Path) -> str | None:
    """The path as commands carry it: up to the first index or question; None for a whole root."""
    kept: list[str] = []
    for segment in path.path:
        if not isinstance(segment, str) or (kept and segment in _PROPERTIES):
            break
        kept.append(segment)
    return ".".join(kept) if len(kept) > 1 else None
