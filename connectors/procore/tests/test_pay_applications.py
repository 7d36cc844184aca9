from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.errors import UnexpectedPayload
from connectors.procore import pay_applications
from connectors.procore.pay_applications import Codes
from connectors.procore.tests import example_s
from connectors.procore.tests.conftest import JOB, MASON
from connectors.procore.tests.example_s import BRICK, SUBCONTRACT

CODES = Codes(full_codes={"77": "04-210"}, cost_types={"S": "61"})


def gross(bill):
    return sum(line.amount for line in bill.lines)


def retainage(bill):
    return sum(line.retainage for line in bill.lines)


def line_of(bill, description):
    return next(line for line in bill.lines if line.description == description)


def item(**changes):
    return {
        "id": 1,
        "item_type": "contract_item",
        "line_item_id": 10,
        "cost_code_id": 77,
        "wbs_code": {"flat_code": "04-210.S"},
        "position": 1,
        "description_of_work": "Brick",
        "total_completed_and_stored_to_date": "100.00",
    } | changes


def payload(*items, **changes):
    return {
        "id": 5,
        "number": 1,
        "commitment_id": 900,
        "vendor_id": 501,
        "status": "approved",
        "billing_date": "2026-02-28",
        "summary": {"current_payment_due": "100.00"},
        "items": list(items),
    } | changes


def bill(current, previous=None):
    return pay_applications.bill(current, previous, project_id="301", codes=CODES)


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_each_bill_of_example_s_is_exact_to_the_cent(procore, client, number):
    example_s.write(procore)

    found = list(client.bills(str(JOB)))[number - 1]

    assert (gross(found), retainage(found), found.total) == example_s.BILLS[number - 1]


@pytest.mark.parametrize("number", [1, 2, 3, 4, 5])
def test_each_bill_of_example_s_adds_up(procore, client, number):
    example_s.write(procore)

    found = list(client.bills(str(JOB)))[number - 1]

    assert gross(found) - retainage(found) == found.total


def test_all_bills_of_example_s_together_are_the_revised_commitment(procore, client):
    example_s.write(procore)

    bills = list(client.bills(str(JOB)))

    assert sum(found.total for found in bills) == Decimal("195400.00")


def test_retainage_of_example_s_sums_to_nothing_at_the_close(procore, client):
    example_s.write(procore)

    assert sum(retainage(found) for found in client.bills(str(JOB))) == 0


def test_stored_material_that_was_installed_is_billed_once(procore, client):
    example_s.write(procore, applications=2)

    second = list(client.bills(str(JOB)))[1]

    assert line_of(second, "Brick veneer").amount == Decimal("14700.00")


def test_retainage_on_stored_material_follows_it_into_work(procore, client):
    example_s.write(procore, applications=2)

    second = list(client.bills(str(JOB)))[1]

    assert line_of(second, "Brick veneer").retainage == Decimal("1470.00")


def test_a_cut_rate_releases_on_a_line_without_work(procore, client):
    example_s.write(procore, applications=4)

    fourth = list(client.bills(str(JOB)))[3]

    screen = line_of(fourth, "Screen wall")
    assert (screen.amount, screen.retainage) == (Decimal("0.00"), Decimal("-470.00"))


def test_a_release_alone_has_no_cost(procore, client):
    example_s.write(procore)

    last = list(client.bills(str(JOB)))[4]

    assert {line.amount for line in last.lines} == {Decimal("0.00")}


def test_a_change_of_rate_for_new_work_leaves_old_retainage_alone(procore, client):
    example_s.write(procore, applications=1)
    procore.write("requisitions", example_s.requisition(2))
    procore.write(
        "requisition_items",
        {
            "requisition_id": 2002,
            "commitment_line_id": BRICK,
            "work_this_period": "1000.00",
            "retained_this_period": "50.00",
            "stored_now": "8000.00",
            "stored_retained": "800.00",
        },
    )

    second = list(client.bills(str(JOB)))[1]

    assert (gross(second), retainage(second)) == (Decimal("1000.00"), Decimal("50.00"))


def test_lines_that_bill_nothing_are_left_out(procore, client):
    example_s.write(procore, applications=1)

    (first,) = client.bills(str(JOB))

    assert [line.description for line in first.lines] == ["Block walls", "Brick veneer"]


def test_a_zero_bill_has_no_lines(procore, client):
    example_s.write(procore, applications=1)
    procore.write("requisitions", example_s.requisition(2))

    second = list(client.bills(str(JOB)))[1]

    assert (second.total, second.lines) == (Decimal("0.00"), ())


def test_work_taken_back_makes_a_negative_bill(procore, client):
    example_s.write(procore, applications=1)
    procore.write("requisitions", example_s.requisition(2))
    procore.write(
        "requisition_items",
        {
            "requisition_id": 2002,
            "commitment_line_id": example_s.BLOCK,
            "work_this_period": "-1000.00",
            "retained_this_period": "-100.00",
        },
    )

    second = list(client.bills(str(JOB)))[1]

    assert (gross(second), retainage(second), second.total) == (
        Decimal("-1000.00"),
        Decimal("-100.00"),
        Decimal("-900.00"),
    )


def test_a_bill_whose_lines_do_not_add_up_keeps_the_total_of_the_source(procore, client):
    example_s.write(procore, applications=1)
    procore.write("requisitions", {"id": 2001, "tax": "120.00"})

    (first,) = client.bills(str(JOB))

    assert (first.total, gross(first) - retainage(first)) == (
        Decimal("39720.00"),
        Decimal("39600.00"),
    )


def test_a_line_names_our_cost_code_and_cost_type(procore, client):
    example_s.write(procore, applications=1)

    (first,) = client.bills(str(JOB))

    brick = line_of(first, "Brick veneer")
    assert (brick.cost_code_id, brick.cost_type_id) == ("04-210", "61")


def test_a_line_without_cost_code_still_arrives(procore, client):
    example_s.write(procore, applications=1)
    procore.write("commitment_lines", {"id": BRICK, "commitment_id": SUBCONTRACT, "code": ""})

    (first,) = client.bills(str(JOB))

    assert line_of(first, "Brick veneer").cost_code_id == ""


def test_a_bill_carries_what_its_header_says(procore, client):
    example_s.write(procore, applications=1)

    (first,) = client.bills(str(JOB))

    assert (first.external_id, first.number, first.vendor_id, first.commitment_id) == (
        "2001",
        "OM-1",
        str(MASON),
        str(SUBCONTRACT),
    )


@pytest.mark.parametrize(
    ("status", "is_approved"),
    [
        ("draft", False),
        ("under_review", False),
        ("revise_and_resubmit", False),
        ("pending_owner_approval", False),
        ("approved", True),
        ("approved_as_noted", True),
    ],
)
def test_only_an_approved_application_may_be_paid(procore, client, status, is_approved):
    example_s.write(procore, applications=1)
    procore.write("requisitions", {"id": 2001, "status": status})

    (first,) = client.bills(str(JOB))

    assert (first.status, first.is_approved) == (status, is_approved)


def test_an_edited_earlier_application_changes_the_later_bill(procore, client):
    example_s.write(procore, applications=2)
    procore.write(
        "requisition_items",
        {"requisition_id": 2001, "commitment_line_id": BRICK, "stored_now": "7000.00"},
    )

    second = list(client.bills(str(JOB)))[1]

    assert line_of(second, "Brick veneer").amount == Decimal("15700.00")


def test_a_change_order_item_with_the_id_of_a_contract_item_is_another_line():
    both = payload(item(), item(item_type="change_order_item", description_of_work="Extra"))

    assert [line.external_id for line in bill(both).lines] == [
        "contract_item:1",
        "change_order_item:1",
    ]


def test_a_line_that_left_the_application_is_taken_back():
    before = payload(item(), item(id=2, line_item_id=11))

    found = bill(payload(item(id=3)), before)

    assert [line.amount for line in found.lines] == [Decimal("-100.00")]


AMOUNTS = st.decimals("-99999.99", "99999.99", places=2)


@given(st.lists(st.tuples(AMOUNTS, AMOUNTS), min_size=1, max_size=6))
def test_however_a_commitment_was_billed_its_bills_sum_to_the_last_application(to_date):
    applications = [
        payload(
            item(
                total_completed_and_stored_to_date=str(completed),
                materials_stored_retainage_currently_retained=str(held),
            )
        )
        for completed, held in to_date
    ]

    bills = [
        bill(now, before)
        for before, now in zip([None, *applications[:-1]], applications, strict=True)
    ]

    assert (sum(map(gross, bills)), sum(map(retainage, bills))) == to_date[-1]


def test_retainage_of_moved_material_counts_as_held():
    found = bill(payload(item(materials_retainage_retained_moved="8.00")))

    assert retainage(found) == Decimal("8.00")


def test_an_item_without_cost_type_has_none():
    found = bill(payload(item(wbs_code={"flat_code": "04-210"})))

    assert found.lines[0].cost_type_id == ""


def test_the_period_end_dates_an_application_without_billing_date():
    found = bill(payload(billing_date=None, requisition_end="2026-03-31"))

    assert found.bill_date.isoformat() == "2026-03-31"


@pytest.mark.parametrize(
    "broken",
    [
        payload(item(total_completed_and_stored_to_date=None)),
        payload(item(total_completed_and_stored_to_date="a lot")),
        payload(item(), summary={}),
        payload(item(), item()),
        payload(billing_date=None),
        {**payload(), "items": None},
    ],
)
def test_an_application_that_cannot_be_understood_is_named(broken):
    with pytest.raises(UnexpectedPayload, match="invoice 5") as raised:
        bill(broken)

    assert raised.value.payload == broken
