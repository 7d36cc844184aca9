"""Mappings and publications over HTTP."""

from decimal import Decimal

import pytest

from audit.models import Entry, Verb
from companies.tests.api import api_for, get, post
from connectors.tests.factories import RecordFactory
from mapping.models import Mapping
from mapping.tests.factories import MappingFactory, PublicationFactory


@pytest.fixture
def api(controller):
    return api_for(controller)


def test_a_mapping_says_what_a_record_is_called_in_the_ledger(api, company):
    mapping = MappingFactory(company=company, draft=True)

    (row,) = get(api, "mappings/").json()["results"]

    assert (row["source"]["name"], row["target"]["name"]) == (
        mapping.source.name,
        mapping.target.name,
    )


def test_a_confidence_is_text(api, company):
    MappingFactory(company=company, draft=True)

    (row,) = get(api, "mappings/").json()["results"]

    assert row["confidence"] == "0.970"


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"kind": "vendor"}, 3),
        ({"kind": "project"}, 0),
        ({"state": "accepted"}, 1),
        ({"stale": "true"}, 1),
        ({"stale": "false"}, 2),
        ({"search": "DELTA"}, 3),
        ({"search": "nobody"}, 0),
    ],
)
def test_filters_narrow_the_list(api, company, query, count):
    MappingFactory(company=company, draft=True)
    MappingFactory(company=company, accepted=True)
    MappingFactory(company=company, published=True, stale="renamed")

    assert get(api, "mappings/", **query).json()["count"] == count


def test_a_mapping_is_found_by_its_source(api, company):
    MappingFactory(company=company, draft=True)
    wanted = MappingFactory(company=company, draft=True)

    (row,) = get(api, "mappings/", source=wanted.source_id).json()["results"]

    assert row["id"] == wanted.pk


def test_a_filter_nobody_knows_is_refused_by_name(api):
    answer = get(api, "mappings/", staet="draft")

    assert answer.status_code == 422
    assert list(answer.json()["fields"]) == ["staet"]


def test_a_filter_given_twice_is_refused(api):
    assert api.get("/api/v1/mappings/?state=draft&state=left").status_code == 422


def test_one_mapping_shows_what_the_machine_found(api, company):
    mapping = MappingFactory(company=company, draft=True)

    shown = get(api, f"mappings/{mapping.pk}/").json()

    assert shown["reason"] == "Same name but for the legal form"
    assert shown["candidates"][0]["record"] == mapping.target_id


def test_a_mapping_without_a_suggestion_has_no_reason(api, company):
    mapping = MappingFactory(company=company)

    assert get(api, f"mappings/{mapping.pk}/").json()["candidates"] is None


# --- Deciding -------------------------------------------------------------------------------------


def test_accepting_is_the_same_act_as_on_the_page(api, company, controller):
    mapping = MappingFactory(company=company, draft=True)

    answer = post(api, f"mappings/{mapping.pk}/accept/", {"version": 1})

    assert answer.json()["state"] == "accepted"
    line = Entry.objects.get(verb=Verb.ACCEPTED)
    assert (line.user, line.object_id) == (controller, mapping.pk)


def test_accepting_another_version_is_a_conflict(api, company):
    mapping = MappingFactory(company=company, draft=True)

    answer = post(api, f"mappings/{mapping.pk}/accept/", {"version": 7})

    assert answer.status_code == 409
    assert "Look at it again" in answer.json()["detail"]


def test_an_override_takes_another_record_and_a_note(api, company):
    mapping = MappingFactory(company=company, draft=True)
    other = RecordFactory(company=company, in_ledger=True)

    body = {"target": other.pk, "note": "wrong branch", "version": 1}
    answer = post(api, f"mappings/{mapping.pk}/override/", body)

    assert answer.json()["target"]["id"] == other.pk
    assert (answer.json()["is_override"], answer.json()["note"]) == (True, "wrong branch")


def test_a_record_without_a_mapping_gets_one(api, company):
    source = RecordFactory(company=company)
    target = RecordFactory(company=company, in_ledger=True)

    answer = post(api, "mappings/", {"source": source.pk, "target": target.pk})

    assert answer.status_code == 201
    assert company.mappings.get().state == Mapping.State.ACCEPTED


def test_a_record_whose_mapping_was_undone_gets_one_again(api, company):
    mapping = MappingFactory(company=company, no_draft=True)
    target = RecordFactory(company=company, in_ledger=True)

    answer = post(api, "mappings/", {"source": mapping.source_id, "target": target.pk})

    assert (answer.status_code, answer.json()["version"]) == (201, 2)


def test_a_record_with_a_mapping_does_not_get_another(api, company):
    mapping = MappingFactory(company=company, draft=True)

    body = {"source": mapping.source_id, "target": mapping.target_id}

    assert post(api, "mappings/", body).status_code == 409


def test_an_override_by_a_record_of_the_source_is_refused_with_a_sentence(api, company):
    mapping = MappingFactory(company=company, draft=True)

    answer = post(api, f"mappings/{mapping.pk}/override/", {"target": mapping.source_id})

    assert answer.status_code == 422
    assert "is not where bills are posted" in answer.json()["detail"]


def test_a_field_nobody_knows_is_refused_by_name(api, company):
    mapping = MappingFactory(company=company, draft=True)

    answer = post(api, f"mappings/{mapping.pk}/accept/", {"vesrion": 1})

    assert answer.status_code == 422
    assert "vesrion" in answer.json()["fields"]
    mapping.refresh_from_db()
    assert mapping.state == Mapping.State.DRAFT


def test_control_characters_in_a_note_are_refused(api, company):
    mapping = MappingFactory(company=company, draft=True)

    body = {"target": mapping.target_id, "note": "bell \x07"}

    assert post(api, f"mappings/{mapping.pk}/override/", body).status_code == 422


# --- Publishing -----------------------------------------------------------------------------------


def test_publishing_answers_with_what_it_put_in_force(api, company):
    mapping = MappingFactory(company=company, accepted=True)

    answer = post(api, "mappings/publish/", {"all": True})

    assert answer.status_code == 201
    said = answer.json()
    assert said["publication"]["number"] == 1
    assert said["publication"]["amount_unblocked"] == "0.00"
    assert said["mappings"] == [{"id": mapping.pk, "version": 2}]


def test_publishing_says_what_was_left_out_and_why(api, company):
    MappingFactory(company=company, accepted=True)
    bad = MappingFactory(company=company, accepted=True, target__is_active=False)

    (left_out,) = post(api, "mappings/publish/", {"all": True}).json()["left_out"]

    assert left_out["mapping"] == bad.pk
    assert "inactive" in left_out["sentence"]


def test_publishing_some_leaves_the_others(api, company):
    one, other = MappingFactory.create_batch(2, company=company, accepted=True)

    post(api, "mappings/publish/", {"mappings": [{"id": one.pk, "version": 1}]})

    other.refresh_from_db()
    assert other.state == Mapping.State.ACCEPTED


def test_publishing_another_version_is_a_conflict(api, company):
    one = MappingFactory(company=company, accepted=True)

    answer = post(api, "mappings/publish/", {"mappings": [{"id": one.pk, "version": 4}]})

    assert answer.status_code == 409
    assert not company.publications.exists()


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"all": False},
        {"all": True, "mappings": [{"id": 1}]},
        {"mappings": []},
        {"mappings": [{"id": 1}, {"id": 1}]},
        {"mappings": [{"id": 1}, {"id": 2, "version": 1}]},
        {"mappings": [{"id": 2**63}]},
        {"mappings": [{"id": True}]},
        {"mappings": [7]},
        [],
        "all",
    ],
)
def test_publishing_needs_to_be_told_clearly_what(api, company, body):
    MappingFactory(company=company, accepted=True)

    assert post(api, "mappings/publish/", body).status_code == 422
    assert not company.publications.exists()


def test_unpublishing_takes_back_to_accepted_with_a_reason(admin, company):
    mapping = MappingFactory(company=company, published=True)

    body = {"mappings": [{"id": mapping.pk, "version": 1}], "reason": "Wrong branch"}
    answer = post(api_for(admin), "mappings/unpublish/", body)

    assert answer.json() == {"mappings": [{"id": mapping.pk, "version": 2}]}
    assert Entry.objects.get(verb=Verb.UNPUBLISHED).reason == "Wrong branch"


def test_unpublishing_another_version_is_a_conflict(admin, company):
    mapping = MappingFactory(company=company, published=True)

    body = {"mappings": [{"id": mapping.pk, "version": 9}], "reason": "Wrong branch"}
    answer = post(api_for(admin), "mappings/unpublish/", body)

    assert answer.status_code == 409
    mapping.refresh_from_db()
    assert mapping.is_in_force


def test_unpublishing_without_a_reason_is_refused(admin, company):
    mapping = MappingFactory(company=company, published=True)

    answer = post(api_for(admin), "mappings/unpublish/", {"mappings": [{"id": mapping.pk}]})

    assert list(answer.json()["fields"]) == ["reason"]


def test_unpublishing_is_for_admins(api, company, admin):
    mapping = MappingFactory(company=company, published=True)

    body = {"mappings": [{"id": mapping.pk}], "reason": "Wrong branch"}
    answer = post(api, "mappings/unpublish/", body)

    assert answer.status_code == 403
    assert answer.json() == {"detail": "Only an admin can unpublish. Ask Priya Shah."}


# --- Publications ---------------------------------------------------------------------------------


def test_publications_come_newest_first(api, company):
    PublicationFactory(company=company, number=1)
    PublicationFactory(company=company, number=2, amount_unblocked=Decimal("410.5"))

    first = get(api, "publications/").json()["results"][0]

    assert (first["number"], first["amount_unblocked"]) == (2, "410.50")


def test_a_publication_counts_and_lists_its_lines(api, company):
    mapping = MappingFactory(company=company, accepted=True)
    post(api, "mappings/publish/", {"all": True})

    assert get(api, "publications/1/").json()["mappings"] == 1
    (line,) = get(api, "publications/1/lines/").json()["results"]
    assert (line["mapping"], line["target_label"]) == (mapping.pk, mapping.target.label)


# --- Fences ---------------------------------------------------------------------------------------


def test_without_a_token_nothing_is_said(client, company):
    answer = client.get("/api/v1/mappings/")

    assert answer.status_code == 401
    assert answer["WWW-Authenticate"] == "Bearer"


def test_a_project_manager_sees_no_mappings(project_manager, company):
    assert get(api_for(project_manager), "mappings/").status_code == 403


def test_another_companys_mapping_answers_like_a_missing_one(outsider, company):
    mapping = MappingFactory(company=company, draft=True)
    api = api_for(outsider)

    theirs, missing = (get(api, f"mappings/{pk}/") for pk in (mapping.pk, mapping.pk + 1000))

    assert theirs.status_code == missing.status_code == 404
    assert theirs.content == missing.content


@pytest.mark.parametrize(("verb", "body"), [("accept", {}), ("override", {"target": 1})])
def test_another_companys_mapping_cannot_be_decided(outsider, company, verb, body):
    mapping = MappingFactory(company=company, draft=True)

    answer = post(api_for(outsider), f"mappings/{mapping.pk}/{verb}/", body)

    assert answer.status_code == 404


@pytest.mark.parametrize("verb", ["publish", "unpublish"])
def test_another_companys_mappings_cannot_be_published_or_taken_back(outsider, company, verb):
    mapping = MappingFactory(company=company, published=True)
    reason = {"reason": "because"} if verb == "unpublish" else {}

    body = {"mappings": [{"id": mapping.pk}], **reason}

    assert post(api_for(outsider), f"mappings/{verb}/", body).status_code == 404


def test_another_companys_record_cannot_be_a_target(outsider, company, api):
    mapping = MappingFactory(company=company, draft=True)
    theirs = RecordFactory(company=outsider.memberships.get().company, in_ledger=True)

    answer = post(api, f"mappings/{mapping.pk}/override/", {"target": theirs.pk})

    assert answer.status_code == 404


@pytest.mark.parametrize("method", ["put", "patch", "delete", "options"])
def test_methods_nobody_offers_are_refused(api, company, method):
    assert getattr(api, method)("/api/v1/mappings/").status_code == 405


# --- Size -----------------------------------------------------------------------------------------


def test_a_list_of_200_costs_no_more_queries_than_one_of_2(
    api, company, django_assert_max_num_queries
):
    MappingFactory.create_batch(200, company=company, published=True)

    with django_assert_max_num_queries(6):
        found = get(api, "mappings/", page_size=200).json()["results"]

    assert len(found) == 200


def test_a_page_has_50_rows_and_never_more_than_200(api, company):
    MappingFactory.create_batch(201, company=company)

    assert len(get(api, "mappings/").json()["results"]) == 50
    assert len(get(api, "mappings/", page_size=5000).json()["results"]) == 200
