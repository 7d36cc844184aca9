"""Pages to look at: the hub, the review table, one mapping, and how drafting gets on."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from companies.access import Action, CompanyRequest, may, refusal, requires
from mapping import (
    combining,
    comparing,
    drafting,
    history,
    namesakes,
    offering,
    publishing,
    riding,
    showing,
    waiting,
    worklist,
)
from mapping.forms import FilterForm
from mapping.models import Kind, Mapping, SuggestionRun, drafted_kinds
from mapping.rows import Row
from mapping.targets import Systems
from mapping.worklist import Worklist

BILLS_SHOWN = 20
HISTORY_SHOWN = 50


@require_safe
@requires(Action.SEE_MAPPINGS)
def hub(request: CompanyRequest) -> HttpResponse:
    company = request.company
    systems = Systems.of(company)
    kinds = worklist.summaries(company, systems)
    context = {
        "kinds": kinds,
        "systems": systems,
        "accepted": publishing.waiting_for(company),
        "last": company.publications.select_related("by").first(),
        "rights": showing.Rights.of(request),
    }
    return render(request, "mapping/hub.html", context)


@require_safe
@requires(Action.SEE_MAPPINGS)
def review(request: CompanyRequest, kind: Kind) -> HttpResponse:
    filters = showing.filters_of(request)
    if request.GET.get("sort") and request.session.get(showing.SORT_KEPT_AS) != filters.sort:
        request.session[showing.SORT_KEPT_AS] = filters.sort
    work = Worklist(request.company, showing.kind_in_use(request, kind), filters)
    after = request.GET.get("after", "")
    context = showing.page_of(request, work, after)
    if request.htmx:
        part = "_more.html" if after else "_results_answer.html"
        return render(request, f"mapping/{part}", context)
    context |= {
        "form": FilterForm(filters.as_query() | {"sort": filters.sort}),
        "run": showing.run_to_show(request, kind),
        "is_drafted": kind in drafted_kinds(request.company.settings),
    }
    return render(request, "mapping/review.html", context)


@require_safe
@requires(Action.SEE_MAPPINGS)
def around(request: CompanyRequest, kind: Kind) -> HttpResponse:
    """What is counted around the table, after something in it was decided."""
    if not request.htmx:
        return redirect(showing.list_url(request, kind))
    filters = showing.filters_of(request)
    work = Worklist(request.company, showing.kind_in_use(request, kind), filters)
    return render(request, "mapping/_around.html", showing.frame(request, work))


@require_safe
@requires(Action.SEE_MAPPINGS)
def detail(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    row = showing.row_or_404(request, kind, pk)
    source, mapping = row.source, row.mapping
    suggestion = mapping.suggestion if mapping and mapping.suggestion else None
    suggestion = suggestion or comparing.latest_suggestion(request.company, source)
    rights = showing.Rights.of(request)
    systems = Systems.of(request.company)
    timeline = history.Timeline(request.company, source, mapping)
    told = Paginator(range(len(timeline)), HISTORY_SHOWN).get_page(request.GET.get("history"))
    context = {
        "row": row,
        "kind": kind,
        "rights": rights,
        "systems": systems,
        "fields": comparing.fields(source, mapping.target if mapping else None),
        "suggestion": suggestion,
        "second_opinion": comparing.second_opinion(suggestion),
        "candidates": comparing.candidates(suggestion, request.company, kind, row.source),
        "events": timeline[max(told.start_index() - 1, 0) : told.end_index()],
        "told": told,
        **showing.sent_with(request, [mapping] if mapping else []),
        "address": "",
        "bills": waiting.bills().using(request.company, source.pk, BILLS_SHOWN),
        "refusal": _refusal(request, row),
        "offer": offering.offer(request.company, kind, systems.ledger_end)
        if row.can_be_decided
        else None,
        "list_url": showing.list_url(request, kind),
        "may_ride": any(kind in kinds for kinds in riding.TAKES.values()),
        "is_drafted": kind in drafted_kinds(request.company.settings),
        "may_differ": source.kind in combining.LINE_KINDS,
    }
    return render(request, "mapping/detail.html", context)


def _refusal(request: CompanyRequest, row: Row) -> str:
    """Who can do what this person cannot do here."""
    published = row.mapping is not None and row.mapping.state == Mapping.State.PUBLISHED
    action = Action.UNPUBLISH if published else Action.DECIDE
    return "" if may(request.membership, action) else refusal(request.company, action)


@require_safe
@requires(Action.SEE_MAPPINGS)
def compare(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    row = showing.row_or_404(request, kind, pk)
    if not request.htmx:
        return redirect(row.url)
    mapping = row.mapping
    suggestion = mapping.suggestion if mapping and mapping.suggestion else None
    suggestion = suggestion or comparing.latest_suggestion(request.company, row.source)
    choices = comparing.candidates(suggestion, request.company, kind, row.source)
    beside = mapping.target if mapping and mapping.target else None
    if beside is None and choices:
        beside = choices[0].record
    context: dict[str, Any] = {
        "row": row,
        "kind": kind,
        "rights": showing.Rights.of(request),
        "systems": Systems.of(request.company),
        "beside": beside,
        "fields": comparing.fields(row.source, beside),
        "candidates": choices,
        "second_opinion": comparing.second_opinion(suggestion),
        "lead": comparing.lead(suggestion),
        "events": history.Timeline(request.company, row.source, mapping)[:3],
        "namesakes": namesakes.decided(request.company, kind, row.source),
    }
    return render(request, "mapping/_compare.html", context)


@require_POST
@requires(Action.DECIDE)
def draft(request: CompanyRequest, kind: Kind) -> HttpResponse:
    started = drafting.start(request.company, showing.kind_in_use(request, kind), by=request.user)
    if request.htmx:
        return render(request, "mapping/_run.html", _progress_of(started))
    messages.info(request, f"Drafting {kind.label.lower()}. You can leave; it goes on.")
    return redirect(showing.list_url(request, kind))


@require_safe
@requires(Action.SEE_MAPPINGS)
def run(request: CompanyRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(request.company.suggestion_runs, pk=pk)
    if not request.htmx:
        return redirect(
            reverse("mapping:review", args=[request.company.slug, Kind(found.kind).slug])
        )
    return render(request, "mapping/_run.html", _progress_of(found))


def _progress_of(found: SuggestionRun) -> dict[str, Any]:
    age = (timezone.now() - found.created_at).total_seconds()
    return {"run": found, "slow": age > 60}
