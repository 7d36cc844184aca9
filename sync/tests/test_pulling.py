"""Bringing records and bills in, when all goes well and when it does not."""

import json
from contextlib import suppress
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from audit.models import Entry, Verb
from common.choices import RecordKind, Side
from common.errors import Conflict
from connectors import registry
from connectors.errors import Unreachable
from connectors.models import Record
from mapping.models import Mapping
from sync import after_pull, judging, mirroring, pulling, taking, tasks
from sync.models import Bill, PullProblem, PullStep, Push, Run
from sync.tests.world import QUERY


def test_a_pull_brings_every_list_and_every_bill(world):
    world.pull()

    assert world.source.records.filter(kind=RecordKind.VENDOR).count() == 3
    assert world.ledger.records.filter(kind=RecordKind.ACCOUNT).count() == 7
    assert world.company.bills.count() == 4


def test_a_second_pull_changes_nothing(world):
    world.pull()
    before = list(Bill.objects.order_by("pk").values_list("pk", "version", "content_sha256"))

    world.pull()

    assert (
        list(Bill.objects.order_by("pk").values_list("pk", "version", "content_sha256")) == before
    )


def test_a_pull_writes_one_line_with_its_counts(world):
    world.pull(Side.SOURCE)

    line = Entry.objects.get(verb=Verb.PULLED)
    assert line.after["bills"] == 4


def test_a_changed_bill_is_a_new_version(world):
    world.pull()
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "amount": "300.00"})

    world.pull(Side.SOURCE)

    bill = world.bill("D-8")
    assert bill.version == 2
    assert str(bill.total) == "300.00"


def test_a_row_missing_from_a_complete_list_is_gone(world):
    world.pull()
    Record.objects.filter(
        connection=world.ledger, kind=RecordKind.VENDOR, external_id="103"
    ).update(external_id="999")

    world.pull(Side.LEDGER)

    assert Record.objects.get(external_id="999").gone_at is not None


def test_a_list_that_breaks_half_way_says_nothing_is_gone(world):
    world.pull()
    Record.objects.filter(
        connection=world.ledger, kind=RecordKind.VENDOR, external_id="103"
    ).update(external_id="999")
    world.fault(Side.LEDGER, kind="truncate", times=15, **QUERY)

    (run,) = world.pull(Side.LEDGER)

    assert run.state == Run.State.FAILED or run.steps.filter(state=PullStep.State.FAILED).exists()
    assert not Record.objects.filter(gone_at__isnull=False).exists()


def test_a_project_we_may_not_see_does_not_stop_the_others(world):
    import requests

    world.pull()
    requests.put(f"{world.procore.url}/_sandbox/closed_projects/22", timeout=5).raise_for_status()

    (run,) = world.pull(Side.SOURCE)

    assert run.state == Run.State.PARTLY
    assert PullProblem.objects.filter(cleared_at=None).exists()
    assert world.bill("D-8").gone_at is None, "not seen is not gone when we may not look"
    assert world.bill("D-8").fault == Bill.Fault.UNREADABLE
    assert world.bill("D-7").fault == "", "its project is open"


def test_what_is_deleted_is_gone_though_another_tool_is_off(world):
    world.pull()
    world.close_tool(21, "direct_costs")
    world.delete_in_source("requisitions", 61)

    world.pull(Side.SOURCE)

    assert world.bill("KC-100").fault == Bill.Fault.GONE
    assert world.bill("D-7").gone_at is None, "its tool is the one that is off"


def test_a_bill_whose_tool_is_off_is_held_until_it_can_be_read_again(world):
    world.ready_bill()
    world.close_tool(21, "direct_costs")

    world.pull(Side.SOURCE)
    held = world.bill("D-7")
    world.open_tool(21, "direct_costs")
    world.pull(Side.SOURCE)

    assert held.fault == Bill.Fault.UNREADABLE
    assert (world.bill("D-7").fault, world.bill("D-7").version) == ("", held.version)


def test_a_bill_that_becomes_unreadable_is_not_sent_as_it_was(world):
    bill = world.ready_bill("D-8")
    world.send(bill)
    world.edit_source("direct_costs", {"id": "72", "date": ""})

    world.pull(Side.SOURCE)
    push = world.work(bill.pushes.get())

    assert push.state == Push.State.FAILED
    assert "cannot be read now" in push.sentence
    assert not world.books()


def test_a_bill_that_cannot_be_read_stays_held_when_settings_change(world):
    world.ready_bill("D-8")
    world.edit_source("direct_costs", {"id": "72", "date": ""})
    world.pull(Side.SOURCE)

    judging.judge(judging.start(world.company))

    assert world.bill("D-8").fault == Bill.Fault.UNREADABLE


def test_a_vendor_that_is_gone_is_noticed_beside_one_that_cannot_be_read(world):
    world.pull()
    world.delete_in_source("vendors", 13)
    world.edit_source("vendors", {"id": "12", "name": ""})

    world.pull(Side.SOURCE)

    assert world.record(RecordKind.VENDOR, "13").gone_at is not None
    assert world.record(RecordKind.VENDOR, "12").gone_at is None


def test_a_read_that_fails_leaves_the_problems_of_the_last_good_one(world):
    world.edit_source("direct_costs", {"id": "72", "date": ""})
    world.pull(Side.SOURCE)
    world.fault(
        Side.SOURCE, kind="answer", status=503, times=99, method="GET", path="/rest/v1.1/requisit*"
    )

    for _twice in range(2):
        world.pull(Side.SOURCE)

    of_birch = PullProblem.objects.filter(cleared_at=None, step__project__external_id="22")
    unreadable, unreachable = of_birch.order_by("pk").values_list("sentence", flat=True)
    assert "direct cost 72" in unreadable
    assert unreachable != unreadable


def test_a_bill_taken_back_after_its_project_was_closed_is_held(world):
    world.ready_bill("D-8")
    world.edit_source("projects", {"id": "22", "active": "false"})
    world.edit_source("direct_costs", {"id": "72", "status": "revise_and_resubmit"})

    world.pull(Side.SOURCE)

    assert world.bill("D-8").fault == Bill.Fault.NOT_APPROVED


def test_a_bill_that_goes_from_one_word_of_approval_to_another_is_no_other_version(world):
    before = world.ready_bill("KC-100")
    world.edit_source("requisitions", {"id": "61", "status": "approved_as_noted"})

    world.pull(Side.SOURCE)

    after = world.bill("KC-100")
    assert (after.status, after.version) == ("approved_as_noted", before.version)

    world.edit_source("requisitions", {"id": "61", "status": "under_review"})
    world.pull(Side.SOURCE)

    assert world.bill("KC-100").version == before.version + 1


def test_a_closed_project_is_left_alone_once_all_is_posted_and_nothing_held_back(world):
    world.ready_bill("D-8")
    for project in ("21", "22"):
        world.edit_source("projects", {"id": project, "active": "false"})
    Bill.objects.exclude(number__in=["D-8", "KC-100"]).delete()
    for number in ("D-8", "KC-100"):
        world.send(world.bill(number))
        world.work(world.bill(number).pushes.get())

    world.edit_source("direct_costs", {"id": "73", "project_id": "21"})
    (run,) = world.pull(Side.SOURCE)

    read = run.steps.filter(what=PullStep.What.BILLS).values_list("project__external_id", flat=True)
    assert list(read) == ["21"], "retainage is held back there"


def test_bills_of_a_project_that_is_gone_are_held(world):
    world.ready_bill("D-8")
    world.delete_in_source("projects", 22)

    world.pull(Side.SOURCE)

    assert world.bill("D-8").fault == Bill.Fault.UNREADABLE
    assert world.bill("KC-100").fault == ""


def test_two_pulls_at_once_are_refused(world):
    pulling.start(world.ledger, by=None)

    with pytest.raises(Conflict, match="under way"):
        pulling.start(world.ledger, by=None)


def test_a_step_whose_worker_died_is_taken_up_again(world):
    run = pulling.start(world.ledger, by=None)
    step = run.steps.first()
    PullStep.objects.filter(pk=step.pk).update(
        state=PullStep.State.RUNNING,
        lease_until=timezone.now() - timedelta(seconds=1),
        due_at=timezone.now() - timedelta(seconds=2),
    )

    tasks.pull_step(step.pk)

    step.refresh_from_db()
    assert step.state == PullStep.State.DONE


def test_a_list_that_ends_its_worker_again_and_again_is_given_up(world):
    run = pulling.start(world.ledger, by=None)
    step = run.steps.first()
    PullStep.objects.filter(pk=step.pk).update(
        state=PullStep.State.RUNNING,
        tries=pulling.MOST_TRIES,
        lease_until=timezone.now() - timedelta(seconds=1),
        due_at=timezone.now() - timedelta(seconds=2),
    )

    tasks.pull_step(step.pk)

    step.refresh_from_db()
    assert step.state == PullStep.State.FAILED
    assert PullProblem.objects.filter(step=step, cleared_at=None).exists()
    assert run.steps.filter(due_at__isnull=False).exists(), "the others go on"


def test_a_lost_list_is_tried_later(world):
    world.fault(Side.LEDGER, kind="answer", status=503, times=10, **QUERY)
    run = pulling.start(world.ledger, by=None)
    company, vendors = run.steps.order_by("position")[:2]
    tasks.pull_step(company.pk)
    tasks.pull_step(vendors.pk)

    vendors.refresh_from_db()
    assert (vendors.state, vendors.tries) == (PullStep.State.WAITING, 1)
    assert vendors.due_at is not None


@pytest.mark.parametrize(
    ("fault", "number"),
    [("", "KC-100"), ("", "D-7")],
)
def test_a_sound_bill_has_no_fault(world, fault, number):
    world.pull()

    assert world.bill(number).fault == fault


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ({"amount": "1.00"}, Bill.Fault.DOES_NOT_ADD_UP),
        ({"status": "pending"}, Bill.Fault.NOT_APPROVED),
        ({"vendor_id": ""}, Bill.Fault.NO_VENDOR),
        ({"type": "subcontractor_invoice"}, Bill.Fault.COMES_TWICE),
        ({"type": "payroll"}, Bill.Fault.NO_BILL),
        ({"type": ""}, Bill.Fault.NO_BILL),
    ],
)
def test_an_unsound_bill_says_what_is_wrong_with_it(world, row, fault):
    world.edit_source("direct_costs", {"id": "72", **row})

    world.pull()

    assert world.bill("D-8").fault == fault


def test_a_cost_that_turns_out_to_be_no_bill_stays_the_version_it_was(world):
    world.pull()
    world.edit_source("direct_costs", {"id": "72", "type": "payroll"})

    world.pull(Side.SOURCE)

    bill = world.bill("D-8")
    assert (bill.version, bill.fault) == (1, Bill.Fault.NO_BILL)


@pytest.mark.parametrize(
    ("amount", "fault"), [("-5.00", Bill.Fault.NEGATIVE), ("0.00", Bill.Fault.ZERO)]
)
def test_a_negative_or_zero_bill_is_held_with_its_reason(world, amount, fault):
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "amount": amount})

    world.pull()

    assert world.bill("D-8").fault == fault


def test_a_line_without_a_cost_code_holds_the_bill(world):
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "code": ""})

    world.pull()

    assert world.bill("D-8").fault == Bill.Fault.NO_COST_CODE


def test_settings_that_ask_for_less_lift_a_fault(world):
    world.edit_source("direct_cost_lines", {"id": "83", "direct_cost_id": "72", "code": ""})
    world.pull()
    settings = world.company.settings
    settings.granularity = "cost_type"
    settings.save()

    judging.judge(judging.start(world.company))

    assert world.bill("D-8").fault == ""


@pytest.mark.parametrize("poison", ["\u0000", "\ud83d"])
def test_a_character_the_database_refuses_is_left_out(world, poison):
    world.edit_source("vendors", {"id": "11", "name": f"Keystone{poison} Concrete"})
    world.edit_source("direct_costs", {"id": "72", "description": f"Boards{poison}"})
    world.edit_source("commitments", {"id": "41", "title": f"Slab{poison}"})

    (run,) = world.pull(Side.SOURCE)

    assert run.state == Run.State.DONE
    assert world.record(RecordKind.VENDOR, "11").name == "Keystone Concrete"
    assert world.bill("D-8").description == "Boards"


def test_a_bill_that_has_no_room_in_the_database_lets_the_others_come(world):
    world.pull(Side.SOURCE)
    row = {
        "id": 72,
        "invoice_number": "D-8",
        "status": "approved",
        "direct_cost_date": "2026-09-03",
        "grand_total": "250.10",
        "currency_configuration": {"currency_iso_code": "DOLLARS"},
    }
    path = "/rest/v1.0/projects/22/direct_costs"
    world.fault(Side.SOURCE, kind="answer", status=200, path=path, body=json.dumps([row]))

    (run,) = world.pull(Side.SOURCE)

    assert run.state == Run.State.PARTLY
    assert world.bill("D-8").fault == Bill.Fault.UNREADABLE
    assert "D-8 cannot be kept" in PullProblem.objects.get(cleared_at=None).sentence


LOST = {"kind": "answer", "status": 503, "times": 15, "method": "GET"}


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/rest/v1.0/vendors", Bill.Fault.NO_VENDOR),
        ("/rest/v1.0/standard_cost_codes", Bill.Fault.NO_COST_CODE),
    ],
)
def test_a_bill_that_came_before_what_it_names_finds_it_later(world, path, fault):
    world.fault(Side.SOURCE, path=path, **LOST)
    world.pull(Side.SOURCE)
    early = world.bill("D-8")

    world.pull(Side.SOURCE)

    late = world.bill("D-8")
    assert (early.fault, late.fault, late.version) == (fault, "", early.version)
    assert late.needs.count() > early.version


def test_a_bill_and_a_commitment_find_each_other_and_their_vendor_later(world):
    world.fault(Side.SOURCE, path="/rest/v1.0/vendors", **LOST)
    world.fault(Side.SOURCE, path="/rest/v1.0/work_order_contracts*", **LOST)
    world.pull(Side.SOURCE)
    early = world.bill("KC-100")

    world.pull(Side.SOURCE)

    assert early.commitment is None
    commitment = world.bill("KC-100").commitment
    assert commitment.number == "SC-1"
    assert commitment.vendor.external_id == "11"


def test_awkward_names_arrive_as_they_are(world):
    world.pull()

    assert world.record(RecordKind.VENDOR, "12").name == 'O\'Dell & Sons: Drywall "Pros" #1'


def test_a_rename_is_noticed_though_the_worker_died_after_it_was_stored(world):
    world.ready_bill()
    world.change("vendor", "101", "rename", name="Keystone Paving")
    client = registry.open_client(world.ledger)
    # Stored, and then nothing more of this pull.
    mirroring.records(world.ledger, RecordKind.VENDOR, client.records(RecordKind.VENDOR))

    world.pull(Side.LEDGER)

    assert world.mapping(RecordKind.VENDOR, "11").stale == Mapping.Stale.RENAMED


def test_a_rename_is_noticed_though_the_rest_of_its_list_is_lost(world, monkeypatch):
    monkeypatch.setattr(taking, "BATCH", 1)  # two rows are two batches
    world.ready_bill()
    world.change("vendor", "101", "rename", name="Keystone Paving")
    client = registry.open_client(world.ledger)

    def broken():
        yield from client.records(RecordKind.VENDOR)
        raise Unreachable("The second page never came.")

    with suppress(Unreachable):
        mirroring.records(world.ledger, RecordKind.VENDOR, broken())

    assert world.mapping(RecordKind.VENDOR, "11").stale == Mapping.Stale.RENAMED


def test_after_a_large_pull_the_planner_knows_what_is_there(
    world, monkeypatch, django_capture_on_commit_callbacks
):
    monkeypatch.setattr(after_pull, "MANY", 1)  # so that a small pull counts as a large one
    before = _times_analyzed()

    with django_capture_on_commit_callbacks(execute=True):
        world.pull(Side.SOURCE)

    assert _times_analyzed() == before + 1


def _times_analyzed():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT analyze_count FROM pg_stat_user_tables WHERE relname = 'sync_bill'")
        return cursor.fetchone()[0]
