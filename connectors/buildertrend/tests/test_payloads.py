"""JSON of the assumed contract to values; what cannot be read says which record it is."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.buildertrend import payloads
from connectors.errors import UnexpectedPayload
from connectors.http import parse_json

BILL = {"billId": 9001, "jobId": 111, "amount": "100.00", "performingUserId": 92, "payTo": "Ridge"}

# The example of the fact sheet, 8.3, to the letter.
ORDER = parse_json(b"""
{"purchaseOrderId":8001,"poNumber":"0015","title":"Framing labor","jobId":111,
 "jobName":"24-017 Lot 17 Aspen Ridge",
 "approvalStatusText":"Sub/Vendor Approved","approvalUser":"Ridge Framing LLC",
 "approvedAt":"2026-02-12T16:20:00Z",
 "workStatusText":"Not Complete","paidStatusText":"Not Paid","performingUserId":92,
 "performingUserName":"Ridge Framing LLC",
 "cost":"25000.00","amountPaid":"0.00","amountRemaining":"25000.00","isRecalled":false,
 "isDeleted":false,
 "lineItems":[{"lineItemId":1,"itemTitle":"Framing labor","quantity":"1","unitType":"ls",
   "unitCost":"25000.00","builderCost":"25000.00",
   "costCodeId":5,"costCodeTitle":"03-110 - Rough Carpentry","costTypes":["Subcontractor"],
   "varianceCode":null}],
 "updatedAt":"2026-02-12T16:20:00Z"}""")


def test_the_purchase_order_of_the_sheet_is_read():
    order = payloads.purchase_order(ORDER)

    assert (order.purchase_order_id, order.po_number, order.cost) == (
        "8001", "0015", Decimal("25000.00"),
    )  # fmt: skip
    assert order.performing_user_id == "92"
    (line,) = order.line_items
    assert (line.cost_code_id, line.cost_types) == ("5", ("Subcontractor",))


@pytest.mark.parametrize(
    ("given", "read"),
    [
        ("25000.00", "25000.00"),
        (25000, "25000"),
        (Decimal("12.5"), "12.5"),
        ({"value": 2500000, "scale": 2}, "25000.00"),
        ({"value": -199, "scale": 2}, "-1.99"),
        ({"value": 7, "scale": 0}, "7"),
        ("0.00", "0.00"),
        ("-40.10", "-40.10"),
    ],
)
def test_money_is_text_a_number_or_digits_with_a_scale(given, read):
    assert payloads.bill({**BILL, "amount": given}).amount == Decimal(read)


@pytest.mark.parametrize(
    "given",
    [
        None, "", "12 000", "NaN", "Infinity", "1e400", True, 1.5, [], {},
        {"value": 1}, {"value": "1.5", "scale": 2}, {"value": 1, "scale": "2"},
        {"value": 1, "scale": -1}, {"value": 1, "scale": 10**9}, {"value": 1, "scale": True},
    ],
)  # fmt: skip
def test_what_is_no_amount_is_not_guessed(given):
    with pytest.raises(UnexpectedPayload, match="bill 9001 cannot be read"):
        payloads.bill({**BILL, "amount": given})


@given(st.decimals(min_value=-(10**11), max_value=10**11, places=2, allow_nan=False))
def test_an_amount_is_the_same_however_it_is_written(amount):
    scaled = {"value": int(amount.scaleb(2)), "scale": 2}

    assert payloads.bill({**BILL, "amount": str(amount)}).amount == amount
    assert payloads.bill({**BILL, "amount": amount}).amount == amount
    assert payloads.bill({**BILL, "amount": scaled}).amount == amount


def test_a_builder_cost_that_is_not_given_is_the_units_times_their_number():
    line = {"lineItemId": 1, "unitCost": "3.335", "quantity": "3"}

    (read,) = payloads.bill({**BILL, "lineItems": [line]}).line_items

    assert read.builder_cost == Decimal("10.01")


@pytest.mark.parametrize(
    ("changes", "vendor"),
    [
        ({}, "92"),
        ({"performingUserType": 2}, "92"),
        ({"performingUserType": 1}, ""),  # somebody inside: the id is no vendor's
        ({"performingUserType": 0}, ""),
        ({"payTo": "-- Unassigned --"}, ""),
        ({"payTo": "Buildertrend Misc."}, ""),
        ({"payTo": None}, "92"),
        ({"performingUserId": None}, ""),
    ],
)
def test_only_a_sub_or_vendor_is_a_vendor(changes, vendor):
    assert payloads.bill({**BILL, **changes}).pay_to_id == vendor


@given(st.dates(min_value=date(2000, 1, 1)))
def test_a_day_is_read_from_a_day_or_a_moment(day):
    plain = payloads.bill({**BILL, "invoiceDate": day.isoformat()})
    moment = payloads.bill({**BILL, "invoiceDate": f"{day.isoformat()}T00:00:00Z"})

    assert plain.invoice_date == moment.invoice_date == day


def test_numbers_as_cost_types_mean_nothing_to_us():
    line = {"lineItemId": 1, "builderCost": "1.00", "costTypes": [3, "Labor", 4]}

    assert payloads.bill({**BILL, "lineItems": [line]}).line_items[0].cost_types == ("Labor",)


READERS = [
    payloads.job,
    payloads.vendor,
    payloads.cost_code,
    payloads.cost_type,
    payloads.purchase_order,
    payloads.bill,
]
scalars = st.none() | st.booleans() | st.integers() | st.text(max_size=20) | st.floats()
anything = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)
KEYS = ["jobId", "billId", "vendorId", "amount", "lineItems", "invoiceDate", "isDeleted", "name",
        "costTypes", "title", "updatedAt", "costCodeId", "purchaseOrderId", "cost"]  # fmt: skip
payload = st.dictionaries(st.sampled_from(KEYS), anything) | anything


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@given(payload)
def test_any_row_is_read_or_an_error_of_ours(read, payload):
    try:
        value = read(payload)
    except UnexpectedPayload as error:
        assert error.payload is payload  # noqa: PT017 - either outcome is fine
    else:
        assert value.raw is payload
