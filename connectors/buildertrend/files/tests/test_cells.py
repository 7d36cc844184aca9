"""What a cell says, in each of the spellings that exports have."""

from datetime import UTC, date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.buildertrend.files import cells

CHICAGO = ZoneInfo("America/Chicago")
AMOUNTS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False)
DAYS = st.dates(date(1970, 1, 1), date(2999, 12, 31))


@pytest.mark.parametrize(
    ("said", "amount"),
    [
        ("$1,204.50", "1204.50"),
        ("($17.25)", "-17.25"),
        ("$(17.25)", "-17.25"),
        ("-$60.25", "-60.25"),
        ("-60.25", "-60.25"),
        ("1,204,000", "1204000.00"),
        (".5", "0.50"),
        (25000, "25000.00"),
        (Decimal("1204.4999999999"), "1204.50"),
    ],
)
def test_an_amount_is_read_in_each_of_its_spellings(said, amount):
    assert cells.amount(said) == Decimal(amount)


@pytest.mark.parametrize(
    "said", ["12,5", "1.204,50", "1e5", "NaN", "abc", "--5", "(-5)", True, "12 0x"]
)
def test_what_is_no_amount_is_never_guessed(said):
    with pytest.raises(ValueError, match="is no amount"):
        cells.amount(said)


@given(AMOUNTS)
def test_an_amount_comes_back_as_it_was_written(amount):
    assert cells.amount(f"{amount:,}") == cells.amount(amount) == amount
    assert cells.amount(f"(${abs(amount):,})") == -abs(amount)


@pytest.mark.parametrize("said", ["", "--", " "])
def test_nothing_is_no_amount_and_no_day(said):
    assert (cells.amount(said), cells.day(said, CHICAGO)) == (None, None)


@given(DAYS)
def test_a_day_is_read_in_each_of_its_spellings(day):
    serial = (day - cells.EPOCH).days
    spellings = [
        day, serial, Decimal(serial) + Decimal("0.75"), str(day), f"{day}T00:00:00",
        f"{day.month}/{day.day}/{day.year}", f"{day.month}/{day.day}/{day.year} 4:20 PM",
    ]  # fmt: skip

    assert {cells.day(each, CHICAGO) for each in spellings} == {day}


def test_a_moment_with_a_zone_is_the_builders_day():
    assert cells.day("2026-02-13T03:00:00Z", CHICAGO) == date(2026, 2, 12)


def test_a_moment_without_a_zone_is_the_day_it_says():
    at = datetime(2026, 1, 1, 23, tzinfo=UTC).replace(tzinfo=None)

    assert cells.day(at, CHICAGO) == date(2026, 1, 1)


@pytest.mark.parametrize("said", ["31/31/2026", "soon", 3, "0001-01-01", "99999999", 10**9])
def test_what_is_no_day_is_never_guessed(said):
    with pytest.raises(ValueError, match="is no day"):
        cells.day(said, CHICAGO)


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        (" Pier 9  ", "Pier 9"),
        (Decimal("15.0"), "15"),
        (15, "15"),
        ("5620 - A \r\n\n 5630 - B", "5620 - A\n5630 - B"),
        ("=1+1", "=1+1"),
    ],
)
def test_text_comes_without_the_blanks_around_it(cell, text):
    assert cells.text(cell) == text
