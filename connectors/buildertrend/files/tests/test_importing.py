"""An export from its upload to its rows, and what a newer one, or the same one, changes."""

import pytest

from audit.models import Entry, Verb
from common.errors import AppError, Conflict
from connectors.buildertrend.files import columns, importing, jobs
from connectors.buildertrend.files.families import List
from connectors.buildertrend.files.tests import exports
from connectors.file_models import SourceFile, SourceRow

pytestmark = pytest.mark.django_db
State = SourceFile.State


@pytest.fixture
def connection(company):
    return exports.connection_of(company)


@pytest.fixture
def upload(connection, controller):
    def uploading(content, **said):
        return exports.uploaded(connection, content, by=controller, **said)

    return uploading


@pytest.fixture
def bring(connection, controller):
    def bringing(content, **said):
        return exports.brought_in(connection, content, by=controller, **said)

    return bringing


def counts(file):
    return file.new, file.changed, file.same, file.errors


# --- Which file is which --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "kind", "family"),
    [
        (exports.a_bills(), List.BILLS, "A"),
        (exports.a_orders(), List.PURCHASE_ORDERS, "A"),
        (exports.b_bills(), List.BILLS, "B"),
        (exports.b_orders(), List.PURCHASE_ORDERS, "B"),
        (exports.jobsites(), List.JOBS, "C"),
        (exports.lines(), List.LINES, "C"),
        (exports.table(exports.ESTIMATES, {"job_id": "111"}), List.ESTIMATES, "C"),
        (
            exports.table(exports.CHANGE_ORDERS, {"change_order_id": "1", "job_id": "111"}),
            List.CHANGE_ORDERS,
            "C",
        ),
        (exports.table(("Catalog Item", "Cost Code", "Unit Cost", "Unit", "Markup", "Cost Type"),
                       {"Cost Code": exports.ROUGH}), List.COST_CODES, "C"),
        (exports.table(("Company Name", "Email"), {"Company Name": "X"}), List.VENDORS, "C"),
    ],
)  # fmt: skip
def test_a_file_is_known_by_its_heads(upload, content, kind, family):
    file = upload(content)

    assert (file.kind, file.family) == (kind, family)
    assert file.state in (State.PREVIEWED, State.NEEDS_JOBS)


@pytest.mark.parametrize(
    ("content", "kind", "words"),
    [
        (
            exports.grid("Invoices", exports.A_INVOICES, [["1", "Paid", 5.0, 5.0, "", ""]]),
            List.INVOICES,
            "Owner invoices are not used yet",
        ),
        (exports.table(exports.B_INVOICES, {"Job": "x"}), List.INVOICES, "not used yet"),
        (
            exports.grid("Payments", exports.A_PAYMENTS, [["1", "QuickBooks", 5.0, ""]]),
            List.PAYMENTS,
            "came from accounting anyway",
        ),
        (exports.table(exports.B_PAYMENTS, {"Job": "x"}), List.PAYMENTS, "not used yet"),
        (exports.accounting(), List.ACCOUNTING_COSTS, "never sent back"),
        (exports.table(("todo_id", "title"), {"todo_id": "1"}), List.TODOS, "not used"),
        (exports.table(("schedule_id",), {"schedule_id": "1"}), List.SCHEDULE, "not used"),
        (exports.table(("purchase_order_id",), {}), List.ORDER_DATA, "Nothing"),
    ],
)  # fmt: skip
def test_what_is_recognised_and_not_used_says_so(upload, connection, content, kind, words):
    file = upload(content)

    assert (file.state, file.kind) == (State.NOT_USED, kind)
    assert words in file.problem
    assert not connection.source_rows.exists()


def test_what_came_from_accounting_is_never_sent_back(upload):
    assert "in the ledger already" in upload(exports.accounting()).problem


def test_a_grid_export_named_xlsx_is_read_by_what_it_holds(upload):
    file = upload(exports.a_orders(), name="PurchaseOrders.xlsx")

    assert (file.kind, file.problem) == (List.PURCHASE_ORDERS, "")


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (exports.table(("Job", "Pay To", "pay-to", "Bill Amount"), {}), "Two columns are called"),
        (exports.table(("PO #", "PO Status"), {"PO #": "1"}), "it has no column “Cost”"),
    ],
)
def test_heads_that_cannot_be_told_apart_refuse_the_file(upload, content, words):
    file = upload(content)

    assert file.state == State.REFUSED
    assert words in file.problem


# --- Preview --------------------------------------------------------------------------------------


def test_a_grid_of_bills_is_counted_without_its_total(upload, controller):
    file = exports.with_jobs(upload(exports.a_bills()), jobs.NEW, by=controller)

    assert (file.state, *counts(file)) == (State.PREVIEWED, 4, 0, 0, 0)
    assert file.skipped == 1


@pytest.mark.parametrize("label", ["Total", "Totals:", "Grand total"])
def test_a_total_that_says_so_in_a_merged_cell_is_no_bill(upload, controller, label):
    row = (label, "", "", "", 12500.0, "", "", "", "", "", "")
    file = upload(exports.grid("Bills", exports.A_BILLS, [exports.A_BILL_ROWS[0], row]))

    assert exports.with_jobs(file, jobs.NEW, by=controller).new == 1


def test_a_bill_without_a_number_is_no_total(upload, controller):
    """Its first cell is as empty as a total's."""
    file = exports.with_jobs(
        upload(exports.a_bills(exports.A_BILL_ROWS[1], total=False)), jobs.NEW, by=controller
    )

    assert counts(file) == (1, 0, 0, 0)


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"Bill_Amount": "abc"}, "Bill amount: “abc” is no amount. Correct it in the file."),
        ({"Bill_Amount": ""}, "Bill amount is empty"),
        ({"Invoice_Date": "31/31/2026"}, "Invoice date: “31/31/2026” is no day"),
        ({"Job": ""}, "names no job"),
    ],
)
def test_a_row_that_cannot_be_read_says_why_and_the_others_come(upload, controller, said, words):
    file = upload(exports.b_bills(exports.b_bill(), exports.b_bill(**said)))
    file = exports.with_jobs(file, jobs.NEW, by=controller)

    (problem,) = file.problems
    assert counts(file) == (1, 0, 0, 1)
    assert (problem["row"], words in problem["sentence"]) == (3, True)


def test_a_payment_among_the_cost_codes_is_left_out_and_said(upload, controller):
    file = upload(exports.b_bills(exports.b_bill(Cost_Codes="Customer Payment")))
    file = exports.with_jobs(file, jobs.NEW, by=controller) if file.asks else file

    (problem,) = file.problems
    assert (file.new, file.skipped, problem["is_error"]) == (0, 1, False)
    assert "is a payment and no cost" in problem["sentence"]


def test_what_a_spreadsheet_would_run_is_shown_as_text(bring, connection):
    bring(exports.b_bills(exports.b_bill(Title="=cmd|'/C calc'!A0")))

    assert connection.source_rows.get().content["title"] == "=cmd|'/C calc'!A0"


def test_who_the_builders_own_customers_are_is_never_kept(bring):
    bring(exports.jobsites())

    assert "Canary" not in str(SourceRow.objects.values_list("content", flat=True))
    assert "Canary" not in str(SourceFile.objects.get().sample)


# --- Jobs -----------------------------------------------------------------------------------------


def test_a_job_name_nobody_confirmed_is_asked_for(upload):
    file = upload(exports.b_bills())

    assert file.state == State.NEEDS_JOBS
    assert file.asks["names"] == {"24-017 lot 17 aspen ridge": "24-017 Lot 17 Aspen Ridge"}


def test_a_name_is_asked_for_once_however_it_is_spelled(bring, upload):
    bring(exports.b_bills())

    again = upload(exports.b_bills(exports.b_bill(Job="24-017  LOT 17 Aspen Ridge   ")))

    assert (again.state, *counts(again)) == (State.PREVIEWED, 0, 0, 1, 0)


def test_a_renamed_job_keeps_its_id_and_its_bills(bring, upload, connection, controller):
    bring(exports.b_bills())
    (job,) = connection.source_rows.values_list("job", flat=True)

    renamed = upload(exports.b_bills(exports.b_bill(Job="Aspen Ridge 17")))
    renamed = exports.with_jobs(renamed, job, by=controller)

    assert counts(renamed) == (0, 0, 1, 0)
    assert jobs.known(connection) == [(job, "Aspen Ridge 17")]


def test_who_said_what_a_job_is_stands_in_the_trail(bring, controller):
    bring(exports.b_bills())

    entry = Entry.objects.get(verb=Verb.CONFIRMED)
    assert (entry.user, entry.after) == (
        controller,
        {"jobs": {"24-017 Lot 17 Aspen Ridge": "new"}},
    )


def test_a_job_of_another_connection_cannot_be_chosen(upload, controller):
    file = upload(exports.b_bills())

    with pytest.raises(AppError, match="none that we know"):
        jobs.confirm(file, dict.fromkeys(file.asks["names"], "name:of another"), by=controller)


def test_every_name_has_to_be_answered(upload, controller):
    file = upload(exports.b_bills(exports.b_bill(), exports.b_bill(Job="Pier 9")))

    with pytest.raises(AppError, match="Say which job “Pier 9” is"):
        jobs.confirm(file, {"24-017 lot 17 aspen ridge": jobs.NEW}, by=controller)


def test_a_job_known_by_its_name_is_the_one_that_a_list_with_ids_names(bring, connection):
    bring(exports.b_bills())
    (job,) = connection.source_rows.values_list("job", flat=True)

    bring(exports.jobsites())

    known = jobs.JobMap.of(connection)
    assert (known.of_id("111"), known.of_id("112")) == (job, "112")
    assert len(jobs.known(connection)) == 2


def test_bills_of_a_job_by_name_join_the_one_that_has_an_id(bring, connection):
    bring(exports.jobsites())

    bring(exports.b_bills())

    assert connection.source_rows.get(kind=List.BILLS).job == "111"


def test_lines_wait_for_the_list_of_jobs(upload):
    file = upload(exports.lines())

    assert counts(file) == (0, 0, 0, 1)
    assert "Bring in the file of jobs" in file.problems[0]["sentence"]


# --- Again ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content", [exports.a_bills(), exports.a_orders(), exports.b_bills(), exports.b_orders()]
)
def test_the_same_file_again_changes_nothing(bring, connection, content):
    first = bring(content)
    before = list(connection.source_rows.order_by("pk").values("key", "content", "file"))

    again = bring(content)

    assert (first.changed, first.same, again.new, again.changed) == (0, 0, 0, 0)
    assert again.same == first.new
    assert list(connection.source_rows.order_by("pk").values("key", "content", "file")) == before


def test_a_newer_file_tells_new_changed_and_same(bring):
    other, third = exports.b_bill(Bill_No="2"), exports.b_bill(Bill_No="3")
    bring(exports.b_bills(exports.b_bill(), other))

    newer = bring(exports.b_bills(exports.b_bill(), other | {"Title": "Second half"}, third))

    assert counts(newer) == (1, 1, 1, 0)


def test_a_new_bill_like_an_old_one_takes_no_older_ones_place(bring, connection):
    """Rent without a number: each export lists the newest first."""
    rent = {"Bill_No": "", "Bill_Amount": "1500.00"}
    january = exports.b_bill(**rent, Created_Date="2026-01-01", Invoice_Date="2026-01-01")
    february = exports.b_bill(**rent, Created_Date="2026-02-01", Invoice_Date="2026-02-01")
    bring(exports.b_bills(january))
    (key,) = connection.source_rows.values_list("key", flat=True)

    newer = bring(exports.b_bills(february, january))

    assert counts(newer) == (1, 0, 1, 0)
    assert connection.source_rows.get(key=key).content["invoice_date"] == "2026-01-01"


def test_lines_with_one_id_in_one_file_are_an_error(bring, upload):
    bring(exports.jobsites())

    file = upload(exports.lines(exports.line(), exports.line(amount="1.00")))

    assert counts(file) == (0, 0, 0, 2)
    assert "the same id as row 2" in file.problems[1]["sentence"]


def test_a_bill_of_which_a_line_cannot_be_read_does_not_come_without_it(bring, upload):
    """It would be posted with less than it says."""
    bring(exports.jobsites())
    bad, other = {"line_item_id": "9002", "amount": "x"}, {"payment_id": "502"}

    file = upload(exports.lines(exports.line(), exports.line(**bad), exports.line(**other)))

    assert counts(file) == (1, 0, 0, 2)
    assert "Row 3 of the same document" in file.problems[0]["sentence"]


def test_two_months_of_rent_are_two_bills_though_each_export_has_one(bring, connection):
    rent = {"Bill_No": "", "Bill_Amount": "1500.00"}
    bring(exports.b_bills(exports.b_bill(**rent, Created_Date="2026-01-01")))

    newer = bring(exports.b_bills(exports.b_bill(**rent, Created_Date="2026-02-01")))

    assert counts(newer) == (1, 0, 0, 0)
    assert connection.source_rows.count() == 2


def test_what_a_full_export_lacks_is_flagged_and_kept(bring, connection):
    bring(exports.b_bills(exports.b_bill(), exports.b_bill(Bill_No="2")))

    newer = bring(exports.b_bills(exports.b_bill()), is_full=True)

    assert newer.missing == 1
    assert connection.source_rows.exclude(missing_since=None).get().content["number"] == "2"


def test_what_a_partial_export_lacks_is_not_missing(bring, connection):
    bring(exports.b_bills(exports.b_bill(), exports.b_bill(Bill_No="2")))

    bring(exports.b_bills(exports.b_bill()))

    assert not connection.source_rows.exclude(missing_since=None).exists()


def test_an_export_with_errors_says_nothing_of_what_is_missing(bring, connection):
    """The row that cannot be read may be the very one."""
    bring(exports.b_bills(exports.b_bill(), exports.b_bill(Bill_No="2")))

    bring(
        exports.b_bills(exports.b_bill(), exports.b_bill(Bill_No="2", Bill_Amount="x")),
        is_full=True,
    )

    assert not connection.source_rows.exclude(missing_since=None).exists()


def test_a_job_that_an_export_does_not_name_says_nothing(bring, connection):
    """Family B has the open jobs only."""
    bring(exports.b_bills(exports.b_bill(), exports.b_bill(Job="Pier 9")))

    bring(exports.b_bills(exports.b_bill()), is_full=True)

    assert not connection.source_rows.exclude(missing_since=None).exists()


def test_what_was_missing_and_comes_again_is_there_again(bring, connection):
    both = exports.b_bills(exports.b_bill(), exports.b_bill(Bill_No="2"))
    bring(both)
    bring(exports.b_bills(exports.b_bill()), is_full=True)

    bring(both)

    assert not connection.source_rows.exclude(missing_since=None).exists()


def test_one_document_never_comes_by_two_kinds_of_export(bring, upload):
    bring(exports.jobsites())
    bring(exports.lines())

    file = upload(exports.b_bills())

    assert file.state == State.REFUSED
    assert "would come twice" in file.problem


def test_grids_and_lists_over_all_jobs_know_a_bill_by_one_key(bring, upload):
    bring(exports.a_bills(exports.A_BILL_ROWS[0]))

    file = upload(exports.b_bills())

    assert counts(file) == (0, 1, 0, 0), "the list does not say that it was approved"


def test_a_file_previewed_before_a_newer_one_came_is_read_again(upload, bring, controller):
    bring(exports.b_bills())
    old = upload(exports.b_bills(exports.b_bill(Title="Older")))
    bring(exports.b_bills(exports.b_bill(Title="Newer")))

    assert importing.start(old, by=controller).state == State.UPLOADED


def test_a_file_is_brought_in_once(bring, controller):
    file = bring(exports.b_bills())

    with pytest.raises(Conflict, match="brought in already"):
        importing.start(file, by=controller)


def test_a_file_that_ends_its_worker_again_and_again_is_refused(upload):
    file = upload(exports.b_bills())
    SourceFile.objects.filter(pk=file.pk).update(
        state=State.UPLOADED, due_at=file.uploaded_at, starts=importing.MOST_STARTS
    )

    assert exports.worked(file).state == State.REFUSED


def test_the_bytes_go_and_their_sum_and_uploader_stay(bring, controller):
    file = bring(exports.b_bills())

    assert (file.content, len(file.sha256), file.uploaded_by) == (None, 64, controller)
    entry = Entry.objects.get(verb=Verb.BROUGHT_IN)
    assert (entry.user, entry.after["sha256"], entry.after["new"]) == (controller, file.sha256, 1)


# --- Columns --------------------------------------------------------------------------------------

ROW = {"Lieferant": exports.FRAMER, "Summe": "12500", "Projekt": "Lot 17", "Beleg": "INV-1031"}
STRANGE = exports.table(list(ROW), ROW)
SAID = {"vendor": 0, "amount": 1, "job": 2, "number": 3}


def test_heads_that_nobody_knows_are_asked_for(upload):
    file = upload(STRANGE)

    assert file.state == State.NEEDS_COLUMNS
    assert file.asks["heads"] == ["Lieferant", "Summe", "Projekt", "Beleg"]
    assert file.asks["rows"][1] == [exports.FRAMER, "12500", "Lot 17", "INV-1031"]


def test_what_was_said_of_the_columns_is_kept_for_the_next_file(upload, bring, controller):
    file = columns.say(upload(STRANGE), List.BILLS, SAID, by=controller)
    first = exports.with_jobs(exports.worked(file), jobs.NEW, by=controller)

    assert counts(first) == (1, 0, 0, 0)
    assert upload(STRANGE).kind == List.BILLS


@pytest.mark.parametrize(
    ("said", "words"),
    [
        ({"vendor": 0}, "Say which column holds Bill amount"),
        ({"vendor": 0, "amount": 0}, "chosen for two things"),
        ({"vendor": 0, "amount": 9}, "not in the file"),
    ],
)
def test_columns_that_make_no_list_are_refused(upload, controller, said, words):
    file = upload(STRANGE)

    with pytest.raises(AppError, match=words):
        columns.say(file, List.BILLS, said, by=controller)
