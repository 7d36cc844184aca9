"""What changed, asked by change data capture."""

from datetime import UTC, datetime, timedelta

import pytest

from common.choices import RecordKind
from connectors.base import ListsChanges, Rereads
from connectors.quickbooks_online.client import QuickBooksOnlineClient
from connectors.records import Removed


@pytest.fixture
def soon(sandbox):
    """A moment after everything the seed holds; what is done from now on comes later."""
    sandbox.clock_offset = timedelta(minutes=5)
    return datetime.now(UTC) + timedelta(minutes=4)


def test_the_client_lists_changes_and_rereads():
    assert issubclass(QuickBooksOnlineClient, ListsChanges)
    assert issubclass(QuickBooksOnlineClient, Rereads)


def test_nothing_changed(client, soon):
    assert not list(client.changes(RecordKind.VENDOR, soon))


def test_only_what_changed_is_told(client, order, soon):
    order("vendor/56/rename", name="Ledgestone Concrete")

    assert [row.name for row in client.changes(RecordKind.VENDOR, soon)] == ["Ledgestone Concrete"]


def test_who_was_made_inactive_is_told_as_inactive(client, order, soon):
    order("vendor/57/inactivate")

    (row,) = client.changes(RecordKind.VENDOR, soon)
    assert (row.external_id, row.is_active) == ("57", False)


def test_a_customer_that_became_a_project_is_no_customer_any_more(client, call, order, soon):
    made = call(
        "POST", "customer",
        json={"DisplayName": "Gate 4", "Job": True, "ParentRef": {"value": "120"}},
    ).json()["Customer"]  # fmt: skip
    order(f"customer/{made['Id']}/make_project")

    assert list(client.changes(RecordKind.CUSTOMER, soon)) == [
        Removed(kind=RecordKind.CUSTOMER, external_id=made["Id"])
    ]
    assert [row.kind for row in client.changes(RecordKind.PROJECT, soon)] == [RecordKind.PROJECT]


def test_asked_too_far_back_the_whole_list_is_told(client):
    told = client.changes(RecordKind.VENDOR, datetime.now(UTC) - timedelta(days=31))

    assert len(list(told)) == len(list(client.records(RecordKind.VENDOR)))


def test_where_more_changed_than_one_answer_holds_the_whole_list_is_told(client, sandbox):
    vendor = sandbox.entities.get("Vendor", "56")
    with sandbox.store.transaction():
        for number in range(1000, 2100):
            doc = {**vendor, "Id": str(number), "DisplayName": f"Vendor {number}"}
            sandbox.entities.put("Vendor", doc, sandbox.now())

    told = list(client.changes(RecordKind.VENDOR, datetime.now(UTC) - timedelta(days=1)))

    assert len(told) == len(list(client.records(RecordKind.VENDOR))) > 1100


@pytest.mark.parametrize("kind", QuickBooksOnlineClient.kinds)
def test_every_list_can_be_asked_what_changed(client, kind):
    since = datetime.now(UTC) - timedelta(days=1)

    told = {row.external_id for row in client.changes(kind, since) if not is_gone(row)}

    assert told == {row.external_id for row in client.records(kind)}


def is_gone(row):
    return isinstance(row, Removed)


def test_one_row_is_read_again_by_its_id(client):
    assert client.record(RecordKind.VENDOR, "56").external_id == "56"


def test_a_row_that_is_not_there_is_none(client):
    assert client.record(RecordKind.VENDOR, "999999") is None


def test_a_customer_that_is_read_again_may_be_a_project_by_now(client, call, order):
    made = call(
        "POST", "customer",
        json={"DisplayName": "Gate 4", "Job": True, "ParentRef": {"value": "120"}},
    ).json()["Customer"]  # fmt: skip
    order(f"customer/{made['Id']}/make_project")

    assert client.record(RecordKind.CUSTOMER, made["Id"]).kind == RecordKind.PROJECT


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("entities=Vendor", "2020"),
        ("entities=Vendor&changedSince=yesterday", "2060"),
        ("entities=Vendor&changedSince=2020-01-01T00:00:00-08:00", "2190"),
        ("entities=TaxCode&changedSince=2026-01-01T00:00:00-08:00", "500"),
    ],
)
def test_the_sandbox_is_strict_about_the_question(call, query, code):
    assert call("GET", f"cdc?{query}").json()["Fault"]["Error"][0]["code"] == code
