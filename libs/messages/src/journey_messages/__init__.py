"""Messages: compiled when they are published, rendered when they are sent. Pure: no I/O, no clock."""

from journey_messages.compiled import CompiledMessage
from journey_messages.compiler import compile  # noqa: A004 - what it is called everywhere
from journey_messages.problem import MessageError, MessageFault, MessageProblem, MissingVariable, RenderError
from journey_messages.render import RenderedEmail, RenderedWebhook, render

__all__ = [
    "CompiledMessage", "MessageError", "MessageFault", "MessageProblem", "MissingVariable", "RenderError",
    "RenderedEmail", "RenderedWebhook", "compile", "render",
]  # fmt: skip
