"""What can go wrong in identity, by what is to be done about it."""

from journey_runtime.errors import Stop


class IdentityFault(Exception):  # noqa: N818 - the root of this package
    """Something in identity failed."""


class Unreadable(IdentityFault):
    """A stored value cannot be decrypted: its key is not in the key ring, or the row was changed."""


class OtherNamespace(Stop):
    """The graph was made under another namespace UUID or lookup key: the settings belong to another installation."""

    exit_code = 2
