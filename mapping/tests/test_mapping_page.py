"""The page of one mapping, and the hub."""

import pytest
from django.utils import timezone

from mapping import reviewing
from mapping.models import Mapping
from mapping.waiting import WaitingBill

pytestmark = pytest.mark.django_db


def test_mappings_page_shows_records_reason_bills_and_history(url, draft, dana, bills, controller):
    bills.listed = [WaitingBill("Bill 1042", "/c/acme/bills/1/", 41200, "Unmapped")]
    reviewing.leave(draft, by=controller, note="ask Bob")

    page = dana.get(url).content.decode()

    for words in ("Both records", "Same name but for", "Bill 1042", "ask Bob", "Dana Ruiz"):
        assert words in page


def test_note_is_kept_in_the_history(url, draft, dana):
    dana.post(url + "comment/", {"text": "Checked with Bob"})

    assert "Checked with Bob" in dana.get(url).content.decode()


def test_published_mapping_says_who_can_unpublish(url, draft, dana, admin, controller):
    reviewing.override_and_publish(draft, draft.target, by=controller)

    page = dana.get(url).content.decode()

    assert "Only an admin can unpublish. Ask Priya Shah." in page
    assert "accept/" not in page


def test_hub_has_a_line_for_each_kind_in_use(draft, dana):
    page = dana.get("/c/acme/mappings/").content.decode()

    assert [
        slug in page for slug in ("/vendors/", "/projects/", "/cost-codes/", "/cost-types/")
    ] == [
        True,
        True,
        True,
        False,
    ]


def test_mapping_of_a_record_that_the_source_lists_no_more_has_its_page_still(draft, url, dana):
    draft.source.gone_at = timezone.now()
    draft.source.save()

    assert dana.get(url).status_code == 200
    assert dana.post(url + "accept/", {"version": 1}).status_code == 302
    draft.refresh_from_db()
    assert draft.state == Mapping.State.ACCEPTED


def test_hub_counts_what_the_publish_page_offers(draft, dana, controller):
    reviewing.accept(draft, by=controller)
    draft.source.gone_at = timezone.now()
    draft.source.save()

    assert "Review and publish 1" in dana.get("/c/acme/mappings/").content.decode()
    assert (
        "Publish <span data-selected-count>1"
        in dana.get("/c/acme/mappings/publish/").content.decode()
    )
