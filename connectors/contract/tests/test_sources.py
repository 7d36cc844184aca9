"""What every source keeps: lists come whole, bills add up, and each failure says its name."""

from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from common.choices import RecordKind
from connectors.base import (
    ListsChangedBills,
    ListsChanges,
    Rereads,
    RereadsBills,
    TakesPayments,
)
from connectors.contract.tests.test_ledgers import able
from connectors.errors import AccessDenied, CredentialsExpired, RateLimited, Unreachable
from connectors.records import (
    PaidBill,
    PulledBill,
    PulledCommitment,
    PulledRecord,
    Removed,
    ToldPayment,
)

pytestmark = pytest.mark.django_db(transaction=True)


def bills(bench):
    return {
        bill.external_id: bill
        for bill in bench.client.bills(bench.project_id)
        if isinstance(bill, PulledBill)
    }


def test_it_says_who_it_is_and_always_the_same(source):
    first, second = source.client.company(), source.client.company()

    assert first.external_id
    assert first.name
    assert first == second


def test_every_list_comes_whole_and_each_row_once(source):
    for kind in source.client.kinds:
        rows = list(source.client.records(kind))

        assert rows, kind
        assert all(isinstance(row, PulledRecord) and row.kind == kind for row in rows), kind
        ids = [row.external_id for row in rows]
        assert len(ids) == len(set(ids)), kind


def test_an_inactive_vendor_is_listed_as_inactive(source):
    source.inactivate_vendor(source.vendor_id)

    rows = {row.external_id: row for row in source.client.records(RecordKind.VENDOR)}

    assert not rows[source.vendor_id].is_active


def test_a_renamed_vendor_keeps_its_id(source):
    source.rename_vendor(source.vendor_id, "Renamed Masonry")

    rows = {row.external_id: row for row in source.client.records(RecordKind.VENDOR)}

    assert rows[source.vendor_id].name == "Renamed Masonry"


def test_a_bills_lines_come_to_its_total(source):
    found = bills(source)

    assert found
    for bill in found.values():
        assert sum(line.amount - line.retainage for line in bill.lines) == bill.total
        assert bill.total == Decimal(source.bill_total[bill.external_id])


def test_what_a_bill_names_is_in_the_lists(source):
    ids = {
        kind: {row.external_id for row in source.client.records(kind)}
        for kind in source.client.kinds
    }

    for bill in bills(source).values():
        assert bill.vendor_id in ids[RecordKind.VENDOR]
        assert bill.project_id == source.project_id
        assert {line.cost_code_id for line in bill.lines} <= ids[RecordKind.COST_CODE] | {""}
        assert {line.cost_type_id for line in bill.lines} <= ids[RecordKind.COST_TYPE] | {""}


def test_commitments_come_with_lines_that_come_to_their_amount(source):
    found = list(source.client.commitments(source.project_id))

    assert found
    for commitment in found:
        assert isinstance(commitment, PulledCommitment)
        assert sum(line.amount for line in commitment.lines) == commitment.original_amount


def test_asking_twice_gives_the_same(source):
    assert bills(source) == bills(source)


def test_a_deleted_bill_is_listed_no_more(source):
    gone = source.delete_bill()

    assert gone not in bills(source)


# --- What each failure means ----------------------------------------------------------------------


def test_a_maintenance_page_is_no_answer(source):
    source.client.company()
    page = "<html><h1>We will be back soon</h1></html>"
    source.order("answer", status=503, headers={"Content-Type": "text/html"}, body=page, times=99)

    with pytest.raises(Unreachable):
        list(source.client.records(RecordKind.VENDOR))


@pytest.mark.parametrize("body", ["", '{"error":"slow down"}', "<error>slow down</error>"])
def test_too_many_calls_say_how_long_to_wait(source, body):
    source.client.company()
    source.order("answer", status=429, headers={"Retry-After": "77"}, body=body, times=99)

    with pytest.raises(RateLimited) as busy:
        list(source.client.records(RecordKind.VENDOR))

    assert timedelta(seconds=5) < busy.value.wait <= timedelta(minutes=5)


def test_a_consent_taken_back_needs_a_person(source):
    source.end_consent()

    with pytest.raises(CredentialsExpired):
        list(source.client.records(RecordKind.VENDOR))


def test_a_cut_answer_is_no_complete_list(source):
    source.client.company()
    source.order("truncate", times=99)

    with pytest.raises(Unreachable):
        list(source.client.records(RecordKind.VENDOR))


def test_a_project_that_is_not_there_has_no_bills(source):
    """Some say so, some have an empty list: never another project's bills."""
    with suppress(AccessDenied):
        assert list(source.client.bills("99999999")) == []


# --- What only some can do ------------------------------------------------------------------------


def test_what_changed_is_listed_and_nothing_older_than_asked(source):
    client = able(source, ListsChanges)
    before = datetime.now(UTC) - timedelta(minutes=5)
    source.rename_vendor(source.vendor_id, "Renamed Masonry")

    changed = [r for r in client.changes(RecordKind.VENDOR, before) if isinstance(r, PulledRecord)]

    assert "Renamed Masonry" in {row.name for row in changed}


def test_a_changed_bill_is_among_the_changed_ones(source):
    client = able(source, ListsChangedBills)
    before = datetime.now(UTC) - timedelta(minutes=5)
    touched = source.touch_bill()

    changed = client.changed_bills(source.project_id, before)

    assert touched in {row.external_id for row in changed if not isinstance(row, Removed)}


def test_one_row_can_be_read_again(source):
    client = able(source, Rereads)
    source.rename_vendor(source.vendor_id, "Renamed Masonry")

    assert client.record(RecordKind.VENDOR, source.vendor_id).name == "Renamed Masonry"
    assert client.record(RecordKind.VENDOR, "99999999") is None


def test_one_bill_can_be_read_again_as_the_list_has_it(source):
    client = able(source, RereadsBills)

    for listed in bills(source).values():
        read = client.reread_bill(listed.kind, listed.external_id, source.project_id)

        assert (read.total, read.number, read.lines) == (listed.total, listed.number, listed.lines)


def test_a_deleted_bill_reads_again_as_none(source):
    client = able(source, RereadsBills)
    kinds = {bill.external_id: bill.kind for bill in bills(source).values()}
    gone = source.delete_bill()

    assert client.reread_bill(kinds[gone], gone, source.project_id) is None


def paid(bench, bill, *payments):
    counted = [each for each in payments if not each.is_void]
    total = sum((each.amount for each in counted), Decimal(0))
    return PaidBill(
        kind=bill.kind,
        external_id=bill.external_id,
        project_id=bill.project_id,
        commitment_id=bill.commitment_id,
        number=bill.number,
        paid=total,
        is_paid_in_full=total >= bill.total,
        paid_date=max((each.payment_date for each in counted), default=None),
        payments=payments,
        ledger="QuickBooks Online",
        ledger_bill_id="311",
    )


def payment(key, amount, *, is_void=False):
    return ToldPayment(
        key=key,
        payment_date=date(2026, 10, 1),
        number="1042",
        amount=Decimal(amount),
        is_void=is_void,
    )


def test_a_payment_told_twice_counts_once(source):
    client = able(source, TakesPayments)
    for bill in bills(source).values():
        news = paid(source, bill, payment(f"pay-{bill.external_id}", "100.00"))
        client.tell_payment(news)
        client.tell_payment(news)

        assert source.paid_over_there(bill.external_id) == source.as_shown(
            bill.external_id, Decimal(100)
        )


def test_partial_payments_and_a_void_one_are_told(source):
    client = able(source, TakesPayments)
    bill = next(iter(bills(source).values()))
    rest = str(bill.total - 60)
    first, second = payment("pay-1", "60.00"), payment("pay-2", rest)
    client.tell_payment(paid(source, bill, first))
    client.tell_payment(paid(source, bill, first, second))
    assert source.paid_over_there(bill.external_id) == source.as_shown(bill.external_id, bill.total)

    client.tell_payment(paid(source, bill, first, payment("pay-2", rest, is_void=True)))

    assert source.paid_over_there(bill.external_id) == source.as_shown(
        bill.external_id, Decimal(60)
    )
