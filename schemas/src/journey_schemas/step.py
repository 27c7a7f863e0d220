"""Steps: the small program that runs while a person is in a stage; each a map of its kind and what belongs to it."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, StrictBool, Tag, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.condition import Channels, Condition
from journey_schemas.given import Given, Givens
from journey_schemas.share import Share
from journey_schemas.times import Clock, Time
from journey_schemas.trigger import NamedTrigger
from journey_schemas.written import Name, Words, Written, as_many


class StepBase(Written):
    """What every step may carry: an `id` of its own, stable when steps move."""

    id: Name | None = None


class Send(Written):
    """One message command. `with` fills `vars`; `channels` is an order of preference."""

    message: Name
    with_: Givens = Field(default_factory=dict)
    channels: Channels | None = None
    time: Clock | Literal["best_hour"] | None = None
    category: Name | None = None
    topic: Name | None = None
    priority: Annotated[int, Field(strict=True, ge=0, le=100)] | None = None
    quiet: Literal["policy", "hold", "drop", "ignore"] | None = None
    quiet_reason: Words | None = None
    keep: StrictBool = False


def _as_send(written: Any) -> Any:  # whatever was written; the model checks it
    return {"message": written} if isinstance(written, str) else written


class SendStep(StepBase):
    """`send: message`."""

    send: Annotated[Send, BeforeValidator(_as_send, json_schema_input_type=Send | Name)]


class WaitStep(StepBase):
    """`wait: time`: pause."""

    wait: Time


class WaitTrigger(NamedTrigger):
    """One trigger of a `wait_for`, with the steps that run when it wins."""

    then: "Steps" = ()

    @model_validator(mode="after")
    def _refuse_schedule(self) -> Self:
        if self.schedule is not None:
            raise PydanticCustomError("trigger", "`schedule` belongs to `enter` only", {"key": "schedule"})
        return self


class WaitForStep(StepBase):
    """The first trigger wins and runs its own `then`; `up_to` leads to `else`."""

    wait_for: Annotated[
        tuple[WaitTrigger, ...],
        Field(min_length=1),
        BeforeValidator(as_many, json_schema_input_type=WaitTrigger | tuple[WaitTrigger, ...]),
    ]
    up_to: Time
    else_: "Steps" = ()


class Case(Written):
    """One way of a `branch`."""

    if_: Condition
    then: "Steps"


class BranchStep(StepBase):
    """The first way whose condition holds, else `else`."""

    branch: Annotated[
        tuple[Case, ...], Field(min_length=1), BeforeValidator(as_many, json_schema_input_type=Case | tuple[Case, ...])
    ]
    else_: "Steps" = ()


class Variant(Written):
    """One arm of an experiment."""

    variant: Name
    share: Share
    then: "Steps"


class ExperimentStep(StepBase):
    """A stable split of people by hash of (experiment, profile)."""

    experiment: Name
    variants: Annotated[
        tuple[Variant, ...],
        Field(min_length=1),
        BeforeValidator(as_many, json_schema_input_type=Variant | tuple[Variant, ...]),
    ]
    holdout: Share | None = None
    measure: Name | None = None
    mde: Share | None = None
    winner: Name | None = None
    choose: Literal["adaptive"] | None = None


class UpdateStep(StepBase):
    """Sets traits."""

    update: Givens


class Emit(Written):
    """A new touchpoint about this person."""

    event: Words
    properties: Givens = Field(default_factory=dict)


class EmitStep(StepBase):
    """`emit: {event, properties}`."""

    emit: Emit


class HumanTask(Written):
    """Work for a human; `message` with `with` is the script."""

    queue: Name
    title: Words
    due: Time | None = None
    message: Name | None = None
    with_: Givens = Field(default_factory=dict)
    keep: StrictBool = False


class TaskStep(StepBase):
    """`task: {queue, title, due, message, with}`."""

    task: HumanTask


class Start(Written):
    """Which journey to enter, under which key, with which `$entry`."""

    journey: Name
    key: Given | None = None
    with_: Givens = Field(default_factory=dict)


def _as_start(written: Any) -> Any:  # whatever was written; the model checks it
    return {"journey": written} if isinstance(written, str) else written


class StartStep(StepBase):
    """`start: journey`: enters it in the same decision."""

    start: Annotated[Start, BeforeValidator(_as_start, json_schema_input_type=Start | Name)]


class GotoStep(StepBase):
    """`goto: stage`."""

    goto: Name


class ExitStep(StepBase):
    """`exit: reason`: leave the journey."""

    exit: Words


KINDS: dict[str, type[StepBase]] = {
    "send": SendStep,
    "wait": WaitStep,
    "wait_for": WaitForStep,
    "branch": BranchStep,
    "experiment": ExperimentStep,
    "update": UpdateStep,
    "emit": EmitStep,
    "task": TaskStep,
    "start": StartStep,
    "goto": GotoStep,
    "exit": ExitStep,
}


def _kind(written: Any) -> str | None:  # whatever was written
    if isinstance(written, StepBase):
        return next((f"<{kind}>" for kind, model in KINDS.items() if type(written) is model), None)
    if not isinstance(written, dict):
        return None
    return next((f"<{kind}>" for kind in KINDS if kind in written), None)


def _as_step(written: Any) -> Any:  # whatever was written; the model of its kind checks the rest
    if isinstance(written, dict):
        found = [kind for kind in written if kind in KINDS]
        if len(found) > 1:
            text = "a step is one thing, here are two: `{a}` and `{key}`"
            raise PydanticCustomError("step", text, {"a": found[0], "key": found[1]})
        if not found and len(written) == 1:
            (key,) = written
            raise PydanticCustomError("step_kind", "unknown step `{key}`", {"key": str(key), "known": tuple(KINDS)})
    if _kind(written) is None:
        raise PydanticCustomError("step", "a step is a map with one of {kinds}", {"kinds": ", ".join(KINDS)})
    return written


Step: TypeAlias = Annotated[
    Annotated[SendStep, Tag("<send>")]
    | Annotated[WaitStep, Tag("<wait>")]
    | Annotated[WaitForStep, Tag("<wait_for>")]
    | Annotated[BranchStep, Tag("<branch>")]
    | Annotated[ExperimentStep, Tag("<experiment>")]
    | Annotated[UpdateStep, Tag("<update>")]
    | Annotated[EmitStep, Tag("<emit>")]
    | Annotated[TaskStep, Tag("<task>")]
    | Annotated[StartStep, Tag("<start>")]
    | Annotated[GotoStep, Tag("<goto>")]
    | Annotated[ExitStep, Tag("<exit>")],
    Discriminator(_kind),
    BeforeValidator(_as_step),
]
Steps = Annotated[tuple[Step, ...], BeforeValidator(as_many, json_schema_input_type=Step | tuple[Step, ...])]

#: The union itself, for `match` and annotations.
AnyStep: TypeAlias = (
    SendStep
    | WaitStep
    | WaitForStep
    | BranchStep
    | ExperimentStep
    | UpdateStep
    | EmitStep
    | TaskStep
    | StartStep
    | GotoStep
    | ExitStep
)

for _model in (WaitTrigger, WaitForStep, Case, BranchStep, Variant, ExperimentStep):
    _model.model_rebuild()


def inner_steps(step: AnyStep) -> Iterator[tuple[str, tuple[AnyStep, ...], tuple[str | int, ...]]]:
    """The lists of steps inside a step: the way that leads there (trigger or case number, variant, `else`), the
    steps, and where they stand below the step.
    """
    match step:
        case WaitForStep():
            for number, trigger in enumerate(step.wait_for):
                yield str(number), trigger.then, ("wait_for", number, "then")
            yield "else", step.else_, ("else",)
        case BranchStep():
            for number, one in enumerate(step.branch):
                yield str(number), one.then, ("branch", number, "then")
            yield "else", step.else_, ("else",)
        case ExperimentStep():
            for number, variant in enumerate(step.variants):
                yield variant.variant, variant.then, ("variants", number, "then")
        case _:
            return


def walk_steps(prefix: str, steps: tuple[AnyStep, ...]) -> Iterator[tuple[str, AnyStep]]:
    """Every step below `prefix` with its id: its own name, or its path (`bought/3/voucher/0`), counted from 0."""
    for number, step in enumerate(steps):
        path = f"{prefix}/{number}"
        yield step.id or path, step
        for way, inner, _ in inner_steps(step):
            yield from walk_steps(f"{path}/{way}", inner)
