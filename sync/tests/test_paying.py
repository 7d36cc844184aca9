"""Payments of the ledger: kept, counted against the bills we posted, and noticed for the source."""

from datetime import date
from decimal import Decimal

import pytest

from companies.models import Role
from companies.tests.factories import MembershipFactory
from connectors.records import AppliedPayment, PulledPayment, Removed
from sync import paying
from sync.models import LedgerPayment, PaidNotice
from sync.tests.factories import PushFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def push():
    push = PushFactory(posted=True, external_id="311")
    push.sought = {**push.sought, "total": "1000.00"}
    push.save()
    return push


def payment(external_id="p1", *, day=3, **applied):
    return PulledPayment(
        external_id=external_id,
        vendor_id="56",
        payment_date=date(2026, 11, day),
        number=f"10{day}",
        amount=sum(map(Decimal, applied.values()), Decimal(0)),
        currency="USD",
        applied=tuple(
            AppliedPayment(bill_id=bill.removeprefix("b"), amount=Decimal(amount))
            for bill, amount in applied.items()
        ),
    )


def keep(push, *pulled):
    return paying.keep(push.connection, pulled)


def test_a_payment_of_our_bill_is_news_for_the_source(push):
    result = keep(push, payment(b311="400.00"))

    paid = paying.paid_bill(push)
    assert result.changed == {push.pk}
    assert (paid.paid, paid.is_paid_in_full, paid.paid_date) == (400, False, date(2026, 11, 3))
    assert PaidNotice.objects.get().push == push


def test_one_cheque_over_many_bills_counts_its_share(push):
    keep(push, payment(b311="250.00", b312="750.00"))

    assert paying.paid_bill(push).paid == 250


def test_partial_payments_add_up_to_all_of_it(push):
    keep(push, payment("p1", b311="400.00"), payment("p2", day=9, b311="600.00"))

    paid = paying.paid_bill(push)
    assert (paid.paid, paid.is_paid_in_full) == (1000, True)
    assert [each.number for each in paid.payments] == ["103", "109"]


def test_the_same_payment_read_again_is_no_news(push):
    keep(push, payment(b311="400.00"))
    PaidNotice.objects.update(told_sha256=paying.digest_of(paying.paid_bill(push)))

    assert keep(push, payment(b311="400.00")).changed == set()
    assert LedgerPayment.objects.count() == 1


def test_a_payment_deleted_in_the_ledger_counts_no_longer_but_is_told(push):
    keep(push, payment(b311="400.00"))

    keep(push, Removed(kind="payment", external_id="p1"))

    paid = paying.paid_bill(push)
    assert (paid.paid, paid.paid_date) == (0, None)
    assert [each.is_void for each in paid.payments] == [True]


def test_a_payment_moved_to_another_bill_leaves_ours(push):
    keep(push, payment(b311="400.00"))

    keep(push, payment(b312="400.00"))

    assert paying.paid_bill(push).paid == 0
    assert [each.is_void for each in paying.paid_bill(push).payments] == [True]


def test_a_payment_of_somebody_elses_bill_makes_no_notice(push):
    assert keep(push, payment(b999="400.00")).changed == set()
    assert not PaidNotice.objects.exists()


def test_the_same_payment_keeps_its_key_and_another_has_its_own(push):
    keep(push, payment("p1", b311="400.00"))
    first = paying.paid_bill(push).payments[0].key

    keep(push, payment("p1", b311="450.00"), payment("p2", day=9, b311="50.00"))

    keys = [each.key for each in paying.paid_bill(push).payments]
    assert keys[0] == first
    assert len(set(keys)) == len(keys) == 2
    assert all(len(key) <= 24 for key in keys)


def test_the_bills_page_shows_its_payments(push, client_for):
    keep(push, payment("p1", b311="400.00"), payment("p2", day=9, b311="100.00"))
    reader = MembershipFactory(company=push.company, role=Role.ACCOUNTANT).user

    page = client_for(reader).get(push.get_absolute_url() + "?payments=1")

    assert page.status_code == 200
    text = page.content.decode()
    assert "Partly paid" in text
    assert "109" in text
    assert "Procore will be told" in text
