"""Payments of the ledger: kept, counted against the bills we posted, and noticed for the source."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from django.utils import timezone

from companies.models import Role
from companies.tests.factories import MembershipFactory
from connectors.models import Connection
from connectors.records import AppliedPayment, PostedBill, PulledPayment, Removed
from connectors.tests.factories import ConnectionFactory
from sync import paying, settling
from sync.models import LedgerPayment, PaidNotice, Push
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


@pytest.mark.parametrize("whole", ["400.00", "0.00"])
def test_what_a_whole_bill_was_paid_takes_the_place_of_its_single_payments(push, whole):
    """A ledger that stops showing us payments tells by the bill from then on."""
    keep(push, payment(b311="400.00"))

    by_bill = payment("bill/311", b311=whole)
    keep(push, replace(by_bill, is_void=whole == "0.00", whole_of_bill="311"))

    assert paying.paid_bill(push).paid == Decimal(whole)


def test_a_source_connected_later_never_hears_of_another_ones_bill(push):
    """Its number there may be that of another bill."""
    came_from = push.bill.connection
    keep(push, payment(b311="400.00"))
    Connection.objects.filter(pk=came_from.pk).update(state=Connection.State.DISCONNECTED)
    ConnectionFactory(company=push.company, source=True, external_company_id="another")
    notice, _ = PaidNotice.objects.update_or_create(
        push=push,
        defaults={
            "company": push.company, "state": PaidNotice.State.WAITING, "due_at": timezone.now()
        },
    )  # fmt: skip

    paying.tell(notice.pk)

    notice.refresh_from_db()
    assert "no longer connected" in notice.sentence
    assert notice.told_at is None


def test_a_bill_found_after_a_lost_answer_hears_of_what_was_paid_meanwhile(push):
    Push.objects.filter(pk=push.pk).update(state=Push.State.UNKNOWN, was_unknown=True)
    keep(push, payment(b311="400.00"))
    assert not PaidNotice.objects.exists()
    push.refresh_from_db()

    settling.accept_as_posted(push, posted_as(push))

    assert PaidNotice.objects.get().push == push


def posted_as(push):
    return PostedBill(
        external_id="311",
        number="D-1",
        vendor_id=push.sought["vendor_id"],
        bill_date=date(2026, 9, 2),
        total=Decimal(push.sought["total"]),
        currency="USD",
        key=push.key,
        version="1",
    )


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
