"""Tying a company to an account: what an admin types in is tried, kept and used."""

import pytest

from common.choices import RecordKind, System, Way
from companies.tests.factories import MembershipFactory
from connectors import registry, trying
from connectors.buildertrend.client import BuildertrendClient
from connectors.buildertrend.connecting import PACKAGE, sign_in
from connectors.buildertrend.tests.conftest import ACCOUNT, ID, SECRET
from connectors.errors import CredentialsExpired, Refused, Unreachable
from connectors.models import Call, Connection

pytestmark = pytest.mark.django_db(transaction=True)

TYPED = {
    "account_id": f" {ACCOUNT} ",
    "company_name": "Aspen Ridge Homes",
    "client_id": ID,
    "client_secret": SECRET,
}


@pytest.fixture
def there(buildertrend, settings):
    """Our settings say that Buildertrend is where the sandbox is served."""
    settings.BUILDERTREND = {"api_url": buildertrend.url}
    return buildertrend


@pytest.fixture
def admin():
    return MembershipFactory(admin=True)


def connect(admin, **changes):
    return trying.sign_in(admin.company, System.BUILDERTREND, {**TYPED, **changes}, by=admin.user)


def test_files_come_first_because_they_work_today():
    assert PACKAGE.ways == (Way.FILES, Way.CREDENTIALS)
    assert "our assumption" in PACKAGE.assumption


def test_what_lets_us_in_is_kept_and_opens_a_client(there, admin):
    connection = connect(admin)

    client = registry.open_source(Connection.objects.get(pk=connection.pk))
    assert isinstance(client, BuildertrendClient)
    assert client.company().name == "Aspen Ridge Homes"
    assert [row.external_id for row in client.records(RecordKind.VENDOR)] == ["92", "93"]
    assert Call.objects.filter(connection=connection, path__startswith="/v1/vendors").exists()


def test_the_secret_lies_sealed_and_nowhere_else(there, admin):
    connection = connect(admin)
    registry.open_source(connection).company()

    row = Connection.objects.get(pk=connection.pk)
    assert SECRET not in row.credentials
    assert SECRET not in str(row.options)
    assert not [call for call in Call.objects.all() if SECRET in f"{call.path}{call.request_body}"]


def test_an_account_without_a_name_goes_by_its_number(there):
    assert sign_in({**TYPED, "company_name": ""}).company.name == f"Account {ACCOUNT}"


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"client_secret": "wrong"}, "client_secret", "does not accept the client id and secret"),
        ({"account_id": "501"}, "account_id", "but not for account 501"),
        ({"account_id": "12-3"}, "account_id", "digits only"),
        ({"account_id": "\N{ARABIC-INDIC DIGIT FIVE}"}, "account_id", "digits only"),
    ],
)
def test_what_does_not_let_us_in_is_not_kept(there, admin, changes, field, sentence):
    with pytest.raises(Refused, match=sentence) as error:
        connect(admin, **changes)

    assert error.value.field == field
    assert not admin.company.connections.exists()


def test_no_answer_is_no_wrong_secret(there, admin):
    there.misbehave("answer", path="/oauth/token", status=503, times=99)

    with pytest.raises(Unreachable):
        connect(admin)


def test_a_secret_that_was_changed_there_asks_for_a_new_sign_in(there, admin):
    connection = connect(admin)
    there.sandbox.client_secret = "another"
    there.sandbox.forget_tokens()

    with pytest.raises(CredentialsExpired):
        registry.open_source(connection).company()

    connection.refresh_from_db()
    assert connection.state == Connection.State.NEEDS_CONSENT


def test_the_same_account_signs_in_again_on_the_same_row(there, admin):
    first = connect(admin)
    there.sandbox.client_secret = "another one now"
    there.sandbox.forget_tokens()

    second = connect(admin, client_secret="another one now")

    assert second.pk == first.pk
    assert registry.open_source(second).company().external_id == str(ACCOUNT)
