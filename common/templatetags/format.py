"""How numbers, dates and times are written on a page.

Every filter gives plain text, so it also serves in a label or an attribute. What is missing
shows as a dash with hidden words beside it.
"""

from datetime import date, datetime
from decimal import ROUND_FLOOR, ROUND_HALF_UP, Decimal
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html

register = template.Library()

SYMBOLS = {"USD": "$", "CAD": "CA$", "EUR": "€", "GBP": "£"}
MINUTE, HOUR, DAY = 60, 3600, 86400


def missing(words: str) -> str:
    return format_html(
        '<span aria-hidden="true">–</span><span class="visually-hidden">{}</span>', words
    )


@register.filter
def money(amount: Decimal | int | str | None, currency: str = "USD") -> str:
    """$1,204.50, ($1,204.50), $0.00; a dash that says "no amount" when there is none."""
    if amount is None or amount == "":
        return missing("no amount")
    cents = Decimal(amount).quantize(Decimal("0.01"), rounding=ROUND_HALF_UP)
    text = f"{SYMBOLS.get(currency, currency + ' ')}{abs(cents):,.2f}"
    return f"({text})" if cents < 0 else text


@register.filter
def percent(share: Decimal | float | None, decimals: int = 0) -> str:
    """0.98 is 98%; `percent:1` keeps one decimal, for reports."""
    if share is None or share == "":
        return missing("no figure")
    step = Decimal(1).scaleb(-int(decimals))
    return f"{(Decimal(str(share)) * 100).quantize(step, rounding=ROUND_HALF_UP)}%"


def confidence_percent(share: Decimal | float) -> str:
    """Rounded down, so that 89.9% is never shown as the 90% it did not reach."""
    return f"{(Decimal(str(share)) * 100).to_integral_value(rounding=ROUND_FLOOR)}%"


def _local(value: datetime) -> datetime:
    """In the time zone of the person looking, which the middleware activates."""
    return timezone.localtime(value) if timezone.is_aware(value) else value


@register.filter
def day(value: date | datetime | None) -> str:
    """14 Nov 2026"""
    if not value:
        return missing("no date")
    if isinstance(value, datetime):
        value = _local(value)
    return f"{value.day} {value:%b} {value.year}"


@register.filter
def moment(value: datetime | None, precision: str = "") -> str:
    """20 Nov 9:52; with the year unless it is this one; `moment:"seconds"` adds them."""
    if not value:
        return missing("no time")
    local = _local(value)
    year = "" if local.year == timezone.localtime().year else f" {local.year}"
    seconds = f":{local:%S}" if precision == "seconds" else ""
    return f"{local.day} {local:%b}{year} {local.hour}:{local:%M}{seconds}"


@register.filter
def clock(value: datetime | None) -> str:
    """9:52, where the day is plain from the words around it."""
    if not value:
        return missing("no time")
    local = _local(value)
    return f"{local.hour}:{local:%M}"


@register.filter
def ago(value: datetime | None) -> str:
    """2 min ago, 3 h ago, 5 d ago, in 10 min. Only beside an exact time."""
    if not value:
        return missing("never")
    seconds = int((timezone.now() - value).total_seconds())
    span = abs(seconds)
    if span < MINUTE:
        return "just now"
    if span < HOUR:
        text = f"{span // MINUTE} min"
    elif span < DAY:
        text = f"{span // HOUR} h"
    else:
        text = f"{span // DAY} d"
    return f"{text} ago" if seconds > 0 else f"in {text}"


@register.filter
def count(number: Any) -> str:
    """1,204"""
    return missing("none") if number is None or number == "" else f"{int(number):,}"


@register.filter
def plural(number: Any, noun: str) -> str:
    """`3|plural:"bill"` is "3 bills"; `plural:"entry,entries"` for the irregular."""
    one, _, many = noun.partition(",")
    return f"{int(number):,} {one if int(number) == 1 else many or one + 's'}"


@register.filter
def iso(value: date | datetime | None) -> str:
    """For the attribute of a <time>; machines read it, people do not."""
    return value.isoformat() if value else ""


@register.filter
def unlocalized(number: Any) -> str:
    """A number for an attribute, never with a thousands sign."""
    return str(number)
