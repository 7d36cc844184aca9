"""What Procore shows of a bill that the ledger has paid."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import requests

from connectors.base import TakesPayments
from connectors.errors import RateLimited, Refused, Unreachable
from connectors.procore.client import ProcoreClient
from connectors.procore.tests.conftest import COMPANY, JOB, MASON
from connectors.records import PaidBill, PulledBill, ToldPayment

CHECK = ToldPayment(
    key="p1", payment_date=date(2026, 4, 10), number="10422", amount=Decimal("600.00")
)
REST = ToldPayment(
    key="p2", payment_date=date(2026, 4, 24), number="10477", amount=Decimal("400.00")
)
PART = PaidBill(
    kind=PulledBill.Kind.SUBCONTRACTOR_INVOICE,
    external_id="901",
    project_id=str(JOB),
    commitment_id="801",
    number="OM-1",
    paid=Decimal("600.00"),
    is_paid_in_full=False,
    paid_date=date(2026, 4, 10),
    payments=(CHECK,),
    ledger="QuickBooks Online",
    ledger_bill_id="311",
)
PAID = replace(
    PART, paid=Decimal("1000.00"), is_paid_in_full=True, paid_date=REST.payment_date,
    payments=(CHECK, REST),
)  # fmt: skip
COST = replace(PAID, kind=PulledBill.Kind.DIRECT_COST, external_id="951", commitment_id="")


@pytest.fixture
def jobsite(procore):
    """A subcontract with one invoice of $1,000, and a direct cost."""
    procore.write(
        "commitments",
        {"id": 801, "type": "subcontract", "number": "SC-1", "title": "Brick", "project_id": JOB,
         "vendor_id": MASON, "status": "Approved", "retainage_percent": "0"},
    )  # fmt: skip
    procore.write(
        "commitment_lines",
        {"id": 811, "commitment_id": 801, "position": 1, "code": "04-210", "cost_type_id": 61,
         "amount": "5000.00"},
    )  # fmt: skip
    procore.write(
        "requisitions",
        {"id": 901, "commitment_id": 801, "number": 1, "invoice_number": "OM-1",
         "billing_date": "2026-03-31", "status": "approved"},
    )  # fmt: skip
    procore.write(
        "requisition_items",
        {"requisition_id": 901, "commitment_line_id": 811, "work_this_period": "1000.00"},
    )
    procore.write(
        "direct_costs",
        {"id": 951, "project_id": JOB, "vendor_id": MASON, "type": "invoice",
         "status": "approved", "date": "2026-03-12", "invoice_number": "77", "amount": "1000.00"},
    )  # fmt: skip
    return procore


def rows(procore, table):
    return requests.get(f"{procore.url}/_sandbox/rows/{table}", timeout=5).json()


def payments(procore):
    return rows(procore, "contract_payments")


def paid_on(procore, table):
    return rows(procore, table)[0].get("payment_date")


def test_the_client_takes_payments():
    assert issubclass(ProcoreClient, TakesPayments)


def test_a_payment_is_entered_with_its_invoice_check_and_day(jobsite, client):
    client.tell_payment(PART)

    (row,) = payments(jobsite)
    assert (row["amount"], row["date"], row["check_number"]) == ("600.00", "2026-04-10", "10422")
    assert (row["contract_id"], row["requisition_id"]) == (801, 901)


def test_telling_the_same_again_changes_nothing(jobsite, client):
    client.tell_payment(PAID)
    before = (payments(jobsite), rows(jobsite, "requisitions"))

    client.tell_payment(PAID)

    assert (payments(jobsite), rows(jobsite, "requisitions")) == before


def test_a_part_leaves_the_invoice_without_a_day(jobsite, client):
    client.tell_payment(PART)

    assert paid_on(jobsite, "requisitions") is None


def test_the_rest_is_a_payment_of_its_own_and_gives_the_invoice_its_day(jobsite, client):
    client.tell_payment(PART)
    client.tell_payment(PAID)

    assert [row["amount"] for row in payments(jobsite)] == ["600.00", "400.00"]
    assert paid_on(jobsite, "requisitions") == "2026-04-24"


def test_a_void_payment_is_taken_back_with_the_day(jobsite, client):
    client.tell_payment(PAID)
    client.tell_payment(
        replace(
            PAID, paid=CHECK.amount, is_paid_in_full=False, paid_date=CHECK.payment_date,
            payments=(CHECK, replace(REST, is_void=True)),
        )
    )  # fmt: skip

    assert [row["amount"] for row in payments(jobsite)] == ["600.00"]
    assert paid_on(jobsite, "requisitions") is None


def test_what_was_half_taken_back_is_taken_back_by_the_next_telling(jobsite, client):
    client.tell_payment(PAID)
    void = replace(PAID, is_paid_in_full=False, payments=(CHECK, replace(REST, is_void=True)))
    jobsite.misbehave("answer", method="DELETE", path="*/contract_payments/*", status=503)
    with pytest.raises(Unreachable):
        client.tell_payment(void)

    client.tell_payment(void)

    assert [row["amount"] for row in payments(jobsite)] == ["600.00"]


def test_a_payment_that_changed_is_entered_anew(jobsite, client):
    client.tell_payment(PART)
    client.tell_payment(replace(PART, payments=(replace(CHECK, amount=Decimal("650.00")),)))

    assert [row["amount"] for row in payments(jobsite)] == ["650.00"]


def test_a_lost_answer_makes_no_second_payment(jobsite, client):
    jobsite.misbehave("drop_after", method="POST", path="*/contract_payments")
    with pytest.raises(Unreachable):
        client.tell_payment(PART)

    client.tell_payment(PART)

    assert len(payments(jobsite)) == 1


def test_a_payment_that_arrives_twice_is_there_once(jobsite, client):
    jobsite.misbehave("twice", method="POST", path="*/contract_payments")

    client.tell_payment(PART)

    assert len(payments(jobsite)) == 1


def test_what_somebody_entered_by_hand_is_not_entered_again(jobsite, client):
    jobsite.write(
        "contract_payments",
        {"id": 5, "contract_id": 801, "requisition_id": 901, "amount": "600.00",
         "date": "2026-04-11", "check_number": "10422"},
    )  # fmt: skip

    client.tell_payment(PART)

    assert len(payments(jobsite)) == 1


def test_an_invoice_that_another_integration_has_locked_says_so(jobsite, client):
    jobsite.write("requisitions", {"id": 901, "commitment_id": 801, "origin_id": "AP-5"})

    with pytest.raises(Refused, match="synced with ERP"):
        client.tell_payment(PAID)


def test_a_direct_cost_gets_its_day_when_it_is_paid_in_full(jobsite, client):
    client.tell_payment(replace(COST, is_paid_in_full=False))
    assert paid_on(jobsite, "direct_costs") is None

    client.tell_payment(COST)

    assert paid_on(jobsite, "direct_costs") == "2026-04-24"


def test_a_direct_cost_whose_payment_is_void_loses_its_day(jobsite, client):
    client.tell_payment(COST)
    client.tell_payment(
        replace(
            COST, is_paid_in_full=False, paid_date=None, payments=(replace(REST, is_void=True),)
        )
    )

    assert paid_on(jobsite, "direct_costs") is None


def test_a_direct_cost_that_another_integration_has_locked_says_so(jobsite, client):
    jobsite.write("direct_costs", {"id": 951, "origin_id": "AP-5"})

    with pytest.raises(Refused, match="has been synced"):
        client.tell_payment(COST)


def test_another_bulk_write_under_way_is_waited_for(jobsite, client):
    jobsite.misbehave("answer", method="PATCH", path="*/sync", status=409, body="{}")

    with pytest.raises(RateLimited):
        client.tell_payment(COST)


def test_the_commitment_shows_what_is_paid(jobsite, client):
    client.tell_payment(PART)

    shown = jobsite.get(
        "/rest/v1.0/work_order_contracts", project_id=JOB, view="extended"
    ).json()[0]  # fmt: skip
    assert (shown["total_payments"], shown["remaining_balance_outstanding"]) == ("600.0", "4400.0")


# --- What the sandbox insists on ------------------------------------------------------------------


@pytest.fixture
def send(jobsite):
    """A bare write, signed in: send("POST", path, body)."""

    def send(method, path, body=None, **params):
        return requests.request(
            method,
            jobsite.url + path,
            json=body,
            params=params,
            headers={
                "Authorization": f"Bearer {jobsite.sign_in().access}",
                "Procore-Company-Id": str(COMPANY),
            },
            timeout=5,
        )

    return send


PAYMENTS = "/rest/v1.0/contract_payments"
SCOPE = {"project_id": JOB, "contract_id": 801}


@pytest.mark.parametrize(
    ("payment", "field"),
    [
        ({"amount": "0"}, "amount"),
        ({"amount": "ten"}, "amount"),
        ({"amount": "10.00", "requisition_id": 999}, "requisition_id"),
    ],
)
def test_a_payment_that_makes_no_sense_is_refused(send, payment, field):
    answer = send("POST", PAYMENTS, {**SCOPE, "contract_payment": payment})

    assert answer.status_code == 422
    assert field in answer.json()["errors"]


def test_the_mark_of_a_payment_is_unique(send):
    body = {**SCOPE, "contract_payment": {"amount": "10.00", "origin_id": "x"}}
    assert send("POST", PAYMENTS, body).status_code == 201

    assert send("POST", PAYMENTS, body).json() == {
        "errors": {"origin_id": ["has already been taken"]}
    }


def test_a_marked_payment_is_locked(send):
    body = {**SCOPE, "contract_payment": {"amount": "10.00", "origin_id": "x"}}
    key = send("POST", PAYMENTS, body).json()["id"]

    changed = send("PATCH", f"{PAYMENTS}/{key}", {**SCOPE, "contract_payment": {"amount": "11.00"}})
    assert changed.status_code == 422
    assert send("DELETE", f"{PAYMENTS}/{key}", **SCOPE).status_code == 422


def test_a_payment_needs_its_contract(send):
    assert send("GET", PAYMENTS, project_id=JOB).status_code == 400
