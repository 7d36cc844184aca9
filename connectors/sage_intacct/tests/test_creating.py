"""Our client makes new records in the sandbox for a person."""

import pytest

from common.choices import RecordKind
from connectors.errors import AccessDenied, Refused
from connectors.records import NewRecord
from connectors.sage_intacct.tests.conftest import USER, client_at
from connectors.sage_intacct.writing import Defaults


def test_a_project_is_made_for_its_customer_at_the_connections_place(served, sandbox):
    client = client_at(served.url, defaults=Defaults(location_id="E100", department_id="CON"))
    new = NewRecord(
        kind=RecordKind.PROJECT, name="Lot 19 Aspen Ridge", code="24-019", parent_id="C-220"
    )

    made = client.create_record(new, key="created-1")

    assert (made.external_id, made.kind) == ("24-019", RecordKind.PROJECT)
    row = sandbox.entities.named("PROJECT", "24-019")
    assert (row["CUSTOMERID"], row["LOCATIONID"], row["PROJECTCATEGORY"]) == (
        "C-220",
        "E100",
        "Contract",
    )


def test_without_an_id_intacct_gives_one_or_asks_for_it(client, order):
    new = NewRecord(kind=RecordKind.VENDOR, name="Nameless Numbers")
    with pytest.raises(Refused, match="Vendor ID is missing"):
        client.create_record(new, key="created-1")
    order("company", auto_number=["VENDOR"])

    assert client.create_record(new, key="created-2").external_id.startswith("V-1")


def test_an_id_is_taken_whatever_the_name(client):
    taken = client.names_taken(NewRecord(kind=RecordKind.VENDOR, name="New", code="v-1046"))

    assert [(each.external_id, each.is_active) for each in taken] == [("V-1046", False)]


def test_a_name_that_somebody_in_another_list_has_is_free(client):
    assert client.names_taken(NewRecord(kind=RecordKind.VENDOR, name="Harbor District")) == []


def test_a_role_that_may_not_add_says_so(client, order):
    order("user", user_id=USER, denied=["VENDOR:add"])

    with pytest.raises(AccessDenied, match="Roles"):
        client.create_record(
            NewRecord(kind=RecordKind.VENDOR, name="X", code="V-1"), key="created-1"
        )


def test_what_is_shown_before_is_what_is_sent_but_for_the_key(client):
    new = NewRecord(kind=RecordKind.VENDOR, name="Müller & Söhne", code="V-1")

    shown = client.write_record(new)

    assert "<NAME>Müller &amp; Söhne</NAME>" in shown.decode()
