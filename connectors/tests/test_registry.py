"""Which client a company gets, and what is said when it gets none."""

import pytest

from common.choices import Side, System, Way
from companies.tests.factories import CompanyFactory
from connectors import registry
from connectors.errors import CredentialsExpired
from connectors.models import Connection
from connectors.procore.client import ProcoreClient
from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.tests.conftest import REALM, signed_in
from connectors.tests.factories import ConnectionFactory

pytestmark = pytest.mark.django_db


def test_each_side_gets_its_own_systems_client(procore, quickbooks):
    company = signed_in(System.PROCORE).company
    signed_in(System.QUICKBOOKS_ONLINE, company=company)

    source, ledger = registry.source_for(company), registry.ledger_for(company)

    assert isinstance(source, ProcoreClient)
    assert isinstance(ledger, QuickBooksOnlineClient)
    assert source.company().external_id == "8089"
    assert ledger.company().external_id == REALM


def test_clients_are_made_per_use():
    company = ConnectionFactory().company

    assert registry.ledger_for(company) is not registry.ledger_for(company)


@pytest.mark.parametrize(
    ("ask", "side"),
    [(registry.source_for, Side.SOURCE), (registry.ledger_for, Side.LEDGER)],
)
def test_a_side_that_is_not_connected_says_what_to_do(ask, side):
    names = " or ".join(system.label for system in registry.systems(side))

    with pytest.raises(registry.NotConnected) as error:
        ask(CompanyFactory())

    assert str(error.value) == (
        f"{names} is not connected. Ask an admin to connect it under Settings."
    )


def test_a_disconnected_connection_does_not_count():
    company = ConnectionFactory(disconnected=True).company

    with pytest.raises(registry.NotConnected, match="is not connected"):
        registry.ledger_for(company)


def test_a_connection_that_needs_consent_says_so_and_counts_as_expired():
    connection = ConnectionFactory(state=Connection.State.NEEDS_CONSENT)

    with pytest.raises(CredentialsExpired, match="Ask an admin to reconnect it") as error:
        registry.ledger_for(connection.company)

    assert error.value.status == 409
    assert registry.connection_of(connection.company, Side.LEDGER) == connection


def test_another_companys_connection_is_not_found():
    ConnectionFactory()

    assert registry.connection_of(CompanyFactory(), Side.LEDGER) is None


@pytest.mark.parametrize("package", registry.PACKAGES.values(), ids=lambda each: each.system)
def test_a_system_that_asks_consent_has_a_registration(package):
    app = package.oauth_app() if Way.CONSENT in package.ways else None

    assert (app is not None) == (Way.CONSENT in package.ways)
    assert app is None or app.system == package.system.label
