"""From a Kafka record to a command. What cannot be read is a `BadRecord`."""

from uuid import UUID

from dispatcher.dispatch import Command
from journey_runtime.codec import decoder
from journey_runtime.processor import BadRecord, Record
from journey_schemas.message_command import (
    CANCEL_TYPE,
    PROFILE_MERGED_TYPE,
    SEND_TYPE,
    CancelMessages,
    ProfileMerged,
    SendMessage,
)

_send, _cancel, _merged = decoder(SendMessage), decoder(CancelMessages), decoder(ProfileMerged)
_SCOPES = frozenset({"command", "visit", "instance", "profile"})


def decode(record: Record) -> Command:
    """The command of a record. Raises `BadRecord`."""
    kind = (record.header("ce_type") or b"").decode("utf-8", "replace")
    match kind:
        case t if t == SEND_TYPE:
            command = _send(record.value)
            try:
                UUID(command.command_id)
            except ValueError:
                raise BadRecord("wrong_shape", "the command id is no UUID", "$.command_id") from None
            if not command.channels:
                raise BadRecord("wrong_shape", "no channel is named", "$.channels")
            return command
        case t if t == CANCEL_TYPE:
            cancel = _cancel(record.value)
            if cancel.scope not in _SCOPES:
                raise BadRecord("wrong_shape", "unknown scope", "$.scope")
            return cancel
        case t if t == PROFILE_MERGED_TYPE:
            return _merged(record.value)
    raise BadRecord("wrong_shape", "unknown or missing header ce_type")
