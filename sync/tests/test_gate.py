"""One test a rule: what it holds, and what it lets go."""

from datetime import date
from decimal import Decimal

import pytest

from common.choices import RecordKind, Side
from mapping import publishing, reviewing
from sync import gate, sending
from sync.models import Approval, Push


def holds(world, bill, *, sender=None):
    bill.refresh_from_db()
    return {hold.rule: hold for hold in gate.holds(sending.question(bill, sender=sender))}


def test_an_open_gate_names_nothing(world):
    assert holds(world, world.ready_bill()) == {}


@pytest.mark.parametrize(
    ("kind", "external_id"),
    [
        (RecordKind.VENDOR, "11"),
        (RecordKind.PROJECT, "21"),
        (RecordKind.COST_CODE, "03-300"),
    ],
)
def test_a_missing_mapping_holds_and_can_be_mapped_in_place(world, kind, external_id):
    world.pull()
    world.map_all(but=(external_id,))

    hold = holds(world, world.bill("KC-100"))["mapping"]
    assert (hold.fix, hold.record) == (gate.Fix.MAP, world.record(kind, external_id))


def test_an_accepted_mapping_holds_until_it_is_published(world):
    world.pull()
    world.map_all(but=("11",))
    world.decide(RecordKind.VENDOR, "11", RecordKind.VENDOR, "101")

    assert holds(world, world.bill("KC-100"))["mapping"].fix == gate.Fix.PUBLISH


def test_no_match_leaves_a_bill_unmapped(world):
    world.pull()
    world.map_all(but=("11",))
    reviewing.no_match(world.record(RecordKind.VENDOR, "11"), by=world.controller)

    assert world.bill("KC-100").readiness == "unmapped"


def test_an_undone_mapping_holds_like_a_missing_one(world):
    world.pull()
    world.map_all(but=("11",))
    world.decide(RecordKind.VENDOR, "11", RecordKind.VENDOR, "101")
    reviewing.undo(world.mapping(RecordKind.VENDOR, "11"), by=world.controller)

    hold = holds(world, world.bill("KC-100"))["mapping"]
    assert (hold.fix, hold.mapping) == (gate.Fix.MAP, None)
    assert world.bill("KC-100").readiness == "unmapped"


def test_a_renamed_target_holds_the_bill_until_somebody_looks(world):
    bill = world.ready_bill()
    world.change("vendor", "101", "rename", name="Keystone Concrete of Salem")
    world.pull(Side.LEDGER)

    assert "was renamed" in holds(world, bill)["mapping"].sentence
    assert world.bill("KC-100").readiness == "needs_publishing"


def test_a_rename_that_a_controller_confirms_lets_the_bill_go(world):
    bill = world.ready_bill()
    world.change("vendor", "101", "rename", name="Keystone Concrete of Salem")
    world.pull(Side.LEDGER)

    publishing.confirm_stale(world.mapping(RecordKind.VENDOR, "11"), by=world.controller)

    assert holds(world, bill) == {}


@pytest.mark.parametrize(
    ("kind", "words"),
    [("subcontractor_invoice", "come as bills of their own"), ("payroll", "is payroll")],
)
def test_a_direct_cost_that_is_no_vendors_bill_is_held_and_says_so(world, kind, words):
    world.edit_source("direct_costs", {"id": "71", "type": kind})

    assert words in holds(world, world.ready_bill("D-7"))["document"].sentence


@pytest.mark.parametrize(
    ("table", "row", "number"), [("requisitions", "61", "KC-100"), ("direct_costs", "71", "D-7")]
)
def test_what_another_integration_sent_is_held_and_says_so(world, table, row, number):
    world.edit_source(table, {"id": row, "origin_id": "AP-55120"})

    bill = world.ready_bill(number)

    assert bill.fault == "sent_by_another"
    assert "another integration" in holds(world, bill)["document"].sentence


def test_the_gate_adds_a_bill_up_by_itself(world):
    bill = world.ready_bill("D-7")
    bill.total += 1
    bill.save()

    assert "$2,000.00, its total is $2,001.00" in holds(world, bill)["adds_up"].sentence


def test_a_held_bill_keeps_its_number_as_it_is_written(world):
    world.pull()

    with pytest.raises(gate.BillHeld, match="Bill KC-100 cannot be sent"):
        world.send(world.bill("KC-100"))


def test_the_later_of_our_closing_date_and_the_ledgers_counts(world):
    bill = world.ready_bill()
    world.company.settings.closed_through = date(2026, 8, 31)
    world.company.settings.save()

    assert "closed through 31 Aug 2026" in holds(world, bill)["period"].sentence


def test_a_bill_of_the_limit_waits_for_a_second_person(world):
    bill = world.ready_bill()
    _limit(world, bill.total)

    assert holds(world, bill)["approval"].fix == gate.Fix.APPROVE


def test_a_bill_below_the_limit_waits_for_nobody(world):
    bill = world.ready_bill()
    _limit(world, bill.total + Decimal("0.01"))

    assert holds(world, bill) == {}


def test_who_approved_a_bill_does_not_send_it(world):
    bill = world.ready_bill()
    _limit(world, bill.total)
    sending.decide(bill, Approval.Decision.APPROVED, by=world.admin)

    assert "approval" in holds(world, bill, sender=world.admin)
    assert holds(world, bill, sender=world.controller) == {}


def test_an_approval_counts_for_the_version_it_was_given_to(world):
    bill = world.ready_bill()
    _limit(world, Decimal("1.00"))
    sending.decide(bill, Approval.Decision.APPROVED, by=world.admin)
    bill.version += 1
    bill.save()

    assert "approval" in holds(world, bill)


def test_one_number_of_two_source_vendors_that_are_one_in_the_ledger_goes_once(world):
    world.edit_source("vendors", {"id": "14", "name": "ODell Sons Drywall", "active": "true"})
    world.edit_source(
        "direct_costs",
        {"id": "71", "invoice_number": "INV-7"},
        {"id": "72", "vendor_id": "14", "invoice_number": "7"},
    )
    world.pull()
    world.map_all()
    world.decide(RecordKind.VENDOR, "14", RecordKind.VENDOR, "102")
    publishing.publish(world.company, by=world.controller)
    push = world.send(world.bill("INV-7"))
    Push.objects.filter(pk=push.pk).update(state=Push.State.SENDING, payload=b"{}")

    assert "number" in holds(world, world.bill("7"))


def test_a_rejected_bill_names_who_rejected_it(world):
    bill = world.ready_bill()
    _limit(world, bill.total)
    sending.decide(bill, Approval.Decision.REJECTED, by=world.admin, note="billed twice")

    assert "Priya Shah rejected it" in holds(world, bill)["approval"].sentence


def test_retainage_needs_an_account(world):
    bill = world.ready_bill()
    world.company.settings.retainage_account = None
    world.company.settings.save()

    assert holds(world, bill)["retainage"].fix == gate.Fix.SETTINGS


def test_one_number_of_one_vendor_goes_once_however_it_is_spelled(world):
    world.edit_source("direct_costs", {"id": "72", "invoice_number": "INV-0D7"})
    world.pull()
    world.map_all()
    world.work(world.send(world.bill("INV-0D7")))

    assert "number" in holds(world, world.bill("D-7"))


def test_a_second_version_of_a_posted_bill_does_not_go(world):
    bill = world.ready_bill("D-8")
    world.work(world.send(bill))
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "amount": "300.00"})
    world.pull(Side.SOURCE)

    assert "version" in holds(world, bill)
    assert Push.objects.filter(bill=bill).count() == 1


def test_a_bill_edited_while_queued_is_taken_back(world):
    bill = world.ready_bill("D-8")
    push = world.send(bill)
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "amount": "300.00"})
    world.pull(Side.SOURCE)

    world.work(push)

    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.HELD)
    assert world.books() == []


def _limit(world, amount):
    world.company.settings.approval_amount = amount
    world.company.settings.save()
