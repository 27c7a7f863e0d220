"""Normalising: what an application sent becomes a touchpoint that keeps all promises of its fields, or a reason.

Pure, and the same for ingest (`normalise`) and identity (`normalise_record`). On the hot path of both, hence flat code.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from journey_schemas.identifiers_blocked import LONGEST, identifier, is_blocked
from journey_schemas.touchpoint import TYPES, Json, Touchpoint

#: What can be done to an item; it is told in `flags`.
FLAGS = frozenset(
    {
        "message_id_generated",
        "message_id_derived",
        "message_id_hashed",
        "timestamp_missing",
        "timestamp_invalid",
        "timestamp_clamped",
        "clock_corrected",
        "identifier_ignored",
        "retried",
        "replayed",
        "suspect_duplicate",
    }
)
#: Fields of an HTTP item that only we set, or that no topic may hold.
REMOVED = frozenset({"writeKey", "_metadata", "profileId", "v", "source", "receivedAt", "flags"})

_KNOWN = (frozenset(Touchpoint.__struct_encode_fields__) - {"extra"}) | REMOVED

_LONGEST_MESSAGE_ID = 100
_LONGEST_CHANNEL = 64
_EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
_CLOCK_TOLERANCE = timedelta(seconds=2)
_MOST_AHEAD = timedelta(minutes=5)
_LONG_ON_THE_WAY = timedelta(minutes=30)
_SOURCE = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Rejection:
    """Why an item cannot be used. `message` holds no value of it; `path` is like `$.properties`."""

    code: str
    message: str
    path: str | None = None


class _Refused(Exception):  # noqa: N818 - it never leaves this module
    """Carries a rejection out of a nested rule."""

    def __init__(self, code: str, message: str, path: str | None = None) -> None:
        self.rejection = Rejection(code=code, message=message, path=path)


def normalise(
    item: object,
    *,
    source: str,
    received_at: datetime,
    fallback_message_id: str,
    sent_at: datetime | None = None,
    context: Json | None = None,
    path_type: str | None = None,
    retried: bool = False,
) -> Touchpoint | Rejection:
    """One item of an HTTP request as a touchpoint.

    `sent_at` and `context` are those of the whole request, `path_type` is the type that the path names,
    `fallback_message_id` is used and flagged `message_id_generated` when the item has no id of its own.
    """
    if type(item) is not dict:
        return _not_an_object()
    flags = ["retried"] if retried else []
    extra = None
    if not item.keys() <= _KNOWN:
        extra = {key: value for key, value in item.items() if key not in _KNOWN and value is not None}
    try:
        return _touchpoint(
            item,
            flags,
            kind=_kind(item.get("type"), path_type),
            source=source,
            received_at=_whole_ms(received_at),
            clock=_whole_ms(received_at),
            sent_at=sent_at,
            context=context,
            profile_id=None,
            fallback=(fallback_message_id, "message_id_generated"),
            extra=extra or None,
        )
    except _Refused as refused:
        return refused.rejection


def normalise_record(
    record: object,
    *,
    received_at: datetime,
    fallback_message_id: str,
    source: str = "kafka",
    replayed: bool = False,
) -> Touchpoint | Rejection:
    """A decoded record of `touchpoints` as a touchpoint: what ingest made stays as it is.

    `received_at` is the broker's append time. `source` holds where the record names none; `fallback_message_id` is used
    and flagged `message_id_derived`. A record without `v` goes by its own `receivedAt` where it has one, a replay.
    Unknown fields are dropped: applications that write here know `properties`.
    """
    if type(record) is not dict:
        return _not_an_object()
    own_flags = record.get("flags")
    flags: list[str] = []
    for flag in own_flags if type(own_flags) is list else ():
        if type(flag) is str and flag in FLAGS:
            _add(flags, flag)
    if replayed:
        _add(flags, "replayed")
    own_source = record.get("source")
    if type(own_source) is str and _SOURCE.fullmatch(own_source):
        source = own_source
    appended_at = _whole_ms(received_at)
    is_done = record.get("v") == 1
    try:
        return _touchpoint(
            record,
            flags,
            kind=_kind(record.get("type"), None),
            source=source,
            received_at=appended_at,
            clock=appended_at if is_done else _own_clock(record, appended_at),
            profile_id=_profile_id(record.get("profileId"), flags),
            fallback=(fallback_message_id, "message_id_derived"),
            extra=_object(record, "extra"),
            done_at=_moment(record.get("timestamp")) if is_done else None,
        )
    except _Refused as refused:
        return refused.rejection


def source_key(touchpoint: Touchpoint) -> str:
    """Kafka key of `touchpoints`: anonymous id, else user id, else profile id, else message id; blocked values never.

    As the anonymous id comes first, one device keeps its order across a login.
    """
    anonymous_id = touchpoint.anonymous_id
    if anonymous_id is not None and not is_blocked(anonymous_id, is_movable=True):
        return anonymous_id
    user_id = touchpoint.user_id
    if user_id is not None and not is_blocked(user_id):
        return user_id
    return touchpoint.profile_id or touchpoint.message_id


def moment_or_none(value: object) -> datetime | None:
    """A client's time in UTC, to the millisecond, or None when it cannot be read or lies before the year 2000."""
    moment = _moment(value)
    return moment if moment is not None and moment >= _EARLIEST else None


def _touchpoint(
    item: Json,
    flags: list[str],
    *,
    kind: str,
    source: str,
    received_at: datetime,
    clock: datetime,
    profile_id: str | None,
    fallback: tuple[str, str],
    extra: Json | None,
    sent_at: datetime | None = None,
    context: Json | None = None,
    done_at: datetime | None = None,
) -> Touchpoint:
    user_id, anonymous_id, previous_id, group_id = _identifiers(item, kind, profile_id, flags)
    event = _event(item.get("event"), kind)
    own_context = _object(item, "context")
    message_id = _message_id(item.get("messageId"), fallback, flags)
    own_sent_at = moment_or_none(item.get("sentAt")) or sent_at
    written = item.get("originalTimestamp")
    if done_at is None:
        if written is None:
            written = item.get("timestamp")
        original = _moment(written)
        timestamp = _timestamp(original, is_written=written is not None, sent_at=own_sent_at, clock=clock, flags=flags)
    else:
        original = _moment(written)
        timestamp = _not_ahead(done_at, clock, flags)
    return Touchpoint(
        v=1,
        type=kind,
        message_id=message_id,
        source=source,
        user_id=user_id,
        anonymous_id=anonymous_id,
        profile_id=profile_id,
        previous_id=previous_id,
        group_id=group_id,
        event=event,
        name=_text(item, "name", LONGEST),
        category=_text(item, "category", LONGEST),
        properties=_object(item, "properties"),
        traits=_object(item, "traits"),
        context=own_context if not context else {**context, **own_context} if own_context else context,
        integrations=_object(item, "integrations"),
        channel=_text(item, "channel", _LONGEST_CHANNEL),
        timestamp=timestamp,
        original_timestamp=original,
        sent_at=own_sent_at,
        received_at=received_at,
        flags=tuple(flags),
        extra=extra,
    )


def _kind(written: object, path_type: str | None) -> str:
    if written is None:
        written = path_type
    if type(written) is not str or written not in TYPES:
        raise _Refused("unknown_type", "type is none of identify, track, page, screen, group, alias", "$.type")
    if path_type is not None and written != path_type:
        raise _Refused("type_mismatch", "type is another than that of the path", "$.type")
    return written


def _identifiers(
    item: Json, kind: str, profile_id: str | None, flags: list[str]
) -> tuple[str | None, str | None, str | None, str | None]:
    user_id = _identifier(item.get("userId"), flags)
    anonymous_id = _identifier(item.get("anonymousId"), flags)
    is_known = profile_id is not None
    if user_id is not None:
        if is_blocked(user_id):
            _add(flags, "identifier_ignored")
        else:
            is_known = True
    if anonymous_id is not None:
        if is_blocked(anonymous_id, is_movable=True):
            _add(flags, "identifier_ignored")
        else:
            is_known = True
    if not is_known:
        raise _Refused("no_identifier", "there is no usable userId or anonymousId")
    previous_id = _identifier(item.get("previousId"), flags)
    if previous_id is not None:
        if is_blocked(previous_id):
            _add(flags, "identifier_ignored")
    elif kind == "alias":
        raise _Refused("missing_previous_id", "alias needs previousId", "$.previousId")
    group_id = _identifier(item.get("groupId"), flags)
    if group_id is not None:
        if len(group_id) > LONGEST:
            _add(flags, "identifier_ignored")
    elif kind == "group":
        raise _Refused("missing_group_id", "group needs groupId", "$.groupId")
    return user_id, anonymous_id, previous_id, group_id


def _identifier(value: object, flags: list[str]) -> str | None:
    if value is None:
        return None
    text = identifier(value)
    if not text:
        _add(flags, "identifier_ignored")
        return None
    return text


def _profile_id(value: object, flags: list[str]) -> str | None:
    """Waypost's own id of a person, where an internal writer set one."""
    if value is None:
        return None
    if type(value) is str and _UUID.fullmatch(value.lower()):
        return value.lower()
    _add(flags, "identifier_ignored")
    return None


def _event(value: object, kind: str) -> str | None:
    if type(value) is str:
        if len(value) > LONGEST:
            raise _Refused("bad_event_name", "event is longer than 255 characters", "$.event")
        if value and not value.isspace():
            return value
    elif value is not None:
        raise _Refused("bad_event_name", "event is no string", "$.event")
    if kind == "track":
        raise _Refused("missing_event", "track needs event", "$.event")
    return None


def _object(item: Json, name: str) -> Json | None:
    value = item.get(name)
    if value is None or type(value) is dict:
        return value
    raise _Refused("bad_field", f"{name} is no object", f"$.{name}")


def _text(item: Json, name: str, longest: int) -> str | None:
    value = item.get(name)
    if value is None or (type(value) is str and len(value) <= longest):
        return value
    raise _Refused("bad_field", f"{name} is no string of at most {longest} characters", f"$.{name}")


def _message_id(value: object, fallback: tuple[str, str], flags: list[str]) -> str:
    text = _identifier(value, flags) if type(value) is not str else value.strip()
    if not text:
        text, flag = fallback
        _add(flags, flag)
    if len(text) > _LONGEST_MESSAGE_ID or "\0" in text:
        _add(flags, "message_id_hashed")  # cutting it off would make different ids equal
        return "sha256:" + sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
    return text


def _timestamp(
    original: datetime | None, *, is_written: bool, sent_at: datetime | None, clock: datetime, flags: list[str]
) -> datetime:
    """When it happened by our clock. The formula is Segment's: a clock that is wrong is wrong by the same for the time
    of sending and the time of the touchpoint."""
    if original is None or original < _EARLIEST:
        _add(flags, "timestamp_invalid" if is_written else "timestamp_missing")
        return clock
    timestamp = original
    on_the_way = clock - original
    if sent_at is not None:
        on_the_way = sent_at - original
        skew = clock - sent_at
        if skew >= _CLOCK_TOLERANCE or skew <= -_CLOCK_TOLERANCE:
            try:
                timestamp = original + skew
            except OverflowError:
                timestamp = clock
            _add(flags, "clock_corrected")
    if on_the_way > _LONG_ON_THE_WAY:
        _add(flags, "suspect_duplicate")
    return _not_ahead(timestamp, clock, flags)


def _not_ahead(timestamp: datetime, clock: datetime, flags: list[str]) -> datetime:
    """No window of a journey may see the future."""
    if timestamp > clock + _MOST_AHEAD:
        _add(flags, "timestamp_clamped")
        return clock
    return timestamp


def _own_clock(record: Json, appended_at: datetime) -> datetime:
    """When a replayed record came in first; never later than Kafka says."""
    own = moment_or_none(record.get("receivedAt"))
    return min(own, appended_at) if own is not None else appended_at


def _moment(value: object) -> datetime | None:
    """RFC 3339 text in UTC to the millisecond; no offset means UTC. None when it cannot be read."""
    if type(value) is not str:
        return None
    try:
        moment = datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        elif moment.tzinfo is not UTC:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
    return _whole_ms(moment)


def _whole_ms(moment: datetime) -> datetime:
    rest = moment.microsecond % 1000
    return moment.replace(microsecond=moment.microsecond - rest) if rest else moment


def _add(flags: list[str], flag: str) -> None:
    if flag not in flags:
        flags.append(flag)


def _not_an_object() -> Rejection:
    return Rejection(code="wrong_shape", message="the item is no object", path="$")
