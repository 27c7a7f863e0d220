"""What the engine and the dispatcher cannot run yet. It is refused by name, never passed over in silence."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pydantic import BaseModel

from journey_schemas.aggregate import Aggregate, Did
from journey_schemas.comparison import Comparison
from journey_schemas.condition import ConditionForms
from journey_schemas.journey import Journey
from journey_schemas.message import Message
from journey_schemas.path import is_path, parse
from journey_schemas.policy import Policy
from journey_schemas.problem import Problem, in_order
from journey_schemas.project import Project
from journey_schemas.references import parts
from journey_schemas.step import (
    EmitStep,
    ExperimentStep,
    Send,
    SendStep,
    StartStep,
    TaskStep,
    UpdateStep,
    WaitTrigger,
)
from journey_schemas.times import TimeFields
from journey_schemas.trigger import EnterTrigger, ExitTrigger, Objective, Trigger
from journey_schemas.what import What
from journey_schemas.yaml_source import Loc

_CONDITIONS = frozenset(
    {"all", "any", "not_", "always", "profile", "event", "entry", "did", "did_not", "segment", "inside"}
)
_STATUS = ("live", "closed")
_CHANNELS = ("email", "webhook")
_JOURNEY_KEYS = ("key", "max_per", "holdout", "rollout", "migrate")
_TIME_KEYS = ("date", "time", "days", "zone")
_SEND_KEYS = ("time", "category", "topic", "priority", "quiet", "quiet_reason")
_POLICY_KEYS = ("categories", "caps", "quiet_hours", "calling_windows", "soft_bounces", "reply_text")


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A construct that is not supported yet, and the way to it; `key`: it is this key of what stands there."""

    construct: str
    loc: Loc
    key: str | None = None

    @property
    def message(self) -> str:
        """In words."""
        return f"{self.construct} is not supported yet"


def problems(project: Project) -> list[Problem]:
    """All gaps of a project, with their places."""
    found: list[Problem] = []
    models: list[tuple[str, str, BaseModel]] = [
        *(("journey", name, journey) for name, journey in project.journeys.items()),
        *(("segment", name, condition) for name, condition in project.segments.items()),
        *(("trait", name, aggregate) for name, aggregate in project.traits.items()),
        *(("message", name, message) for name, message in project.messages.items()),
    ]
    if ("policy", "company") in project.origins:
        models.append(("policy", "company", project.policy))
    for kind, name, model in models:
        origin = project.origins[kind, name]
        for gap in gaps(model):
            found.append(origin.problem(gap.loc, "not_supported", gap.message, key=gap.key))
    return in_order(found)


def gaps(model: BaseModel) -> Iterator[Gap]:
    """All constructs of one definition that cannot be run yet."""
    match model:
        case Message():
            yield from _message(model)
        case Policy():
            yield from _policy(model)
        case Aggregate():
            yield Gap(construct="a computed trait", loc=())
        case _:
            for part, loc in parts(model):
                yield from _part(part, loc)


def _part(part: BaseModel, loc: Loc) -> Iterator[Gap]:
    """The gaps of one part itself, not of the parts inside it."""
    if isinstance(part, Journey):
        yield from _journey(part)
    if isinstance(part, What) and part.task is not None:
        yield Gap(construct="`task` as a trigger or in a condition", loc=loc, key="task")
    if isinstance(part, Trigger):
        yield from _trigger(part, loc)
    elif isinstance(part, TimeFields):
        yield from _time(part, loc)
    match part:
        case ConditionForms():
            for form in sorted(part.model_fields_set - _CONDITIONS):
                yield Gap(construct=f"the condition `{form}`", loc=loc, key=form)
        case Did() if part.since not in (None, "entry", "stage"):
            yield Gap(construct="`since` with a date", loc=loc, key="since")
        case Comparison():
            yield from _comparison(part, loc)
        case ExperimentStep() | EmitStep() | TaskStep() | StartStep():
            kind = next(key for key in ("experiment", "emit", "task", "start") if hasattr(part, key))
            yield Gap(construct=f"the step `{kind}`", loc=loc, key=kind)
        case SendStep():
            yield from _send(part.send, (*loc, "send"))
        case UpdateStep():
            yield from _values(part.update, (*loc, "update"))
        case _:
            pass


def _journey(journey: Journey) -> Iterator[Gap]:
    for key in _JOURNEY_KEYS:
        if getattr(journey, key) is not None:
            yield Gap(construct=f"`{key}`", loc=(), key=key)
    if journey.status not in _STATUS:
        yield Gap(construct=f"`status: {journey.status}`", loc=("status",))
    if journey.on_merge != "furthest":
        yield Gap(construct=f"`on_merge: {journey.on_merge}`", loc=("on_merge",))
    if journey.historical:
        yield Gap(construct="`historical`", loc=(), key="historical")


def _trigger(trigger: Trigger, loc: Loc) -> Iterator[Gap]:
    if trigger.schedule is not None:
        yield Gap(construct="`schedule`", loc=loc, key="schedule")
        return
    match trigger:
        case EnterTrigger():
            for key, is_used in (
                ("max_age", trigger.max_age is not None),
                ("each", trigger.each is not None),
                ("existing", trigger.existing),
            ):
                if is_used:
                    yield Gap(construct=f"`{key}`", loc=loc, key=key)
            if trigger.message is not None:
                yield Gap(construct="entry by feedback on a message", loc=loc, key="message")
            if trigger.is_time:
                yield Gap(construct="entry by a time", loc=loc)
        case ExitTrigger():
            yield from _time(trigger, loc)
            if trigger.is_time and trigger.if_ is not None:
                yield Gap(construct="`if` beside a time", loc=loc, key="if")
        case Objective() | WaitTrigger() if trigger.is_time:
            name = "an objective" if isinstance(trigger, Objective) else "a trigger of `wait_for`"
            yield Gap(construct=f"a time as {name}", loc=loc)
        case _:
            pass


def _time(time: TimeFields, loc: Loc) -> Iterator[Gap]:
    for key in _TIME_KEYS:
        if getattr(time, key) is not None:
            yield Gap(construct=f"`{key}` in a time", loc=loc, key=key)


def _comparison(comparison: Comparison, loc: Loc) -> Iterator[Gap]:
    for key in ("within_last", "within_next"):
        if getattr(comparison, key) is not None:
            yield Gap(construct=f"the comparison `{key}`", loc=loc, key=key)
    for operand in comparison.operands():
        yield from _path(operand, loc)


def _path(value: object, loc: Loc) -> Iterator[Gap]:
    if not is_path(value):
        return
    path = parse(str(value))
    if path.root == "item" or value == "$instance.key":
        yield Gap(construct=f"the path {value}", loc=loc)


def _send(send: Send, loc: Loc) -> Iterator[Gap]:
    for key in _SEND_KEYS:
        if getattr(send, key) is not None:
            yield Gap(construct=f"`{key}` of a send", loc=loc, key=key)
    if send.keep:
        yield Gap(construct="`keep` of a send", loc=loc, key="keep")
    for number, channel in enumerate(send.channels or ()):
        if channel not in _CHANNELS:
            yield Gap(construct=f"the channel {channel}", loc=(*loc, "channels", number))
    yield from _values(send.with_, (*loc, "with"))


def _values(values: Mapping[str, object], loc: Loc) -> Iterator[Gap]:
    for name, value in values.items():
        if isinstance(value, BaseModel | tuple):
            is_aggregate, is_condition = isinstance(value, Aggregate), isinstance(value, ConditionForms)
            words = "an aggregate" if is_aggregate else "a condition" if is_condition else "a list"
            yield Gap(construct=f"{words} as a value", loc=(*loc, name))
        else:
            yield from _path(value, (*loc, name))


def _message(message: Message) -> Iterator[Gap]:
    for channel in message.channels.names():
        if channel not in _CHANNELS:
            yield Gap(construct=f"the channel {channel}", loc=("channels",), key=channel)


def _policy(policy: Policy) -> Iterator[Gap]:
    for key in _POLICY_KEYS:
        if getattr(policy, key):
            yield Gap(construct=f"`{key}`", loc=(), key=key)
    if policy.global_holdout.percent > 0:
        yield Gap(construct="`global_holdout`", loc=(), key="global_holdout")
    for name, topic in policy.topics.items():
        if topic.consent == "double_opt_in":
            yield Gap(construct="`double_opt_in`", loc=("topics", name, "consent"))
