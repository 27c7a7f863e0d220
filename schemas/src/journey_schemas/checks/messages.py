"""Messages: categories, topics and senders that the policy knows, bodies for the channels they may use."""

from collections.abc import Iterator

from journey_schemas.journey import Journey
from journey_schemas.message import Message
from journey_schemas.policy import BUILT_IN_CATEGORIES
from journey_schemas.problem import Problem, did_you_mean
from journey_schemas.project import POLICY_FILE, Origin, Project
from journey_schemas.step import SendStep
from journey_schemas.walk import walk
from journey_schemas.yaml_source import Loc


def wrong_message(project: Project, message: Message, origin: Origin) -> Iterator[Problem]:
    """All that is wrong with what a message names."""
    yield from _named(project, origin, ("category",), "category", message.category)
    yield from _named(project, origin, ("topic",), "topic", message.topic)
    email = message.channels.email
    if email is not None:
        yield from _named(project, origin, ("channels", "email", "from"), "sender", email.from_)


def wrong_sends(project: Project, journey: Journey, origin: Origin) -> Iterator[Problem]:
    """Sends whose message has no body for the channels they name, or whose category or topic nobody knows."""
    for placed in walk(journey):
        if not isinstance(placed.step, SendStep):
            continue
        send, loc = placed.step.send, (*placed.loc, "send")
        yield from _named(project, origin, (*loc, "category"), "category", send.category)
        yield from _named(project, origin, (*loc, "topic"), "topic", send.topic)
        message = project.messages.get(send.message)
        if message is None or send.channels is None:
            continue
        bodies = set(message.channels.names())
        missing = [channel for channel in send.channels if channel not in bodies]
        for channel in missing:
            text = f'the message "{send.message}" has no body for {channel}'
            place = (*loc, "channels", send.channels.index(channel))
            severity = "error" if len(missing) == len(send.channels) else "warning"
            yield origin.problem(place, "no_body", text, severity=severity)


def _named(project: Project, origin: Origin, loc: Loc, kind: str, name: str | None) -> Iterator[Problem]:
    known = {
        "category": {*BUILT_IN_CATEGORIES, *project.policy.categories},
        "topic": project.known("topic"),
        "sender": set(project.policy.senders.email),
    }[kind]
    if name is not None and name not in known:
        hint = did_you_mean(name, known, POLICY_FILE) or f"list it in {POLICY_FILE}"
        yield origin.problem(loc, f"unknown_{kind}", f'unknown {kind} "{name}"', suggestion=hint)
