"""What can go wrong in the stage-engine, by what is to be done about it."""

from journey_runtime.errors import Stop


class StageEngineFault(Exception):  # noqa: N818 - the root of this package
    """Something in the stage-engine failed."""


class ForeignStore(Stop):
    """The local folder belongs to another task or service: point WAYPOST_STAGE_ENGINE_DATA at this one's own."""

    exit_code = 2


class NewerStore(Stop):
    """The local folder was written by a newer release of Waypost: start that release, or remove the folder."""

    exit_code = 3


class StoreDamaged(StageEngineFault):
    """The local copy does not fit its changelog; it is removed and rebuilt."""


class PublishRefused(StageEngineFault):
    """A release that cannot be run. `problems` are `{code, message, definition}`, all of them at once."""

    def __init__(self, problems: list[dict[str, str]]) -> None:
        super().__init__(f"{len(problems)} problems")
        self.problems = problems
