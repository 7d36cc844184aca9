"""The row remembers, the queue only rings: losing the whole queue loses no work."""

from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone
from django_q.models import OrmQ

from sync import sending, sends, sweeping
from sync.models import Push, Run


@pytest.fixture
def queued(world):
    """Three pushes on their way, and a queue in which nothing of them is left."""
    world.pull()
    world.map_all()
    pushes = [world.send(world.bill(number)) for number in ("KC-100", "D-7", "D-8")]
    OrmQ.objects.all().delete()
    return pushes


def waited(pushes, **ago):
    """As if the bells had rung so long ago, for rows that fell due just before."""
    rung_at = timezone.now() - timedelta(**ago)
    Push.objects.filter(pk__in=[push.pk for push in pushes]).update(
        due_at=rung_at - timedelta(seconds=1), rung_at=rung_at
    )


def test_a_bell_that_rang_is_not_rung_again_within_ten_minutes(queued):
    waited(queued, minutes=9)

    assert sweeping.sweep()["pushes"] == 0
    assert OrmQ.objects.count() == 0


def test_after_an_emptied_queue_every_due_row_is_rung_again_once(queued):
    waited(queued, minutes=11)

    assert sweeping.sweep()["pushes"] == 3
    assert sweeping.sweep()["pushes"] == 0
    rung = sorted(tuple(row.task["args"]) for row in OrmQ.objects.all())
    assert rung == sorted((push.pk,) for push in queued)
    assert {row.task["func"] for row in OrmQ.objects.all()} == {sending.TASK}


def test_a_row_is_rung_when_its_lease_runs_out(world, queued):
    push = queued[0]
    now = timezone.now()
    Push.objects.filter(pk=push.pk).update(
        rung_at=now - timedelta(seconds=30), lease_until=now + timedelta(seconds=60)
    )
    assert sweeping.sweep()["pushes"] == 0, "a leased row is somebody's"

    world.let_lease_run_out(push)

    assert sweeping.sweep()["pushes"] == 1
    assert sweeping.sweep()["pushes"] == 0


def test_a_row_is_not_rung_before_it_is_due(queued):
    Push.objects.update(rung_at=None, due_at=timezone.now() + timedelta(minutes=1))

    assert sweeping.sweep()["pushes"] == 0


def test_what_is_at_rest_is_never_rung(world, queued):
    for push in queued:
        world.work(push)
    OrmQ.objects.all().delete()

    assert sweeping.sweep()["pushes"] == 0
    assert set(Push.objects.values_list("state", flat=True)) == {Push.State.POSTED}


def test_a_lost_pull_goes_on(world):
    from sync import pulling

    run = pulling.start(world.ledger, by=world.admin)
    OrmQ.objects.all().delete()
    ago = timezone.now() - timedelta(minutes=11)
    run.steps.filter(due_at__isnull=False).update(due_at=ago, rung_at=ago)

    assert sweeping.sweep()["pull_steps"] == 1
    assert sweeping.sweep()["pull_steps"] == 0


def test_each_side_is_pulled_when_its_time_has_come_and_once(world):
    assert sweeping.sweep()["pulls_started"] == 2
    assert sweeping.sweep()["pulls_started"] == 0


def test_a_sending_run_is_closed_when_none_of_its_bills_moves(world):
    world.pull()
    world.map_all()
    bills = {bill.pk: bill.version for bill in map(world.bill, ("KC-100", "D-7"))}
    run = sending.send_all(world.company, bills, by=world.controller)
    assert sends.close_finished() == 0

    for push in run.pushes.all():
        world.work(push)

    run.refresh_from_db()
    assert run.state == Run.State.DONE, "its last bill closed it"


def test_a_run_whose_last_worker_died_is_closed_by_the_sweep(world):
    world.pull()
    world.map_all()
    bill = world.bill("D-7")
    run = sending.send_all(world.company, {bill.pk: bill.version}, by=world.controller)
    run.pushes.update(state="failed", due_at=None)

    assert sweeping.sweep()["runs_closed"] == 1
    run.refresh_from_db()
    assert run.state == Run.State.PARTLY


def test_a_run_whose_last_bill_fails_while_runs_are_closed_is_not_called_done(world):
    world.pull()
    world.map_all()
    bill = world.bill("D-7")
    run = sending.send_all(world.company, {bill.pk: bill.version}, by=world.controller)

    def fails_in_between(execute, sql, params, many, context):
        result = execute(sql, params, many, context)
        if sql.startswith('UPDATE "sync_run"'):
            run.pushes.update(state=Push.State.FAILED, due_at=None)
        return result

    with connection.execute_wrapper(fails_in_between):
        sends.close_finished()
    sends.close_finished()

    run.refresh_from_db()
    assert run.state == Run.State.PARTLY
