"""Connections that wait for the first call of a system that calls us."""

import pytest

from audit.models import Entry, Verb
from common.choices import System, Way
from common.errors import Conflict
from connectors import linking, registry, waiting
from connectors.errors import CredentialsExpired
from connectors.models import Connection
from connectors.records import PulledCompany
from connectors.tests.factories import ConnectionFactory, RecordFactory

pytestmark = pytest.mark.django_db(transaction=True)
ACME = PulledCompany(external_id="file-1", name="Acme Builders.qbw", features={"classes": True})
OTHER = PulledCompany(external_id="file-2", name="Other.qbw")


def begin(company, admin):
    return waiting.begin(company, System.QUICKBOOKS_ONLINE, by=admin)


def test_a_connection_waits_and_its_password_lets_in(company, admin):
    connection, password = begin(company, admin)

    assert (connection.state, connection.way) == (
        Connection.State.WAITING,
        Way.CONNECTOR_FILE,
    )
    assert waiting.lets_in(connection, password)
    assert not waiting.lets_in(connection, password + "x")
    assert password not in connection.credentials


def test_nothing_is_asked_of_a_system_that_has_not_called(company, admin):
    begin(company, admin)

    with pytest.raises(CredentialsExpired, match="has not called yet"):
        registry.live_connection(company, "ledger")


def test_the_first_call_ties_it_to_its_company_file(company, admin):
    connection, _password = begin(company, admin)

    row = waiting.heard(connection, ACME)

    assert (row.state, row.external_company_id, row.name) == (
        Connection.State.CONNECTED,
        "file-1",
        "Acme Builders.qbw",
    )
    assert row.last_heard_at is not None
    line = Entry.objects.filter(verb=Verb.CONNECTED).first()
    assert (line.user, line.who) == (None, "QuickBooks Online")


def test_another_company_file_is_refused_from_then_on(company, admin):
    connection, _password = begin(company, admin)
    waiting.heard(connection, ACME)

    with pytest.raises(linking.OtherCompany, match="is connected to “Acme"):
        waiting.heard(connection, OTHER)

    connection.refresh_from_db()
    assert connection.name == "Acme Builders.qbw"


def test_the_row_that_knew_the_file_before_is_taken_up_with_its_records(company, admin):
    former = ConnectionFactory(
        company=company, disconnected=True, external_company_id="file-1", connected_by=admin
    )
    record = RecordFactory(company=company, connection=former)
    connection, password = begin(company, admin)

    row = waiting.heard(connection, ACME)

    assert row.pk == former.pk
    assert row.records.get() == record
    assert row.row_key == connection.row_key, "it is called at the address of the file"
    assert waiting.lets_in(row, password)
    assert company.connections.get() == row


def test_a_new_password_ends_the_old_one(company, admin):
    connection, old = begin(company, admin)
    waiting.heard(connection, ACME)

    row, new = begin(company, admin)

    assert row.pk == connection.pk
    assert row.state == Connection.State.WAITING
    assert waiting.lets_in(row, new)
    assert not waiting.lets_in(row, old)
    with pytest.raises(linking.OtherCompany):
        waiting.heard(row, OTHER)
    assert waiting.heard(row, ACME).state == Connection.State.CONNECTED


def test_a_call_to_a_paused_connection_leaves_it_paused(company, admin):
    connection, _password = begin(company, admin)
    waiting.heard(connection, ACME)
    Connection.objects.update(state=Connection.State.PAUSED)

    row = waiting.heard(connection, ACME)

    assert row.state == Connection.State.PAUSED
    assert row.last_heard_at is not None


def test_no_password_lets_in_once_it_is_disconnected(company, admin):
    connection, password = begin(company, admin)
    waiting.heard(connection, ACME)

    row = linking.disconnect(connection, by=admin)

    assert not waiting.lets_in(row, password)


def test_another_system_beside_it_is_refused(company, admin):
    ConnectionFactory(company=company, system=System.SAGE_INTACCT, connected_by=admin)

    with pytest.raises(Conflict, match=r"Sage Intacct is connected as the ledger\. Disconnect it"):
        begin(company, admin)
