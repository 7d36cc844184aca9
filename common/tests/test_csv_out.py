import csv
from datetime import date
from decimal import Decimal

import pytest

from common import csv_out


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_text_that_would_be_a_formula_is_shown_as_text(start):
    assert csv_out.safe(start + "1+1") == "'" + start + "1+1"


@pytest.mark.parametrize(
    "cell", ["Delta Drywall", Decimal("-12.50"), -3, date(2026, 11, 14), "a=b", ""]
)
def test_everything_else_stays_as_it_is(cell):
    assert csv_out.safe(cell) == cell


def test_what_is_read_back_is_what_was_written():
    rows = [["Smith, Jones & Co", 'said "no"', "two\nlines", None, Decimal("-1.20")]]

    text = "".join(csv_out.lines(["=Name", "b", "c", "d", "e"], rows))

    assert text.startswith("\ufeff")
    head, row = csv.reader(text.removeprefix("\ufeff").splitlines(keepends=True))
    assert head[0] == "'=Name"
    assert row == ["Smith, Jones & Co", 'said "no"', "two\nlines", "", "-1.20"]


def test_a_file_is_sent_while_it_is_read():
    read = []
    rows = ([read.append(n) or n] for n in range(3))

    response = csv_out.attachment("bills.csv", ["n"], rows, count=3)

    assert not read
    assert b"".join(response.streaming_content).decode("utf-8-sig") == "n\r\n0\r\n1\r\n2\r\n"
    assert response["X-Rows"] == "3"
    assert response["Content-Disposition"] == 'attachment; filename="bills.csv"'
