"""A SOAP client that knows nothing of us reads our WSDL and calls every operation.

zeep takes names, namespaces and types from the WSDL alone and refuses an answer that does not keep
to it, so what it reads here a Web Connector reads as well.
"""

import pytest
from zeep import Client
from zeep.transports import Transport

from common.choices import System
from connectors import waiting
from connectors.models import Connection
from connectors.quickbooks_desktop.connector_file import address, user_name
from connectors.quickbooks_desktop.operations import OPERATIONS
from connectors.quickbooks_desktop.tests.conftest import FILE, said_of_itself


@pytest.fixture
def installed(live_server, settings, company, admin):
    settings.PUBLIC_URL = live_server.url
    settings.QUICKBOOKS_DESKTOP = {**settings.QUICKBOOKS_DESKTOP, "holds_call": 0}
    return waiting.begin(company, System.QUICKBOOKS_DESKTOP, by=admin)


@pytest.fixture
def service(installed):
    connection, _password = installed
    with Transport(timeout=10, operation_timeout=10).session as session:
        client = Client(f"{address(connection)}?wsdl", transport=Transport(session=session))
        yield client.service


def test_the_wsdl_names_every_operation(service):
    assert {name for name, _call in service} == {operation.name for operation in OPERATIONS}


def test_a_whole_session(service, installed):
    connection, password = installed

    assert service.serverVersion() == "1.0"
    assert service.clientVersion("2.3.0.207") is None
    ticket, what = service.authenticate(user_name(connection), password)
    assert what is None
    # Nothing is asked for: this company has no worker.
    assert service.sendRequestXML(ticket, said_of_itself(), FILE, "US", 16, 0) is None
    assert service.getLastError(ticket) == "NoOp"
    assert service.receiveResponseXML(ticket, "", "0x80040414", "A dialog is open") == -1
    assert service.getLastError(ticket).startswith("A window in QuickBooks waits")
    assert service.closeConnection(ticket).startswith("A window in QuickBooks waits")

    connection = Connection.objects.get()
    assert connection.state == Connection.State.CONNECTED
    assert connection.problem.startswith("A window in QuickBooks waits")


def test_the_operations_of_a_session_that_cannot_be_opened(service, installed):
    connection, password = installed
    ticket, _what = service.authenticate(user_name(connection), password)

    assert service.connectionError(ticket, "0x80040408", "Could not start") == "done"
    assert "could not be started" in service.getLastError(ticket)


def test_the_operations_for_a_person_there(service):
    assert service.getInteractiveURL("t", "s").endswith("/settings/connections/")
    assert service.isInteractiveDone("t") == "DONE"
    assert service.interactiveDone("t") == "DONE"
    assert service.interactiveRejected("t", "No time") == "Nothing was changed."


def test_a_refused_sign_in_still_has_something_like_a_ticket(service, installed):
    connection, _password = installed

    ticket, what = service.authenticate(user_name(connection), "wrong")

    assert (len(ticket), what) == (36, "nvu")


def test_an_unknown_ticket_is_told_that_its_session_is_over(service):
    assert service.sendRequestXML("no-such-ticket", "", "", "US", 16, 0) is None
    assert service.getLastError("no-such-ticket").startswith("This session is over")
    assert service.receiveResponseXML("no-such-ticket", "<QBXML/>", "", "") == -1
    assert service.connectionError("no-such-ticket", "0x80040408", "") == "done"


def test_nothing_but_its_own_address_has_a_service(installed, live_server, client):
    missing = "/qbwc/00000000-0000-4000-8000-000000000000/"

    assert client.get(f"{missing}?wsdl").status_code == 404
    assert client.post(missing, b"", content_type="text/xml").status_code == 404
