"""Money is Decimal, in the company's currency, rounded half up to cents where a rule says so.

Source: docs/architecture.md, "Money"; rounding half up at each stored amount is the practice in
construction billing (reference sheet of construction finance, head of the page).
"""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
# NUMERIC(14, 2): twelve digits before the point.
LARGEST = Decimal("999999999999.99")


def to_cents(amount: Decimal) -> Decimal:
    return amount.quantize(CENT, rounding=ROUND_HALF_UP)


def parse(value: str | int | Decimal | None) -> Decimal:
    """Read a system's amount exactly; `None` and blank mean zero.

    Raises:
        ValueError: not a finite number, or out of range. Never accepts a float: a float has
            already lost what the source said.
    """
    if value is None or value == "":
        return ZERO
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        raise ValueError(f"{value!r} is not an amount")
    try:
        amount = Decimal(value)
    except InvalidOperation as error:
        raise ValueError(f"{value!r} is not an amount") from error
    if not amount.is_finite() or abs(amount) > LARGEST:
        raise ValueError(f"{value!r} is out of range for an amount")
    return amount
