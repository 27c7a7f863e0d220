"""What became of a command, one row per command and outcome; that it was given is the outcome `commanded`."""

from dataclasses import dataclass
from datetime import datetime

from metrics.domain.cell import MessageCell, day_of

COMMANDED = "commanded"
#: Openings and clicks that a machine made (a mail proxy, a virus scanner) are kept, and counted apart.
MACHINE = "machine_"


@dataclass(frozen=True, slots=True, kw_only=True, order=True)
class Outcome:
    """The first time wins. `command_id` is that of the record itself where no command caused it."""

    at: datetime
    command_id: str
    outcome: str
    profile_id: str
    journey: str = ""
    version: str = ""
    instance_id: str = ""
    visit: int = 0
    stage: str = ""
    step: str = ""
    message: str = ""
    channel: str = ""
    reason: str = ""
    explanation: str = "[]"

    @property
    def key(self) -> tuple[str, str]:
        """What makes two rows the same."""
        return (self.command_id, self.outcome)

    def fold(self, other: "Outcome") -> "Outcome":
        """The earlier one; equal times are decided by the other fields, so that the order of reading does not."""
        return min(self, other)

    def cells(self) -> list[MessageCell]:
        """One."""
        return [
            MessageCell(
                self.journey, self.stage, self.message, day_of(self.at), self.channel, self.outcome, self.reason
            )
        ]
