"""What our client asks of a company file, and what it makes of the answers.

The line is cut short here: qbXML goes straight to the sandbox's company file. The Web Connector
between the two has tests of its own.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement
from zoneinfo import ZoneInfo

import pytest

from common.choices import RecordKind
from connectors.errors import NumberTaken, PeriodClosed, Refused, TargetInactive, Unreachable
from connectors.quickbooks_desktop import qbxml, translate, writing
from connectors.quickbooks_desktop.client import QuickBooksDesktopClient
from connectors.quickbooks_desktop.sandbox import QuickBooksDesktopSandbox
from connectors.quickbooks_desktop.sandbox_company_file import Session
from connectors.quickbooks_desktop.sandbox_seed import list_id
from connectors.records import (
    NewRecord,
    OutgoingBill,
    OutgoingLine,
    PulledRecord,
    Removed,
    SoughtBill,
)

SEED = Path(__file__).parent / "sandbox_seed"
ZONE = ZoneInfo("America/Los_Angeles")
VENDOR, JOB, SUBS, RETAINAGE, ITEM = (list_id(number) for number in ("50", "61", "14", "12", "41"))
KEY = "0123456789abcdef0123"


@dataclass
class ShortLine:
    """Stands for the Web Connector in session: text in, text out."""

    session: Session
    asked: list[str]

    def ask(self, *requests):
        self.asked.append(qbxml.write(requests, ref="t-"))
        return qbxml.read_answer(self.session.process(self.asked[-1]))

    def send(self, body, *, mark, what):
        self.asked.append(body)
        return qbxml.read_answer(self.session.process(body))

    def check_open(self):
        """It is."""


@pytest.fixture
def file():
    return QuickBooksDesktopSandbox(seed=SEED).company_file


@pytest.fixture
def client(file):
    line = ShortLine(file.open("tieout"), [])
    return QuickBooksDesktopClient(line, file_id="acme", currency="USD", zone=ZONE)


def bill(**changes):
    lines = (
        OutgoingLine(
            amount=Decimal("500.00"), description="03-300 Walls", item_id=ITEM, customer_id=JOB
        ),
        OutgoingLine(
            amount=Decimal("1000.00"), description="Footings", account_id=SUBS, customer_id=JOB
        ),
        OutgoingLine(amount=Decimal("-150.00"), description="10% held", account_id=RETAINAGE),
    )
    plain = OutgoingBill(
        vendor_id=VENDOR,
        number="RC-10442",
        bill_date=date(2026, 2, 27),
        due_date=date(2026, 3, 29),
        term_id=list_id("2"),
        currency="USD",
        memo="Pay app 4",
        key=KEY,
        total=Decimal("1350.00"),
        lines=lines,
    )
    return replace(plain, **changes)


def sought(outgoing, **changes):
    plain = SoughtBill(
        key=outgoing.key,
        vendor_id=outgoing.vendor_id,
        number=outgoing.number,
        bill_date=outgoing.bill_date,
        total=outgoing.total,
    )
    return replace(plain, **changes)


def post(client, outgoing):
    return client.post_bill(client.write_bill(outgoing), key=outgoing.key)


def by_name(client, kind):
    return {row.path or row.name: row for row in client.records(kind)}


# --- Lists ----------------------------------------------------------------------------------------


def test_it_says_which_company_it_is(client):
    company = client.company()

    assert (company.external_id, company.name) == ("acme", "Harbor Point Builders Inc.")
    assert company.closed_through == date(2025, 12, 31)
    assert company.features["classes"]
    assert company.features["account_numbers"]


def test_vendors_come_with_inactive_ones(client):
    rows = by_name(client, RecordKind.VENDOR)

    ridgeline = rows["Ridgeline Concrete LLC"]
    assert (ridgeline.external_id, ridgeline.code) == (VENDOR, "HP-14")
    assert (ridgeline.address, ridgeline.city) == ("14 Quarry Rd", "Tacoma")
    assert ridgeline.term_id == list_id("2")
    assert not rows["Closed Supply Co."].is_active


@pytest.mark.parametrize(
    ("currency", "usable"), [("", True), ("US Dollar", True), ("Euro", False), ("Rupee", False)]
)
def test_a_vendor_of_another_currency_cannot_be_chosen(currency, usable):
    row = Element("VendorRet")
    SubElement(row, "ListID").text = VENDOR
    SubElement(row, "Name").text = "Ridgeline"
    if currency:
        SubElement(SubElement(row, "CurrencyRef"), "FullName").text = currency

    found = translate.payable_in("USD", translate.record(RecordKind.VENDOR, row, ZONE))

    assert found.is_selectable is usable


def test_jobs_are_customers_with_a_parent(client):
    rows = by_name(client, RecordKind.CUSTOMER)

    job = rows["Port of Tacoma:2417 Pier 7"]
    assert (job.name, job.type) == ("2417 Pier 7", "Job")
    assert job.parent_external_id == rows["Port of Tacoma"].external_id
    assert rows["Port of Tacoma"].type == "Customer"


def test_accounts_that_only_a_payable_sits_in_are_no_targets(client):
    rows = by_name(client, RecordKind.ACCOUNT)

    assert not rows["Accounts Payable"].is_selectable
    assert rows["Retainage Payable"].is_selectable
    assert rows["Retainage Payable"].code == "2100"


@pytest.mark.parametrize("kind", QuickBooksDesktopClient.kinds)
def test_every_list_is_read_whole(client, file, kind):
    named = {RecordKind.TERM: "Terms"}.get(kind, kind.label)

    rows = list(client.records(kind))

    assert all(isinstance(row, PulledRecord) for row in rows)
    assert {row.external_id for row in rows} == {doc["ListID"] for doc in file.books.all(named)}


def test_a_lost_iterator_is_begun_anew_and_nothing_comes_twice(client, file):
    for number in range(450):
        add = NewRecord(kind=RecordKind.VENDOR, name=f"Vendor {number}")
        client.create_record(add, key=f"k{number}")

    rows = client.records(RecordKind.VENDOR)
    first = [next(rows) for _ in range(250)]
    client.line.session = file.open("tieout")  # the next run of the Web Connector
    ids = [row.external_id for row in [*first, *rows]]

    assert len(ids) == len(set(ids)) == len(file.books.all("Vendor"))


def test_what_changed_and_what_is_gone_is_told(client, file):
    new = NewRecord(kind=RecordKind.VENDOR, name="Fresh Vendor")
    fresh = client.create_record(new, key="fresh")
    file.books.delete("Vendor", list_id("53"), file.now())

    told = list(client.changes(RecordKind.VENDOR, datetime.now(UTC) - timedelta(minutes=5)))

    assert Removed(kind=RecordKind.VENDOR, external_id=list_id("53")) in told
    assert fresh.external_id in {row.external_id for row in told}


def test_one_row_is_read_again_by_its_id(client):
    assert client.record(RecordKind.VENDOR, VENDOR).name == "Ridgeline Concrete LLC"
    assert client.record(RecordKind.ITEM, ITEM).name == "03-300 Cast in place"
    assert client.record(RecordKind.VENDOR, "80000FFF-1702310455") is None


# --- Bills ----------------------------------------------------------------------------------------


def test_a_bill_is_posted_as_it_was_said(client):
    posted = post(client, bill())

    assert (posted.number, posted.vendor_id, posted.key) == ("RC-10442", VENDOR, KEY)
    assert (posted.total, posted.bill_date) == (Decimal("1350.00"), date(2026, 2, 27))
    assert client.bill(posted.external_id).total == posted.total


def test_the_same_message_set_makes_no_second_bill(client, file):
    before = len(file.books.all("Bill"))

    first, second = post(client, bill()), post(client, bill())

    assert first.external_id == second.external_id
    assert len(file.books.all("Bill")) == before + 1


def test_the_same_key_with_another_bill_is_to_be_looked_up(client):
    post(client, bill())

    with pytest.raises(NumberTaken) as error:
        post(client, bill(memo="Pay app 5"))

    assert not error.value.surely_not_done


def test_a_bill_is_found_by_its_key_whatever_became_of_number_and_memo(client, file):
    posted = post(client, bill())
    doc = file.books.get("Bill", posted.external_id)
    file.books.put("Bill", {**doc, "RefNumber": "77", "Memo": "edited"}, file.now())

    (found,) = client.find_bills(sought(bill()))

    assert (found.external_id, found.key) == (posted.external_id, KEY)


@pytest.mark.parametrize("number", ["RC-10442", "rc 10442", "RC10442"])
def test_a_bill_is_found_by_its_number_however_it_is_spelled(client, number):
    post(client, bill())

    (found,) = client.find_bills(sought(bill(), key="another", number=number))

    assert found.number == "RC-10442"


def test_a_bill_that_is_not_there_is_not_found(client):
    assert client.find_bills(sought(bill())) == []
    assert client.bill("FFFFF-1772215331") is None
    assert client.bill("no id at all") is None


def test_bills_are_listed_with_their_lines(client):
    listed = {bill.number: bill for bill in client.bills(date(2026, 1, 1))}

    assert listed["RC-1"].lines[0].account_id == SUBS
    assert listed["RC-1"].lines[0].customer_id == JOB


def test_expense_lines_stand_before_item_lines(client):
    body = client.write_bill(bill()).decode()

    assert body.rindex("<ExpenseLineAdd>") < body.index("<ItemLineAdd>")


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"bill_date": date(2025, 12, 31)}, PeriodClosed),
        ({"vendor_id": "80000FFF-1702310455"}, TargetInactive),
    ],
)
def test_a_refusal_says_what_kind_it_is(client, changes, error):
    with pytest.raises(error) as refused:
        post(client, bill(**changes))

    assert refused.value.surely_not_done


def test_an_answer_without_the_bill_is_no_refusal(client):
    """Where a message set asks for no data, QuickBooks tells of a bill that it made just that."""
    brief = client.write_bill(bill()).replace(b"onError=", b'responseData="includeNone" onError=')

    with pytest.raises(Unreachable, match="status 0") as lost:
        client.post_bill(brief, key=KEY)

    assert not lost.value.surely_not_done
    assert [each.key for each in client.find_bills(sought(bill()))] == [KEY]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"currency": "EUR"}, "keeps its books in USD"),
        ({"total": Decimal("1.00")}, "add up to"),
        ({"lines": ()}, "has no lines"),
    ],
)
def test_what_cannot_be_said_is_refused_before_it_is_sent(client, changes, said):
    with pytest.raises(Refused, match=said):
        client.write_bill(bill(**changes))


# --- Creating -------------------------------------------------------------------------------------


def test_a_job_is_created_below_its_customer(client):
    port = by_name(client, RecordKind.CUSTOMER)["Port of Tacoma"]
    new = NewRecord(kind=RecordKind.CUSTOMER, name="2419 Wharf", parent_id=port.external_id)

    made = client.create_record(new, key="job-1")

    assert (made.path, made.type) == ("Port of Tacoma:2419 Wharf", "Job")
    assert [taken.kind for taken in client.names_taken(new)] == ["Customer"]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Ann Mercer", "Employee"),
        ("City Hall Cashier", "Other name"),
        ("port of tacoma", "Customer"),
        ("Closed Supply Co.", "Vendor"),
    ],
)
def test_a_name_is_looked_for_in_all_lists_that_share_them(client, name, kind):
    (taken,) = client.names_taken(NewRecord(kind=RecordKind.VENDOR, name=name))

    assert taken.kind == kind


def test_a_free_name_is_free(client):
    assert client.names_taken(NewRecord(kind=RecordKind.VENDOR, name="Nobody Yet")) == []


def test_a_taken_name_is_refused_as_perhaps_ours(client):
    with pytest.raises(NumberTaken, match="already"):
        client.create_record(NewRecord(kind=RecordKind.VENDOR, name="Ann Mercer"), key="v1")


@pytest.mark.parametrize(
    ("name", "said"),
    [("Oak: Street", "must not hold “:”"), ("x" * 42, "41 fit"), ("  ", "Give it a name")],
)
def test_a_name_that_cannot_be_is_refused_before_it_is_sent(client, name, said):
    with pytest.raises(Refused, match=said):
        client.write_record(NewRecord(kind=RecordKind.VENDOR, name=name))


def test_the_guid_of_a_key_is_always_the_same():
    assert writing.guid(KEY) == writing.guid(KEY) != writing.guid(KEY + "0")
    assert len(writing.message_set_id("x" * 24)) <= 23
