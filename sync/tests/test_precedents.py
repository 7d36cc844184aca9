"""What the ledger's existing bills show of our source's records."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from common.choices import RecordKind, Side
from connectors.records import PostedBill, Unreadable
from connectors.tests.factories import RecordFactory
from mapping import combining
from mapping.learning import Found
from mapping.models import Kind, Mapping
from sync import precedents, pulling
from sync.models import Bill, LedgerBill, PullStep
from sync.tests.factories import BillFactory, LedgerBillFactory, PushFactory

pytestmark = pytest.mark.django_db
AMOUNT = Decimal("1204.50")
DAY = date(2026, 9, 2)


@pytest.fixture
def theirs(company):
    """The ledger's vendor that a bookkeeper posts to."""
    return RecordFactory(company=company, in_ledger=True, name="Northgate Interiors")


@pytest.fixture
def bill(company):
    return BillFactory(company=company, number="D-7")


def entered(theirs, bill, **more):
    """The same bill in the ledger, entered by hand."""
    return LedgerBillFactory(
        **{"company": bill.company, "vendor": theirs, "number": bill.number, "total": bill.total}
        | more
    )


def shown(company, kind=Kind.VENDOR):
    return [found for found in precedents.find(company) if found.kind == kind]


# --- Vendors


def test_bill_alike_by_number_and_amount_shows_its_vendor(company, bill, theirs):
    entered(theirs, bill)

    assert shown(company) == [Found(Kind.VENDOR, bill.vendor_id, theirs.pk, 1, DAY, DAY)]


def test_number_counts_however_it_is_spelled(company, bill, theirs):
    entered(theirs, bill, number="Inv. #d-7")

    assert shown(company)


def test_bills_are_counted_with_their_first_and_last_day(company, bill, theirs):
    more = BillFactory(company=company, vendor=bill.vendor, project=bill.project, number="D-8")
    entered(theirs, bill)
    entered(theirs, more, bill_date=DAY + timedelta(days=30))

    (found,) = shown(company)
    assert (found.times, found.first_date, found.last_date) == (2, DAY, DAY + timedelta(days=30))


@pytest.mark.parametrize(
    "differs",
    [
        {"total": AMOUNT + 1},
        {"number": "D-70"},
        {"number": ""},
        {"bill_date": DAY + timedelta(days=46)},
        {"is_ours": True},
    ],
    ids=["amount", "number", "no number", "date", "we posted it"],
)
def test_what_differs_shows_nothing(company, bill, theirs, differs):
    entered(theirs, bill, **differs)

    assert precedents.find(company) == []


def test_bill_that_we_posted_shows_nothing_though_its_mark_was_taken_off(company, bill, theirs):
    push = PushFactory(bill=bill, posted=True, connection=theirs.connection)
    entered(theirs, bill, external_id=push.external_id)

    assert precedents.find(company) == []


def test_bill_entered_before_retainage_was_held_is_the_same_bill(company, theirs):
    bill = BillFactory(company=company, retainage=Decimal("120.45"))
    entered(theirs, bill, total=AMOUNT)

    assert shown(company)


def test_one_bill_in_the_ledger_under_two_vendors_shows_nothing(company, bill, theirs):
    entered(theirs, bill)
    entered(RecordFactory(company=company, in_ledger=True), bill)

    assert precedents.find(company) == []


def test_one_ledger_bill_that_two_vendors_of_ours_sent_shows_nothing(company, bill, theirs):
    BillFactory(company=company, number=bill.number)
    entered(theirs, bill)

    assert precedents.find(company) == []


def test_two_ledger_vendors_of_one_of_ours_are_both_shown(company, bill, theirs):
    more = BillFactory(company=company, vendor=bill.vendor, number="D-8")
    entered(theirs, bill)
    entered(RecordFactory(company=company, in_ledger=True), more)

    assert len(shown(company)) == 2


@pytest.mark.parametrize("why", precedents.NO_EVIDENCE)
def test_what_is_no_bill_of_its_own_shows_nothing(company, bill, theirs, why):
    Bill.objects.filter(pk=bill.pk).update(not_ours=why)
    entered(theirs, bill)

    assert precedents.find(company) == []


def test_bill_that_another_integration_sent_is_evidence(company, bill, theirs):
    Bill.objects.filter(pk=bill.pk).update(not_ours=Bill.Fault.SENT_BY_ANOTHER)
    entered(theirs, bill)

    assert shown(company)


def test_another_companys_ledger_shows_nothing(company, bill):
    elsewhere = RecordFactory(in_ledger=True)
    LedgerBillFactory(
        company=elsewhere.company, vendor=elsewhere, number=bill.number, total=bill.total
    )

    assert precedents.find(company) == []


def test_a_company_without_a_ledger_has_no_precedents(company, bill):
    assert precedents.find(company) == []


# --- Projects and codes


def test_the_only_customer_of_the_bill_is_its_project(company, bill, theirs):
    customer = RecordFactory(company=company, customer=True)
    entered(theirs, bill, line={"customer": customer.external_id})

    (found,) = shown(company, Kind.PROJECT)
    assert (found.source, found.target) == (bill.project_id, customer.pk)


def test_a_customer_that_is_a_project_there_is_found_as_such(company, bill, theirs):
    project = RecordFactory(company=company, in_ledger=True, kind=RecordKind.PROJECT)
    entered(theirs, bill, line={"customer": project.external_id})

    (found,) = shown(company, Kind.PROJECT)
    assert found.target == project.pk


def test_bill_that_was_charged_to_two_customers_shows_no_project(company, theirs):
    bill = BillFactory(company=company, line_amounts=(Decimal(10), Decimal(20)))
    lines = [{"amount": "10", "account": "", "item": "", "customer": str(n)} for n in (1, 2)]
    entered(theirs, bill, lines=lines)

    assert not shown(company, Kind.PROJECT)


@pytest.mark.parametrize(("kind", "name"), [("account", "account"), ("item", "item")])
def test_a_line_of_the_same_amount_shows_where_the_code_posts(company, bill, theirs, kind, name):
    target = RecordFactory(company=company, **{kind: True})
    entered(theirs, bill, line={name: target.external_id})

    (found,) = shown(company, Kind.COST_CODE)
    assert (found.source, found.target) == (bill.lines.get().cost_code_id, target.pk)


def test_where_code_and_type_are_a_pair_the_pair_is_shown_too(company, bill, theirs):
    line, cost_type = bill.lines.get(), RecordFactory(company=company, cost_type=True)
    combining.make_pairs(cost_type.connection, [(line.cost_code, cost_type)])
    bill.lines.update(cost_type=cost_type)
    account = RecordFactory(company=company, account=True)
    entered(theirs, bill, line={"account": account.external_id})

    (found,) = shown(company, Kind.PAIR)
    assert (found.source, found.target) == (company.records.get(kind="pair").pk, account.pk)


def test_amounts_that_two_accounts_share_show_no_code(company, theirs):
    one, other = RecordFactory.create_batch(2, company=company, account=True)
    bill = BillFactory(company=company, line_amounts=(Decimal(10), Decimal(10)))
    lines = [
        {"amount": "10.00", "account": row.external_id, "item": "", "customer": ""}
        for row in (one, other)
    ]
    entered(theirs, bill, lines=lines)

    assert not shown(company, Kind.COST_CODE)


def test_bill_of_one_code_entered_in_one_sum_shows_its_account(company, theirs):
    account = RecordFactory(company=company, account=True)
    bill = BillFactory(company=company, line_amounts=(Decimal(10), Decimal(20)))
    entered(theirs, bill, line={"account": account.external_id})

    (found,) = shown(company, Kind.COST_CODE)
    assert found.target == account.pk


# --- Keeping the ledger's bills


def posted(external_id="1", **more):
    said = {"external_id": external_id, "number": "D-7", "vendor_id": "9", "bill_date": DAY}
    return PostedBill(
        **said | {"total": AMOUNT, "currency": "USD", "key": "", "version": "0"} | more
    )


@pytest.fixture
def ledger(theirs):
    return theirs.connection


def kept():
    return set(LedgerBill.objects.values_list("external_id", flat=True))


def test_bills_of_the_ledger_are_kept_as_they_are_now(ledger):
    precedents.keep_bills(ledger, DAY, [posted()])
    precedents.keep_bills(ledger, DAY, [posted(vendor_id="10")])

    assert LedgerBill.objects.get().vendor_external_id == "10"


def test_bill_that_carries_a_key_is_ours(ledger):
    precedents.keep_bills(ledger, DAY, [posted(key="k1")])

    assert LedgerBill.objects.get().is_ours


def test_bill_that_a_complete_list_lacks_is_forgotten(ledger):
    precedents.keep_bills(ledger, DAY, [posted("1"), posted("2")])
    precedents.keep_bills(ledger, DAY, [posted("2")])

    assert kept() == {"2"}


def test_bill_that_could_not_be_read_is_kept(ledger):
    precedents.keep_bills(ledger, DAY, [posted("1"), posted("2")])
    unread = Unreadable(sentence="?", payload={}, kind="bill", external_id="1")
    result = precedents.keep_bills(ledger, DAY, [unread, posted("2")])

    assert kept() == {"1", "2"}
    assert result.unreadable == [unread]


def test_bill_that_was_too_long_ago_is_forgotten(ledger):
    precedents.keep_bills(ledger, DAY, [posted("1")])
    precedents.keep_bills(ledger, DAY + timedelta(days=1), [])

    assert kept() == set()


# --- In a pull


def test_bill_entered_by_hand_becomes_the_reason_of_a_draft(world):
    world.pull()
    world.enter_bill(vendor="103", number="N-1", date="2026-09-10", amount="17.20", account="302")

    world.pull()
    world.draft(Kind.VENDOR)

    mapping = world.mapping(RecordKind.VENDOR, "13")  # Nowhere Supply: no name there is like it
    assert (mapping.state, mapping.target.name) == (Mapping.State.DRAFT, "Keystone Masonry")
    assert mapping.suggestion.reason == (
        "1 bill of this vendor was posted to Keystone Masonry on 10 Sep 2026"
    )


def test_what_we_sent_ourselves_is_no_reason(world):
    bill = world.ready_bill()
    world.work(world.send(bill))

    world.pull()

    assert not world.company.precedents.exists()
    assert LedgerBill.objects.get().is_ours


def test_the_clock_reads_the_ledgers_bills_once_a_day(world):
    world.pull(Side.LEDGER)

    run = pulling.start(world.ledger, by=None)

    assert not run.steps.filter(what=PullStep.What.LEDGER_BILLS).exists()


def test_a_person_who_pulls_has_them_read_at_once(world):
    world.pull(Side.LEDGER)

    run = pulling.start(world.ledger, by=world.admin)

    assert run.steps.filter(what=PullStep.What.LEDGER_BILLS).exists()
