"""The trail over HTTP."""

from datetime import UTC, datetime
from uuid import uuid4

import pytest

from audit.models import Entry, Verb
from audit.tests.factories import written, written_together
from companies.tests.api import api_for, get


@pytest.fixture
def api(viewer):
    return api_for(viewer)


def entry(company, at, **fields):
    """A line of another day: `at` is set by the database, so it is made in two steps."""
    line = Entry(
        company=company,
        who="Tieout",
        verb=Verb.PULLED,
        object_type="companies.company",
        object_id=company.pk,
        object_name="Acme Builders",
        **fields,
    )
    field = Entry._meta.get_field("at")
    field.auto_now_add = False
    try:
        line.at = at
        line.save(force_insert=True)
    finally:
        field.auto_now_add = True
    return line


def test_a_line_says_who_did_what_and_what_it_was_before(api, company, controller):
    written(company, by=controller, before={"role": "viewer"}, after={"role": "admin"}, reason="x")

    line = get(api, "trail/", verb="commented").json()["results"][0]

    assert (line["who"], line["user"], line["reason"]) == ("Dana Ruiz", controller.pk, "x")
    assert (line["before"], line["after"]) == ({"role": "viewer"}, {"role": "admin"})


def test_lines_come_newest_first(api, company):
    written(company, Verb.PULLED)
    written(company, Verb.COMMENTED)

    verbs = [line["verb"] for line in get(api, "trail/").json()["results"]]

    assert verbs[:2] == ["commented", "pulled"]


def test_a_persons_lines_are_found(api, company, controller):
    written(company, by=controller)
    written(company)

    (line,) = get(api, "trail/", who=controller.pk).json()["results"]

    assert line["user"] == controller.pk


def test_the_machines_lines_are_found(api, company, controller):
    written(company, by=controller)
    written(company)

    rows = get(api, "trail/", who="machine").json()["results"]

    assert [line["user"] for line in rows] == [None]


@pytest.mark.parametrize("who", ["dana", "-1", "1.5", "²", str(2**63)])
def test_who_is_an_id_or_the_machine(api, who):
    assert get(api, "trail/", who=who).status_code == 422


def test_an_objects_lines_are_found(api, company, controller):
    written(company)

    query = {"object_type": "companies.company", "object_id": company.pk}

    assert get(api, "trail/", **query).json()["count"] == 1


def test_lines_are_found_by_words_of_the_objects_name(api, company):
    written(company)

    assert get(api, "trail/", object="builders acme", verb="commented").json()["count"] == 1


def test_the_lines_of_an_act_are_found(api, company):
    lead = written_together(company, 3)

    assert get(api, "trail/", act=str(lead.act)).json()["count"] == 3


def test_an_act_that_is_not_there_has_no_lines(api, company):
    assert get(api, "trail/", act=str(uuid4())).json()["count"] == 0


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"from": "2019-03-05"}, 0),
        ({"from": "2019-03-04"}, 1),
        ({"to": "2019-03-03"}, 0),
        ({"to": "2019-03-04"}, 1),
        ({"from": "2019-03-04", "to": "2019-03-04"}, 1),
        ({"to": "2999-12-31"}, 1),
    ],
)
def test_days_are_those_of_the_company(api, company, query, count):
    # 5 March in London, still the evening of the 4th in Chicago.
    entry(company, datetime(2019, 3, 5, 3, 0, tzinfo=UTC))

    assert get(api, "trail/", verb="pulled", **query).json()["count"] == count


@pytest.mark.parametrize("day", ["9999-12-31", "0001-01-01", "yesterday", "2026-02-30"])
def test_a_day_out_of_reach_is_refused(api, day):
    assert get(api, "trail/", to=day).status_code == 422


def test_a_project_manager_does_not_see_the_trail(project_manager):
    assert get(api_for(project_manager), "trail/").status_code == 403


def test_nobody_writes_the_trail(admin):
    assert api_for(admin).post("/api/v1/trail/", {}, format="json").status_code == 405


def test_another_companys_line_answers_like_a_missing_one(outsider, company):
    line = written(company)
    api = api_for(outsider)

    theirs, missing = (get(api, f"trail/{pk}/") for pk in (line.pk, line.pk + 1000))

    assert theirs.status_code == missing.status_code == 404
    assert theirs.content == missing.content


def test_a_list_of_200_lines_costs_no_query_a_row(api, company, django_assert_max_num_queries):
    written_together(company, 200)

    with django_assert_max_num_queries(6):
        lines = get(api, "trail/", page_size=200).json()["results"]

    assert len(lines) == 200
