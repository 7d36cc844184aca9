"""Payments of the sandbox as our client tells them."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from connectors.records import PulledPayment, Removed
from connectors.sage_intacct.tests.conftest import client_at, post

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def test_a_payment_that_has_not_left_the_bank_is_not_told(client, sandbox, order):
    posted = post(client)
    paid = order("pay", bills={posted.external_id: "1.00"}, date="2026-04-01", number="7")
    row = sandbox.entities.get("APPYMT", paid["id"])
    with sandbox.store.transaction():
        sandbox.entities.put("APPYMT", {**row, "STATE": "S"}, sandbox.now())

    assert list(client.payments(LONG_AGO)) == []


def test_only_what_changed_since_is_told(client, order):
    posted = post(client)
    order("pay", bills={posted.external_id: "1.00"}, date="2026-04-01", number="7")

    assert list(client.payments(datetime.now(UTC) + timedelta(hours=1))) == []


def test_where_payments_may_not_be_read_each_bill_tells_its_own(served, client, order):
    posted = post(client)
    order("pay", bills={posted.external_id: "12000.00"}, date="2026-04-01", number="7")
    order("pay", bills={posted.external_id: "500.00"}, date="2026-04-03", number="8")
    poor = client_at(served.url, payments_by_bill=True)

    told = {each.external_id: each for each in poor.payments(LONG_AGO)}

    whole = told[f"bill/{posted.external_id}"]
    assert (whole.amount, whole.payment_date) == (Decimal("12500.00"), date(2026, 4, 3))


def test_once_payments_may_be_read_the_sums_of_before_are_taken_back(client, order):
    posted = post(client)
    order("pay", bills={posted.external_id: "500.00"}, date="2026-04-01", number="7")

    payment, gone = client.payments(LONG_AGO)

    assert isinstance(payment, PulledPayment)
    assert gone == Removed(kind="payment", external_id=f"bill/{posted.external_id}")
