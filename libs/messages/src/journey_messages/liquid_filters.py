"""Our own filters, and those of Liquid that need a bound."""

from decimal import Decimal, InvalidOperation

from liquid.builtin.filters.misc import date as liquid_date
from liquid.exceptions import FilterArgumentError
from liquid.filter import with_environment

_SYMBOLS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND", "CLP", "ISK"})


def money(value: object, currency: object = "") -> str:
    """`1234.5 | money: 'EUR'` is `€1,234.50`; a currency without a symbol stands behind, as `40.00 CHF`."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        raise FilterArgumentError("money: not a number", token=None)
    try:
        amount = Decimal(str(value))
    except InvalidOperation:
        raise FilterArgumentError("money: not a number", token=None) from None
    if not amount.is_finite() or abs(amount) >= Decimal(10) ** 15:
        raise FilterArgumentError("money: out of range", token=None)
    code = str(currency).upper()
    figure = f"{abs(amount):,.{0 if code in _WITHOUT_CENTS else 2}f}"
    sign = "-" if amount < 0 else ""
    if code in _SYMBOLS:
        return f"{sign}{_SYMBOLS[code]}{figure}"
    return f"{sign}{figure} {code}".rstrip()


@with_environment
def date(value: object, form: object, *, environment: object) -> object:
    """Liquid's `date`, which would also print the clock: the same command must give the same message."""
    if isinstance(value, str) and value.strip().lower() in {"now", "today"}:
        raise FilterArgumentError("date: a message has no clock, name a date of the data", token=None)
    return liquid_date(value, form, environment=environment)  # type: ignore[no-untyped-call,arg-type,unused-ignore] # Liquid's decorator hides the signature
