"""A connector file as the Web Connector takes it, or does not."""

import pytest

from connectors.quickbooks_desktop import sandbox_qwc as qwc
from connectors.quickbooks_desktop.sandbox_qwc import NotAnApplication
from connectors.quickbooks_desktop.tests.sandbox_world import (
    FILE,
    OWNER,
    Book,
    Service,
    connector_file,
)

URL = "https://tieout.example/qbwc/7f3c"


def test_what_the_file_says_is_the_application():
    application = qwc.read(connector_file(URL))

    assert (application.name, application.url) == ("Tieout", URL)
    assert (application.owner_id, application.file_id) == (OWNER, FILE)
    assert application.user_name == "tieout-7f3c"


def with_scheduler(name, number):
    inside = f"<Scheduler><{name}>{number}</{name}></Scheduler></QBWCXML>"
    return connector_file(URL).replace("</QBWCXML>", inside)


@pytest.mark.parametrize(
    ("name", "number", "seconds"), [("RunEveryNMinutes", 15, 900), ("RunEveryNSeconds", 30, 30)]
)
def test_how_often_it_runs_may_be_in_minutes_or_seconds(name, number, seconds):
    assert qwc.read(with_scheduler(name, number)).every_seconds == seconds


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"AppURL": "http://tieout.example/qbwc"}, "https"),
        ({"AppURL": "http://127.0.0.1:8000/qbwc"}, "https"),
        ({"AppSupport": "https://help.example/"}, "another host"),
        ({"OwnerID": OWNER.strip("{}")}, "OwnerID is not a GUID"),
        ({"FileID": "{1}"}, "FileID is not a GUID"),
        ({"QBType": "QBO"}, "QBType"),
        ({"AppDescription": "d" * 81}, "AppDescription"),
        ({"UserName": ""}, "UserName is missing"),
        ({"AppID": None}, "AppID is missing"),
        ({"Password": "s3cret"}, "nobody knows: Password"),
        ({"UnattendedModePref": "always"}, "UnattendedModePref"),
        ({"IsReadOnly": "no"}, "IsReadOnly"),
        ({"AuthFlags": "15"}, "AuthFlags"),
    ],
)
def test_a_file_that_is_wrong_is_refused_with_a_sentence(changes, said):
    with pytest.raises(NotAnApplication, match=said):
        qwc.read(connector_file(URL, **changes))


@pytest.mark.parametrize(
    "text", ["", "hello", "<QBWC/>", with_scheduler("RunEveryNHours", 1),
             connector_file(URL).replace("<AppID />", "<AppID /><AppID />"),
             '<!DOCTYPE a [<!ENTITY b "c">]>' + connector_file(URL)],
)  # fmt: skip
def test_what_is_no_connector_file_is_refused(text):
    with pytest.raises(NotAnApplication):
        qwc.read(text)


def test_localhost_needs_neither_https_nor_a_host_of_its_support():
    text = connector_file("http://localhost:8000/qbwc", AppSupport="https://help.example/")

    assert qwc.read(text).url == "http://localhost:8000/qbwc"


def test_the_order_of_the_elements_does_not_matter():
    text = connector_file(URL)
    name = "<AppName>Tieout</AppName>"

    moved = text.replace(name, "").replace("</QBWCXML>", f"{name}</QBWCXML>")

    assert qwc.read(moved) == qwc.read(text)


@pytest.fixture
def service():
    served = Service()
    yield served
    served.stop()


def test_one_name_stands_for_one_company_file(service):
    connector = Book().sandbox.connector
    connector.install(connector_file(service.url), "s3cret")
    other = connector_file(service.url, FileID=FILE.replace("b7", "c8"))

    with pytest.raises(NotAnApplication, match="another company file"):
        connector.install(other, "s3cret")
    connector.remove("Tieout")
    connector.install(other, "s3cret")

    assert [each["name"] for each in connector.applications] == ["Tieout"]
