"""Two at once, on connections of their own: exactly one of them goes.

A thread is stopped at a step of sending, in the middle of its transaction, while the other one
tries; where it has to wait, it is seen to wait.
"""

import threading
from contextlib import contextmanager

import pytest
from django.db import connection, connections, transaction
from django.db.models import F

from common.choices import RecordKind, Side
from common.errors import AppError, Conflict
from mapping import publishing
from sync import pushing, sending
from sync.gate import BillHeld
from sync.models import Approval, Push
from sync.steps import Step
from sync.tests.world import POST_BILL

pytestmark = pytest.mark.django_db(transaction=True)
SECONDS = 20


class Stops:
    """Where a named thread stops, until it is let go."""

    def __init__(self):
        self.waiting_at = {}

    def at(self, step, thread):
        stop = self.waiting_at[step, thread] = (threading.Event(), threading.Event())
        return stop

    def reached(self, step):
        stop = self.waiting_at.pop((step, threading.current_thread().name), None)
        if stop:
            arrived, go_on = stop
            arrived.set()
            assert go_on.wait(SECONDS)


stops = Stops()


def watch(step):
    stops.reached(step)


@pytest.fixture(autouse=True)
def _watched(settings):
    stops.waiting_at.clear()
    settings.SENDING_WATCHER = f"{watch.__module__}.{watch.__qualname__}"


class Running:
    """A function in a thread with a connection of its own, and what became of it."""

    def __init__(self, function, *args, name="other", **kwargs):
        self.result = self.error = None
        self._call = (function, args, kwargs)
        self.thread = threading.Thread(target=self._run, name=name, daemon=True)
        self.thread.start()

    def _run(self):
        function, args, kwargs = self._call
        try:
            self.result = function(*args, **kwargs)
        except AppError as error:
            self.error = error
        finally:
            connections.close_all()

    def ended(self):
        self.thread.join(SECONDS)
        assert not self.thread.is_alive(), "it waits for ever"
        return self


@contextmanager
def stopped_at(step, function, *args, **kwargs):
    """Runs `function` in a thread up to `step`; it goes on when the block ends."""
    arrived, go_on = stops.at(step, "stopped")
    running = Running(function, *args, name="stopped", **kwargs)
    try:
        assert arrived.wait(SECONDS), f"never came to {step.name}"
        yield running
    finally:
        go_on.set()
        running.ended()


def waits_for_a_lock():
    """Does another connection of this database wait for a lock?"""
    done = threading.Event()
    for _ in range(SECONDS * 20):
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return True
        done.wait(0.05)
    return False


@pytest.mark.parametrize("step", [Step.LOCKED, Step.CLAIMED, Step.INTENT_KEPT, Step.ANSWERED])
def test_two_workers_on_one_push_send_it_once(world, step):
    push = world.send(world.ready_bill())

    with stopped_at(step, pushing.push, push.pk):
        other = Running(pushing.push, push.pk)
        if step in (Step.LOCKED, Step.CLAIMED):
            assert waits_for_a_lock()
        else:
            other.ended()
    other.ended()

    push.refresh_from_db()
    assert push.state == Push.State.POSTED
    assert len(world.books()) == 1
    assert (push.fence, push.sends) == (1, 1)


def test_a_late_answer_beside_a_look_up_settles_once(world):
    push = world.send(world.ready_bill())

    with stopped_at(Step.ANSWERED, pushing.push, push.pk):
        world.let_lease_run_out(push)
        world.work(push, times=2)
        assert push.state == Push.State.POSTED
        external_id = push.external_id

    push.refresh_from_db()
    assert (push.state, push.external_id) == (Push.State.POSTED, external_id)
    assert len(world.books()) == 1


def test_a_late_answer_is_believed_while_the_outcome_is_unknown(world):
    push = world.send(world.ready_bill())

    with stopped_at(Step.ANSWERED, pushing.push, push.pk):
        world.let_lease_run_out(push)
        world.work(push)
        assert push.state == Push.State.UNKNOWN

    push.refresh_from_db()
    assert push.state == Push.State.POSTED
    assert world.work(push).state == Push.State.POSTED
    assert len(world.books()) == 1


def test_a_late_answer_is_not_overwritten_by_a_click(world):
    """While somebody sends a failed bill again, the answer to its earlier try comes in."""
    bill = world.ready_bill()
    push = world.send(bill)
    answered, settled = (stops.at(step, "stopped") for step in (Step.ANSWERED, Step.SETTLED))

    worker = Running(pushing.push, push.pk, name="stopped")
    assert answered[0].wait(SECONDS)
    Push.objects.filter(pk=push.pk).update(
        state=Push.State.FAILED, fence=F("fence") + 1, due_at=None, lease_until=None
    )
    answered[1].set()
    assert settled[0].wait(SECONDS)
    click = Running(sending.send, bill, by=world.controller)
    assert waits_for_a_lock()
    settled[1].set()
    worker.ended()
    click.ended()

    push.refresh_from_db()
    assert push.state == Push.State.POSTED
    assert isinstance(click.error, Conflict)
    assert len(world.books()) == 1


def test_two_clicks_queue_one_push(world):
    bill = world.ready_bill()

    with stopped_at(Step.QUEUED, sending.send, bill, by=world.controller):
        second = Running(sending.send, bill, by=world.controller)
        assert waits_for_a_lock()
    second.ended()

    assert isinstance(second.error, Conflict)
    assert Push.objects.count() == 1


def test_unpublishing_while_a_claim_is_written_comes_after_it(world):
    push = world.send(world.ready_bill())
    mapping = world.mapping(RecordKind.VENDOR, "11")

    with stopped_at(Step.CLAIMED, pushing.push, push.pk):
        unpublish = Running(publishing.unpublish, [mapping], by=world.admin, reason="wrong branch")
        assert waits_for_a_lock()
    unpublish.ended()

    push.refresh_from_db()
    mapping.refresh_from_db()
    assert push.state == Push.State.POSTED
    assert push.mapping_versions[str(mapping.pk)] == mapping.version - 1
    assert mapping.state == "accepted"


def test_a_claim_that_comes_after_unpublishing_is_held(world):
    push = world.send(world.ready_bill())
    mapping = world.mapping(RecordKind.VENDOR, "11")

    with stopped_at(Step.STARTED, pushing.push, push.pk):
        publishing.unpublish([mapping], by=world.admin, reason="wrong branch")

    push.refresh_from_db()
    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.HELD)
    assert world.books() == []


def test_what_is_published_while_a_claim_is_held_up_does_not_let_it_go(world):
    """A claim that saw the mapping unpublished stays held; sending it again goes."""
    bill = world.ready_bill()
    push = world.send(bill)
    mapping = world.mapping(RecordKind.VENDOR, "11")
    publishing.unpublish([mapping], by=world.admin, reason="a look at it")

    with stopped_at(Step.LOCKED, pushing.push, push.pk):
        publish = Running(publishing.publish, world.company, by=world.controller)
        assert waits_for_a_lock()
    publish.ended()

    push.refresh_from_db()
    assert (push.state, push.cause) == (Push.State.FAILED, Push.Cause.HELD)
    assert world.work(world.send(bill)).state == Push.State.POSTED


def test_two_bills_with_one_number_claimed_at_once_send_one(world):
    world.edit_source("direct_costs", {"id": 72, "invoice_number": "D 7"})
    world.pull()
    world.map_all()
    first, second = (world.send(world.bill(number)) for number in ("D-7", "D 7"))

    with stopped_at(Step.CLAIMED, pushing.push, first.pk):
        other = Running(pushing.push, second.pk)
        assert waits_for_a_lock()
    other.ended()

    first.refresh_from_db()
    second.refresh_from_db()
    assert first.state == Push.State.POSTED
    assert (second.state, second.cause) == (Push.State.FAILED, Push.Cause.HELD)
    assert "same number" in second.sentence
    assert len(world.books()) == 1


def test_a_number_that_is_on_its_way_holds_another_click(world):
    world.edit_source("direct_costs", {"id": 72, "invoice_number": "D 7"})
    world.pull()
    world.map_all()
    push = world.send(world.bill("D-7"))
    world.fault(Side.LEDGER, kind="drop_after", **POST_BILL)
    world.work(push)

    with pytest.raises(BillHeld, match="same number"):
        world.send(world.bill("D 7"))


def test_a_claim_keeps_nobody_from_pointing_to_its_bill(world):
    """Or who makes a push due twice waits at its end for a claim that waits for that very push."""
    push = world.send(world.ready_bill())

    with (
        stopped_at(Step.LOCKED, pushing.push, push.pk),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SET LOCAL lock_timeout = '2s'")
        Approval.objects.create(
            company=push.company,
            bill=push.bill,
            version=push.version,
            decision=Approval.Decision.APPROVED,
            by=world.admin,
        )

    assert push.bill.approvals.count() == 1


def test_many_workers_and_bells_post_each_bill_once(world):
    world.pull()
    world.map_all()
    pushes = [world.send(world.bill(number)) for number in ("KC-100", "D-7", "D-8")]

    workers = [Running(pushing.push, push.pk) for push in pushes for _ in range(3)]
    for worker in workers:
        worker.ended()
    for push in pushes:
        push.refresh_from_db()
        if push.state == Push.State.QUEUED:  # it had to wait for its turn at the ledger
            world.work(push)

    assert {push.state for push in pushes} == {Push.State.POSTED}
    assert len(world.books()) == 3
