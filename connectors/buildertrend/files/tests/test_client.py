"""What a pull gets to see of exported files."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from common.choices import RecordKind
from connectors import registry
from connectors.base import ListsChanges, TakesPayments
from connectors.buildertrend.files.client import BuildertrendFiles
from connectors.buildertrend.files.tests import exports
from connectors.records import PulledBill, Unreadable

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(company):
    return exports.connection_of(company)


@pytest.fixture
def bring(connection, controller):
    def bringing(content, **said):
        return exports.brought_in(connection, content, by=controller, **said)

    return bringing


@pytest.fixture
def read(connection):
    """What a pull would get of every job."""

    def reading(what):
        client = BuildertrendFiles(connection)
        return [
            each
            for job in client.records(RecordKind.PROJECT)
            for each in getattr(client, what)(job.external_id)
        ]

    return reading


def names(connection, kind):
    return [each.name for each in BuildertrendFiles(connection).records(kind)]


def test_the_connection_is_served_by_its_files(connection):
    assert isinstance(registry.open_source(connection), BuildertrendFiles)


def test_files_tell_no_changes_and_take_no_payments(connection):
    assert not registry.can(connection, ListsChanges)
    assert not registry.can(connection, TakesPayments)


def test_lists_are_made_of_what_the_documents_name(connection, bring):
    bring(exports.a_bills())

    assert names(connection, RecordKind.VENDOR) == [exports.TILER, exports.FRAMER]
    assert names(connection, RecordKind.COST_CODE) == [
        "Rough Carpentry",
        "Shower doors and mirrors",
    ]
    assert names(connection, RecordKind.COST_TYPE) == []


def test_a_vendor_in_several_spellings_is_one(connection, bring):
    bring(
        exports.b_bills(exports.b_bill(), exports.b_bill(Bill_No="2", Pay_To="RIDGE framing llc "))
    )

    assert len(names(connection, RecordKind.VENDOR)) == 1


def test_a_job_of_family_c_comes_with_its_id_number_and_address(connection, bring):
    bring(exports.jobsites())

    _, lot = sorted(
        BuildertrendFiles(connection).records(RecordKind.PROJECT), key=lambda each: each.code
    )
    assert (lot.external_id, lot.code, lot.name) == ("111", "24-017", "Lot 17 Aspen Ridge")
    assert (lot.city, lot.postcode) == ("Austin", "78701")


def test_a_bill_of_a_grid_comes_with_its_order_and_code(connection, bring, read):
    bring(exports.a_orders())
    bring(exports.a_bills(exports.A_BILL_ROWS[0]))

    (order,), (bill,) = read("commitments"), read("bills")

    (line,) = bill.lines
    assert (bill.number, bill.total, bill.is_approved) == ("INV-1031", Decimal("12500.00"), True)
    assert (bill.bill_date, bill.due_date) == (date(2026, 2, 20), date(2026, 3, 20))
    assert bill.commitment_id == order.external_id
    assert (order.number, order.is_approved, order.status) == (
        "0015",
        True,
        "Sub/Vendor Approved - 8-13-26",
    )
    assert line.cost_code_id == "03-110 - rough carpentry"


def test_the_flat_rate_beside_a_real_code_counts_for_nothing(bring, read):
    bring(exports.a_bills(exports.A_BILL_ROWS[1]))

    ((line,),) = (bill.lines for bill in read("bills"))
    assert line.cost_code_id == "5620 - shower doors and mirrors"


def test_several_codes_and_no_split_leave_a_line_without_a_code(bring, read):
    """Which holds the bill; its line says why."""
    bring(exports.a_bills(exports.A_BILL_ROWS[2]))

    ((line,),) = (bill.lines for bill in read("bills"))
    assert line.cost_code_id == ""
    assert line.description.startswith("Several cost codes, and no amount for each: 03-110")


def test_a_refund_stays_negative(bring, read):
    bring(exports.a_bills(exports.A_BILL_ROWS[3]))

    assert [bill.total for bill in read("bills")] == [Decimal("-60.25")]


def test_a_bill_whose_file_does_not_say_so_is_not_approved(bring, read):
    bring(exports.b_bills())

    assert [bill.is_approved for bill in read("bills")] == [False]


def test_a_bill_is_approved_when_its_uploader_says_so(bring, read):
    bring(exports.b_bills(), is_approved=True)

    assert [bill.is_approved for bill in read("bills")] == [True]


def test_what_the_file_says_of_a_bill_goes_before_what_its_uploader_says(bring, read):
    row = (*exports.A_BILL_ROWS[0][:3], "Pending Approval", *exports.A_BILL_ROWS[0][4:])

    bring(exports.a_bills(row), is_approved=True)

    assert [bill.is_approved for bill in read("bills")] == [False]


@pytest.mark.parametrize(
    ("word", "is_approved"),
    [
        ("Sent", False),
        ("Internally Approved", True),
        ("Client Approved by B", True),
        ("Huh", False),
    ],
)
def test_a_new_word_of_approval_is_heard(bring, read, word, is_approved):
    bring(exports.b_orders("Draft"))

    file = bring(exports.b_orders(word))

    (order,) = read("commitments")
    assert (file.changed, order.is_approved) == (1, is_approved)


def test_lines_of_one_payment_are_one_bill(bring, read):
    bring(exports.jobsites())
    second = exports.line(line_item_id="9002", cost_code_title=exports.SHOWER, amount="2500.00")
    order = exports.line(
        payment_id="15", line_item_id="1", entity_type="Purchase Order",
        parent_entity_title="0015-Framing labor", amount="25000.00",
    )  # fmt: skip
    bring(exports.lines(exports.line(), second, order), is_approved=True)

    (bill,), (commitment,) = read("bills"), read("commitments")
    assert (bill.external_id, bill.number) == ("501", "INV-1031")
    assert (bill.total, bill.is_approved) == (Decimal("12500.00"), True)
    assert [line.amount for line in bill.lines] == [Decimal("10000.00"), Decimal("2500.00")]
    assert {line.cost_type_id for line in bill.lines} == {"subcontractor"}
    assert (commitment.number, commitment.title) == ("0015", "Framing labor")


def test_an_owners_invoice_among_the_lines_is_left_out_and_said(bring, read):
    bring(exports.jobsites())

    file = bring(exports.lines(exports.line(entity_type="Owner Invoice")))

    assert (file.skipped, read("bills")) == (1, [])
    assert "not used yet" in file.problems[0]["sentence"]


def test_a_bill_that_a_full_export_lacks_is_held_and_not_gone(bring, read):
    bring(exports.b_bills(exports.b_bill(), exports.b_bill(Bill_No="2")))
    bring(exports.b_bills(), is_full=True)

    (mark,) = [each for each in read("bills") if isinstance(each, Unreadable)]
    assert mark.kind == PulledBill.Kind.BILL
    assert "is missing from the last full export" in mark.sentence


def test_a_bill_without_a_date_is_held_by_its_row_and_file(bring, read):
    bring(exports.b_bills(exports.b_bill(Invoice_Date="")), is_approved=True, name="bills.csv")

    (mark,) = read("bills")
    assert mark.sentence.startswith("Row 2 of bills.csv: ")


def test_a_bill_that_comes_again_with_another_amount_is_not_sent_with_the_older_one(bring, read):
    bring(exports.b_bills(exports.b_bill(Bill_Amount="1000.00")), is_approved=True)
    bring(exports.b_bills(exports.b_bill(Bill_Amount="1100.00")), is_approved=True)

    (held,) = [each for each in read("bills") if isinstance(each, Unreadable)]
    (bill,) = [each for each in read("bills") if isinstance(each, PulledBill)]
    assert (held.payload["amount"], bill.total) == ("1000.00", Decimal("1100.00"))
    assert "with another amount" in held.sentence


def test_without_a_number_neither_of_two_amounts_is_sent(bring, read):
    """The older may have been sent, and nothing else would tell that it was the same bill."""
    bring(exports.b_bills(exports.b_bill(Bill_No="", Bill_Amount="1000.00")))
    bring(exports.b_bills(exports.b_bill(Bill_No="", Bill_Amount="1100.00")))

    assert [type(each) for each in read("bills")] == [Unreadable, Unreadable]


def test_two_bills_of_one_number_in_one_file_are_both_meant(bring, read):
    one, other = exports.b_bill(Bill_Amount="1000.00"), exports.b_bill(Bill_Amount="1100.00")
    bring(exports.b_bills(one))
    bring(exports.b_bills(one, other))

    assert sorted(bill.total for bill in read("bills")) == [1000, 1100]


def test_a_line_that_a_newer_file_lacks_holds_its_bill(bring, read):
    """Deleted there, or left out here: the sum is not sure."""
    bring(exports.jobsites())
    second = exports.line(line_item_id="9002", amount="2500.00")
    bring(exports.lines(exports.line(), second), is_approved=True)

    bring(exports.lines(exports.line()), is_approved=True)

    (held,) = read("bills")
    assert isinstance(held, Unreadable)
    assert "one file that has all its lines" in held.sentence


def test_a_full_file_says_that_a_line_is_gone(bring, read):
    bring(exports.jobsites())
    second = exports.line(line_item_id="9002", amount="2500.00")
    bring(exports.lines(exports.line(), second), is_approved=True)

    bring(exports.lines(exports.line()), is_approved=True, is_full=True)

    assert [bill.total for bill in read("bills")] == [Decimal("10000.00")]


def test_a_payment_among_a_bills_lines_counts_in_its_total(bring, read):
    bring(exports.jobsites())
    paid = exports.line(line_item_id="9002", cost_code_title="Payment", amount="-400.00")

    bring(exports.lines(exports.line(), paid), is_approved=True)

    (bill,) = read("bills")
    assert (bill.total, [line.cost_code_id == "" for line in bill.lines]) == (9600, [False, True])


def test_two_like_refunds_of_one_day_are_two_bills(bring, read):
    same = exports.b_bill(Bill_No="", Bill_Amount="(17.25)")

    bring(exports.b_bills(same, same))

    assert len({bill.external_id for bill in read("bills")}) == 2


BILLS = st.lists(
    st.fixed_dictionaries(
        {
            "Job": st.sampled_from(["Lot 17", "lot 17 ", "Pier 9"]),
            "Bill #": st.sampled_from(["", "1", "INV-2"]),
            "Title": st.sampled_from(["", "a", "=1+1"]),
            "Pay To": st.sampled_from([exports.FRAMER, "-- Unassigned --", "Peña  Tile"]),
            "Bill Amount": st.sampled_from(["1.00", "(17.25)", "$1,204.50"]),
            "Invoice Date": st.sampled_from(["2026-02-20", "2/21/2026"]),
            "Cost Codes": st.sampled_from(["", exports.ROUGH, f"{exports.ROUGH}\nTile"]),
        }
    ),
    min_size=1,
    max_size=12,
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(BILLS, st.randoms())
def test_the_same_rows_again_in_any_order_change_nothing_that_is_pulled(
    connection, controller, bills, random
):
    def pulled():
        client = BuildertrendFiles(connection)
        return sorted(
            (bill.external_id, bill.total, bill.bill_date, bill.description)
            for job in client.records(RecordKind.PROJECT)
            for bill in client.bills(job.external_id)
        )

    connection.source_rows.all().delete()
    exports.brought_in(connection, exports.b_bills(*bills), by=controller)
    before = pulled()
    random.shuffle(bills)
    exports.brought_in(connection, exports.b_bills(*bills), by=controller)

    assert pulled() == before
    assert len(before) == len(bills)
