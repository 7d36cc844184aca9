"""Publishing and unpublishing, on their pages."""

from decimal import Decimal

import pytest

from audit.models import Entry, Verb
from connectors.tests.factories import RecordFactory
from mapping import publishing, reviewing
from mapping.models import Mapping
from mapping.tests.factories import (
    MappingFactory,
    PublicationFactory,
)
from mapping.waiting import SentBill, WaitingBill

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

    assert ">1 bill ($100.00)</a> go." in page
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
    MappingFactory.create_batch(130, company=company, accepted=True)
    dana.get("/c/acme/mappings/")

    with django_assert_max_num_queries(12):
        page = dana.get("/c/acme/mappings/publish/").content.decode()

    assert "130 mappings would come into force" in page
    assert page.count('name="listed"') == 100
    assert "Rows 1 to 100 of 130" in page


@pytest.fixture
def many(company):
    """130 accepted vendors, over two pages, by name."""
    sources = [RecordFactory(company=company, name=f"Vendor {n:03}") for n in range(130)]
    return [MappingFactory(company=company, source=row, accepted=True) for row in sources]


def turn(client, page, *, ticked, listed, **more):
    return client.post(
        "/c/acme/mappings/publish/",
        {
            "seen": page.context["seen"],
            "unticked": page.context["unticked"],
            "listed": [row.pk for row in listed],
            "ids": [row.pk for row in ticked],
            **more,
        },
    )


def test_what_is_unticked_on_one_page_stays_so_on_the_next(many, dana, company):
    first = dana.get("/c/acme/mappings/publish/")

    second = turn(dana, first, listed=many[:100], ticked=many[2:100], go="2")
    assert "128 mappings would come into force" in second.content.decode()
    turn(dana, second, listed=many[100:], ticked=many[100:129])

    assert set(company.mappings.accepted()) == {many[0], many[1], many[129]}


def test_turning_back_shows_what_was_unticked(many, dana):
    first = dana.get("/c/acme/mappings/publish/")
    second = turn(dana, first, listed=many[:100], ticked=many[1:100], go="2")

    back = turn(dana, second, listed=many[100:], ticked=many[100:], go="1").content.decode()

    box = f'value="{many[0].pk}" data-select id='
    assert box in back
    assert f'value="{many[1].pk}" data-select checked' in back


def test_a_whole_kind_is_unticked_and_ticked_at_once(many, dana, company):
    first = dana.get("/c/acme/mappings/publish/")

    none = turn(dana, first, listed=many[:100], ticked=many[:100], untick="vendor")
    assert "0 mappings would come into force" in none.content.decode()
    every = turn(dana, none, listed=many[:100], ticked=[], tick="vendor")

    assert "130 mappings would come into force" in every.content.decode()
    assert not company.mappings.published().exists()


def test_the_bills_that_would_go_are_counted_without_what_is_unticked(many, dana):
    first = dana.get("/c/acme/mappings/publish/")

    counted = turn(dana, first, listed=many[:100], ticked=many[1:100], count="1")

    assert "129 bills" in counted.content.decode()


def test_the_bills_that_would_go_are_all_listed(accepted, dana, bills):
    bills.listed = [WaitingBill("Bill 1042", "/c/acme/bills/1/", Decimal(100), "Unmapped")]

    page = dana.get("/c/acme/mappings/publish/bills/").content.decode()

    assert '<a href="/c/acme/bills/1/">Bill 1042</a>' in page


def test_a_publication_lists_the_bills_it_let_go(company, dana, bills):
    PublicationFactory(company=company, number=7, bills_unblocked=60)
    bills.listed = [WaitingBill(f"Bill {n}", f"/b/{n}/", Decimal(9), "Ready") for n in range(60)]

    first = dana.get("/c/acme/mappings/publications/7/").content.decode()
    second = dana.get("/c/acme/mappings/publications/7/?bills=2").content.decode()

    assert ('"/b/49/"' in first, '"/b/50/"' in first, '"/b/59/"' in second) == (True, False, True)


def test_unpublishing_shows_which_bills_used_which_version(company, admin, client, bills):
    mapping = MappingFactory(company=company, published=True)
    versions = {mapping.pk: 4}
    bills.sent = [SentBill("Bill 9", "/b/9/", Decimal(9), "Posted", None, versions)]
    client.force_login(admin)

    page = client.get("/c/acme/mappings/unpublish/", {"ids": mapping.source_id}).content.decode()

    assert '<a href="/b/9/">Bill 9</a>' in page
    assert f"{mapping.source.name}, version 4" in page
