"""Pulling the lists: paging, inactive rows, names, what may be chosen."""

from datetime import date

import pytest

from common.choices import RecordKind
from connectors.records import Unreadable


def by_id(client, kind: RecordKind):
    return {record.external_id: record for record in client.records(kind)}


def test_company_says_its_name_close_date_and_features(client):
    company = client.company()

    assert company.name == "Fernwood Builders"
    assert company.external_id == "9130357900000417"
    assert company.closed_through == date(2026, 1, 31)
    assert company.currency == "USD"
    assert company.features["classes"]
    assert company.features["projects"]


def test_open_books_have_no_close_date(client, order):
    order("company", book_close_date="")

    assert client.company().closed_through is None


def test_vendor_carries_its_details(client):
    vendor = by_id(client, RecordKind.VENDOR)["56"]

    assert vendor.name == "Larkspur Concrete LLC"
    assert vendor.other_names == ("Larkspur Concrete", "Larkspur Concrete LLC")
    assert (vendor.city, vendor.state, vendor.postcode) == ("Astoria", "OR", "97103")
    assert vendor.tax_id == "XXXXX4321"
    assert vendor.code == "FB-220"
    assert vendor.changed_at is not None


def test_inactive_rows_come_too_without_their_mark(client):
    vendor = by_id(client, RecordKind.VENDOR)["58"]

    assert vendor.name == "Quiet Vendor"
    assert not vendor.is_active


def test_inactive_account_has_a_clean_path(client):
    account = by_id(client, RecordKind.ACCOUNT)["65"]

    assert account.path == "Cost of Construction:Old Materials"
    assert not account.is_active


def test_projects_and_customers_come_apart(client):
    assert by_id(client, RecordKind.PROJECT).keys() == {"131"}
    assert by_id(client, RecordKind.CUSTOMER).keys() == {"120"}


def test_project_shows_its_path_and_parent(client):
    project = by_id(client, RecordKind.PROJECT)["131"]

    assert project.path == "Harbor District:2417 Pier Seawall"
    assert project.parent_external_id == "120"


def test_item_categories_and_items_that_are_only_sold_cannot_be_chosen(client):
    items = by_id(client, RecordKind.ITEM)

    assert {key for key, item in items.items() if item.is_selectable} == {"19"}


def test_payable_account_cannot_be_chosen(client):
    accounts = by_id(client, RecordKind.ACCOUNT)

    assert not accounts["33"].is_selectable
    assert accounts["71"].is_selectable
    assert accounts["64"].code == "5200"


def test_class_ids_stay_text(client):
    assert by_id(client, RecordKind.CLASS)["5000000000000000012"].path == "Civil:Marine"


def test_a_department_of_the_interface_is_a_location_to_people(client):
    assert by_id(client, RecordKind.LOCATION)["2"].path == "Northwest:South Yard"


def test_terms_come(client):
    assert by_id(client, RecordKind.TERM)["3"].name == "Net 30"


def test_every_kind_can_be_pulled(client):
    for kind in client.kinds:
        assert list(client.records(kind))


def test_more_than_one_page_comes_whole_and_once(client, sandbox):
    add_vendors(sandbox, 2001)

    vendors = list(client.records(RecordKind.VENDOR))

    assert len(vendors) == len({vendor.external_id for vendor in vendors}) == 2004
    pages = [path for _method, path in sandbox.requests_seen if "/query" in path]
    assert len(pages) == 3


def test_exactly_a_thousand_rows_need_one_more_look(client, sandbox):
    add_vendors(sandbox, 997)

    assert len(list(client.records(RecordKind.VENDOR))) == 1000


def test_a_list_that_breaks_off_raises(client, sandbox, order):
    add_vendors(sandbox, 1500)
    order("faults", kind="answer", path="*/query", skip=1, times=3, status=503)
    client._reading.sleep = lambda _seconds: None

    with pytest.raises(Exception, match="not answering"):
        list(client.records(RecordKind.VENDOR))


def test_renaming_a_parent_renames_the_path_below(client, order):
    order("account/60/rename", name="Job Costs")

    assert by_id(client, RecordKind.ACCOUNT)["64"].path == "Job Costs:Subcontractors"


def test_inactivating_marks_and_reactivating_unmarks(client, order):
    marked = order("vendor/57/inactivate")["DisplayName"]
    unmarked = order("vendor/57/reactivate")["DisplayName"]

    assert marked == unmarked + " (deleted)"


def test_a_row_that_cannot_be_read_takes_its_place(client, sandbox):
    with sandbox.store.transaction():
        sandbox.entities._keep("Vendor", {"Id": "99", "Active": True, "DisplayName": None})

    rows = list(client.records(RecordKind.VENDOR))

    assert [type(row) for row in rows].count(Unreadable) == 1
    assert len(rows) == 4


def add_vendors(sandbox, number: int) -> None:
    with sandbox.store.transaction():
        for n in range(number):
            sandbox.entities.put("Vendor", {"DisplayName": f"Vendor {n:04}"}, sandbox.now())
