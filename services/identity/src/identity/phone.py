"""Phone numbers in E.164, by Google's rules for numbers (`phonenumbers`)."""

from functools import lru_cache

import phonenumbers


@lru_cache(maxsize=100_000)
def e164(written: str, region: str | None) -> str | None:
    """`+491701234567` of a valid number, else None. Without a `region` the number needs its `+`. 20 us uncached."""
    try:
        number = phonenumbers.parse(written, region)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(number):
        return None
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
