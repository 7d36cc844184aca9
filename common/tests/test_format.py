from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from django.utils import timezone

from common.templatetags import components, format  # noqa: A004


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (Decimal("1204.5"), "$1,204.50"),
        (Decimal("-1204.50"), "($1,204.50)"),
        (Decimal(0), "$0.00"),
        (Decimal("-0.004"), "$0.00"),
        (Decimal("2.005"), "$2.01"),
        (Decimal("999999999999.99"), "$999,999,999,999.99"),
        (12, "$12.00"),
        ("7.10", "$7.10"),
    ],
)
def test_money_is_written_as_an_accountant_writes_it(amount, text):
    assert format.money(amount) == text


def test_money_names_a_currency_that_is_not_the_dollar():
    assert format.money(Decimal("-3"), "CHF") == "(CHF 3.00)"


@pytest.mark.parametrize("amount", [None, ""])
def test_no_amount_is_a_dash_that_is_read_as_words(amount):
    assert "–" in format.money(amount)
    assert "no amount" in format.money(amount)


def test_percent_has_decimals_only_when_asked():
    assert format.percent(Decimal("0.985")) == "99%"
    assert format.percent(Decimal("0.9994"), 1) == "99.9%"
    assert "no figure" in format.percent(None)


def test_confidence_is_never_rounded_up_into_the_next_band():
    assert format.confidence_percent(Decimal("0.899")) == "89%"


def test_day():
    assert format.day(date(2026, 11, 4)) == "4 Nov 2026"


def test_day_of_a_moment_is_the_day_where_the_person_is():
    with timezone.override(ZoneInfo("America/Chicago")):
        assert format.day(datetime(2026, 11, 15, 3, 0, tzinfo=UTC)) == "14 Nov 2026"


def test_moment_leaves_this_year_out_and_names_another():
    this_year = timezone.now().year
    with timezone.override(ZoneInfo("America/Chicago")):
        at = datetime(this_year, 11, 20, 15, 52, 10, tzinfo=UTC)

        assert format.moment(at) == "20 Nov 9:52"
        assert format.moment(at, "seconds") == "20 Nov 9:52:10"
        assert format.moment(at.replace(year=2019)) == "20 Nov 2019 9:52"
        assert format.clock(at) == "9:52"


@pytest.mark.parametrize(
    ("past", "text"),
    [
        (timedelta(seconds=20), "just now"),
        (timedelta(minutes=2, seconds=5), "2 min ago"),
        (timedelta(hours=3, seconds=5), "3 h ago"),
        (timedelta(days=5, seconds=5), "5 d ago"),
        (timedelta(minutes=-10, seconds=-5), "in 10 min"),
    ],
)
def test_ago(past, text):
    assert format.ago(timezone.now() - past) == text


@pytest.mark.parametrize("missing", [format.day, format.moment, format.clock, format.ago])
def test_a_missing_time_is_a_dash_with_words(missing):
    assert "visually-hidden" in missing(None)


def test_count_and_plural():
    assert format.count(1204) == "1,204"
    assert format.plural(1, "bill") == "1 bill"
    assert format.plural(1204, "bill") == "1,204 bills"
    assert format.plural(2, "entry,entries") == "2 entries"


def test_every_state_has_icon_word_and_colour():
    shown = components.status("needs_publishing")

    assert "#chart-pie" in shown
    assert "Needs publishing" in shown
    assert 'class="status warn"' in shown


def test_confidence_takes_the_band_from_the_companys_thresholds():
    assert "medium" in components.confidence(Decimal("0.930"), "medium")
    assert "high" in components.confidence(Decimal("0.930"), "high")
    assert "no score" in components.confidence(None, "")
