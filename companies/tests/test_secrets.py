"""A stored secret opens in its own place only."""

import base64
import secrets

import pytest
from django.core.exceptions import ImproperlyConfigured

from companies.tests.factories import CompanyFactory
from connectors import vault
from connectors.models import Connection
from connectors.tests.factories import SECRET, ConnectionFactory

pytestmark = pytest.mark.django_db


def key(key_id):
    return f"{key_id}:" + base64.b64encode(secrets.token_bytes(32)).decode()


def test_a_secret_copied_to_another_row_does_not_open():
    theirs = ConnectionFactory()
    ours = ConnectionFactory(company=theirs.company, source=True)
    ours.credentials = theirs.credentials

    with pytest.raises(vault.Sealed, match="does not open in the place where it lies"):
        vault.unseal(ours, "credentials")


def test_a_row_moved_to_another_company_does_not_open():
    connection = ConnectionFactory()
    connection.company = CompanyFactory()

    with pytest.raises(vault.Sealed):
        vault.unseal(connection, "credentials")


def test_a_secret_copied_to_another_column_does_not_open():
    connection = ConnectionFactory()
    connection.problem = connection.credentials

    with pytest.raises(vault.Sealed):
        vault.unseal(connection, "problem")


@pytest.mark.parametrize("at", [0, 20, -1])
def test_an_altered_secret_does_not_open(at):
    connection = ConnectionFactory()
    version, key_id, encoded = connection.credentials.split(".", 2)
    blob = bytearray(base64.b64decode(encoded))
    blob[at] ^= 1
    connection.credentials = f"{version}.{key_id}.{base64.b64encode(blob).decode()}"

    with pytest.raises(vault.Sealed):
        vault.unseal(connection, "credentials")


def test_an_unknown_key_is_named(settings):
    connection = ConnectionFactory()
    settings.TIEOUT_KEYS = key("k9")

    with pytest.raises(vault.Sealed, match="TIEOUT_KEYS lacks the key 'k1'"):
        vault.unseal(connection, "credentials")


def test_a_new_key_in_front_seals_and_the_old_one_still_opens(settings):
    old = ConnectionFactory()
    settings.TIEOUT_KEYS = f"{key('k2')},{settings.TIEOUT_KEYS}"
    new = ConnectionFactory()

    assert new.credentials.startswith("v1.k2.")
    assert vault.unseal(old, "credentials") == vault.unseal(new, "credentials") == SECRET


@pytest.mark.parametrize("wrong", ["", "k1", "k1:c2hvcnQ=", "k.1:" + "A" * 43 + "="])
def test_keys_that_are_none_stop_the_start(settings, wrong):
    settings.TIEOUT_KEYS = wrong

    with pytest.raises((ImproperlyConfigured, ValueError)):
        vault.keys()


def test_no_secret_shows_in_words_or_in_the_database():
    connection = ConnectionFactory()
    stored = str(Connection.objects.values().get())

    connection.credentials = connection.credentials[:-8]
    with pytest.raises(vault.Sealed) as refused:
        vault.unseal(connection, "credentials")

    for text in (
        repr(connection),
        str(connection),
        stored,
        str(refused.value),
        repr(refused.value),
    ):
        assert "canary" not in text
