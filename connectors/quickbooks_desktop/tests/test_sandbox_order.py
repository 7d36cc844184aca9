"""What spoils a whole message set: its envelope, the order and the names of its elements."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.quickbooks_desktop.sandbox_order import GRAMMAR, OPERATIONS, WRAPPED
from connectors.quickbooks_desktop.tests.sandbox_world import (
    OWNER,
    Book,
    bill,
    expense,
    item,
    message_set,
)

PARSE_ERROR = "0x80040400"
GOOD = "<VendorQueryRq requestID='1'/>"


@pytest.fixture(scope="module")
def book():
    return Book()


@pytest.mark.parametrize(
    "text",
    [
        message_set(GOOD),
        message_set(GOOD, declaration='<?xml version="1.0" encoding="utf-8"?>'),
        message_set(GOOD, version="16.0", responseData="includeNone"),
        message_set(""),
        message_set(f"<CompanyQueryRq><OwnerID>{OWNER}</OwnerID></CompanyQueryRq>"),
    ],
)
def test_a_set_that_is_right_is_run(book, text):
    assert book.hresult(text) == ""


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        message_set(GOOD).replace('<?qbxml version="13.0"?>', ""),
        message_set(GOOD, version="17.0"),
        message_set(GOOD, version="CA3.0"),
        message_set(GOOD).replace("<QBXML>", "<QBXML>stray"),
        message_set(GOOD).replace("QBXMLMsgsRq", "QBXMLMsgs"),
        message_set(GOOD).replace("<QBXML>", '<QBXML version="1">'),
        message_set(GOOD, on_error="rollbackOnError"),
        message_set(GOOD).replace(' onError="continueOnError"', ""),
        message_set(GOOD, responseData="includeSome"),
        message_set(GOOD, transactionID="1"),
        message_set("<VendorQuery/>"),
        message_set("<PayrollQueryRq/>"),
        message_set("<VendorQueryRq iterate='Start'/>"),
        message_set("<VendorQueryRq iterator='Begin'/>"),
        message_set("<VendorQueryRq metaData='Only'/>"),
        message_set("stray" + GOOD),
        message_set(GOOD).replace("</QBXMLMsgsRq>", "</QBXMLMsgsRq><QBXMLMsgsRq/>"),
        '<!DOCTYPE QBXML [<!ENTITY a "aaaa">]>' + message_set(GOOD, declaration=""),
    ],
)
def test_an_envelope_that_is_wrong_spoils_the_set(book, text):
    assert book.hresult(text) == PARSE_ERROR


@pytest.mark.parametrize("query", ["AccountQuery", "ClassQuery", "TermsQuery"])
def test_lists_without_pages_know_no_iterator(book, query):
    body = f"<{query}Rq iterator='Start'><MaxReturned>5</MaxReturned></{query}Rq>"

    assert book.hresult(message_set(body)) == PARSE_ERROR


@pytest.mark.parametrize(
    ("body", "why"),
    [
        (bill(item("<Amount>1.00</Amount>"), expense()), "items before expenses"),
        (bill(expense(), head="<Memo>a</Memo><RefNumber>1</RefNumber>"), "memo before number"),
        (bill(expense(), head="<TxnDate>2026-02-01</TxnDate>" * 2), "twice"),
        (bill(expense(), tail="<Memo>late</Memo>"), "a head after the lines"),
        (bill(expense(), head="<IsPaid>true</IsPaid>"), "an element of the answer"),
        (bill(expense(), head="<PONumber>1</PONumber>"), "unknown"),
        (bill("<ExpenseLineAdd><Amount>1.00</Amount><AccountRef/></ExpenseLineAdd>"), "order"),
        (bill("<ExpenseLineAdd><Amount cur='USD'>1.00</Amount></ExpenseLineAdd>"), "attribute"),
        (bill("<ExpenseLineAdd><Amount><USD>1.00</USD></Amount></ExpenseLineAdd>"), "nested"),
        (bill("<ExpenseLineAdd>cash<Amount>1.00</Amount></ExpenseLineAdd>"), "mixed"),
        ("<BillAddRq/>", "nothing in it"),
        ("<BillAddRq><BillAdd/></BillAddRq>", "no vendor"),
        ("<BillAddRq><BillAdd><VendorRef/></BillAdd></BillAddRq>", "a vendor without a name"),
        ("<BillAddRq><VendorRef/></BillAddRq>", "no wrapper"),
        ("<VendorAddRq><VendorAdd><Name></Name></VendorAdd></VendorAddRq>", "an empty name"),
        ("<VendorAddRq><VendorAdd><FullName>A</FullName></VendorAdd></VendorAddRq>", "unknown"),
        ("<VendorModRq><VendorMod><EditSequence>1</EditSequence></VendorMod></VendorModRq>", "id"),
        ("<VendorQueryRq><ListID>8-1</ListID><FullName>A</FullName></VendorQueryRq>", "both"),
        (
            "<VendorQueryRq><FullName>A</FullName><ActiveStatus>All</ActiveStatus></VendorQueryRq>",
            "a name and a filter",
        ),
        (
            "<ClassQueryRq><ActiveStatus>All</ActiveStatus><MaxReturned>5</MaxReturned></ClassQueryRq>",
            "filters in another order",
        ),
        (
            "<BillQueryRq><RefNumber>1</RefNumber><PaidStatus>All</PaidStatus></BillQueryRq>",
            "a number beside a filter",
        ),
        (
            "<VendorQueryRq><OwnerID>0</OwnerID><ActiveStatus>All</ActiveStatus></VendorQueryRq>",
            "a filter after what is shown",
        ),
        ("<ListDelRq><ListID>8-1</ListID><ListDelType>Vendor</ListDelType></ListDelRq>", "order"),
    ],
)  # fmt: skip
def test_an_order_that_is_wrong_spoils_the_set(book, body, why):
    assert book.hresult(message_set(body)) == PARSE_ERROR, why


def test_one_wrong_request_spoils_the_right_ones_beside_it(book):
    before = len(book.books.all("Bill"))

    hresult = book.hresult(message_set(bill(expense()) + "<NothingRq/>"))

    assert hresult == PARSE_ERROR
    assert len(book.books.all("Bill")) == before


@pytest.mark.parametrize(
    ("element", "first"),
    [
        ("<VendorAddress><City>Kent</City></VendorAddress>", "13.0"),
        ("<ExchangeRate>1</ExchangeRate>", "8.0"),
        ("<ExternalGUID>{b7d1a2c8-1a52-4a6e-8e0e-3d5b0e7f6c21}</ExternalGUID>", "9.0"),
    ],
)
def test_an_element_is_unknown_before_its_version(book, element, first):
    older = f"{int(float(first)) - 1}.0"
    body = bill(expense(), head=element)

    assert book.hresult(message_set(body, version=older)) == PARSE_ERROR
    assert book.hresult(message_set(body, version=first)) == ""


def test_letters_outside_ascii_need_an_encoding_or_an_entity(book):
    name = "<VendorQueryRq><FullName>Peña &amp; Sons</FullName></VendorQueryRq>"
    utf8 = '<?xml version="1.0" encoding="utf-8"?>'
    latin = '<?xml version="1.0" encoding="iso-8859-1"?>'

    assert book.hresult(message_set(name)) == PARSE_ERROR
    assert book.names(name, declaration=utf8) == ["Peña & Sons"]
    assert book.names(name, declaration=latin) == ["Peña & Sons"]
    assert book.names(name.replace("ñ", "&#241;")) == ["Peña & Sons"]


def test_a_letter_that_the_declared_encoding_lacks_spoils_the_set(book):
    latin = '<?xml version="1.0" encoding="iso-8859-1"?>'

    assert book.hresult(message_set(GOOD + "<!-- ł -->", declaration=latin)) == PARSE_ERROR


def test_a_control_character_spoils_the_set(book):
    name = "<VendorQueryRq><FullName>A&#1;</FullName></VendorQueryRq>"

    assert book.hresult(message_set(name)) == PARSE_ERROR


def test_answers_are_plain_ascii(book):
    text = book.session.process(message_set("<VendorQueryRq/>"))

    assert text.isascii()
    assert "Pe&#241;a" in text


def test_every_operation_has_a_table():
    assert all(name in GRAMMAR for name in OPERATIONS)
    assert WRAPPED <= OPERATIONS


FIELDS = {
    "TxnDate": "2026-03-01",
    "DueDate": "2026-03-31",
    "RefNumber": "A-1",
    "Memo": "m",
    "ExternalGUID": "{b7d1a2c8-1a52-4a6e-8e0e-3d5b0e7f6c21}",
}


@given(st.permutations(list(FIELDS)))
def test_of_all_orders_of_a_bills_head_one_is_right(order):
    book = Book()
    head = "".join(f"<{name}>{FIELDS[name]}</{name}>" for name in order)

    hresult = book.hresult(message_set(bill(expense(), head=head)))

    assert (hresult == "") is (order == list(FIELDS))
