"""What is asked when: a little every few minutes, everything at night."""

from datetime import timedelta

import pytest
from django.utils import timezone

from common.choices import RecordKind, Side
from sync import polling, pulling
from sync.models import Bill, Run


def poll(world, side=Side.SOURCE, looks_back=polling.NARROW):
    connection = world.source if side == Side.SOURCE else world.ledger
    run = pulling.start(connection, by=None, looks_back=looks_back)
    world.finish_pull(run)
    run.refresh_from_db()
    return run


def later(world, **by):
    """The other systems' clocks, so that what is done from now on is done later."""
    world.procore.sandbox.clock_offset += timedelta(**by)
    world.quickbooks.sandbox.clock_offset += timedelta(**by)
    Run.objects.update(started_at=timezone.now() - timedelta(minutes=1))


def ago(connection, **by):
    connection.runs.update(started_at=timezone.now() - timedelta(**by))


def test_a_poll_brings_what_changed(world):
    world.pull()
    world.edit_source("vendors", {"id": 11, "name": "Keystone Concrete Inc"})
    world.edit_source("direct_cost_lines", {"id": 83, "direct_cost_id": 72, "amount": "300.10"})
    world.edit_source("commitments", {"id": 41, "title": "Concrete and rebar"})
    world.edit_source("requisition_items", {"requisition_id": 61, "commitment_line_id": 51,
                                            "work_this_period": "13000.00"})  # fmt: skip

    assert poll(world).state == Run.State.DONE

    assert world.record(RecordKind.VENDOR, "11").name == "Keystone Concrete Inc"
    assert str(world.bill("D-8").total) == "300.10"
    assert world.bill("KC-100").commitment.title == "Concrete and rebar"
    assert str(world.bill("KC-100").total) == "11799.97"


def test_a_poll_of_the_ledger_brings_what_changed(world):
    world.pull()
    world.change("vendor", "101", "rename", name="Keystone Concrete of Salem")
    world.change("account", "302", "inactivate")

    poll(world, Side.LEDGER)

    assert world.target(RecordKind.VENDOR, "101").name == "Keystone Concrete of Salem"
    assert not world.target(RecordKind.ACCOUNT, "302").is_active


def test_a_poll_takes_nothing_for_gone(world):
    world.pull()
    later(world, days=2)
    before = Bill.objects.filter(gone_at=None).count()
    world.delete_in_source("direct_costs", 72)

    poll(world)
    assert Bill.objects.filter(gone_at=None).count() == before

    world.pull(Side.SOURCE)
    assert Bill.objects.filter(gone_at=None).count() == before - 1


def test_a_poll_tells_of_what_was_made_inactive(world):
    world.pull()
    later(world, days=2)
    world.edit_source("vendors", {"id": 13, "active": False})

    poll(world)

    row = world.record(RecordKind.VENDOR, "13")
    assert (row.is_active, row.gone_at) == (False, None)


def test_a_later_invoice_changes_with_the_one_before_it(world):
    world.edit_source("requisitions", {"id": 62, "commitment_id": 41, "number": 2,
                      "invoice_number": "KC-101", "billing_date": "2026-09-30",
                      "status": "approved"})  # fmt: skip
    world.edit_source("requisition_items", {"requisition_id": 62, "commitment_line_id": 51,
                                            "work_this_period": "500.00"})  # fmt: skip
    world.pull()
    later(world, days=2)
    assert str(world.bill("KC-101").total) == "500.00"
    world.edit_source("requisition_items", {"requisition_id": 61, "commitment_line_id": 51,
                                            "stored_now": "100.00"})  # fmt: skip

    poll(world)

    assert str(world.bill("KC-101").total) == "400.00"
    assert str(world.bill("KC-100").total) == "10900.30"


def test_a_list_that_was_never_read_is_read_whole(world):
    run = poll(world)

    assert run.state == Run.State.DONE
    assert world.source.records.filter(kind=RecordKind.VENDOR).count() == 3
    assert world.company.bills.count() == 4


def test_what_failed_once_is_asked_from_before_it_failed(world):
    world.pull()
    later(world, days=2)
    world.edit_source("vendors", {"id": 11, "name": "Keystone Concrete Inc"})
    world.fault(Side.SOURCE, kind="answer", path="/rest/v1.0/vendors", status=403, body="{}")
    poll(world)
    later(world, days=2)

    poll(world)

    assert world.record(RecordKind.VENDOR, "11").name == "Keystone Concrete Inc"


def test_a_narrow_poll_leaves_lists_without_a_filter(world):
    world.pull()

    lists = poll(world).steps.filter(what="records").values_list("record_kind", flat=True)
    assert set(lists) == {RecordKind.VENDOR, RecordKind.PROJECT}


def test_a_wide_poll_reads_lists_without_a_filter_whole(world):
    world.pull()
    world.edit_source("cost_codes", {"code": "22-100", "name": "Plumbing"})

    poll(world, looks_back=polling.WIDE)

    assert world.record(RecordKind.COST_CODE, "22-100").name == "Plumbing"


def test_a_poll_that_finds_nothing_leaves_no_line_in_the_trail(world):
    world.pull()
    later(world, days=2)
    before = world.company.trail.count()

    poll(world)

    assert world.company.trail.count() == before


# --- When -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (1, 12, polling.NARROW),
        (20, 12, polling.WIDE),
        (20, 2, None),  # at night
        (31, 12, None),  # no night came by
    ],
)
def test_how_far_a_pull_looks_back(world, hours, at, expected):
    world.pull()
    world.company.settings.time_zone = "UTC"
    world.company.settings.save()
    now = timezone.now().replace(hour=at, minute=0)
    world.source.runs.update(started_at=now - timedelta(hours=hours))
    if hours == 1:
        world.source.runs.update(started_at=now - timedelta(minutes=30))
    world.source.company.settings.refresh_from_db()

    assert polling.looks_back(world.source, now) == expected


def test_what_was_never_pulled_is_pulled_whole_and_now(world):
    assert polling.looks_back(world.source, timezone.now()) is None
    assert polling.is_due(world.source, timezone.now())


def test_a_poll_is_due_every_five_minutes(world):
    world.pull(Side.SOURCE)
    now = timezone.now()
    ago(world.source, minutes=4)
    assert not polling.is_due(world.source, now)

    ago(world.source, minutes=6)
    assert polling.is_due(world.source, now)


def test_a_poll_that_took_long_is_followed_by_a_longer_rest(world):
    world.pull(Side.SOURCE)
    now = timezone.now()
    world.source.runs.update(
        started_at=now - timedelta(minutes=10),
        finished_at=now - timedelta(minutes=5),
        looks_back=polling.NARROW,
    )

    assert not polling.is_due(world.source, now)


def test_old_polls_are_forgotten_and_sweeps_stay(world):
    world.pull(Side.SOURCE)
    poll(world)
    ago(world.source, days=3)

    polling.forget_old()

    assert [run.looks_back for run in world.source.runs.all()] == [None]
