from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.models import Entry, Verb
from connectors.models import Connection
from connectors.tests.factories import RecordFactory
from mapping import drafting, publishing, reviewing
from mapping.models import Kind, Mapping
from mapping.tests.factories import (
    MappingFactory,
    PublicationFactory,
    PublicationLineFactory,
    SuggestionFactory,
)
from mapping.waiting import WaitingBill, Waits

pytestmark = pytest.mark.django_db
State = Mapping.State
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


@pytest.fixture
def pulled(company):
    """Both lists were pulled once."""
    RecordFactory(company=company, project=True)
    RecordFactory(company=company, account=True)
    Connection.objects.filter(company=company).update(last_pulled_at="2026-11-20T09:40Z")


@pytest.fixture
def draft(company, pulled):
    source = RecordFactory(
        company=company, name="Delta Drywall LLC", code="PC-10207", city="Austin"
    )
    target = RecordFactory(company=company, in_ledger=True, name="Delta Drywall", code="V-1540")
    mapping = MappingFactory(company=company, source=source, target=target, draft=True)
    PublicationFactory(company=company, number=1)
    return mapping


@pytest.fixture
def url(draft):
    return f"/c/acme/mappings/vendors/{draft.source_id}/"


@pytest.fixture
def dana(client_for, controller):
    return client_for(controller)


# --- Fences


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
    assert draft.state == State.DRAFT


@pytest.mark.parametrize("act", ["", "accept/", "override/", "compare/", "options/", "like/"])
def test_row_of_another_company_is_not_there(act, dana, pulled):
    other = MappingFactory(draft=True)
    send = dana.post if act == "accept/" else dana.get

    assert send(f"/c/acme/mappings/vendors/{other.source_id}/{act}").status_code == 404


@pytest.mark.parametrize(
    "path", ["unpublish/", "publish/", "vendors/draft/", "vendors/accept-many/"]
)
def test_viewer_changes_nothing(path, draft, client_for, viewer):
    assert client_for(viewer).post(f"/c/acme/mappings/{path}").status_code == 403


def test_unpublishing_is_for_admins(draft, dana, admin):
    answer = dana.get("/c/acme/mappings/unpublish/", **HTMX)

    assert "Only an admin can unpublish. Ask Priya Shah." in answer["HX-Trigger"]


def test_kind_the_company_does_not_use_is_not_there(dana, pulled):
    assert dana.get("/c/acme/mappings/cost-types/").status_code == 404


# --- The review table


def test_row_shows_both_names_score_and_reason(draft, dana):
    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    for words in ("Delta Drywall LLC", "PC-10207 · Austin", "V-1540", "97%", "Same name but for"):
        assert words in page


def test_row_shows_the_money_that_waits(draft, dana, bills):
    bills.waits[draft.source_id] = Waits(3, 41200)

    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert f'<a href="/bills-of/{draft.source_id}/"' in page
    assert "3 · $41,200.00" in page


def test_bands_say_how_many_and_from_where(draft, dana):
    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert "High, 95% and above:</b> 1 draft." in page
    assert "Accept 1…" in page


def test_close_second_keeps_a_draft_out_of_accept_all(draft, dana):
    other = RecordFactory(company=draft.company, in_ledger=True, name="Delta Drywells")
    draft.suggestion.candidates.append({"record": other.pk, "name": other.name, "score": 0.95})
    draft.suggestion.save()
    draft.runner_up = "0.950"
    draft.save()

    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert "Close second: Delta Drywells 95%" in page
    assert "1 is held back: a close second match." in page
    assert "Accept 1…" not in page


@pytest.mark.parametrize("was_undone", [False, True])
def test_record_without_a_draft_can_be_given_one(was_undone, pulled, dana, company):
    record = RecordFactory(company=company, name="Zebra Tiling")
    if was_undone:
        MappingFactory(company=company, source=record, no_draft=True)

    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert "No draft:</b> 1 vendor." in page
    assert "Choose " in page
    assert "0 of 1 decided" in page
    assert "Undo" not in page


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("", True),
        ("q=delta", True),
        ("q=v-1540", True),
        ("q=harbor", False),
        ("band=high", True),
        ("band=medium", False),
        ("band=none", False),
        ("waiting=some", False),
        ("waiting=none", True),
        ("tab=accepted", False),
        ("tab=all&sort=name", True),
        ("sort=confidence", True),
        ("sort=-money", True),
        ("band=nonsense&sort=nonsense&tab=nonsense", True),
        ("after=nonsense", True),
        ("after=NaN~1", True),
    ],
)
def test_filters_stand_in_the_address(query, found, draft, dana):
    page = dana.get(f"/c/acme/mappings/vendors/?{query}").content.decode()

    assert ("Delta Drywall LLC" in page) is found


def test_filters_that_find_nothing_offer_to_clear_them(draft, dana):
    page = dana.get("/c/acme/mappings/vendors/?q=harbor").content.decode()

    assert "No draft matches these filters." in page
    assert "Clear filters" in page


def test_sort_is_remembered(draft, dana):
    dana.get("/c/acme/mappings/vendors/?sort=name")

    page = dana.get("/c/acme/mappings/vendors/").content.decode()
    assert '<option value="name" selected>' in page


def test_htmx_gets_the_results_alone(draft, dana):
    page = dana.get("/c/acme/mappings/vendors/?q=delta", **HTMX).content.decode()

    assert page.strip().startswith('<div id="results"')
    assert "<html" not in page


def test_next_fifty_begin_behind_the_last_row_whatever_was_decided(
    company, pulled, dana, controller
):
    sources = [RecordFactory(company=company, name=f"Vendor {n:03}") for n in range(60)]
    for source in sources:
        MappingFactory(company=company, source=source, draft=True)
    first = dana.get("/c/acme/mappings/vendors/")
    for mapping in company.mappings.filter(source__in=sources[:20]):
        reviewing.accept(mapping, by=controller)

    more = dana.get(
        f"/c/acme/mappings/vendors/?{first.context['next_query']}", **HTMX
    ).content.decode()

    assert [name for name in (f"Vendor {n:03}" for n in range(60)) if f">{name}<" in more] == [
        f"Vendor {n:03}" for n in range(50, 60)
    ]


def test_all_decided_says_what_comes_next(draft, dana, controller):
    reviewing.accept(draft, by=controller)

    page = dana.get("/c/acme/mappings/vendors/").content.decode()
    assert "The only vendor is decided. 1 waits to be published." in page


def test_before_the_first_pull_the_page_says_so(company, dana):
    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert "has not been pulled yet. Connect or pull now." in page


def test_accountant_sees_decisions_but_no_buttons(draft, client_for, accountant, admin):
    page = client_for(accountant).get("/c/acme/mappings/vendors/").content.decode()

    assert "accept/" not in page
    assert "can decide mappings. Ask Priya Shah." in page


# --- Deciding, without scripts


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


# --- Deciding, in the table


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


# --- Several at once


MANY = "/c/acme/mappings/vendors/accept-many/"


def test_dialog_counts_what_it_would_accept(draft, dana):
    dialog = dana.get(MANY, **HTMX)

    assert "Accept 1 draft of vendors" in dialog.content.decode()
    assert f'name="seen" value="{dialog.context["seen"]}"' in dialog.content.decode()


def test_bulk_accepts_what_was_counted(draft, dana):
    shown = dana.get(MANY, **HTMX).context["seen"]

    answer = dana.post(MANY, {"seen": shown}, **HTMX)

    draft.refresh_from_db()
    assert (answer.status_code, draft.state) == (200, State.ACCEPTED)
    assert "1 draft accepted" in answer["HX-Trigger"]


@pytest.mark.parametrize("sent", [{}, {"seen": "another"}])
def test_bulk_with_other_rows_than_shown_answers_the_fresh_dialog(sent, draft, dana):
    answer = dana.post(MANY, sent, **HTMX)

    draft.refresh_from_db()
    assert (answer.status_code, draft.state) == (409, State.DRAFT)
    assert answer["HX-Retarget"] == "#dialog"
    assert "Now 1. Look again. Nothing was saved." in answer.content.decode()


def redraft(mapping):
    """The machine finds another record for it, as sure as before."""
    mapping.suggestion = SuggestionFactory(
        company=mapping.company, run=mapping.suggestion.run, source=mapping.source
    )
    mapping.redraft(mapping.suggestion)
    mapping.save()


def test_draft_that_was_replaced_is_not_accepted_with_the_others_unseen(draft, dana):
    shown = dana.get(MANY, **HTMX).context["seen"]
    redraft(draft)

    assert dana.post(MANY, {"seen": shown}, **HTMX).status_code == 409

    draft.refresh_from_db()
    assert draft.state == State.DRAFT


def test_bulk_works_without_scripts(draft, dana):
    page = dana.get(MANY)
    answer = dana.post(MANY, {"seen": page.context["seen"]})

    assert "<html" in page.content.decode()
    assert answer.url == "/c/acme/mappings/vendors/"


@pytest.mark.parametrize(
    ("path", "state"), [("accept-many/", State.ACCEPTED), ("leave-many/", State.LEFT)]
)
def test_ticked_rows_are_decided(path, state, draft, dana):
    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    dana.post(f"/c/acme/mappings/vendors/{path}", {"ids": [draft.seen]}, **HTMX)

    draft.refresh_from_db()
    assert f'value="{draft.pk}:1" form="ticked"' in page
    assert draft.state == state


@pytest.mark.parametrize("path", ["accept-many/", "leave-many/"])
def test_ticked_row_that_was_drafted_anew_is_not_decided_unseen(path, draft, dana):
    ticked = draft.seen
    redraft(draft)

    answer = dana.post(f"/c/acme/mappings/vendors/{path}", {"ids": [ticked]}, **HTMX)

    draft.refresh_from_db()
    assert (answer.status_code, draft.state) == (409, State.DRAFT)


# --- Drafting


def test_drafting_answers_with_its_progress(draft, dana):
    answer = dana.post("/c/acme/mappings/vendors/draft/", **HTMX).content.decode()

    assert "waiting to start" in answer
    assert "hx-trigger" in answer


def test_progress_lands_inside_the_place_it_asks_for_again(draft, dana):
    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert 'hx-target="#drafting" hx-swap="innerHTML"' in page
    assert '<div id="drafting">' in page


def test_progress_stops_asking_when_the_run_is_over(draft, dana, controller):
    run = drafting.start(draft.company, Kind.VENDOR, by=controller)
    drafting.draft(run)

    answer = dana.get(f"/c/acme/mappings/runs/{run.pk}/", **HTMX).content.decode()

    assert "hx-trigger" not in answer
    assert "1 record looked at" in answer


def test_run_of_another_company_is_not_there(draft, dana):
    run = SuggestionFactory().run

    assert dana.get(f"/c/acme/mappings/runs/{run.pk}/").status_code == 404


# --- One mapping


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


# --- Hub


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


# --- Publishing


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


# --- Budgets


@pytest.mark.parametrize("path", PAGES)
def test_page_takes_twelve_queries_at_most(path, draft, dana, django_assert_max_num_queries):
    MappingFactory.create_batch(5, company=draft.company, draft=True)
    dana.get("/c/acme/mappings/")  # notes the visit

    with django_assert_max_num_queries(12):
        dana.get(path.format(source=draft.source_id))


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


@pytest.mark.parametrize("part", ["options/?q=delta", "compare/", "override/"])
def test_fragment_takes_twelve_queries_at_most(part, url, dana, django_assert_max_num_queries):
    dana.get("/c/acme/mappings/")

    with django_assert_max_num_queries(12):
        dana.get(url + part, **HTMX)


def test_urls_are_named_by_kind(draft):
    assert reverse("mapping:review", args=["acme", Kind.COST_CODE]) == (
        "/c/acme/mappings/cost-codes/"
    )


# --- Nonsense


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


def test_candidates_carry_the_companys_own_bands(draft, url, dana, company):
    company.settings.vendor_high = Decimal("0.990")
    company.settings.save()

    assert "<b>97%</b> <span>medium</span>" in dana.get(url + "compare/", **HTMX).content.decode()


def test_drafting_that_broke_off_unseen_says_so_until_the_next_go(draft, dana, company):
    run = company.suggestion_runs.create(
        kind="vendor", state="failed", notice="It broke off five times."
    )

    page = dana.get("/c/acme/mappings/vendors/").content.decode()
    run.pk = None
    run.state, run.notice = "done", ""
    run.save()
    after = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert "Drafting stopped. It broke off five times." in page
    assert 'id="draft-again"' in page
    assert "Drafting stopped" not in after
