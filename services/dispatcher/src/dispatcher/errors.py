"""What can go wrong in the dispatcher, by what is to be done about it."""

from journey_runtime.errors import Stop


class DispatcherFault(Exception):  # noqa: N818 - the root of this package
    """Something in the dispatcher failed."""


class Unreadable(DispatcherFault):
    """A stored payload cannot be decrypted: its key is not in the key ring, or the row was changed."""


class BadToken(DispatcherFault):
    """A token that we did not sign."""


class Replaced(Stop):
    """Another process has started under our name: its epoch is newer."""

    exit_code = 5


class WrongProviders(Stop):
    """The file of providers cannot be used."""

    exit_code = 2
