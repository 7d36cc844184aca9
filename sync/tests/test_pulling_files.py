"""Exported files through the ordinary pull: what comes is what the files say, and no more."""

from decimal import Decimal

import pytest

from connectors.buildertrend.files.tests import exports
from sync import pulling
from sync.models import Bill, Commitment, PullProblem, PullStep, Run

pytestmark = pytest.mark.django_db


@pytest.fixture
def connection(company):
    return exports.connection_of(company)


@pytest.fixture
def bring(connection, controller):
    """A file brought in, and the pull that follows by itself run to its end."""

    def bringing(content, **said):
        file = exports.brought_in(connection, content, by=controller, **said)
        run_to_its_end(connection)
        return file

    return bringing


def run_to_its_end(connection):
    run = connection.runs.filter(kind=Run.Kind.PULL).first()
    while step := run.steps.filter(state=PullStep.State.WAITING).order_by("position").first():
        pulling.pull_step(step.pk)
    run.refresh_from_db()
    assert run.state in (Run.State.DONE, Run.State.PARTLY)


def test_bringing_a_file_in_starts_a_pull_that_reads_it(bring):
    bring(exports.a_orders())
    bring(exports.a_bills())

    numbers = {bill.number: (bill.total, bill.fault) for bill in Bill.objects.all()}
    assert numbers == {
        "INV-1031": (Decimal("12500.00"), ""),
        "": (Decimal("1204.50"), ""),
        "77": (Decimal("900.00"), Bill.Fault.NO_COST_CODE),
        "CM-3": (Decimal("-60.25"), Bill.Fault.NEGATIVE),
    }
    assert Bill.objects.get(number="INV-1031").commitment == Commitment.objects.get(number="0015")


def test_a_bill_with_several_codes_and_no_split_is_held_and_says_why(bring):
    bring(exports.a_bills(exports.A_BILL_ROWS[2]))

    (line,) = Bill.objects.get().lines.all()
    assert line.description.startswith("Several cost codes, and no amount for each")


def test_the_same_file_again_makes_no_new_version(bring):
    bring(exports.a_bills())
    before = list(Bill.objects.order_by("pk").values("pk", "version", "content_sha256"))

    bring(exports.a_bills())

    assert list(Bill.objects.order_by("pk").values("pk", "version", "content_sha256")) == before


def test_a_new_word_of_approval_lets_a_commitment_through(bring):
    bring(exports.b_orders("Sent"))
    before = Commitment.objects.get().is_approved

    bring(exports.b_orders("Sub/Vendor Approved"))

    assert (before, Commitment.objects.get().is_approved) == (False, True)


def test_a_bill_missing_from_a_full_export_is_held_and_not_gone(bring):
    two = exports.b_bill(Bill_No="2")
    bring(exports.b_bills(exports.b_bill(), two), is_approved=True)

    bring(exports.b_bills(), is_approved=True, is_full=True)

    held = Bill.objects.get(number="2")
    assert (held.fault, held.gone_at) == (Bill.Fault.UNREADABLE, None)
    assert "missing from the last full export" in PullProblem.objects.get().sentence


def test_rows_that_come_while_a_pull_runs_are_pulled_after_it(connection, controller):
    exports.brought_in(connection, exports.a_orders(), by=controller)
    exports.brought_in(connection, exports.a_bills(), by=controller)  # its pull finds one running
    run_to_its_end(connection)

    assert pulling.start_if_due(connection)
    run_to_its_end(connection)

    assert Bill.objects.count() == len(exports.A_BILL_ROWS)
    assert not pulling.is_due(connection)
