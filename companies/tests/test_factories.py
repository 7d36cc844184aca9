"""Others build on these, so they hold what they promise."""

import pytest

from common.choices import RecordKind, Side, System
from companies.tests.factories import CompanyFactory
from connectors.tests.factories import SECRET, ConnectionFactory, RecordFactory
from connectors.vault import unseal

pytestmark = pytest.mark.django_db


def test_a_company_comes_with_its_settings():
    company = CompanyFactory(settings__approval_amount=500)

    assert company.settings.approval_amount == 500


def test_a_connection_holds_sealed_credentials():
    connection = ConnectionFactory(source=True)

    connection.refresh_from_db()
    assert connection.system == System.PROCORE
    assert "canary" not in connection.credentials
    assert unseal(connection, "credentials") == SECRET


def test_records_of_a_company_share_its_connection_of_their_side():
    company = CompanyFactory()

    vendor, project = RecordFactory(company=company), RecordFactory(company=company, project=True)
    account = RecordFactory(company=company, account=True)

    assert vendor.connection == project.connection
    assert account.connection.side == Side.LEDGER
    assert account.kind == RecordKind.ACCOUNT


def test_the_people_of_the_fixtures_belong_to_one_company(
    company, admin, controller, accountant, project_manager, viewer, outsider
):
    roles = company.memberships.values_list("role", flat=True)

    assert sorted(roles) == ["accountant", "admin", "controller", "project_manager", "viewer"]
    assert not outsider.memberships.filter(company=company).exists()
