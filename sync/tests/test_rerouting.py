"""A project that goes to other books: nothing of it goes twice, and nothing is left ready."""

import pytest

from common.errors import Conflict
from companies.tests.factories import UserFactory
from connectors import routing
from connectors.models import RoutedProject
from connectors.tests.factories import ConnectionFactory, RecordFactory
from sync.models import Bill
from sync.tests.factories import BillFactory, PushFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def bill():
    """Of books that were alone at their account so far."""
    bill = BillFactory()
    Bill.objects.filter(pk=bill.pk).update(fault="")
    return bill


@pytest.fixture
def others(bill):
    """Other books, tied to the same account, which see the same project."""
    connection = ConnectionFactory(
        source=True, external_company_id=bill.connection.external_company_id
    )
    RecordFactory(
        connection=connection,
        company=connection.company,
        project=True,
        external_id=bill.project.external_id,
    )
    return connection


def take(connection):
    projects = connection.records.filter(kind="project").values_list("pk", flat=True)
    routing.choose(connection, list(projects), by=UserFactory())


def test_a_bill_that_was_not_sent_is_held_where_it_was(bill, others):
    take(others)

    bill.refresh_from_db()
    assert bill.fault == Bill.Fault.UNREADABLE
    assert set(routing.ours(others).values_list("external_id", flat=True)) == {
        bill.project.external_id
    }


@pytest.mark.parametrize("state", ["posted", "sending", "unknown"])
def test_a_project_of_which_a_bill_may_have_gone_stays(bill, others, state):
    PushFactory(bill=bill, company=bill.company, **{state: True})

    with pytest.raises(Conflict, match="a second time"):
        take(others)

    assert not RoutedProject.objects.exists()


def test_giving_a_project_up_holds_its_bills(bill, others):
    take(bill.connection)
    assert Bill.objects.get(pk=bill.pk).fault == ""

    routing.choose(bill.connection, [], by=UserFactory())

    assert Bill.objects.get(pk=bill.pk).fault == Bill.Fault.UNREADABLE


def test_a_bill_that_a_reading_under_way_brings_back_does_not_leave(world):
    bill = world.ready_bill()
    push = world.send(bill)
    others = ConnectionFactory(source=True, external_company_id=world.source.external_company_id)
    theirs = RecordFactory(
        connection=others,
        company=others.company,
        project=True,
        external_id=bill.project.external_id,
    )
    routing.choose(others, [theirs.pk], by=UserFactory())
    Bill.objects.filter(pk=bill.pk).update(unreadable_at=None, fault="")

    world.work(push)

    push.refresh_from_db()
    assert (push.state, push.cause) == (push.State.FAILED, push.Cause.HELD)
    assert "does not come to these books" in push.sentence
    assert world.books() == []
