"""What we say to QuickBooks: in its order, within its lengths, and whatever letters are in it."""

from datetime import date
from decimal import Decimal
from xml.etree.ElementTree import Element

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from common.choices import RecordKind
from connectors.errors import Refused
from connectors.limits import CUT_MARK
from connectors.quickbooks_desktop import orders, qbxml, translate, writing
from connectors.quickbooks_desktop.sandbox_order import GRAMMAR, WRAPPED
from connectors.quickbooks_desktop.tests.test_client import KEY, ZONE, bill
from connectors.records import NewRecord, OutgoingLine
from connectors.safe_xml import read

# Copied from the sheet's section 4 and 3, as it writes them, for what we may send.
SHEET = {
    "BillAdd": "VendorRef, VendorAddress?@13, APAccountRef?, TxnDate?, DueDate?, RefNumber?(20), "
    "TermsRef?, Memo?, ExchangeRate?@8, ExternalGUID?@9, LinkToTxnID*@4, ExpenseLineAdd*, "
    "ItemLineAdd*",
    "ExpenseLineAdd": "AccountRef?, Amount?, Memo?, CustomerRef?, ClassRef?, BillableStatus?, "
    "SalesRepRef?@13, DataExt*@13",
    "ItemLineAdd": "ItemRef?, InventorySiteRef?@10, InventorySiteLocationRef?@12, SerialNumber, "
    "LotNumber?, Desc?(4095), Quantity?, UnitOfMeasure?(31), Cost?, Amount?, CustomerRef?, "
    "ClassRef?, BillableStatus?, OverrideItemAccountRef?, LinkToTxn?@4, SalesRepRef?, DataExt*",
    "VendorAdd": "Name(41) IsActive? ClassRef?@12 CompanyName?(41) Salutation?(15) FirstName?(25) "
    "MiddleName?(5) LastName?(25) JobTitle?(41)@12 VendorAddress? ShipAddress?@11 Phone?(21) "
    "AltPhone?(21) Fax?(21) Email?(1023) Cc?@12 Contact?(41) AltContact?(41) NameOnCheck?(41) "
    "AccountNumber?(99) Notes?(4095) VendorTypeRef? TermsRef? CreditLimit? VendorTaxIdent?(15) "
    "IsVendorEligibleFor1099? ExternalGUID?@8 CurrencyRef?@8",
    "CustomerAdd": "Name(41) IsActive? ClassRef?@12 ParentRef? CompanyName?(41) Salutation? "
    "FirstName? MiddleName? LastName? JobTitle?@12 BillAddress? ShipAddress? Phone? AltPhone? "
    "Fax? Email? Cc?@12 Contact? AltContact? CustomerTypeRef? TermsRef? AccountNumber?(99) "
    "CreditLimit? JobStatus? JobStartDate? JobDesc?(99) JobTypeRef? Notes?(4095)@3 "
    "ExternalGUID?@8 CurrencyRef?@8",
}
CONTROL = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0))]
awkward = st.text(
    st.sampled_from("&<>'\"#;:%é€ñßøŁ–—’… \u00a0😀𝔘\u202e") | st.characters(codec="utf-8"),
    max_size=60,
)
names = st.text(
    st.characters(
        codec="utf-8", exclude_categories=["Cc", "Cs"], exclude_characters=":\ufffe\uffff"
    ),
    min_size=1,
    max_size=41,
).filter(lambda name: name.strip() == name)


def words(text):
    return tuple(
        word.split("(")[0].split("?")[0].split("*")[0].split("@")[0]
        for word in text.replace(",", " ").split()
    )


def asked(body):
    """The requests of a message set, as elements."""
    return list(fromstring(body.encode() if isinstance(body, str) else body)[0])


# --- The order ------------------------------------------------------------------------------------


@pytest.mark.parametrize("element", SHEET)
def test_the_order_is_the_sheets(element):
    assert orders.ORDER[element] == words(SHEET[element])


@pytest.mark.parametrize("mine", [bill(), bill(due_date=None, term_id="", number="")])
def test_the_other_sides_grammar_takes_a_bill(mine):
    (request,) = asked(writing.bill(mine, currency="USD"))

    said = GRAMMAR.read("BillAdd", request[0], 13, clears=False)

    assert said["VendorRef"] == {"ListID": mine.vendor_id}
    assert len(said["ExpenseLineAdd"]) == 2


def test_an_element_that_we_do_not_know_is_a_mistake_of_ours():
    with pytest.raises(LookupError, match="has no Colour"):
        qbxml.write([qbxml.Request(name="VendorQueryRq", content={"Colour": "red"})])


def test_what_has_no_value_is_left_out():
    (request,) = asked(writing.bill(bill(due_date=None, term_id="", number=""), currency="USD"))

    names = {child.tag for child in request[0]}
    assert not names & {"DueDate", "TermsRef", "RefNumber"}


def test_only_what_is_charged_to_a_customer_says_whether_it_is_billable():
    (request,) = asked(writing.bill(bill(), currency="USD"))

    for line in request.iter("ExpenseLineAdd"):
        assert (line.find("CustomerRef") is None) == (line.find("BillableStatus") is None)


def test_wrapped_requests_are_the_ones_that_hold_what_they_add():
    assert {"BillAdd", "VendorAdd", "CustomerAdd"} <= set(WRAPPED)


# --- Letters --------------------------------------------------------------------------------------


@given(text=awkward)
def test_whatever_is_said_is_plain_ascii_and_reads_back(text):
    body = writing.bill(bill(memo=text), currency="USD")

    assert body.isascii()
    (memo,) = [element.text for element in asked(body)[0].iter("Memo")][:1]
    assert memo == f"{qbxml.speakable(text)} [tieout:{KEY}]".strip()


@given(text=st.text(st.sampled_from([*CONTROL, "a"]), max_size=20))
def test_control_characters_never_leave(text):
    body = writing.bill(bill(memo=text, number=text), currency="USD")

    assert not set(body) & set(CONTROL) - {"\n"}
    assert asked(body)


@given(name=names)
def test_a_name_goes_there_and_comes_back(name):
    (request,) = asked(writing.new_record(_vendor(name), key=KEY))
    row = Element("VendorRet")
    for tag, text in (("ListID", "80000024-1702310455"), ("Name", request[0].findtext("Name"))):
        row.append(_leaf(tag, text))

    back = translate.record(RecordKind.VENDOR, row, ZONE)

    assert back.name == qbxml.speakable(name)


@given(junk=st.dictionaries(st.sampled_from(["ListID", "Name", "Sublevel", "TimeModified",
       "IsActive", "ParentRef", "TermsRef", "VendorAddress"]), awkward, max_size=8),
       kind=st.sampled_from(list(translate.LISTS)))  # fmt: skip
def test_whatever_a_row_holds_it_is_a_record_or_unreadable(junk, kind):
    row = Element("VendorRet")
    for tag, text in junk.items():
        row.append(_leaf(tag, text))

    assert translate.record(kind, row, ZONE).kind == kind


def test_what_cannot_be_said_in_xml_becomes_a_space():
    assert qbxml.speakable("a\x00b\ud800c\nd\uffffe") == "a b c d e"


# --- Lengths --------------------------------------------------------------------------------------


def test_a_long_number_is_cut_visibly_and_stays_its_own():
    one, two = (
        asked(writing.bill(bill(number="INVOICE-2026-000000-" + end), currency="USD"))[0][0]
        .findtext("RefNumber")
        for end in ("A", "B")
    )  # fmt: skip

    assert len(one) == len(two) == 20
    assert CUT_MARK in one
    assert one != two


def test_a_long_memo_gives_way_to_our_key():
    (request,) = asked(writing.bill(bill(memo="m" * 5000), currency="USD"))

    memo = request[0].findtext("Memo")
    assert len(memo) == 4095
    assert memo.endswith(f"… [tieout:{KEY}]")


def test_a_long_description_is_cut():
    line = OutgoingLine(amount=Decimal(1), description="d" * 5000, account_id="1")
    (request,) = asked(writing.bill(bill(lines=(line,), total=Decimal(1)), currency="USD"))

    assert len(request[0].find("ExpenseLineAdd").findtext("Memo")) == 4095


@given(amount=st.decimals(-99999, 99999, places=2))
def test_an_amount_has_two_decimals_exactly(amount):
    lines = (
        OutgoingLine(amount=amount, description="", account_id="1"),
        OutgoingLine(amount=Decimal(100000) - amount, description="", account_id="1"),
    )
    (request,) = asked(writing.bill(bill(lines=lines, total=Decimal(100000)), currency="USD"))

    said = request[0].find("ExpenseLineAdd").findtext("Amount")
    assert said == f"{amount:.2f}"


def test_a_fraction_of_a_cent_is_refused():
    line = OutgoingLine(amount=Decimal("1.005"), description="", account_id="1")

    with pytest.raises(Refused, match="fraction of a cent"):
        writing.bill(bill(lines=(line,), total=Decimal("1.005")), currency="USD")


def test_a_jobs_whole_name_must_fit():
    new = NewRecord(kind=RecordKind.CUSTOMER, name="x" * 41, parent_id="1")

    with pytest.raises(Refused, match="more than 209"):
        writing.new_record(new, key="", parent="y" * 168)


def test_nobody_creates_an_account_from_outside():
    with pytest.raises(Refused, match="lets nobody create its accounts"):
        writing.new_record(NewRecord(kind=RecordKind.ACCOUNT, name="x"), key="")


# --- Reading --------------------------------------------------------------------------------------


def test_a_moment_is_the_companys_local_time_whatever_offset_is_told():
    told = translate.moment("2026-07-27T10:02:11-08:00", ZONE)

    assert told.isoformat() == "2026-07-27T10:02:11-07:00"


def test_the_street_is_not_the_name_that_people_write_above_it():
    row = read(
        "<VendorRet><ListID>1</ListID><Name>Keystone</Name><VendorAddress><Addr1>KEYSTONE</Addr1>"
        "<Addr2>14 Quarry Rd</Addr2></VendorAddress></VendorRet>"
    )

    assert translate.record(RecordKind.VENDOR, row, ZONE).address == "14 Quarry Rd"


def test_a_voided_payment_is_one():
    row = read(
        "<BillPaymentCheckRet><TxnID>1</TxnID><PayeeEntityRef><ListID>2</ListID></PayeeEntityRef>"
        "<TxnDate>2026-03-01</TxnDate><Amount>0.00</Amount></BillPaymentCheckRet>"
    )

    payment = translate.payment(row, ZONE)

    assert (payment.is_void, payment.payment_date) == (True, date(2026, 3, 1))


def test_a_discount_pays_as_well():
    row = read(
        "<BillPaymentCheckRet><TxnID>1</TxnID><PayeeEntityRef><ListID>2</ListID></PayeeEntityRef>"
        "<TxnDate>2026-03-01</TxnDate><Amount>98.00</Amount><AppliedToTxnRet><TxnID>9</TxnID>"
        "<TxnType>Bill</TxnType><Amount>98.00</Amount><DiscountAmount>2.00</DiscountAmount>"
        "</AppliedToTxnRet></BillPaymentCheckRet>"
    )

    (applied,) = translate.payment(row, ZONE).applied

    assert (applied.bill_id, applied.amount) == ("9", Decimal("100.00"))


def _vendor(name):
    return NewRecord(kind=RecordKind.VENDOR, name=name)


def _leaf(tag, text):
    element = Element(tag)
    element.text = text
    return element
