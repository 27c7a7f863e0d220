"""Ids of the contract: what they are made of, so that a repeated cause gives the same id wherever it is computed.

Never made of topic, partition or offset: the same touchpoint may come back at another place and must lead to the same
command.
"""

from typing import NewType
from uuid import UUID, uuid5

ProfileId = NewType("ProfileId", str)
InstanceId = NewType("InstanceId", str)
CommandId = NewType("CommandId", str)

_SEPARATOR = "\x1f"
_ROOT = UUID("6f1b7d0c-0f0e-5f43-9f4e-3a8d6a2f7c11")


def stable_id(kind: str, *parts: str) -> str:
    """UUIDv5 of `kind` and `parts`; equal arguments give equal ids in every process and release."""
    return str(uuid5(_ROOT, _SEPARATOR.join((kind, *parts))))


def instance_id(journey: str, first_profile_id: str, key: str, cause: str) -> InstanceId:
    """One person's run of one journey; `cause` is what let the person in."""
    return InstanceId(stable_id("instance", journey, first_profile_id, key, cause))


def command_id(instance: str, visit: int, step: str, slot: str = "0") -> CommandId:
    """One order to act; a step that runs again in a later visit of its stage is another order."""
    return CommandId(stable_id("command", instance, str(visit), step, slot))


def output_id(cause: str, kind: str, ordinal: int) -> str:
    """`ce_id` of any other output of a decision: the `ordinal`-th of its `kind` that `cause` led to."""
    return stable_id("output", cause, kind, str(ordinal))
