"""Payments that a bookkeeper enters, as our client reads them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
import requests

from connectors.base import TellsPayments
from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.quickbooks_online.payments import payment
from connectors.quickbooks_online.tests.conftest import COST_LINE, bill_of, post
from connectors.records import AppliedPayment, Removed, Unreadable

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


@pytest.fixture
def lately():
    return datetime.now(UTC) - timedelta(hours=1)


@pytest.fixture
def refused(served):
    """Why the sandbox took no such payment."""

    def refused(what: str, /, **said):
        answer = requests.post(f"{served.url}/_sandbox/{what}", json=said, timeout=5)
        assert answer.status_code == 400
        return answer.json()["error"]

    return refused


def balance(served, external_id):
    listed = requests.get(f"{served.url}/_sandbox/bills", timeout=5).json()
    return next(bill["balance"] for bill in listed if bill["id"] == external_id)


def test_the_client_tells_payments():
    assert issubclass(QuickBooksOnlineClient, TellsPayments)


def test_a_check_for_one_bill_is_told_with_its_number_and_day(client, order, lately):
    order("pay", bills={"300": None}, number="20418", date="2026-03-28")

    (paid,) = client.payments(lately)

    assert (paid.vendor_id, paid.number, paid.payment_date) == ("56", "20418", date(2026, 3, 28))
    assert paid.amount == Decimal("1250.00")
    assert paid.applied == (AppliedPayment(bill_id="300", amount=Decimal("1250.00")),)


def test_one_check_may_pay_parts_of_many_bills(client, served, order, lately):
    second = post(client, bill_of(COST_LINE))
    order("pay", bills={"300": "200.10", second.external_id: "5000.00"}, date="2026-03-28")

    (paid,) = client.payments(lately)

    assert {one.bill_id: one.amount for one in paid.applied} == {
        "300": Decimal("200.10"),
        second.external_id: Decimal("5000.00"),
    }
    assert balance(served, "300") == "1049.90"


def test_a_card_pays_as_a_check_does(client, order, lately):
    order("pay", bills={"300": "50.00"}, how="card", date="2026-03-28")

    assert [paid.amount for paid in client.payments(lately)] == [Decimal("50.00")]


def test_a_credit_pays_a_bill_and_no_money_leaves_the_bank(client, call, served, order, lately):
    kind = "AccountBasedExpenseLineDetail"
    line = {"Amount": 400, "DetailType": kind, kind: {"AccountRef": {"value": "64"}}}
    credit = call(
        "POST",
        "vendorcredit",
        json={"VendorRef": {"value": "56"}, "TxnDate": "2026-03-02", "Line": [line]},
    ).json()["VendorCredit"]
    order("pay", bills={"300": "400"}, credits={credit["Id"]: "400"}, date="2026-03-28")

    (paid,) = client.payments(lately)

    assert paid.amount == 0
    assert paid.applied == (AppliedPayment(bill_id="300", amount=Decimal("400.00")),)
    assert balance(served, "300") == "850.00"


def test_a_void_payment_pays_nothing(client, served, order, lately):
    key = order("pay", bills={"300": None}, date="2026-03-28")["Id"]
    order(f"billpayment/{key}/void")

    (paid,) = client.payments(lately)

    assert (paid.is_void, paid.amount, paid.applied) == (True, 0, ())
    assert balance(served, "300") == "1250.00"


def test_a_void_payment_that_still_carries_its_total_pays_nothing():
    told = payment(
        {
            "Id": "9", "VendorRef": {"value": "56"}, "TxnDate": "2026-03-28", "TotalAmt": 1250,
            "PrivateNote": "Voided", "Line": [],
        }
    )  # fmt: skip

    assert (told.is_void, told.amount) == (True, 0)


def test_a_deleted_payment_is_told_as_removed(client, served, order, lately):
    key = order("pay", bills={"300": None}, date="2026-03-28")["Id"]
    order(f"billpayment/{key}/delete")

    assert list(client.payments(lately)) == [Removed(kind="payment", external_id=key)]
    assert balance(served, "300") == "1250.00"


def test_a_deleted_payment_is_told_however_far_back_one_asks(client, order):
    key = order("pay", bills={"300": "10"}, date="2026-03-28")["Id"]
    order("pay", bills={"300": "20"}, date="2026-03-28")
    order(f"billpayment/{key}/delete")

    told = list(client.payments(LONG_AGO))

    assert told[0] == Removed(kind="payment", external_id=key)
    assert [paid.amount for paid in told[1:]] == [Decimal("20.00")]


def test_what_was_paid_before_is_not_told_again(client, order):
    order("pay", bills={"300": None}, date="2026-03-28")

    assert not list(client.payments(datetime.now(UTC) + timedelta(minutes=1)))


def test_more_payments_than_one_answer_holds_are_all_told(client, sandbox, order, lately):
    first = order("pay", bills={"300": "0.01"}, date="2026-03-28")
    paid = sandbox.entities.get("BillPayment", first["Id"])
    with sandbox.store.transaction():
        for number in range(2, 1203):
            sandbox.entities.put("BillPayment", {**paid, "Id": str(number)}, sandbox.now())

    assert len({paid.external_id for paid in client.payments(lately)}) == 1202


def test_a_payment_that_cannot_be_understood_leaves_its_mark():
    told = payment({"Id": "9", "VendorRef": {"value": "56"}})

    assert isinstance(told, Unreadable)
    assert (told.kind, told.external_id) == ("payment", "9")


def test_no_more_is_paid_than_is_open(refused):
    assert "open balance of 1250.00" in refused("pay", bills={"300": "1250.01"}, date="2026-03-28")


def test_nothing_is_paid_in_a_closed_period(refused):
    assert "6200" in refused("pay", bills={"300": None}, date="2026-01-15")


def test_a_bill_that_was_paid_is_not_deleted(call, order):
    order("pay", bills={"300": None}, date="2026-03-28")
    paid = call("GET", "bill/300").json()["Bill"]

    refusal = call(
        "POST", "bill?operation=delete", json={"Id": "300", "SyncToken": paid["SyncToken"]}
    )

    assert refusal.json()["Fault"]["Error"][0]["code"] == "800"


def test_a_bill_names_the_payment_that_paid_it(call, order):
    key = order("pay", bills={"300": None}, how="check", date="2026-03-28")["Id"]

    paid = call("GET", "bill/300").json()["Bill"]

    assert paid["LinkedTxn"] == [{"TxnId": key, "TxnType": "BillPaymentCheck"}]
    assert paid["Balance"] == 0


def test_the_api_enters_changes_and_voids_a_payment(call, served):
    body = {
        "VendorRef": {"value": "56"},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "35"}},
        "TxnDate": "2026-03-28",
        "TotalAmt": 100,
        "Line": [{"Amount": 100, "LinkedTxn": [{"TxnId": "300", "TxnType": "Bill"}]}],
    }
    made = call("POST", "billpayment", json=body).json()["BillPayment"]
    body["TotalAmt"] = body["Line"][0]["Amount"] = 1250
    changed = call("POST", "billpayment", json={**body, "Id": made["Id"], "SyncToken": "0"})
    assert changed.status_code == 200
    assert balance(served, "300") == "0.00"
    void = call(
        "POST",
        "billpayment?operation=update&include=void",
        json={"Id": made["Id"], "SyncToken": "1", "sparse": True},
    )

    assert void.json()["BillPayment"]["TotalAmt"] == 0
    assert balance(served, "300") == "1250.00"


def test_a_check_is_drawn_on_a_bank_account(call):
    body = {
        "VendorRef": {"value": "56"},
        "PayType": "Check",
        "CheckPayment": {"BankAccountRef": {"value": "64"}},
        "TotalAmt": 100,
        "TxnDate": "2026-03-28",
        "Line": [{"Amount": 100, "LinkedTxn": [{"TxnId": "300", "TxnType": "Bill"}]}],
    }

    refusal = call("POST", "billpayment", json=body).json()

    assert refusal["Fault"]["Error"][0]["code"] == "6430"
