"""One row decided: with and without scripts, the override box, compare, rows that look alike."""

from decimal import Decimal

import pytest

from audit.models import Entry, Verb
from connectors.tests.factories import RecordFactory
from mapping import reviewing
from mapping.models import Mapping
from mapping.tests.factories import (
    MappingFactory,
    PublicationLineFactory,
)

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
State = Mapping.State


def test_accepting_without_scripts_leads_back_to_the_table(url, draft, dana):
    answer = dana.post(
        url + "accept/",
        {"version": 1},
        HTTP_REFERER="http://testserver/c/acme/mappings/vendors/?q=delta",
    )

    assert answer.url == "/c/acme/mappings/vendors/?q=delta"
    draft.refresh_from_db()
    assert draft.state == State.ACCEPTED


def test_nobody_is_sent_to_another_site(url, draft, dana):
    answer = dana.post(
        url + "accept/", {"version": 1, "next": "https://evil.test/c/acme/mappings/"}
    )

    assert answer.url == "/c/acme/mappings/vendors/"


def test_override_page_lists_what_was_searched_for(url, draft, dana):
    RecordFactory(company=draft.company, in_ledger=True, name="Iron Ridge Supplies")

    page = dana.get(url + "override/?q=iron").content.decode()

    assert 'type="radio"' in page
    assert "Iron Ridge Supplies" in page


def test_overriding_without_scripts(url, draft, dana):
    other = RecordFactory(company=draft.company, in_ledger=True)

    dana.post(url + "override/", {"version": 1, "target": other.pk, "note": "wrong branch"})

    draft.refresh_from_db()
    assert (draft.target, draft.note) == (other, "wrong branch")


def test_conflict_without_scripts_is_a_page_with_the_sentence(url, draft, dana, admin):
    reviewing.accept(draft, by=admin)

    answer = dana.post(url + "accept/", {"version": 1})

    assert answer.status_code == 409
    assert "Priya Shah accepted this just now. Yours was not saved." in answer.content.decode()


@pytest.mark.parametrize("part", ["compare/"])
def test_fragment_opened_directly_leads_to_its_page(part, url, dana):
    assert dana.get(url + part).url == url


def test_accepted_row_comes_back_with_undo_and_the_table_hears_of_it(url, draft, dana):
    response = dana.post(url + "accept/", {"version": 1}, **HTMX)

    answer = response.content.decode()
    assert f'<tr id="mapping-{draft.source_id}"' in answer
    assert "Accepted, not published" in answer
    assert f'id="mapping-{draft.source_id}-main"' in answer
    assert response["HX-Trigger"] == "decided"


def test_what_is_counted_around_the_table_is_asked_for_by_itself(url, draft, dana):
    list_url = "/c/acme/mappings/vendors/"
    dana.post(url + "accept/", {"version": 1}, **HTMX)

    page = dana.get(list_url).content.decode()
    answer = dana.get(f"{list_url}around/", **HTMX).content.decode()

    assert f'hx-get="{list_url}around/" hx-trigger="decided from:body' in page
    assert '<hx-partial hx-target="#progress"' in answer
    assert '<hx-partial hx-target="#nav-wide-mappings-count"' in answer
    assert "1 accepted, not published" in answer
    assert dana.get(f"{list_url}around/").status_code == 302


def test_row_decided_by_another_comes_back_fresh_with_the_sentence(url, draft, dana, admin):
    reviewing.accept(draft, by=admin)

    answer = dana.post(url + "leave/", {"version": 1}, **HTMX)

    assert answer.status_code == 409
    assert "Priya Shah accepted this just now. Yours was not saved." in answer.content.decode()
    assert "Accepted, not published" in answer.content.decode()


def test_draft_that_cannot_be_taken_says_why_and_keeps_its_buttons(url, draft, dana):
    draft.target.is_active = False
    draft.target.save()

    answer = dana.post(url + "accept/", {"version": 1}, **HTMX)

    assert answer.status_code == 422
    assert "Delta Drywall is inactive in QuickBooks" in answer.content.decode()
    assert "leave/" in answer.content.decode()


def test_undo_brings_the_buttons_back(url, draft, dana, controller):
    reviewing.accept(draft, by=controller)

    answer = dana.post(url + "undo/", {"version": 2}, **HTMX).content.decode()

    assert "accept/" in answer


def test_override_box_is_a_row_of_its_own(url, draft, dana):
    box = dana.get(url + "override/", **HTMX).content.decode()

    assert f'id="mapping-{draft.source_id}-more"' in box
    assert 'role="combobox"' in box
    assert "Vendor in QuickBooks" in box


def test_saving_without_a_pick_keeps_what_was_typed(url, draft, dana):
    answer = dana.post(url + "override/", {"q": "delto", "version": 1}, **HTMX)

    assert answer.status_code == 422
    assert answer["HX-Retarget"] == f"#mapping-{draft.source_id}-more"
    assert "was not taken from the list" in answer.content.decode()


def test_none_of_these_marks_as_no_match(url, draft, dana):
    dana.post(url + "override/", {"target": "none", "version": 1}, **HTMX)

    draft.refresh_from_db()
    assert draft.state == State.NO_MATCH


def test_override_and_publish_in_one_step(url, draft, dana):
    other = RecordFactory(company=draft.company, in_ledger=True)

    answer = dana.post(
        url + "override/", {"target": other.pk, "version": 1, "publish": "1"}, **HTMX
    )

    draft.refresh_from_db()
    assert draft.state == State.PUBLISHED
    assert "Published, no. 2" in answer.content.decode()


def test_override_without_scripts_leads_back_to_where_it_began(url, draft, dana):
    came_from = "/c/acme/mappings/vendors/?tab=all"
    page = dana.get(url + "override/", headers={"referer": "http://testserver" + came_from})
    asked = {"q": "delta", "next": page.context["next"]}
    found = dana.get(url + "override/", asked, headers={"referer": "http://testserver" + url})
    sent = {"target": draft.target_id, "version": 1, "next": found.context["next"]}

    answer = dana.post(url + "override/", sent)

    assert page.content.decode().count('name="next"') == 2  # the search has it too
    assert answer.url == came_from


def test_options_come_best_first_with_no_match_last(url, draft, dana):
    RecordFactory(company=draft.company, in_ledger=True, name="Delta Drying Systems")
    RecordFactory(company=draft.company, in_ledger=True, name="Delta Drafting", inactive=True)

    box = dana.get(url + "options/?q=delta dr", **HTMX)

    options = [option["label"] for option in box.context["options"]]
    assert options == ["Delta Drywall", "Delta Drying Systems", "Delta Drafting"]
    assert "mark as no match" in box.content.decode()


def test_inactive_options_are_shown_but_cannot_be_taken(url, draft, dana):
    RecordFactory(company=draft.company, in_ledger=True, name="Delta Drafting", inactive=True)

    box = dana.get(url + "options/?q=drafting", **HTMX).content.decode()

    assert "inactive in QuickBooks" in box
    assert 'aria-disabled="true"' in box


def test_options_say_how_many_match(url, draft, dana):
    box = dana.get(url + "options/?q=delta dr", **HTMX).content.decode()

    assert "1 of 1 matches" in box


def test_no_option_says_what_to_do(url, draft, dana):
    box = dana.get(url + "options/?q=zzz", **HTMX).content.decode()

    assert "No vendor matches" in box


def test_compare_shows_fields_candidates_and_their_keys(url, draft, dana):
    panel = dana.get(url + "compare/", **HTMX).content.decode()

    assert "Same but for the spelling" in panel
    assert 'data-key="1"' in panel


@pytest.mark.parametrize("part", ["compare/", ""])
def test_refused_candidate_says_who_refused_it(part, url, draft, dana, controller):
    reviewing.no_match(draft, by=controller)

    page = dana.get(url + part, **HTMX).content.decode()

    assert "Refused by Dana Ruiz on " in page


def test_compare_says_by_field_what_speaks_for_each_candidate_and_against(url, draft, dana):
    draft.target.city = "Dallas"
    draft.target.save()
    other = RecordFactory(company=draft.company, in_ledger=True, city="Austin")
    draft.suggestion.candidates.append({"record": other.pk, "name": other.name, "score": 0.61})
    draft.suggestion.save()

    panel = dana.get(url + "compare/", **HTMX)

    first, second = panel.context["candidates"]
    assert (first.speaks_for, first.speaks_against) == ("name but for the spelling", "city")
    assert (second.speaks_for, second.speaks_against) == ("city", "name")
    assert "36 points ahead of the next candidate." in panel.content.decode()


def test_compare_shows_earlier_decisions_on_the_name(url, draft, dana, admin):
    twin = RecordFactory(company=draft.company, name="Delta Drywall, Inc.", code="PC-7")
    RecordFactory(company=draft.company, name="Delta Drywall Co")  # nobody decided
    other = RecordFactory(company=draft.company, name="Delta Drywells")
    reviewing.override(twin, draft.target, by=admin)
    reviewing.no_match(other, by=admin)

    panel = dana.get(url + "compare/", **HTMX)

    (found,) = panel.context["namesakes"]
    assert (found.name, found.decision) == (twin.name, "accepted as Delta Drywall")
    assert "Earlier decisions on this name" in panel.content.decode()


def test_override_offers_rows_that_look_the_same(url, draft, dana):
    twin = RecordFactory(company=draft.company, name="Delta Drywall, Inc.")
    other = RecordFactory(company=draft.company, in_ledger=True)

    answer = dana.post(url + "override/", {"target": other.pk, "version": 1}, **HTMX)
    offered = dana.get(url + "like/", **HTMX).content.decode()

    assert "1 more looks the same." in answer.content.decode()
    assert f'value="{twin.pk}" id="like-{twin.pk}">' in offered


def test_rows_that_look_the_same_take_the_same_record(url, draft, dana, controller):
    twin = RecordFactory(company=draft.company, name="Delta Drywall, Inc.")
    other = RecordFactory(company=draft.company, in_ledger=True)
    reviewing.override(draft, other, by=controller)

    version = dana.get(url + "like/", **HTMX).context["row"].version
    dana.post(url + "like/", {"ids": [twin.pk], "version": version}, **HTMX)

    assert Mapping.objects.get(source=twin).target == other


@pytest.mark.parametrize("headers", [{}, HTMX])
def test_rows_that_look_the_same_do_not_take_what_was_not_shown(
    headers, url, draft, dana, controller, admin
):
    twin = RecordFactory(company=draft.company, name="Delta Drywall, Inc.")
    one, other = RecordFactory.create_batch(2, company=draft.company, in_ledger=True)
    shown = reviewing.override(draft, one, by=controller).version
    page = dana.get(url + "like/", **headers).content.decode()
    reviewing.override(draft, other, by=admin)

    answer = dana.post(url + "like/", {"ids": [twin.pk], "version": shown}, **headers)

    assert f'name="version" value="{shown}"' in page
    assert answer.status_code == 409
    assert not Mapping.objects.filter(source=twin).exists()


@pytest.mark.parametrize(("was_published", "offered"), [(False, True), (True, False)])
def test_undo_is_offered_only_where_it_leads_somewhere(
    was_published, offered, company, pulled, dana
):
    left = MappingFactory(company=company, left=True)
    if was_published:
        PublicationLineFactory(company=company, mapping=left)

    for path in ("?tab=left", f"{left.source_id}/"):
        page = dana.get(f"/c/acme/mappings/vendors/{path}").content.decode()
        assert ("undo/" in page, "override/" in page) == (offered, True)


@pytest.mark.parametrize("target", ["²", "9" * 20, "a\x00b"])
def test_target_that_is_no_record_is_asked_for_again(target, url, draft, dana):
    assert dana.post(url + "override/", {"target": target, "version": 1}).status_code == 422

    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_note_with_a_sign_that_no_text_has_is_refused(url, dana):
    assert dana.post(url + "comment/", {"text": "a\x00b"}).status_code == 422
    assert not Entry.objects.filter(verb=Verb.COMMENTED).exists()


@pytest.mark.parametrize("said", [{"version": "²"}, {"version": 1, "note": "a\x00b"}])
def test_decision_that_cannot_be_read_is_not_half_taken(said, url, draft, dana):
    assert dana.post(url + "leave/", said).status_code == 422

    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_candidates_carry_the_companys_own_bands(draft, url, dana, company):
    company.settings.vendor_high = Decimal("0.990")
    company.settings.save()

    assert "<b>97%</b> <span>medium</span>" in dana.get(url + "compare/", **HTMX).content.decode()
