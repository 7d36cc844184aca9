"""Publishing and unpublishing, on their pages."""

import pytest

from audit.models import Entry, Verb
from connectors.tests.factories import RecordFactory
from mapping import publishing, reviewing
from mapping.models import Mapping
from mapping.tests.factories import (
    MappingFactory,
    PublicationFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
State = Mapping.State


@pytest.fixture
def accepted(draft, controller):
    return reviewing.accept(draft, by=controller)


def seen(client):
    return client.get("/c/acme/mappings/publish/").context["seen"]


def test_publish_page_says_what_it_lets_go(accepted, dana):
    page = dana.get("/c/acme/mappings/publish/").content.decode()

    assert "This lets 1 bill ($100.00) go" in page
    assert "as no. 2" in page


def test_publishing_leads_to_the_publication(accepted, dana):
    answer = dana.post(
        "/c/acme/mappings/publish/",
        {"seen": seen(dana), "listed": [accepted.pk], "ids": [accepted.pk]},
    )

    accepted.refresh_from_db()
    assert answer.url == "/c/acme/mappings/publications/2/"
    assert accepted.state == State.PUBLISHED


def test_unticked_row_is_not_published(accepted, dana, company):
    other = MappingFactory(company=company, accepted=True)

    dana.post(
        "/c/acme/mappings/publish/",
        {"seen": seen(dana), "listed": [accepted.pk, other.pk], "ids": [other.pk]},
    )

    assert company.mappings.accepted().get() == accepted


def test_publishing_after_somebody_else_shows_the_difference(accepted, dana, company):
    looked_at = seen(dana)
    MappingFactory(company=company, accepted=True)

    answer = dana.post(
        "/c/acme/mappings/publish/",
        {"seen": looked_at, "listed": [accepted.pk], "ids": [accepted.pk]},
    )

    assert answer.status_code == 409
    assert "meanwhile" in answer.content.decode()
    assert company.mappings.published().count() == 0


def test_name_that_was_not_shown_is_not_published(accepted, dana):
    looked_at = seen(dana)
    accepted.target.name = accepted.target.path = "Delta Holdings"
    accepted.target.save()

    answer = dana.post(
        "/c/acme/mappings/publish/",
        {"seen": looked_at, "listed": [accepted.pk], "ids": [accepted.pk]},
    )

    accepted.refresh_from_db()
    assert (answer.status_code, accepted.state) == (409, State.ACCEPTED)
    assert "Delta Holdings" in answer.content.decode()


def test_nothing_new_to_publish(draft, dana):
    assert "Nothing new to publish." in dana.get("/c/acme/mappings/publish/").content.decode()


def test_unpublishing_shows_what_follows(company, pulled, client_for, admin):
    mapping = MappingFactory(company=company, published=True)

    page = (
        client_for(admin)
        .get(f"/c/acme/mappings/unpublish/?ids={mapping.source_id}")
        .content.decode()
    )

    assert "1 bill ($100.00) would need publishing again. 3 bills already sent stay" in page


def test_unpublishing_without_a_reason_asks_for_it(company, pulled, client_for, admin):
    mapping = MappingFactory(company=company, published=True)

    answer = client_for(admin).post(
        "/c/acme/mappings/unpublish/", {"ids": [mapping.source_id], "reason": ""}
    )

    assert answer.status_code == 422
    assert "Write why" in answer.content.decode()


def test_admin_unpublishes_with_a_reason(company, pulled, client_for, admin):
    mapping = MappingFactory(company=company, published=True)

    unpublish_as_shown(client_for(admin), {"ids": [mapping.source_id]})

    assert Entry.objects.get(verb=Verb.UNPUBLISHED).reason == "wrong branch"


def test_admin_unpublishes_a_publication_as_a_whole(company, pulled, client_for, admin):
    first, second = MappingFactory.create_batch(
        2, company=company, published=True, publication=PublicationFactory(company=company)
    )
    other = MappingFactory(company=company, published=True)

    unpublish_as_shown(client_for(admin), {"publication": first.publication.number})

    assert set(company.mappings.accepted()) == {first, second}
    assert company.mappings.published().get() == other


def test_what_was_published_anew_meanwhile_is_not_taken_back_unseen(
    company, pulled, client_for, admin, controller
):
    mapping = MappingFactory(company=company, published=True)

    def meanwhile():
        publishing.unpublish([mapping], by=admin, reason="a look at it")
        target = RecordFactory(company=company, in_ledger=True)
        reviewing.override_and_publish(mapping, target, by=controller)

    answer = unpublish_as_shown(client_for(admin), {"ids": [mapping.source_id]}, meanwhile)

    mapping.refresh_from_db()
    assert (answer.status_code, mapping.state) == (409, State.PUBLISHED)


def unpublish_as_shown(client, chosen, meanwhile=lambda: None):
    page = client.get("/c/acme/mappings/unpublish/", chosen)
    meanwhile()
    sent = {**chosen, "seen": page.context["seen"], "reason": "wrong branch"}
    return client.post("/c/acme/mappings/unpublish/", sent)


def test_renamed_target_can_be_confirmed_in_the_table(company, pulled, dana):
    mapping = MappingFactory(company=company, published=True, stale="renamed")

    answer = dana.post(
        f"/c/acme/mappings/vendors/{mapping.source_id}/confirm/", {"version": 1}, **HTMX
    )

    mapping.refresh_from_db()
    assert (answer.status_code, mapping.stale) == (200, "")


def test_what_would_be_published_is_not_read_row_by_row(
    company, dana, django_assert_max_num_queries
):
    MappingFactory.create_batch(30, company=company, accepted=True)
    dana.get("/c/acme/mappings/")

    with django_assert_max_num_queries(12):
        page = dana.get("/c/acme/mappings/publish/").content.decode()

    assert "30 mappings would come into force" in page
    assert page.count('name="listed"') == 20
    assert "and 10 more" in page
