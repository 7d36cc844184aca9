"""What holds for every page: who may see it, what it costs, what nonsense does to it."""

import pytest
from django.urls import reverse

from mapping.models import Kind, Mapping
from mapping.tests.factories import (
    MappingFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
PAGES = [
    "/c/acme/mappings/",
    "/c/acme/mappings/vendors/",
    "/c/acme/mappings/vendors/?tab=all",
    "/c/acme/mappings/vendors/{source}/",
    "/c/acme/mappings/publish/",
    "/c/acme/mappings/publications/",
    "/c/acme/mappings/publications/1/",
]
DECIDING = [
    "accept/",
    "override/",
    "leave/",
    "no-match/",
    "undo/",
    "comment/",
    "like/",
]


@pytest.mark.parametrize("path", PAGES)
def test_page_asks_strangers_to_sign_in(path, draft, client):
    answer = client.get(path.format(source=draft.source_id))

    assert (answer.status_code, "/account/login/" in answer.url) == (302, True)


@pytest.mark.parametrize("path", PAGES)
def test_page_does_not_exist_for_other_companies(path, draft, client_for, outsider):
    assert client_for(outsider).get(path.format(source=draft.source_id)).status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_page_is_not_for_project_managers(path, draft, client_for, project_manager):
    assert client_for(project_manager).get(path.format(source=draft.source_id)).status_code == 403


@pytest.mark.parametrize("path", PAGES)
@pytest.mark.parametrize("person", ["admin", "controller", "accountant", "viewer"])
def test_page_is_shown_to_those_who_may_see_mappings(path, person, draft, client_for, request):
    client = client_for(request.getfixturevalue(person))

    assert client.get(path.format(source=draft.source_id)).status_code == 200


@pytest.mark.parametrize("act", DECIDING)
def test_strangers_decide_nothing(act, url, client):
    assert client.post(url + act, {"version": 1}, **HTMX).status_code == 401


@pytest.mark.parametrize("act", DECIDING)
def test_accountant_decides_nothing_and_is_told_whom_to_ask(
    act, url, client_for, accountant, admin
):
    answer = client_for(accountant).post(url + act, {"version": 1}, **HTMX)

    assert answer.status_code == 403
    assert "Ask Priya Shah" in answer["HX-Trigger"]


@pytest.mark.parametrize("act", DECIDING)
def test_other_company_decides_nothing(act, url, draft, client_for, outsider):
    assert client_for(outsider).post(url + act, {"version": 1}, **HTMX).status_code == 404

    draft.refresh_from_db()
    assert draft.state == Mapping.State.DRAFT


@pytest.mark.parametrize("act", ["", "accept/", "override/", "compare/", "options/", "like/"])
def test_row_of_another_company_is_not_there(act, dana, pulled):
    other = MappingFactory(draft=True)
    send = dana.post if act == "accept/" else dana.get

    assert send(f"/c/acme/mappings/vendors/{other.source_id}/{act}").status_code == 404


@pytest.mark.parametrize(
    "path",
    ["unpublish/", "publish/", "vendors/draft/", "vendors/accept-many/", "vendors/undo-together/"],
)
def test_viewer_changes_nothing(path, draft, client_for, viewer):
    assert client_for(viewer).post(f"/c/acme/mappings/{path}").status_code == 403


def test_unpublishing_is_for_admins(draft, dana, admin):
    answer = dana.get("/c/acme/mappings/unpublish/", **HTMX)

    assert "Only an admin can unpublish. Ask Priya Shah." in answer["HX-Trigger"]


def test_kind_the_company_does_not_use_is_not_there(dana, pulled):
    assert dana.get("/c/acme/mappings/cost-types/").status_code == 404


@pytest.mark.parametrize("path", PAGES)
def test_page_takes_twelve_queries_at_most(path, draft, dana, django_assert_max_num_queries):
    MappingFactory.create_batch(5, company=draft.company, draft=True)
    dana.get("/c/acme/mappings/")  # notes the visit

    with django_assert_max_num_queries(12):
        dana.get(path.format(source=draft.source_id))


@pytest.mark.parametrize("part", ["options/?q=delta", "compare/", "override/"])
def test_fragment_takes_twelve_queries_at_most(part, url, dana, django_assert_max_num_queries):
    dana.get("/c/acme/mappings/")

    with django_assert_max_num_queries(12):
        dana.get(url + part, **HTMX)


def test_urls_are_named_by_kind(draft):
    assert reverse("mapping:review", args=["acme", Kind.COST_CODE]) == (
        "/c/acme/mappings/cost-codes/"
    )


@pytest.mark.parametrize(
    "path",
    [
        "vendors/?after=1~²",
        "vendors/?after=1e9~1",
        "vendors/?after=1e9~1&sort=confidence",
        "vendors/?after=1e99999~1&sort=-money",
        "vendors/?q=%00",
        "publications/?page=²",
        "publications/99999999999/",
        "unpublish/?ids=²",
        "unpublish/?ids=99999999999999999999999",
        "unpublish/?publication=²",
        "unpublish/?publication=99999999999",
        "vendors/99999999999999999999999/",
        "vendors/{source}/options/?q=a%00b",
        "vendors/{source}/override/?q=a%00b",
    ],
)
def test_nonsense_in_an_address_is_no_error_of_ours(path, draft, client_for, admin):
    client = client_for(admin)

    for headers in ({}, HTMX):
        answer = client.get("/c/acme/mappings/" + path.format(source=draft.source_id), **headers)
        assert answer.status_code in (200, 302, 404)
