"""What every ledger keeps: a bill gets there once, is found, and each failure says its name."""

from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from common.choices import RecordKind
from connectors.base import CreatesRecords, ListsChanges, Rereads, TellsPayments
from connectors.errors import (
    ConnectorError,
    CredentialsExpired,
    PeriodClosed,
    RateLimited,
    Refused,
    TargetInactive,
    Unreachable,
)
from connectors.records import NewRecord, PulledPayment, PulledRecord, Removed

# Mails, mailing addresses and the odd typing habit: what names and descriptions really hold.
AWKWARD = [
    "Müller & Söhne “Bau” <GmbH>",
    "O'Dell's \"Pros\" #1",
    "Łukasz Żółć 100% \\ slash / tab",
    "ends with a dot.",
    "a ; b | c = d",
]
CONNECTS = pytest.mark.django_db(transaction=True)
pytestmark = CONNECTS


# --- Lists ----------------------------------------------------------------------------------------


def test_it_says_who_it_is_and_always_the_same(ledger):
    first, second = ledger.client.company(), ledger.client.company()

    assert first.external_id
    assert first.name
    assert first == second


def test_every_list_comes_whole_and_each_row_once(ledger):
    for kind in ledger.client.kinds:
        rows = list(ledger.client.records(kind))

        assert all(isinstance(row, PulledRecord) and row.kind == kind for row in rows), kind
        ids = [row.external_id for row in rows]
        assert len(ids) == len(set(ids)), kind
        assert all(row.external_id and row.name.strip() == row.name != "" for row in rows), kind


def test_an_inactive_vendor_is_listed_as_inactive(ledger):
    ledger.inactivate_vendor(ledger.good_bill.vendor_id)

    assert not ledger.vendor(ledger.good_bill.vendor_id).is_active


def test_a_renamed_vendor_keeps_its_id(ledger):
    ledger.rename_vendor(ledger.good_bill.vendor_id, "Renamed Concrete")

    assert ledger.vendor(ledger.good_bill.vendor_id).name == "Renamed Concrete"


# --- A bill, once ---------------------------------------------------------------------------------


def test_writing_a_bill_is_pure(ledger):
    assert ledger.client.write_bill(ledger.good_bill) == ledger.client.write_bill(ledger.good_bill)


def test_a_posted_bill_comes_back_with_its_id_number_total_and_key(ledger):
    posted = ledger.post()

    assert posted.external_id
    assert posted.number == ledger.client.stored_number(ledger.good_bill.number)
    assert (posted.vendor_id, posted.total, posted.key) == (
        ledger.good_bill.vendor_id,
        ledger.good_bill.total,
        ledger.good_bill.key,
    )
    assert posted.bill_date == ledger.good_bill.bill_date
    assert ledger.ours() == 1


def test_a_posted_bill_reads_back_the_same(ledger):
    posted = ledger.post()

    read = ledger.client.bill(posted.external_id)

    assert read is not None
    assert (read.number, read.vendor_id, read.total, read.bill_date, read.key) == (
        posted.number,
        posted.vendor_id,
        posted.total,
        posted.bill_date,
        posted.key,
    )


def test_a_bill_that_is_not_there_is_none(ledger):
    assert ledger.client.bill("99999999") is None


def test_a_bill_is_found_by_its_key(ledger):
    posted = ledger.post()

    found = ledger.client.find_bills(ledger.sought(number="some other number"))

    assert [bill.external_id for bill in found] == [posted.external_id]
    assert found[0].key == ledger.good_bill.key


def test_a_bill_is_found_by_its_number_without_our_key(ledger):
    posted = ledger.post()

    found = ledger.client.find_bills(ledger.sought(key="another-key"))

    assert [bill.external_id for bill in found] == [posted.external_id]


def test_nothing_is_found_before_it_was_sent(ledger):
    assert ledger.client.find_bills(ledger.sought()) == []


def test_the_list_of_bills_has_it_with_its_lines(ledger):
    posted = ledger.post()

    listed = {
        bill.external_id: bill
        for bill in ledger.client.bills(ledger.good_bill.bill_date - timedelta(days=1))
    }

    assert posted.external_id in listed
    lines = listed[posted.external_id].lines
    assert sum(line.amount for line in lines) == ledger.good_bill.total
    assert {line.account_id or line.item_id for line in lines} == {
        line.account_id or line.item_id for line in ledger.good_bill.lines
    }


def test_a_long_number_is_cut_visibly_and_kept_whole_in_the_memo(ledger):
    long = "SUBCONTRACT-2026-000417-PAYAPP-04-REVISION-2-FINAL"
    bill = replace(ledger.good_bill, number=long, memo=f"Invoice {long}")
    stored = ledger.client.stored_number(long)

    posted = ledger.post(bill)

    limit = ledger.client.limits.bill_number.longest
    assert len(stored) <= limit < len(long)
    assert posted.number == stored
    assert long.encode() in ledger.client.write_bill(bill)


@pytest.mark.parametrize("text", AWKWARD)
def test_awkward_text_neither_breaks_a_bill_nor_its_amounts(ledger, text):
    line = replace(ledger.good_bill.lines[0], description=text)
    bill = replace(ledger.good_bill, memo=text, lines=(line, *ledger.good_bill.lines[1:]))

    assert ledger.post(bill).total == ledger.good_bill.total
    assert ledger.ours(bill) == 1


def test_retainage_is_one_negative_line_and_the_payable_is_net(ledger):
    line = ledger.good_bill.lines[0]
    held = replace(line, amount=Decimal("-12.34"), description="Retainage held")
    bill = replace(
        ledger.good_bill,
        lines=(*ledger.good_bill.lines, held),
        total=ledger.good_bill.total - Decimal("12.34"),
    )

    assert ledger.post(bill).total == bill.total


# --- What each failure means ----------------------------------------------------------------------


def test_a_lost_answer_is_unknown_and_the_bill_is_found(ledger):
    ledger.client.company()
    ledger.order("drop_after")

    with pytest.raises(Unreachable) as lost:
        ledger.post()
    ledger.calm()

    assert not lost.value.surely_not_done
    found = ledger.client.find_bills(ledger.sought())
    assert [bill.key for bill in found] == [ledger.good_bill.key]
    assert ledger.ours() == 1


def test_a_request_that_never_arrived_left_nothing(ledger):
    ledger.client.company()
    ledger.order("drop_before")

    with pytest.raises(Unreachable):
        ledger.post()
    ledger.calm()

    assert ledger.client.find_bills(ledger.sought()) == []
    assert ledger.ours() == 0


def test_sending_the_same_bytes_again_under_the_same_key_makes_no_second_bill(ledger):
    if not ledger.client.traits.remembers_keys:
        pytest.skip(f"{ledger.system.label} keeps no keys: what was sent is looked up, never sent")
    first = ledger.post()

    with suppress(ConnectorError):  # refused, or answered with the first bill: never a second one
        assert ledger.post().external_id == first.external_id

    assert ledger.ours() == 1


def test_a_maintenance_page_is_no_answer(ledger):
    ledger.client.company()
    page = "<html><h1>We will be back soon</h1></html>"
    ledger.order("answer", status=503, headers={"Content-Type": "text/html"}, body=page, times=50)

    with pytest.raises(Unreachable):
        ledger.post()
    ledger.calm()

    assert ledger.ours() == 0


@pytest.mark.parametrize("body", ["", '{"error":"slow down"}', "<error>slow down</error>"])
def test_too_many_calls_are_surely_not_done(ledger, body):
    ledger.client.company()
    ledger.order("answer", status=429, headers={"Retry-After": "7"}, body=body, times=50)

    with pytest.raises(RateLimited) as busy:
        ledger.post()
    ledger.calm()

    assert busy.value.surely_not_done
    assert timedelta(0) < busy.value.wait <= timedelta(minutes=5)
    assert ledger.ours() == 0


def test_an_inactive_vendor_is_refused_and_nothing_is_posted(ledger):
    ledger.inactivate_vendor(ledger.good_bill.vendor_id)

    with pytest.raises(Refused) as refused:
        ledger.post()

    assert isinstance(refused.value, TargetInactive)
    assert refused.value.surely_not_done
    assert ledger.ours() == 0


def test_a_vendor_that_does_not_exist_is_refused(ledger):
    with pytest.raises(Refused) as refused:
        ledger.post(replace(ledger.good_bill, vendor_id="no-such-vendor"))

    assert refused.value.surely_not_done
    assert ledger.ours() == 0


def test_a_closed_period_says_so(ledger):
    with pytest.raises(PeriodClosed):
        ledger.post(replace(ledger.good_bill, bill_date=ledger.closed_date, due_date=None))

    assert ledger.ours() == 0


def test_a_consent_taken_back_needs_a_person(ledger):
    ledger.end_consent()

    with pytest.raises(CredentialsExpired) as gone:
        ledger.post()

    assert gone.value.surely_not_done
    assert ledger.ours() == 0


# --- What only some can do ------------------------------------------------------------------------


def able(bench, protocol):
    if not isinstance(bench.client, protocol):
        pytest.skip(f"{bench.system.label} has no {protocol.__name__}: the product says so")
    return bench.client


def test_what_changed_is_listed_and_nothing_older_than_asked(ledger):
    client = able(ledger, ListsChanges)
    later = datetime.now(UTC) + timedelta(days=2)  # some know only the day
    before = datetime.now(UTC) - timedelta(minutes=5)
    ledger.rename_vendor(ledger.good_bill.vendor_id, "Renamed Concrete")

    changed = [r for r in client.changes(RecordKind.VENDOR, before) if isinstance(r, PulledRecord)]

    assert "Renamed Concrete" in {row.name for row in changed}
    assert list(client.changes(RecordKind.VENDOR, later)) == []


def test_one_row_can_be_read_again(ledger):
    client = able(ledger, Rereads)
    ledger.rename_vendor(ledger.good_bill.vendor_id, "Renamed Concrete")

    row = client.record(RecordKind.VENDOR, ledger.good_bill.vendor_id)

    assert row.name == "Renamed Concrete"
    assert client.record(RecordKind.VENDOR, "99999999") is None


def payments(client):
    told = client.payments(datetime.now(UTC) - timedelta(days=400))
    return [each for each in told if isinstance(each, PulledPayment)]


def test_one_payment_over_two_bills_tells_each_share(ledger):
    client = able(ledger, TellsPayments)
    first, second = ledger.post(), ledger.post(ledger.other_bill)
    part = Decimal("10.01")
    day = ledger.good_bill.bill_date + timedelta(days=9)

    ledger.pay({first.external_id: first.total, second.external_id: part}, day=day, number="1042")

    told = payments(client)
    shares = {each.bill_id: each.amount for one in told for each in one.applied}
    assert shares[first.external_id] == first.total
    assert shares[second.external_id] == part
    assert [(each.number, each.payment_date) for each in told] == [("1042", day)]


def test_a_void_payment_pays_nothing(ledger):
    client = able(ledger, TellsPayments)
    posted = ledger.post()
    day = ledger.good_bill.bill_date + timedelta(days=9)
    payment = ledger.pay({posted.external_id: posted.total}, day=day, number="1043")
    assert sum(share.amount for one in payments(client) for share in one.applied) == posted.total

    ledger.void(payment)

    told = list(client.payments(datetime.now(UTC) - timedelta(days=400)))
    counted = [
        share.amount
        for one in told
        if isinstance(one, PulledPayment) and not one.is_void
        for share in one.applied
    ]
    assert sum(counted) == 0
    assert any(isinstance(one, Removed) or one.is_void or not one.applied for one in told), (
        "a payment that was told has to be told again when it is void"
    )


@pytest.mark.parametrize("name", ["Brand New Masonry", "Müller & Söhne #2", "O'Brien, Inc."])
def test_a_vendor_is_created_and_its_name_is_taken_from_then_on(ledger, name):
    client = able(ledger, CreatesRecords)
    assert RecordKind.VENDOR in client.creatable
    new = NewRecord(kind=RecordKind.VENDOR, name=name, code="V-9001")
    assert client.names_taken(new) == []

    made = client.create_record(new, key="created-1")

    assert made.name == name
    assert ledger.vendor(made.external_id).name == name
    assert name in {taken.name for taken in client.names_taken(new)}


def test_a_name_that_is_too_long_is_refused_before_anything_is_sent(ledger):
    client = able(ledger, CreatesRecords)
    longest = ledger.client.limits.names[RecordKind.VENDOR].longest
    new = NewRecord(kind=RecordKind.VENDOR, name="x" * (longest + 1), code="V-9001")

    with pytest.raises(Refused, match=str(longest)):
        client.write_record(new)


def test_a_day_that_is_over_stays_the_day(ledger):
    """Dates are days of the ledger's own calendar: no time zone moves them."""
    posted = ledger.post(replace(ledger.good_bill, bill_date=date(2026, 12, 31)))

    read = ledger.client.bill(posted.external_id)

    assert read is not None
    assert read.bill_date == date(2026, 12, 31)
