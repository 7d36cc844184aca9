"""The trail page: who did this, when, and what it was before."""

from typing import Any
from zoneinfo import ZoneInfo

from django.core.paginator import Paginator
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from audit.querysets import EntryQuerySet
from common import csv_out
from common.dates import today
from companies.access import Action, CompanyRequest, may, requires
from companies.models import User
from reports import activity
from reports.filters import TrailFilter

PAGE_SIZE = 50


@require_safe
@requires(Action.SEE_TRAIL)
def trail(request: CompanyRequest) -> HttpResponse:
    found = _filter(request)
    entries = found.qs
    listed = entries if found.is_narrow else entries.folded()
    # A search reads the whole trail when little matches: once is enough then, without counting.
    first = list(listed[: PAGE_SIZE + 1])
    paginator = Paginator(first if len(first) <= PAGE_SIZE else listed, PAGE_SIZE)
    page = paginator.get_page(request.GET.get("page"))
    shown = first[:PAGE_SIZE] if page.number == 1 else list(page)
    here = request.GET.copy()
    here.pop("page", None)
    next_url = ""
    if page.has_next():
        asked = here.copy()
        asked["page"] = str(page.next_page_number())
        next_url = f"?{asked.urlencode()}"
    context: dict[str, Any] = {
        "filter": found,
        "lines": [activity.Line(entry) for entry in shown]
        if found.is_narrow
        else activity.fold(shown),
        "page": page,
        "shown": page.end_index(),
        # The file has every line, folded or not; the same number when nothing is folded.
        "entries": page.paginator.count if found.is_narrow else entries.count(),
        "next_url": next_url,
        "query": here.urlencode(),
        "exports": may(request.membership, Action.EXPORT),
    }
    return render(request, _template(request), context)


@require_safe
@requires(Action.SEE_TRAIL)
def act(request: CompanyRequest, pk: int) -> HttpResponse:
    """The lines one entry speaks for. Opened directly, it is the trail filtered to them."""
    lead = get_object_or_404(request.company.trail, pk=pk)
    page_url = reverse("reports:trail", args=[request.company.slug]) + f"?act={pk}"
    if not request.htmx:
        return redirect(page_url)
    is_open = "fold" not in request.GET
    rows = request.company.trail.of_the_act_of(lead)[:PAGE_SIZE] if is_open else []
    context = {
        "entry": lead,
        "line": activity.fold([lead])[0],
        "rows": [activity.Line(entry) for entry in rows],
        "is_open": is_open,
        "page_url": page_url,
    }
    return render(request, "reports/_act.html", context)


@require_safe
@requires(Action.EXPORT)
def export(request: CompanyRequest) -> HttpResponseBase:
    entries: EntryQuerySet = _filter(request).qs
    zone = request.company.settings.time_zone
    return csv_out.attachment(
        f"trail-{request.company.slug}-{today(zone):%Y-%m-%d}.csv",
        activity.HEADS,
        activity.rows(entries, ZoneInfo(zone)),
        count=entries.count(),
    )


def _filter(request: CompanyRequest) -> TrailFilter:
    return TrailFilter(
        request.GET,
        queryset=request.company.trail.all(),
        people=User.objects.order_by("name"),
    )


def _template(request: CompanyRequest) -> str:
    if not request.htmx or request.htmx.history_restore_request:
        return "reports/trail.html"
    return "reports/_more.html" if request.htmx.target == "rows" else "reports/_results.html"
