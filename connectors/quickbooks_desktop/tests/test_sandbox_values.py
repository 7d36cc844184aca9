"""What spoils one request: a value too long, or not of its type."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from connectors.quickbooks_desktop.tests.sandbox_world import (
    RIDGELINE,
    Book,
    bill,
    expense,
    item,
    message_set,
)


@pytest.fixture(scope="module")
def book():
    return Book()


def vendor(more):
    return f"<VendorAddRq><VendorAdd>{more}</VendorAdd></VendorAddRq>"


@pytest.mark.parametrize("text", ["1e3", "1,000.00", "12.5", "12.345", "$12.00", "12.", ".50", "x",
                                  "12345678901234.00"])  # fmt: skip
def test_an_amount_has_no_decimals_or_two(book, text):
    assert book.status(bill(expense(text))) == 3040


@pytest.mark.parametrize("text", ["12", "12.50", "+12.50", " 12.50 ", "1234567890123.00"])
def test_an_amount_that_is_right_is_taken(book, text):
    assert book.status(bill(expense(text))) == 0


AMOUNT = re.compile(r"[+-]?[0-9]{1,13}(\.[0-9]{2})?")
SHARED = Book()


@given(st.text(alphabet="0123456789.,+-eE ", min_size=1, max_size=18).filter(str.strip))
@example("-0.00")
def test_an_amount_is_taken_exactly_when_the_type_says_so(text):
    request = bill(expense("2000000000000.00"), expense("2000000000000.00"), expense(text))

    status = SHARED.status(request)

    is_amount = AMOUNT.fullmatch(text.strip()) is not None
    assert (status != 3040) is is_amount


@pytest.mark.parametrize("text", ["02/27/2026", "2026-2-7", "2026-02-30", "20260227", "today"])
def test_a_date_is_written_one_way(book, text):
    assert book.status(bill(expense(), head=f"<TxnDate>{text}</TxnDate>")) == 3020


@pytest.mark.parametrize("text", ["2026-02-27 10:00", "1969-12-31", "2038-01-20", "2026-02-27T25"])
def test_a_moment_is_written_one_way_and_lies_within_the_epoch(book, text):
    query = f"<VendorQueryRq><FromModifiedDate>{text}</FromModifiedDate></VendorQueryRq>"

    assert book.status(query) == 3020


@pytest.mark.parametrize(
    "text", ["2026-02-27", "2026-02-27T10", "2026-02-27T10:00:00", "2026-02-27T10:00:00-08:00"]
)
def test_a_moment_may_be_cut_short_or_have_an_offset(book, text):
    query = f"<VendorQueryRq><FromModifiedDate>{text}</FromModifiedDate></VendorQueryRq>"

    assert book.status(query) == 0


@pytest.mark.parametrize(("text", "status"), [("yes", 3010), ("TRUE", 3010), ("1", 0), ("0", 0)])
def test_a_flag_is_true_or_false_or_a_digit(book, text, status):
    query = f"<BillQueryRq><IncludeLineItems>{text}</IncludeLineItems></BillQueryRq>"

    assert book.status(query) == status


@pytest.mark.parametrize(
    ("more", "status"),
    [
        ("<Quantity>1.123456</Quantity>", 3060),
        ("<Quantity>12345678901</Quantity>", 3060),
        ("<Quantity>1</Quantity><Cost>1.123456</Cost>", 3045),
        ("<Quantity>1.12345</Quantity><Cost>2.00001</Cost>", 0),
    ],
)
def test_quantities_and_prices_have_up_to_five_decimals(book, more, status):
    assert book.status(bill(item(more))) == status


@pytest.mark.parametrize(
    ("status_wanted", "guid"),
    [(3000, "b7d1a2c8-1a52-4a6e-8e0e-3d5b0e7f6c21"), (3000, "{b7d1}"), (0, "0"),
     (0, "{b7d1a2c8-1a52-4a6e-8e0e-3d5b0e7f6c21}")],
)  # fmt: skip
def test_a_guid_stands_in_braces_or_is_zero(book, status_wanted, guid):
    head = f"<ExternalGUID>{guid}</ExternalGUID>"

    assert book.status(bill(expense(), head=head)) == status_wanted


@pytest.mark.parametrize("key", ["50", "vendor-1", f"{RIDGELINE}!", RIDGELINE.lower() + "z"])
def test_an_id_of_another_form_is_no_id(book, key):
    assert book.status(f"<VendorQueryRq><ListID>{key}</ListID></VendorQueryRq>") == 3000


@pytest.mark.parametrize(
    ("request_", "limit"),
    [
        (lambda text: vendor(f"<Name>{text}</Name>"), 41),
        (lambda text: vendor(f"<Name>A</Name><CompanyName>{text}</CompanyName>"), 41),
        (lambda text: vendor(f"<Name>B</Name><FirstName>{text}</FirstName>"), 25),
        (lambda text: vendor(f"<Name>C</Name><MiddleName>{text}</MiddleName>"), 5),
        (lambda text: vendor(f"<Name>D</Name><Phone>{text}</Phone>"), 21),
        (lambda text: vendor(f"<Name>E</Name><AccountNumber>{text}</AccountNumber>"), 99),
        (lambda text: vendor(f"<Name>F</Name><VendorTaxIdent>{text}</VendorTaxIdent>"), 15),
        (lambda text: vendor(f"<Name>G</Name><Notes>{text}</Notes>"), 4095),
        (
            lambda text: vendor(
                f"<Name>H</Name><VendorAddress><City>{text}</City></VendorAddress>"
            ),
            31,
        ),
        (
            lambda text: vendor(
                f"<Name>I</Name><VendorAddress><PostalCode>{text}</PostalCode></VendorAddress>"
            ),
            13,
        ),
        (lambda text: bill(expense(), head=f"<RefNumber>{text}</RefNumber>"), 20),
        (lambda text: bill(expense(), head=f"<Memo>{text}</Memo>"), 4095),
        (lambda text: bill(expense(more=f"<Memo>{text}</Memo>")), 4095),
        (lambda text: bill(item(f"<Desc>{text}</Desc><Amount>1.00</Amount>")), 4095),
    ],
)
def test_a_text_may_be_as_long_as_its_table_says_and_no_longer(request_, limit):
    book = Book()

    assert book.status(request_("x" * (limit + 1))) == 3070
    assert book.status(request_("x" * limit)) == 0


def test_a_word_outside_its_set_is_no_value(book):
    query = "<VendorQueryRq><ActiveStatus>Active</ActiveStatus></VendorQueryRq>"

    assert book.status(query) == 3210


def test_a_request_id_has_at_most_fifty_characters(book):
    assert book.status(f"<ClassQueryRq requestID='{'1' * 51}'/>") == 1060
    assert book.status(f"<ClassQueryRq requestID='{'1' * 50}'/>") == 0


def test_a_wrong_value_leaves_the_other_requests_of_its_set_alone(book):
    statuses = [
        each.get("statusCode")
        for each in book.send(message_set(bill(expense("x")) + "<ClassQueryRq/>"))
    ]

    assert statuses == ["3040", "0"]


def test_after_an_error_the_rest_is_not_processed_where_the_set_says_so(book):
    before = len(book.books.all("Bill"))
    body = "<ClassQueryRq/>" + bill(expense("x")) + bill(expense())

    responses = book.send(message_set(body, on_error="stopOnError"))

    assert [each.get("statusCode") for each in responses] == ["0", "3040", "3231"]
    assert len(book.books.all("Bill")) == before


def test_what_was_done_before_an_error_stays_done(book):
    before = len(book.books.all("Bill"))

    book.send(message_set(bill(expense()) + bill(expense("x")), on_error="stopOnError"))

    assert len(book.books.all("Bill")) == before + 1


def test_a_warning_stops_nothing(book):
    body = "<VendorQueryRq><FullName>Nobody</FullName></VendorQueryRq><ClassQueryRq/>"

    responses = book.send(message_set(body, on_error="stopOnError"))

    assert [each.get("statusCode") for each in responses] == ["500", "0"]


def test_without_response_data_only_statuses_come_back(book):
    response = book.ask("<VendorQueryRq/>", responseData="includeNone")

    assert (response.get("statusCode"), len(response)) == ("0", 0)
