"""Stage transitions: what the engine did with a person, for the read side."""

from journey_schemas.records import Moment, Record

TRANSITION_TYPE = "waypost.stage.transition.v1"

#: entered, exited: the journey. stage_entered, stage_left: a visit. passed: a way at a branch or wait. refused: an
#: entry that was not allowed.
#: sent: a send step wrote a command. stuck: parked at a limit.
KINDS = frozenset(
    {"entered", "stage_entered", "stage_left", "passed", "exited", "objective", "refused", "sent", "stuck"}
)


class StageTransition(Record, frozen=True, kw_only=True, omit_defaults=True):
    """One change of one instance.

    `at` is event time, `decided_at` when it was decided; `cause` is a message id, `timer:...` or `release:<n>`.

    `to` names the stage gone to (of `stage_left`), `way` the way taken (of `passed`), `reason` why (of `exited`,
    `refused`, `stuck`).
    `visit` counts the stages an instance has entered, from 1.
    """

    transition_id: str
    kind: str
    profile_id: str
    journey: str
    version: str
    release: int
    at: Moment
    decided_at: Moment
    cause: str
    instance_id: str | None = None
    visit: int = 0
    stage: str | None = None
    to: str | None = None
    step: str | None = None
    way: str | None = None
    reason: str | None = None
    command_id: str | None = None
    message: str | None = None
