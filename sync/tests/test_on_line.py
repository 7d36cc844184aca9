"""A ledger that calls us: what waits while it sleeps, and what goes when it calls.

The conversation itself is tested with its sandbox: quickbooks_desktop/tests/test_end_to_end.py.
"""

from datetime import timedelta

import pytest
from django.utils import timezone

from audit.models import Entry
from common.choices import System, Way
from connectors.models import WebConnectorSession
from connectors.signals import connector_asks, connector_opened
from connectors.tests.factories import ConnectionFactory
from sync import pulling, sweeping, tasks
from sync.models import PullStep, Push, Run
from sync.tests.factories import PushFactory

DAY = timedelta(days=1)


@pytest.fixture
def desktop(company):
    return ConnectionFactory(
        company=company,
        system=System.QUICKBOOKS_DESKTOP,
        way=Way.CONNECTOR_FILE,
        external_company_id="acme builders inc",
    )


@pytest.fixture
def push(desktop):
    return PushFactory(bill__company=desktop.company, connection=desktop)


def waiting(connection, *, is_open):
    answers = connector_asks.send(type(connection), connection=connection, is_open=is_open)
    return sum(count for _receiver, count in answers)


def wake(connection):
    """A session is open, and known to be the right company file's."""
    WebConnectorSession.objects.create(
        company=connection.company,
        connection=connection,
        ticket_sha256="0" * 64,
        opened_at=timezone.now(),
        heard_at=timezone.now(),
        is_recognised=True,
    )


@pytest.mark.django_db
def test_a_bill_is_not_tried_while_the_ledger_sleeps(push):
    before = Entry.objects.count()

    tasks.push(push.pk)

    push.refresh_from_db()
    assert (push.state, push.sends, push.starts) == (Push.State.QUEUED, 0, 0)
    assert push.sentence.startswith("QuickBooks Desktop waits for its Web Connector")
    assert push.due_at > timezone.now() + timedelta(minutes=50)
    assert Entry.objects.count() == before


@pytest.mark.django_db
def test_an_unknown_bill_is_not_looked_up_while_the_ledger_sleeps(desktop):
    push = PushFactory(bill__company=desktop.company, connection=desktop, unknown=True)

    tasks.push(push.pk)

    push.refresh_from_db()
    assert (push.state, push.not_found) == (Push.State.UNKNOWN, 0)
    assert push.sentence == "The answer was lost."


@pytest.mark.django_db(transaction=True)
def test_a_list_waits_as_long_as_it_takes_and_costs_no_try(desktop, admin):
    run = pulling.start(desktop, by=admin)
    step = run.steps.first()

    for _ in range(pulling.MOST_TRIES + 2):
        PullStep.objects.filter(pk=step.pk).update(due_at=timezone.now())
        tasks.pull_step(step.pk)

    step.refresh_from_db()
    assert (step.state, step.tries) == (PullStep.State.WAITING, 0)
    assert "waits for its Web Connector" in step.problem


@pytest.mark.django_db
def test_the_clock_starts_no_pull_of_a_ledger_that_sleeps(desktop):
    assert sweeping.start_due_pulls() == 0
    wake(desktop)

    assert sweeping.start_due_pulls() == 1


@pytest.mark.django_db
def test_its_first_call_makes_due_what_waited_and_rings_the_oldest(desktop):
    later = timezone.now() + timedelta(hours=1)
    pushes = [
        PushFactory(
            bill__company=desktop.company,
            connection=desktop,
            asked_at=timezone.now() - number * DAY,
            due_at=later,
        )
        for number in range(3)
    ]

    connector_opened.send(type(desktop), connection=desktop)

    rung = Push.objects.exclude(rung_at=None)
    assert [push.pk for push in rung] == [pushes[2].pk]
    assert Push.objects.due().count() == 3


@pytest.mark.django_db
def test_its_first_call_begins_a_pull_when_it_is_time(desktop):
    connector_opened.send(type(desktop), connection=desktop)

    assert Run.objects.get().kind == Run.Kind.PULL


@pytest.mark.django_db
def test_a_younger_bill_lets_the_older_one_go_first(desktop):
    wake(desktop)
    old = PushFactory(
        bill__company=desktop.company, connection=desktop, asked_at=timezone.now() - DAY
    )
    young = PushFactory(bill__company=desktop.company, connection=desktop)

    tasks.push(young.pk)

    young.refresh_from_db()
    old.refresh_from_db()
    assert (young.state, young.sentence) == (Push.State.QUEUED, "Waits for its turn.")
    assert old.rung_at is not None


@pytest.mark.django_db
def test_what_waits_is_counted_for_the_one_that_calls(desktop):
    Run.objects.create(
        company=desktop.company, kind=Run.Kind.PULL, connection=desktop, state=Run.State.DONE
    )
    assert waiting(desktop, is_open=False) == 0
    later = timezone.now() + timedelta(hours=1)
    of = {"bill__company": desktop.company, "connection": desktop}
    PushFactory(**of, due_at=later, cause=Push.Cause.CONSENT)
    PushFactory(**of, unknown=True, due_at=later)
    PushFactory(**of, posted=True)

    assert waiting(desktop, is_open=False) == 2
    assert waiting(desktop, is_open=True) == 0
