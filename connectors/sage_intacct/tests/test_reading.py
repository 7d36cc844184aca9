"""Our client reads the lists of the sandbox."""

from dataclasses import replace

import pytest

from common.choices import RecordKind
from connectors.base import CreatesRecords, ListsChanges, Rereads, TellsPayments, satisfies
from connectors.errors import AccessDenied, Refused
from connectors.sage_intacct.client import SageIntacctClient
from connectors.sage_intacct.envelope import Login
from connectors.sage_intacct.tests.conftest import (
    COMPANY,
    COST_LINE,
    PASSWORD,
    USER,
    bill_of,
    client_at,
    post,
)
from connectors.sage_intacct.writing import Defaults


def rows(client, kind):
    return {row.external_id: row for row in client.records(kind)}


def test_what_it_can_do():
    for protocol in (ListsChanges, Rereads, TellsPayments, CreatesRecords):
        assert satisfies(SageIntacctClient, protocol)


def test_a_vendor_comes_with_its_other_names_and_its_term(client):
    ridge = rows(client, RecordKind.VENDOR)["V-1042"]

    assert (ridge.name, ridge.other_names) == ("Ridge Framing LLC", ("Ridge Framing",))
    assert (ridge.city, ridge.term_id, ridge.email) == ("Boise", "Net 30", "ap@ridge.example")
    assert ridge.payload["RECORDNO"] == "1"


def test_private_and_restricted_rows_come_from_the_top(client):
    assert {"V-1048", "V-1049"} <= rows(client, RecordKind.VENDOR).keys()


def test_a_task_belongs_to_its_project_and_a_cost_type_to_its_task(client):
    tasks, types = rows(client, RecordKind.TASK), rows(client, RecordKind.COST_TYPE)

    task = tasks["24-017/03-110"]
    assert (task.code, task.parent_external_id, task.name) == (
        "03-110",
        "24-017",
        "Rough Carpentry",
    )
    assert not tasks["24-017/09-250"].is_active
    cost_type = types["24-017/03-110/SUB"]
    assert (cost_type.code, cost_type.parent_external_id) == ("SUB", "24-017/03-110")
    assert (cost_type.name, cost_type.type) == ("Subcontract", "Subcontracts")


def test_an_account_says_what_it_demands(client):
    accounts = rows(client, RecordKind.ACCOUNT)

    assert accounts["5010"].requires == ("project", "task", "location")
    assert accounts["6010"].requires == ("location", "department")
    assert accounts["6030"].requires == ("location", "class")


def test_what_the_connection_always_says_is_not_demanded(served):
    client = client_at(served.url, defaults=Defaults(location_id="E100", department_id="CON"))

    accounts = rows(client, RecordKind.ACCOUNT)

    assert accounts["6010"].requires == ()
    assert accounts["5030"].requires == ("project", "task")


def test_where_accounts_are_used_labels_may_not_be_chosen(client):
    accounts = rows(client, RecordKind.ACCOUNT)

    assert accounts["5010"].is_selectable
    assert not accounts["2000"].is_selectable  # the payables' own account
    assert not accounts["label/SUBS"].is_selectable
    assert accounts["label/SUBS"].type == "AP account label"


def test_where_labels_are_used_accounts_may_not_be_chosen(served):
    accounts = rows(client_at(served.url, account_labels=True), RecordKind.ACCOUNT)

    assert not accounts["5010"].is_selectable
    assert accounts["label/SUBS"].is_selectable
    assert accounts["label/SUBS"].requires == accounts["5010"].requires


def test_the_newest_bill_shows_how_bills_are_entered(served, client, order):
    assert not client.company().features["account_labels"]
    order("company", uses_labels=True)
    post(client, bill_of(replace(COST_LINE, account_id="label/SUBS")))

    assert client_at(served.url).company().features["account_labels"]


def test_items_and_customers_stand_on_no_line_by_themselves(client):
    assert not any(row.is_selectable for row in client.records(RecordKind.ITEM))
    assert not any(row.is_selectable for row in client.records(RecordKind.CUSTOMER))


def test_a_list_longer_than_a_page_comes_whole(client, sandbox):
    with sandbox.store.transaction():
        for n in range(2100):
            row = {"CLASSID": f"C{n}", "NAME": f"Class {n}"}
            sandbox.entities.put("CLASS", row, sandbox.now())

    assert len(list(client.records(RecordKind.CLASS))) == 2102


def test_a_row_that_disappears_between_two_pages_hides_no_other(client, sandbox):
    with sandbox.store.transaction():
        for n in range(1500):
            row = {"CLASSID": f"C{n}", "NAME": f"Class {n}"}
            sandbox.entities.put("CLASS", row, sandbox.now())
    listed = client.records(RecordKind.CLASS)
    seen = [next(listed)]
    with sandbox.store.transaction():
        sandbox.entities.delete("CLASS", "5")

    seen += listed

    assert {row.code for row in seen} >= {f"C{n}" for n in range(3, 1500)}


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (RecordKind.TERM, "APTERM"),
        (RecordKind.TASK, "TASK"),
        (RecordKind.COST_TYPE, "COSTTYPE"),
    ],
)
def test_a_list_of_a_module_that_is_not_subscribed_is_empty(client, order, kind, name):
    order("company", absent=[name])

    assert list(client.records(kind)) == []


def test_vendors_that_are_not_there_are_no_empty_list(client, order):
    order("company", absent=["VENDOR"])

    with pytest.raises(Refused, match="VENDOR not found"):
        list(client.records(RecordKind.VENDOR))


def test_a_list_that_may_not_be_seen_says_whom_to_ask(client, order):
    order("user", user_id=USER, denied=["TASK"])

    with pytest.raises(AccessDenied, match="Company › Admin › Roles"):
        list(client.records(RecordKind.TASK))


def test_one_row_is_read_again_by_its_parts(client):
    assert client.record(RecordKind.TASK, "24-017/03-110").name == "Rough Carpentry"
    assert client.record(RecordKind.COST_TYPE, "24-017/03-110/SUB").code == "SUB"
    assert client.record(RecordKind.ACCOUNT, "label/SUBS").code == "SUBS"
    assert client.record(RecordKind.TASK, "24-017") is None


def test_inside_an_entity_its_private_rows_come_and_the_restricted_do_not(served):
    login = Login(COMPANY, USER, PASSWORD, "E100")

    inside = client_at(served.url, login=login)

    assert {"V-1048", "V-1049"}.isdisjoint(rows(inside, RecordKind.VENDOR))
