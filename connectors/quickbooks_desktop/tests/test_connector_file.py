"""The file that an admin takes to the Web Connector: the sheet, 1.7."""

from uuid import uuid4

import pytest
from defusedxml.ElementTree import fromstring

from companies.models import Company
from connectors.models import Connection
from connectors.quickbooks_desktop.connector_file import OWNER_ID, connector_file, user_name

ORDER = [
    "AppName", "AppID", "AppURL", "AppDescription", "AppSupport", "UserName", "OwnerID", "FileID",
    "QBType", "Style", "Scheduler", "IsReadOnly", "PersonalDataPref", "UnattendedModePref",
    "AuthFlags",
]  # fmt: skip


def connection(name="Harbor Point"):
    return Connection(company=Company(name=name, slug="harbor"), row_key=uuid4())


@pytest.fixture(autouse=True)
def _public(settings):
    settings.PUBLIC_URL = "https://tieout.example"


def fields(tied):
    root = fromstring(connector_file(tied).content)
    assert root.tag == "QBWCXML"
    return {child.tag: child.text or "" for child in root}, [child.tag for child in root]


def test_it_has_every_field_in_order():
    tied = connection()

    said, order = fields(tied)

    assert order == ORDER
    assert said["AppURL"] == f"https://tieout.example/qbwc/{tied.row_key}/"
    assert said["AppSupport"] == "https://tieout.example/"
    assert said["OwnerID"] == f"{{{OWNER_ID}}}"
    assert len(said["AppDescription"]) <= 80


def test_the_file_id_is_the_connections_own_and_stays():
    one, other = connection(), connection()

    assert fields(one)[0]["FileID"] == fields(one)[0]["FileID"] != fields(other)[0]["FileID"]
    assert user_name(one) != user_name(other)


def test_no_password_is_in_it():
    assert b"assword" not in connector_file(connection()).content


@pytest.mark.parametrize("name", ["O'Dell & Sons <LLC>", "Ünïcode “Builders”", "x" * 300])
def test_a_companys_name_does_no_harm(name):
    said, _order = fields(connection(name))

    assert said["AppName"] == f"Tieout - {name}"[:60]
    assert connector_file(connection(name)).name.endswith(".qwc")
