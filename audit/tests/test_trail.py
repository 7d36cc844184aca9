"""The trail keeps what was written, whoever asks."""

from uuid import uuid4

import pytest
from django.db import DatabaseError, connection, transaction

from audit import trail
from audit.models import Entry, Verb
from audit.tests.factories import written, written_together

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE audit_entry SET who = 'somebody else'",
        "DELETE FROM audit_entry",
        "TRUNCATE audit_entry",
        "TRUNCATE companies_company CASCADE",
    ],
)
def test_the_database_refuses_to_change_the_trail(company, sql):
    entry = written(company)
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")  # or they would refuse TRUNCATE first

    with (
        pytest.raises(DatabaseError, match="The trail is append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(sql)
    assert Entry.objects.get() == entry


def test_the_models_own_ways_are_refused_too(company):
    entry = written(company)

    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        entry.save()
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Entry.objects.all().delete()


def test_a_line_keeps_the_name_of_a_person_who_is_renamed(company, admin):
    written(company, by=admin)
    admin.name = "Priya Rao"
    admin.save()

    assert Entry.objects.get().who == "Priya Shah"


def test_a_machine_is_named_apart(company):
    entry = written(company, machine="Schedule")

    assert (entry.user, entry.who) == (None, "Schedule")


def test_the_line_goes_where_its_change_goes(company):
    with transaction.atomic():
        trail.record(Verb.PULLED, company, by=None)
        transaction.set_rollback(True)

    assert not Entry.objects.exists()


def test_the_first_of_an_act_leads_it(company):
    lead = written_together(company, 3)

    entries = Entry.objects.order_by("pk")
    assert [entry.leads for entry in entries] == [True, False, False]
    assert len({entry.act for entry in entries}) == 1
    assert lead == entries[0]


def test_an_act_that_goes_on_is_led_by_its_first_line_of_each_verb(company):
    act = uuid4()
    trail.record(Verb.PUBLISHED, company, by=None, act=act)
    trail.record_all(Verb.PUBLISHED, [trail.Change(company)] * 2, by=None, act=act)
    trail.record_all(Verb.WENT_STALE, [trail.Change(company)] * 2, by=None, act=act)

    assert [entry.leads for entry in Entry.objects.order_by("pk")] == [
        True, False, False, True, False,
    ]  # fmt: skip


def test_nothing_done_together_is_nothing_written(company):
    trail.record_all(Verb.PUBLISHED, [], by=None)

    assert not Entry.objects.exists()
