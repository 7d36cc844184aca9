"""What we send, byte by byte."""

import json
from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import Refused
from connectors.http import parse_json
from connectors.quickbooks_online import writing
from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.quickbooks_online.tests.conftest import BILL, COST_LINE, bill_of
from connectors.records import OutgoingLine

CLIENT = QuickBooksOnlineClient(base_url="http://x", app_url="http://x", tokens=None, realm_id="1")
cents = st.decimals(min_value=Decimal("-99999999.99"), max_value=Decimal("999999999.99"), places=2)


def written(bill) -> dict:
    return parse_json(CLIENT.write_bill(bill))


@given(st.lists(cents, min_size=1, max_size=20).filter(lambda amounts: sum(amounts) >= 0))
def test_amounts_read_back_as_the_very_decimals(amounts):
    lines = [replace(COST_LINE, amount=amount) for amount in amounts]

    payload = written(bill_of(*lines))

    assert [line["Amount"] for line in payload["Line"]] == amounts


@given(st.text(), st.text(max_size=30), st.text(max_size=50))
def test_any_text_makes_json_that_reads_back(memo, number, description):
    line = replace(COST_LINE, description=description)

    payload = written(bill_of(line, memo=memo, number=number))

    assert payload["PrivateNote"].endswith("[tieout:k7Qd2vX9]")
    assert payload["Line"][0].get("Description", "") == description.strip()


def test_the_same_bill_gives_the_same_bytes():
    assert CLIENT.write_bill(BILL) == CLIENT.write_bill(replace(BILL))


def test_an_amount_is_written_as_a_decimal_literal():
    line = replace(COST_LINE, amount=Decimal("1E+2"))

    assert b'"Amount":100.00' in CLIENT.write_bill(bill_of(line))


def test_account_line_says_account_customer_and_class():
    (line,) = written(BILL)["Line"]

    assert line["DetailType"] == "AccountBasedExpenseLineDetail"
    assert line["AccountBasedExpenseLineDetail"] == {
        "BillableStatus": "NotBillable",
        "AccountRef": {"value": "64"},
        "CustomerRef": {"value": "131"},
        "ClassRef": {"value": "5000000000000000012"},
    }


def test_item_line_says_one_of_it_at_its_whole_price():
    item = OutgoingLine(amount=Decimal("19.99"), description="Rebar", item_id="19")

    (line,) = written(bill_of(item))["Line"]

    assert line["ItemBasedExpenseLineDetail"] == {
        "BillableStatus": "NotBillable",
        "ItemRef": {"value": "19"},
        "Qty": 1,
        "UnitPrice": Decimal("19.99"),
    }


def test_no_number_and_no_due_date_are_left_out():
    payload = written(replace(BILL, number="", due_date=None, term_id=""))

    assert not payload.keys() & {"DocNumber", "DueDate", "SalesTermRef"}


def test_number_of_21_characters_is_kept():
    assert CLIENT.stored_number("A" * 21) == "A" * 21


def test_longer_number_is_cut_where_a_person_sees_it():
    stored = CLIENT.stored_number("SUBCONTRACT-2026-000417-PAY-APP-04")

    assert len(stored) == 21
    assert stored.startswith("SUBCONTRACT-20~")


def test_long_numbers_that_begin_alike_stay_apart():
    numbers = {CLIENT.stored_number(f"SUBCONTRACT-2026-000417-{n}") for n in range(500)}

    assert len(numbers) == 500


@given(st.text())
def test_a_stored_number_is_stored_unchanged(number):
    stored = CLIENT.stored_number(number)

    assert len(stored) <= 21
    assert CLIENT.stored_number(stored) == stored


def test_long_memo_gives_way_to_the_key():
    note = written(replace(BILL, memo="m" * 5000))["PrivateNote"]

    assert len(note) == 4000
    assert note.endswith("… [tieout:k7Qd2vX9]")


def test_empty_memo_leaves_only_the_key():
    assert writing.note("", "abc") == "[tieout:abc]"


def test_long_description_is_cut_visibly():
    (line,) = written(bill_of(replace(COST_LINE, description="d" * 4001)))["Line"]

    assert len(line["Description"]) == 4000
    assert line["Description"].endswith("…")


@pytest.mark.parametrize(
    ("bill", "says"),
    [
        (bill_of(), "no lines"),
        (replace(BILL, total=Decimal("20000.01")), "add up"),
        (bill_of(replace(COST_LINE, amount=Decimal("0.005"))), "fraction of a cent"),
        (bill_of(replace(COST_LINE, amount=Decimal("-1.00"))), "vendor credit"),
        (bill_of(replace(COST_LINE, item_id="19")), "either an account or an item"),
        (bill_of(replace(COST_LINE, account_id="")), "either an account or an item"),
        (bill_of(*[COST_LINE] * 10_001), "10,000"),
    ],
)
def test_a_bill_that_cannot_be_said_is_refused_before_it_leaves(bill, says):
    with pytest.raises(Refused, match=says):
        CLIENT.write_bill(bill)


def test_unicode_stays_readable():
    payload = CLIENT.write_bill(replace(BILL, memo="Señor Müller"))

    assert "Señor Müller" in payload.decode()
    assert json.loads(payload)["PrivateNote"].startswith("Señor Müller")
