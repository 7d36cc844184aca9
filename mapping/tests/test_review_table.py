"""The review table: its rows, bands, filters, the rows decided together, drafting's progress."""

import json

import pytest

from connectors.tests.factories import RecordFactory
from mapping import drafting, reviewing
from mapping.models import Kind, Mapping
from mapping.tests.factories import (
    MappingFactory,
    SuggestionFactory,
)
from mapping.waiting import Waits

pytestmark = pytest.mark.django_db
HTMX = {"HTTP_HX_REQUEST": "true"}
State = Mapping.State


def test_row_shows_both_names_score_and_reason(draft, dana):
    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    for words in ("Delta Drywall LLC", "PC-10207 · Austin", "V-1540", "97%", "Same name but for"):
        assert words in page


def test_row_shows_the_money_that_waits(draft, dana, bills):
    bills.waits[draft.source_id] = Waits(3, 41200)

    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert f'<a href="/bills-of/{draft.source_id}/"' in page
    assert "3 · $41,200.00" in page


@pytest.mark.parametrize(
    ("alone", "words"),
    [
        (Waits(3, 41200), None),
        (Waits(3, 41200, 2, 38900), "Publish this and 2, $38,900.00, can go"),
        (Waits(3, 41200, 3, 41200), "Publish this and all can go"),
    ],
)
def test_row_says_what_publishing_it_alone_lets_go(alone, words, draft, dana, bills):
    bills.waits[draft.source_id] = alone

    page = dana.get("/c/acme/mappings/vendors/").content.decode()

    assert words in page if words else "Publish this" not in page


@pytest.mark.parametrize("state", ["left", "no_match"])
def test_what_the_machine_finds_later_is_a_note_on_a_decided_row(state, company, pulled, dana):
    mapping = MappingFactory(company=company, **{state: True})
    before = Mapping.objects.filter(pk=mapping.pk).values().get()
    found = RecordFactory(company=company, in_ledger=True, name="Granite Works")
    SuggestionFactory(company=company, source=mapping.source, target=found)

    page = dana.get(f"/c/acme/mappings/vendors/?tab={state}").content.decode()

    assert "Found since: Granite Works 97%. Your decision stands." in page
    assert Mapping.objects.filter(pk=mapping.pk).values().get() == before


@pytest.mark.parametrize("what", ["its own target", "what was turned down", "less sure", "older"])
def test_no_note_where_the_machine_has_nothing_better(what, draft, dana, controller):
    other = RecordFactory(company=draft.company, in_ledger=True, name="Granite Works")
    fields = {"company": draft.company, "source": draft.source, "target": other}
    if what == "older":
        SuggestionFactory(**fields)
    if what == "what was turned down":
        reviewing.override(draft, other, by=controller)
        SuggestionFactory(**fields | {"target": draft.target})
    else:
        reviewing.accept(draft, by=controller)
    if what == "its own target":
        SuggestionFactory(**fields | {"target": draft.target})
    if what == "less sure":
        SuggestionFactory(**fields, confidence="0.900")

    page = dana.get("/c/acme/mappings/vendors/?tab=accepted").content.decode()

    assert "Found since" not in page
    assert "1 of 1 decided" in page


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


def test_ticked_rows_come_back_in_their_places(draft, dana):
    path = "/c/acme/mappings/vendors/accept-many/"
    answer = dana.post(path, {"ids": [draft.seen]}, **HTMX)

    page = answer.content.decode()
    assert f'<hx-partial hx-target="#mapping-{draft.source_id}"' in page
    assert "Accepted, not published" in page
    assert 'data-key="u"' in page
    assert set(json.loads(answer["HX-Trigger"])) == {"toast", "decided"}


def test_of_the_ticked_rows_those_that_changed_come_back_as_they_are(draft, dana):
    other = MappingFactory(company=draft.company, draft=True)
    ticked = [draft.seen, other.seen]
    redraft(draft)

    answer = dana.post("/c/acme/mappings/vendors/leave-many/", {"ids": ticked}, **HTMX)

    page = answer.content.decode()
    assert answer.status_code == 409
    assert f"#mapping-{draft.source_id}" in page
    assert f"#mapping-{other.source_id}" not in page


def test_bulk_can_be_undone_where_it_was_made(draft, dana):
    shown = dana.get(MANY, **HTMX).context["seen"]
    answer = dana.post(MANY, {"seen": shown}, **HTMX)

    dana.post(
        "/c/acme/mappings/vendors/undo-together/",
        {"at": answer.context["undo"].isoformat()},
        **HTMX,
    )

    draft.refresh_from_db()
    assert "1 draft accepted, not published." in answer.content.decode()
    assert 'id="undo-together"' in answer.content.decode()
    assert draft.state == State.DRAFT


@pytest.mark.parametrize("at", ["", "yesterday", "2026-11-20T09:40", "2026-99-20T09:40Z"])
def test_undo_that_names_no_moment_is_refused(at, draft, dana):
    answer = dana.post("/c/acme/mappings/vendors/undo-together/", {"at": at}, **HTMX)

    assert answer.status_code == 422


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
