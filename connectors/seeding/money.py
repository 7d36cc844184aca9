"""Whole cents while reckoning, a Decimal on the page."""

from decimal import ROUND_HALF_UP, Decimal


def from_cents(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def share_of(cents: int, percent: Decimal) -> int:
    """`percent` of an amount, rounded half up to the cent."""
    return int((cents * percent / 100).quantize(Decimal(1), ROUND_HALF_UP))
