"""What can stop the local stack. Each docstring says what the person in front of it can do."""


class LocalStackError(Exception):
    """The local stack cannot go on."""


class NoEngineError(LocalStackError):
    """Neither an address, nor Docker, nor native servers: the message names what to install."""


class NotOursError(LocalStackError):
    """This engine was given by its address: only who started it may stop, kill or pause it."""


class DamagedJarsError(LocalStackError):
    """The jars are not those the checksums name: delete the folder that the message names and start again."""


class ProcessDiedError(LocalStackError):
    """A process ended although nobody asked it to; the message ends with its last lines."""


class NotReadyError(LocalStackError):
    """A process runs but did not become ready in time; the message ends with its last lines."""


class NameTakenError(LocalStackError):
    """A stack of this name is running: end it with `python -m local_stack down`, or choose another name."""
