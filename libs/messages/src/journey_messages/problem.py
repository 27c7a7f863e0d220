"""What can be wrong with a message, and with the values it is rendered with."""

from collections.abc import Sequence
from dataclasses import dataclass

from liquid.exceptions import LiquidError


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageProblem:
    """One thing that is wrong. `field` is the way inside the channel: `body`, `json.items[0].name`; both may be empty.

    Empty `channel`: it concerns the message as a whole.
    """

    channel: str
    field: str
    message: str

    def __str__(self) -> str:
        place = ".".join(part for part in (self.channel, self.field) if part)
        return f"{place}: {self.message}" if place else self.message


class MessageFault(Exception):  # noqa: N818 - the root of this package
    """Something about a message failed."""


class MessageError(MessageFault):
    """The definition cannot be compiled; `problems` tells all that is wrong."""

    def __init__(self, problems: Sequence[MessageProblem]) -> None:
        super().__init__("; ".join(str(problem) for problem in problems))
        self.problems = tuple(problems)


class MissingVariable(MessageFault):
    """A value that the message requires is not there; `path` names it."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class RenderError(MessageFault):
    """A template failed with the values given; the text holds no value."""


def line_of(error: LiquidError) -> int | None:
    """The line of the template that failed, from 1."""
    token = error.token
    if token is None or token.start_index < 0:
        return None
    return token.source.count("\n", 0, token.start_index) + 1
