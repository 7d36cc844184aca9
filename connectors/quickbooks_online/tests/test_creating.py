"""Records that a person wants in the ledger, because it lacks them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from common.choices import RecordKind
from connectors.errors import Refused
from connectors.http import parse_json
from connectors.quickbooks_online import writing
from connectors.records import NewRecord

VENDOR = NewRecord(kind=RecordKind.VENDOR, name="Brand New Masonry", code="V-9", city="Salem")
JOB = NewRecord(kind=RecordKind.CUSTOMER, name="Gate 4", parent_id="120")


def test_a_vendor_is_created_with_what_is_known_of_it(client, call):
    made = client.create_record(VENDOR, key="k1")

    kept = call("GET", f"vendor/{made.external_id}").json()["Vendor"]
    assert (kept["DisplayName"], kept["AcctNum"]) == ("Brand New Masonry", "V-9")
    assert kept["BillAddr"]["City"] == "Salem"


def test_a_customer_below_another_is_its_job(client):
    made = client.create_record(JOB, key="k1")

    assert (made.type, made.parent_external_id) == ("Job", "120")
    assert made.path.endswith(":Gate 4")


def test_the_same_key_creates_nothing_twice(client):
    first = client.create_record(VENDOR, key="k1")

    assert client.create_record(VENDOR, key="k1").external_id == first.external_id


def test_a_vendor_cannot_have_a_customers_name(client):
    client.create_record(NewRecord(kind=RecordKind.CUSTOMER, name="Otter Bay"), key="k1")
    new = NewRecord(kind=RecordKind.VENDOR, name="otter bay")

    (taken,) = client.names_taken(new)
    assert (taken.kind, taken.is_active) == ("Customer", True)
    with pytest.raises(Refused, match="already exists"):
        client.create_record(new, key="k2")


def test_an_employees_name_is_taken_too(client, sandbox):
    with sandbox.store.transaction():
        sandbox.entities.put("Employee", {"DisplayName": "Dana Ochoa"}, sandbox.now())

    taken = client.names_taken(NewRecord(kind=RecordKind.VENDOR, name="Dana Ochoa"))

    assert [(one.kind, one.name) for one in taken] == [("Employee", "Dana Ochoa")]


def test_a_job_may_have_the_name_of_a_job_elsewhere(client):
    client.create_record(NewRecord(kind=RecordKind.CUSTOMER, name="Gate 4"), key="k1")

    assert client.names_taken(JOB) == []
    assert client.create_record(JOB, key="k2").name == "Gate 4"


def test_a_quote_in_a_name_asks_for_that_name_only(client):
    made = client.create_record(NewRecord(kind=RecordKind.VENDOR, name="O'Dell \\ Sons"), key="1")

    assert [
        one.external_id
        for one in client.names_taken(NewRecord(kind=RecordKind.VENDOR, name="O'Dell \\ Sons"))
    ] == [made.external_id]


def test_projects_cannot_be_created(client):
    assert RecordKind.PROJECT not in client.creatable
    with pytest.raises(Refused, match="nobody create a project"):
        client.write_record(NewRecord(kind=RecordKind.PROJECT, name="Gate 4"))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Port: Gate"), ("name", "a\tb"), ("name", "x" * 501), ("name", " "),
        ("city", "x" * 256), ("postcode", "9" * 31), ("phone", "5" * 31), ("email", "e" * 101),
        ("code", "c" * 101),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_before_it_is_sent(client, field, value):
    new = NewRecord(**{"kind": RecordKind.VENDOR, "name": "Fit", field: value})

    with pytest.raises(Refused):
        client.write_record(new)


@given(st.text(min_size=1, max_size=40))
def test_every_name_that_fits_reads_back_as_it_was(name):
    new = NewRecord(kind=RecordKind.VENDOR, name=name)
    try:
        payload = writing.record_payload(new)
    except Refused:
        return
    assert parse_json(writing.written(payload).encode())["DisplayName"] == name.strip()
