"""What can go wrong below a processor, by what is to be done about it."""


class RuntimeFault(Exception):  # noqa: N818 - the root; its kinds say what to do
    """Something below the processor failed."""


class TryAgain(RuntimeFault):
    """Something is away for now: back off and ask again."""


class StoreAway(TryAgain):
    """The store did not answer, or its answer was lost."""


class TransactionFailed(TryAgain):
    """A call of the transactional producer failed: its transaction is over, and so is the producer."""


class StoreFenced(RuntimeFault):
    """A newer owner of the task holds the store: what this one still writes is refused."""


class Stop(RuntimeFault):
    """The process cannot go on; a person has to act. `exit_code` tells the supervisor why."""

    exit_code = 1


class BadSettings(Stop):
    """A setting is missing or wrong."""

    exit_code = 2


class WrongSchema(Stop):
    """The store's format or schema version is not the one this program knows."""

    exit_code = 3


class WrongTopics(Stop):
    """The topics on the broker are not those of the catalogue."""

    exit_code = 4


class PositionsExpired(Stop):
    """States exist but no position is committed: run `positions --from-state`."""

    exit_code = 4


class PositionBelowLogStart(Stop):
    """Retention removed records that were never read: read what is missing, then run `positions --to-start`."""

    exit_code = 4


class PositionAboveLogEnd(Stop):
    """The committed position is beyond the end of the log: the topic was re-created."""

    exit_code = 4


class OffsetsDisagree(Stop):
    """The store and the committed positions contradict each other."""

    exit_code = 4


class TwoOwners(Stop):
    """Fenced three times within 60 s: somebody else owns the same task."""

    exit_code = 5


class TooManyDeadLetters(Stop):
    """So many records could not be used that a fault of ours is likelier than theirs."""

    exit_code = 6
