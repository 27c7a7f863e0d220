"""Steps: the small program that runs while a person is in a stage. A step is a map of its kind and what belongs to it."""

from collections.abc import Iterator
from typing import Annotated, Any, Literal  # Any: constants, and values before they are checked

from pydantic import BeforeValidator, Discriminator, Field, Tag

from journey_schemas.condition import Condition
from journey_schemas.duration import Share
from journey_schemas.times import Time
from journey_schemas.trigger import WaitTrigger
from journey_schemas.written import Many, Written

#: A constant, a path (`$event.total`), or a map that is an aggregate or a condition.
Value = Any

KINDS = ("send", "wait_for", "wait", "branch", "experiment", "update", "emit", "task", "start", "goto", "exit")


class StepBase(Written):
    """Every step may carry a name of its own; without one its path is its id."""

    id: str | None = Field(default=None, pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")


class Send(Written):
    """Which message, with which values, over which channels."""

    message: str
    with_: dict[str, Value] = Field(default_factory=dict, alias="with")
    channels: Many[str] | None = None
    time: str | None = None
    category: str | None = None
    topic: str | None = None
    priority: int | None = Field(default=None, ge=0, le=100)
    quiet: Literal["policy", "hold", "drop", "ignore"] | None = None
    keep: bool = False


class SendStep(StepBase):
    """One message command."""

    send: Annotated[Send, BeforeValidator(lambda value: {"message": value} if isinstance(value, str) else value)]


class WaitStep(StepBase):
    """A pause."""

    wait: Time


class WaitForStep(StepBase):
    """The first trigger wins and runs its own `then`; `up_to` leads to `else`."""

    wait_for: Many[WaitTrigger]
    up_to: Time
    else_: "Many[Step]" = Field(default=(), alias="else")


class Case(Written):
    """One way of a branch."""

    if_: Condition = Field(alias="if")
    then: "Many[Step]"


class BranchStep(StepBase):
    """The first case that holds, or `else`."""

    branch: Many[Case]
    else_: "Many[Step]" = Field(default=(), alias="else")


class Variant(Written):
    """One arm of an experiment."""

    variant: str
    share: Share
    then: "Many[Step]" = ()


class ExperimentStep(StepBase):
    """A stable split of people."""

    experiment: str
    variants: tuple[Variant, ...]
    holdout: Share | None = None
    measure: str | None = None
    mde: Share | None = None
    winner: str | None = None
    choose: Literal["adaptive"] | None = None


class UpdateStep(StepBase):
    """Sets traits."""

    update: dict[str, Value]


class Emit(Written):
    """A new touchpoint about this person."""

    event: str
    properties: dict[str, Value] = Field(default_factory=dict)


class EmitStep(StepBase):
    """Tells the world, and other journeys."""

    emit: Emit


class HumanTask(Written):
    """Work for a person."""

    queue: str
    title: str
    due: Time | None = None
    message: str | None = None
    with_: dict[str, Value] = Field(default_factory=dict, alias="with")
    keep: bool = False


class TaskStep(StepBase):
    """Orders work of a human."""

    task: HumanTask


class Start(Written):
    """Another journey, entered in the same decision."""

    journey: str
    key: Value = None
    with_: dict[str, Value] = Field(default_factory=dict, alias="with")


class StartStep(StepBase):
    """Enters another journey."""

    start: Annotated[Start, BeforeValidator(lambda value: {"journey": value} if isinstance(value, str) else value)]


class GotoStep(StepBase):
    """Changes the stage."""

    goto: str


class ExitStep(StepBase):
    """Leaves the journey, with the reason."""

    exit: str


def _kind(value: Any) -> str | None:
    for kind in KINDS:
        if (kind in value) if isinstance(value, dict) else hasattr(value, kind):
            return f"<{kind}>"
    return None


Step = Annotated[
    Annotated[SendStep, Tag("<send>")]
    | Annotated[WaitForStep, Tag("<wait_for>")]
    | Annotated[WaitStep, Tag("<wait>")]
    | Annotated[BranchStep, Tag("<branch>")]
    | Annotated[ExperimentStep, Tag("<experiment>")]
    | Annotated[UpdateStep, Tag("<update>")]
    | Annotated[EmitStep, Tag("<emit>")]
    | Annotated[TaskStep, Tag("<task>")]
    | Annotated[StartStep, Tag("<start>")]
    | Annotated[GotoStep, Tag("<goto>")]
    | Annotated[ExitStep, Tag("<exit>")],
    Discriminator(
        _kind, custom_error_type="step_kind", custom_error_message=f"a step is one of: {', '.join(sorted(KINDS))}"
    ),
]

for _model in (WaitTrigger, WaitForStep, Case, BranchStep, Variant, ExperimentStep):
    _model.model_rebuild(_types_namespace={"Step": Step, "Many": Many})


def inner_steps(step: Any) -> Iterator[tuple[str, tuple[Any, ...]]]:
    """The lists of steps inside a step, each with the word that leads to it: trigger or case number, variant, else."""
    match step:
        case WaitForStep():
            for number, trigger in enumerate(step.wait_for):
                yield str(number), trigger.then
            yield "else", step.else_
        case BranchStep():
            for number, one in enumerate(step.branch):
                yield str(number), one.then
            yield "else", step.else_
        case ExperimentStep():
            for variant in step.variants:
                yield variant.variant, variant.then
        case _:
            return


def walk_steps(prefix: str, steps: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    """Every step below `prefix` with its id: its own name, or its path (`bought/3/voucher/0`), counted from 0."""
    for number, step in enumerate(steps):
        path = f"{prefix}/{number}"
        yield step.id or path, step
        for word, inner in inner_steps(step):
            yield from walk_steps(f"{path}/{word}", inner)
