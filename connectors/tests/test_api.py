"""Records over HTTP."""

import pytest

from companies.tests.api import api_for, get
from connectors.tests.factories import RecordFactory


@pytest.fixture
def api(viewer):
    return api_for(viewer)


def test_a_record_says_on_which_side_it_lives(api, company):
    RecordFactory(company=company, in_ledger=True)

    (row,) = get(api, "records/").json()["results"]

    assert (row["side"], row["kind"]) == ("ledger", "vendor")


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"side": "source"}, 2),
        ({"side": "ledger"}, 1),
        ({"kind": "project"}, 1),
        ({"side": "ledger", "kind": "project"}, 0),
        ({"usable": "true"}, 2),
        ({"usable": "false"}, 1),
        ({"search": "delta dry"}, 2),
        ({"external_id": "V-1"}, 1),
    ],
)
def test_filters_narrow_the_list(api, company, query, count):
    RecordFactory(company=company, external_id="V-1")
    RecordFactory(company=company, project=True)
    RecordFactory(company=company, in_ledger=True, inactive=True)

    assert get(api, "records/", **query).json()["count"] == count


def test_records_are_found_by_their_connection(api, company):
    record = RecordFactory(company=company)
    RecordFactory(company=company, in_ledger=True)

    (row,) = get(api, "records/", connection=record.connection_id).json()["results"]

    assert row["id"] == record.pk


@pytest.mark.parametrize("path", ["records/", "records/{}/"])
def test_the_raw_row_of_the_other_system_never_comes_out(api, company, path):
    record = RecordFactory(company=company, payload={"BankAccountNumber": "payload-canary"})

    answer = get(api, path.format(record.pk))

    assert answer.status_code == 200
    assert b"payload-canary" not in answer.content


def test_of_a_tax_id_only_the_end_comes_out(api, company):
    record = RecordFactory(company=company, tax_id="12-3454410")

    answer = get(api, f"records/{record.pk}/")

    assert answer.json()["tax_id_ends_in"] == "4410"
    assert b"12-345" not in answer.content


def test_credentials_never_come_out(api, company):
    record = RecordFactory(company=company)

    assert b"canary" not in get(api, f"records/{record.pk}/").content


def test_a_project_manager_sees_no_records(project_manager, company):
    assert get(api_for(project_manager), "records/").status_code == 403


def test_another_companys_record_answers_like_a_missing_one(outsider, company):
    record = RecordFactory(company=company)
    api = api_for(outsider)

    theirs, missing = (get(api, f"records/{pk}/") for pk in (record.pk, record.pk + 1000))

    assert theirs.status_code == missing.status_code == 404
    assert theirs.content == missing.content


def test_a_list_of_200_records_costs_no_query_a_row(api, company, django_assert_max_num_queries):
    RecordFactory.create_batch(200, company=company)

    with django_assert_max_num_queries(6):
        rows = get(api, "records/", page_size=200).json()["results"]

    assert len(rows) == 200
