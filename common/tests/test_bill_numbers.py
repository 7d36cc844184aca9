"""Which spellings are one number, and which are two."""

import pytest

from common.bill_numbers import plain_number


@pytest.mark.parametrize(
    "spelling",
    [
        "001", "#1", "INV-001", "inv 1", "INV1", "Invoice #0001", "1", "Invoice No. 1",
        "BILL NO 01", "no.1", "№ 1", "１", "Inv. Nr. 001 ", "invoice_no_1",
    ],
)  # fmt: skip
def test_spellings_of_one_number(spelling):
    assert plain_number(spelling) == "1"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("D-7", "D 7"), ("D-7", "INV-0D7"), ("11-1", "11/01"), ("26-0044", "INV 26 - 44"),
        ("A-1-2", "A1.2"), ("NO-A1", "A 1"),
    ],
)  # fmt: skip
def test_spellings_of_one_number_with_several_parts(one, other):
    assert plain_number(one) == plain_number(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("10", "1"), ("A-1", "B-1"), ("1-1", "12"), ("11-1", "1-11"), ("11-1", "111"),
        ("Б-5", "5"), ("NORTH 5", "5"), ("INVESTOR 5", "5"), ("100", "1"),
    ],
)  # fmt: skip
def test_numbers_that_differ(one, other):
    assert plain_number(one) != plain_number(other)


@pytest.mark.parametrize(("number", "plain"), [("", ""), ("#", ""), ("Invoice", "INVOICE")])
def test_a_number_without_a_figure_is_what_it_says(number, plain):
    assert plain_number(number) == plain
