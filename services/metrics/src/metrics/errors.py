"""What can go wrong in metrics, by what is to be done about it."""

from journey_runtime.errors import RuntimeFault, TryAgain


class Raced(TryAgain):
    """Another process wrote the same new row meanwhile: count the batch again."""


class Replaced(RuntimeFault):
    """Another process has taken a partition over: nothing more may be counted from it here."""


class UnknownJourney(LookupError):  # noqa: N818 - says what happened
    """No journey of this name is published or was ever counted."""


class UnknownProfile(LookupError):  # noqa: N818 - says what happened
    """No profile has this id."""
