"""Values to records of ours: what a document says, and what it does not say."""

import json
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.buildertrend import payloads, translate
from connectors.buildertrend.values import (
    Bill,
    CostCode,
    CostType,
    Job,
    LineItem,
    PurchaseOrder,
    Vendor,
)
from connectors.errors import UnexpectedPayload
from connectors.http import parse_json
from connectors.records import PulledBill, PulledCommitment

CODES = [
    CostCode(cost_code_id="5", number="03-110", title="Rough Carpentry"),
    CostCode(cost_code_id="6", title="5620 - Shower doors"),
    CostCode(cost_code_id="7", title="Tile Labor:"),
    CostCode(cost_code_id="8", title="Buildertrend Flat Rate"),
    CostCode(cost_code_id="21", title="Paint"),
    CostCode(cost_code_id="22", title="paint "),
]
TYPES = [CostType(cost_type_id="1", name="Labor"), CostType(cost_type_id="3", name="Material")]
CODING = translate.coding(CODES, TYPES)
BILL = Bill(
    bill_id="9001",
    job_id="111",
    amount=Decimal("100.00"),
    bill_number="RF-1",
    title="Framing",
    status="Approved",
    pay_to_id="92",
    invoice_date=date(2026, 3, 1),
)
ORDER = PurchaseOrder(
    purchase_order_id="8001",
    job_id="111",
    po_number="0015",
    cost=Decimal("25000.00"),
    title="Framing labor",
    approval_status_text="Sub/Vendor Approved",
    performing_user_id="92",
)


def line(amount, **changes):
    values = {"line_item_id": "1", "item_title": "Walls"} | changes
    return LineItem(builder_cost=Decimal(amount), **values)


def bill(**changes):
    return translate.bill(replace(BILL, **changes), CODING)


def code_of(**changes):
    return CODING.code_of(line("1.00", **changes))


# --- Lists ----------------------------------------------------------------------------------------


def test_a_job_keeps_its_number_as_its_code_and_its_whole_name_beside():
    project = translate.project(Job(job_id="111", job_name="24-017 Lot 17 Aspen Ridge"))

    assert (project.code, project.name) == ("24-017", "Lot 17 Aspen Ridge")
    assert project.other_names == ("24-017 Lot 17 Aspen Ridge",)


@pytest.mark.parametrize(
    ("status", "is_active"), [("Open", True), ("Warranty", True), ("closed", False), ("", True)]
)
def test_only_a_closed_job_is_inactive(status, is_active):
    job = Job(job_id="1", job_name="Barn", job_status=status)

    assert translate.project(job).is_active is is_active


def test_a_vendor_without_a_company_goes_by_the_contact():
    vendor = translate.vendor(Vendor(vendor_id="9", company_name="", contact_name="Ana Ruiz"))

    assert vendor.name == "Ana Ruiz"
    assert vendor.other_names == ()


@pytest.mark.parametrize(
    "translated",
    [
        lambda: translate.vendor(Vendor(vendor_id="9", company_name="")),
        lambda: translate.project(Job(job_id="9", job_name=" ")),
        lambda: translate.cost_code(CostCode(cost_code_id="9", title=" : ")),
    ],
)
def test_what_has_no_name_is_named_by_its_id(translated):
    with pytest.raises(UnexpectedPayload, match="9 has no"):
        translated()


def test_a_cost_codes_number_is_told_from_its_title():
    code = translate.cost_code(
        CostCode(cost_code_id="6", title="5620 - Shower doors:", category_name="Finishes:")
    )

    assert (code.code, code.name, code.path) == ("5620", "Shower doors", "Finishes:Shower doors")


def test_a_number_of_its_own_counts_before_one_in_the_title():
    code = translate.cost_code(CostCode(cost_code_id="6", number="10", title="5620 - Doors"))

    assert (code.code, code.name) == ("10", "5620 - Doors")


def test_a_payment_among_the_cost_codes_is_no_record():
    assert translate.cost_code(CostCode(cost_code_id="9", title="Customer Payment")) is None


# --- Which cost code a line means -----------------------------------------------------------------


def test_a_line_means_the_cost_code_whose_id_it_names():
    assert code_of(cost_code_id="5", cost_code_title="Whatever") == "5"


@pytest.mark.parametrize(
    ("title", "code_id"),
    [
        ("03-110 - Rough Carpentry", "5"),
        ("Rough Carpentry", "5"),
        ("5620 - shower doors", "6"),
        ("TILE LABOR", "7"),
        ("Paint", ""),  # two codes are called so
        ("Roofing", ""),
        ("", ""),
    ],
)
def test_a_line_without_an_id_goes_by_a_title_that_one_code_has(title, code_id):
    assert code_of(cost_code_title=title) == code_id


def test_a_line_that_is_a_payment_has_no_cost_code():
    assert code_of(cost_code_id="9", cost_code_title="Customer Payment") == ""


@pytest.mark.parametrize(
    ("names", "type_id"),
    [(("labor",), "1"), (("Labor", "Material"), ""), (("Magic",), ""), ((), "")],
)
def test_a_cost_type_is_known_by_its_name(names, type_id):
    assert CODING.type_of(line("1.00", cost_types=names)) == type_id


# --- Bills ----------------------------------------------------------------------------------------


def test_a_bill_has_one_kind_with_a_purchase_order_or_without():
    loose, ordered = bill(), bill(related_purchase_order_ids=("8001",))

    assert loose.kind == ordered.kind == PulledBill.Kind.BILL
    assert (loose.commitment_id, ordered.commitment_id) == ("", "8001")


def test_of_several_purchase_orders_none_is_chosen():
    assert bill(related_purchase_order_ids=("8001", "8002")).commitment_id == ""


def test_a_bill_without_lines_is_one_line_of_its_only_cost_code():
    (only,) = bill(cost_codes=("03-110 - Rough Carpentry", "Buildertrend Flat Rate")).lines

    assert (only.cost_code_id, only.amount, only.external_id) == ("5", Decimal("100.00"), "9001")


def test_several_cost_codes_and_no_split_name_none_and_say_so():
    (only,) = bill(cost_codes=("Tile Labor", "5620 - Shower doors")).lines

    assert only.cost_code_id == ""
    assert only.description == (
        "Several cost codes, and no amount for each: Tile Labor; 5620 - Shower doors"
    )


def test_the_flat_rate_without_an_amount_is_dropped_beside_a_real_code():
    pair = (
        line("0", line_item_id="1", cost_code_title="Buildertrend Flat Rate"),
        line("100", line_item_id="2", cost_code_id="5"),
    )

    assert [each.external_id for each in bill(line_items=pair).lines] == ["2"]


def test_the_flat_rate_with_an_amount_stays_and_wants_a_mapping():
    only = (line("100", cost_code_id="8", cost_code_title="Buildertrend Flat Rate"),)

    assert [each.cost_code_id for each in bill(line_items=only).lines] == ["8"]


def test_what_came_from_the_accounting_system_is_not_ours():
    assert bill(is_originated_from_accounting=True).not_ours == PulledBill.NotOurs.FROM_LEDGER


def test_a_bill_that_is_paid_there_is_not_sent_to_be_paid_again():
    assert bill(status="Paid").not_ours == PulledBill.NotOurs.PAID_THERE
    assert bill(payment_status="Paid").not_ours == PulledBill.NotOurs.PAID_THERE
    assert bill(status="Ready for Payment", payment_status="Not Paid").not_ours is None
    assert bill(payment_status="Partially Paid").not_ours is None


def test_a_bill_of_payments_only_is_no_bill():
    assert bill(cost_codes=("Customer Payment",)).not_ours == PulledBill.NotOurs.NO_BILL
    assert bill(cost_codes=("Customer Payment", "Paint")).not_ours is None


def test_an_approved_bill_without_its_date_is_not_read():
    with pytest.raises(UnexpectedPayload, match=r"9001 has no invoice date\. Enter it there\."):
        bill(invoice_date=None, created_date=date(2026, 2, 1))


def test_a_draft_without_its_date_goes_by_the_day_it_was_entered():
    draft = bill(status="Draft", invoice_date=None, created_date=date(2026, 2, 1))

    assert draft.bill_date == date(2026, 2, 1)
    assert not draft.is_approved


def test_a_word_that_nobody_knows_is_kept_and_held():
    odd = bill(status="Blessed by the CFO")

    assert odd.status == "Blessed by the CFO"
    assert not odd.is_approved


def test_where_a_file_has_no_status_the_payment_counts():
    assert bill(status="", payment_status="Paid").is_approved
    assert not bill(status="", payment_status="Not Paid").is_approved


cents = st.decimals(min_value=-(10**9), max_value=10**9, places=2, allow_nan=False)


@given(st.lists(cents, min_size=1, max_size=8))
def test_no_cent_is_lost_between_the_lines(amounts):
    items = tuple(
        line(amount, line_item_id=str(n), cost_code_id="5") for n, amount in enumerate(amounts)
    )

    pulled = bill(amount=sum(amounts, Decimal(0)), line_items=items)

    assert [each.amount for each in pulled.lines] == amounts
    assert sum(each.amount - each.retainage for each in pulled.lines) == pulled.total


# --- Purchase orders ------------------------------------------------------------------------------


def test_a_purchase_order_is_worth_what_it_costs():
    pulled = translate.commitment(ORDER, CODING)

    assert pulled.kind == PulledCommitment.Kind.PURCHASE_ORDER
    assert pulled.original_amount == pulled.revised_amount == Decimal("25000.00")
    assert pulled.is_approved
    assert sum(each.amount for each in pulled.lines) == pulled.original_amount


@pytest.mark.parametrize(
    "changes",
    [
        {"is_recalled": True},
        {"is_deleted": True},
        {"approval_status_text": "Sent"},
        {"approval_status_text": "Fine by me"},
    ],
)
def test_a_purchase_order_that_nobody_approved_is_not_approved(changes):
    assert not translate.commitment(replace(ORDER, **changes), CODING).is_approved


@given(st.text(min_size=1, max_size=60))
def test_any_name_comes_through_whole(name):
    """No character is lost, changed or read as mark-up between an answer's bytes and our record."""
    sent = json.dumps({"vendorId": 1, "companyName": f"A{name}", "jobId": 2, "jobName": f"A{name}"})
    payload = parse_json(sent.encode())

    vendor = translate.vendor(payloads.vendor(payload))
    project = translate.project(payloads.job(payload))

    assert vendor.name == f"A{name}".strip()
    assert f"A{name}".strip() in {project.name, *project.other_names}
