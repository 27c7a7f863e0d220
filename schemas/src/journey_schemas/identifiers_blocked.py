"""Values that stand where an identifier should be: how they read, and which of them name nobody."""

from decimal import Decimal

LONGEST = 255

_EDGES = "\"'` \t\r\n"
_WORDS = frozenset(
    {
        "-1",
        "[object object]",
        "anonymous",
        "distinct_id",
        "distinctid",
        "email",
        "empty",
        "false",
        "guest",
        "id",
        "invalid",
        "n/a",
        "nan",
        "nil",
        "none",
        "not_authenticated",
        "null",
        "true",
        "undefined",
        "unknown",
        "void",
    }
)
_LONGEST_WORD = max(map(len, _WORDS))


def is_blocked(value: str, *, is_movable: bool = False) -> bool:
    """Whether a trimmed `value` can never be an identifier: a programmer's word for nothing, only zeros and dashes,
    empty, over 255 characters, or with a NUL, which PostgreSQL cannot hold.

    `is_movable`: of something that changes hands, such as a device; there a single character is blocked too.
    """
    if len(value) > LONGEST or "\0" in value:
        return True
    core = value.strip(_EDGES)
    if not core.strip("0-") or (is_movable and len(core) == 1):
        return True
    return len(core) <= _LONGEST_WORD and core.lower() in _WORDS


def identifier(value: object) -> str:
    """The trimmed text of an id as it came. Numbers become decimal digits: `42` of 42 and of 42.0.

    Empty for everything else, and for a number with more digits than an id may have.
    """
    if type(value) is str:
        return value.strip()
    if type(value) is int:
        return str(value) if value.bit_length() < 4 * LONGEST else ""
    if type(value) is float and value - value == 0:  # neither infinite nor NaN
        return str(int(value)) if value.is_integer() else format(Decimal(repr(value)), "f")
    return ""
