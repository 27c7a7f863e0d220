"""Steps: the small program that runs while a person is in a stage; each a map of its kind and what belongs to it."""

from typing import Annotated, Any, Literal, Self, TypeAlias

from pydantic import BeforeValidator, Discriminator, Field, Tag, model_validator
from pydantic_core import PydanticCustomError

from journey_schemas.condition import Channels, If
from journey_schemas.given import Given, Givens
from journey_schemas.share import Share
from journey_schemas.times import Clock, When
from journey_schemas.trigger import Trigger
from journey_schemas.written import Name, Words, Written, as_many


class StepFields(Written):
    """What every step may carry: an `id` of its own, stable when steps move."""

    id: Name | None = None


class Send(Written):
    """One message command. `with` fills `vars`; `channels` is an order of preference."""

    message: Name
    with_: Givens | None = None
    channels: Channels | None = None
    time: Clock | Literal["best_hour"] | None = None
    category: Name | None = None
    topic: Name | None = None
    priority: Annotated[int, Field(ge=0, le=100)] | None = None
    quiet: Literal["policy", "hold", "drop", "ignore"] | None = None
    quiet_reason: Words | None = None
    keep: bool = False


def _as_send(written: Any) -> Any:  # whatever was written; the model checks it
    return {"message": written} if isinstance(written, str) else written


class SendStep(StepFields):
    """`send: message`."""

    send: Annotated[Send, BeforeValidator(_as_send, json_schema_input_type=Send | Name)]


class WaitStep(StepFields):
    """`wait: time`: pause."""

    wait: When


class Awaited(Trigger):
    """One trigger of a `wait_for`, with the steps that run when it wins."""

    then: "Steps" = ()

    @model_validator(mode="after")
    def _refuse_schedule(self) -> Self:
        if self.schedule is not None:
            raise PydanticCustomError("trigger", "`schedule` belongs to `enter` only", {"key": "schedule"})
        return self


class WaitForStep(StepFields):
    """The first trigger wins and runs its own `then`; `up_to` leads to `else`."""

    wait_for: Annotated[
        tuple[Awaited, ...],
        Field(min_length=1),
        BeforeValidator(as_many, json_schema_input_type=Awaited | tuple[Awaited, ...]),
    ]
    up_to: When
    else_: "Steps" = ()


class Way(Written):
    """One way of a `branch`."""

    if_: If
    then: "Steps"


class BranchStep(StepFields):
    """The first way whose condition holds, else `else`."""

    branch: Annotated[
        tuple[Way, ...], Field(min_length=1), BeforeValidator(as_many, json_schema_input_type=Way | tuple[Way, ...])
    ]
    else_: "Steps" = ()


class Variant(Written):
    """One arm of an experiment."""

    variant: Name
    share: Share
    then: "Steps"


class ExperimentStep(StepFields):
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


class UpdateStep(StepFields):
    """Sets traits."""

    update: Givens


class Emit(Written):
    """A new touchpoint about this person."""

    event: Words
    properties: Givens | None = None


class EmitStep(StepFields):
    """`emit: {event, properties}`."""

    emit: Emit


class HumanTask(Written):
    """Work for a human; `message` with `with` is the script."""

    queue: Name
    title: Words
    due: When | None = None
    message: Name | None = None
    with_: Givens | None = None
    keep: bool = False


class TaskStep(StepFields):
    """`task: {queue, title, due, message, with}`."""

    task: HumanTask


class Start(Written):
    """Which journey to enter, under which key, with which `$entry`."""

    journey: Name
    key: Given | None = None
    with_: Givens | None = None


def _as_start(written: Any) -> Any:  # whatever was written; the model checks it
    return {"journey": written} if isinstance(written, str) else written


class StartStep(StepFields):
    """`start: journey`: enters it in the same decision."""

    start: Annotated[Start, BeforeValidator(_as_start, json_schema_input_type=Start | Name)]


class GotoStep(StepFields):
    """`goto: stage`."""

    goto: Name


class ExitStep(StepFields):
    """`exit: reason`: leave the journey."""

    exit: Words


KINDS: dict[str, type[StepFields]] = {
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
    if isinstance(written, StepFields):
        return next((f"<{kind}>" for kind, model in KINDS.items() if type(written) is model), None)
    if not isinstance(written, dict):
        return None
    return next((f"<{kind}>" for kind in KINDS if kind in written), None)


def _check_kind(written: Any) -> Any:  # whatever was written; the model of its kind checks the rest
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
    BeforeValidator(_check_kind),
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

for _model in (Awaited, WaitForStep, Way, BranchStep, Variant, ExperimentStep):
    _model.model_rebuild()
