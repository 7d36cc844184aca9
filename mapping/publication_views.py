"""What was put in force before, how two publications differ, and taking mappings back."""

from collections import Counter
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common import csv_out
from common.errors import Conflict
from common.seen import fingerprint, ids_of, number
from companies.access import Action, CompanyRequest, may, refusal, requires
from mapping import in_force, publishing, showing, waiting
from mapping.forms import DecisionForm, ReasonForm
from mapping.models import Kind, Mapping, Publication
from mapping.targets import Systems

LINES = 100
BILLS = 50


@require_safe
@requires(Action.SEE_MAPPINGS)
def publications(request: CompanyRequest) -> HttpResponse:
    found = (
        request.company.publications.select_related("by")
        .annotate(count=Count("lines"))
        .order_by("-number")
    )
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    latest = page.paginator.count
    context = {"page": page, "compare": {"from": max(latest - 1, 1), "to": latest}}
    return render(request, "mapping/publications.html", context)


@require_safe
@requires(Action.SEE_MAPPINGS)
def publication(request: CompanyRequest, number: int) -> HttpResponse:
    found = get_object_or_404(request.company.publications.select_related("by"), number=number)
    lines = found.lines.select_related("mapping", "target").defer(
        "target__payload", "target__search_text"
    )
    page = Paginator(lines.order_by("mapping__kind", "source_label", "pk"), LINES).get_page(
        request.GET.get("page")
    )
    for line in page:
        line.mapping.company = request.company
    bills = Paginator(range(found.bills_unblocked), BILLS).get_page(request.GET.get("bills"))
    start = max(bills.start_index() - 1, 0)
    context = {
        "publication": found,
        "page": page,
        "before": found.number - 1,
        "bills_page": bills,
        "bills": waiting.bills().let_go(found, start, bills.end_index()),
        "in_force": found.mappings.count(),
        "systems": Systems.of(request.company),
        "rights": showing.Rights.of(request),
        "refusal": ""
        if may(request.membership, Action.UNPUBLISH)
        else refusal(request.company, Action.UNPUBLISH),
    }
    return render(request, "mapping/publication.html", context)


@require_safe
@requires(Action.SEE_MAPPINGS)
def compare(request: CompanyRequest) -> HttpResponse:
    """What came into force and what went between any two publications."""
    first, second = _two(request)
    found = in_force.differences(request.company, first, second)
    counted = Counter((each.kind, each.what) for each in found)
    page = Paginator(found, LINES).get_page(request.GET.get("page"))
    context = {
        "first": first,
        "second": second,
        "count": len(found),
        "counted": [(kind.label, what, n) for (kind, what), n in counted.items()],
        "page": page,
        "query": urlencode({"from": first.number, "to": second.number}),
    }
    return render(request, "mapping/publications_compared.html", context)


@require_safe
@requires(Action.EXPORT)
def compared_csv(request: CompanyRequest) -> StreamingHttpResponse:
    first, second = _two(request)
    found = in_force.differences(request.company, first, second)
    return csv_out.attachment(
        f"publications-{request.company.slug}-{first.number}-{second.number}.csv",
        ("Kind", "Change", "Source", f"After no. {first.number}", f"After no. {second.number}"),
        ((each.kind.label, each.what, each.source, each.before, each.after) for each in found),
        count=len(found),
    )


def _two(request: CompanyRequest) -> tuple[Publication, Publication]:
    """The two that are asked for, the earlier one first; else the last two."""
    rows = request.company.publications.select_related("by")
    if not request.GET.keys() & {"from", "to"}:
        last = rows.first()
        asked = [max(last.number - 1, 1), last.number] if last else [0, 0]
    else:
        asked = sorted(number(request.GET.get(name, "")) or 0 for name in ("from", "to"))
    first, second = (get_object_or_404(rows, number=one) for one in asked)
    return first, second


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.UNPUBLISH)
def unpublish(request: CompanyRequest) -> HttpResponse:
    """What would follow, then a reason, then it is done. Rows come by ids or by publication."""
    given = request.POST if request.method == "POST" else request.GET
    chosen = request.company.mappings.published().with_records()
    ids, numbered = ids_of(given), number(given.get("publication", ""))
    if numbered is not None and not ids:
        chosen = chosen.filter(publication__number=numbered)
    else:
        chosen = chosen.filter(source_id__in=ids)
    rows = list(chosen.order_by("kind", "source__name"))
    form = ReasonForm(request.POST if request.method == "POST" else None)
    versions = {row.pk: row.version for row in rows}
    seen = fingerprint(versions.items())
    if request.method == "POST" and form.is_valid():
        if given.get("seen") != seen:
            raise Conflict("Some of these changed meanwhile. Nothing was unpublished. Look again.")
        done = publishing.unpublish(
            rows,
            by=request.user,
            reason=form.cleaned_data["reason"],
            membership=request.membership,
            versions=versions,
        )
        text = f"{len(done):,} mapping{'' if len(done) == 1 else 's'} unpublished."
        messages.success(request, f"{text} Accepted, not published.")
        first = done[0]
        return redirect(
            first.get_absolute_url()
            if len(done) == 1
            else reverse("mapping:review", args=[request.company.slug, Kind(first.kind).slug])
            + "?tab=accepted"
        )
    chosen_ids = [row.pk for row in rows]
    again, sent = publishing.consequences(request.company, chosen_ids)
    address = request.GET.copy()
    for name in ("page", "sent"):
        address.pop(name, None)
    context: dict[str, Any] = showing.sent_with(request, rows) | {
        "rows": rows,
        "page": Paginator(rows, LINES).get_page(request.GET.get("page")),
        "address": address.urlencode(),
        "seen": seen,
        "numbered": None if ids else numbered,
        "form": form,
        "again": again,
        "already_sent": sent,
        "systems": Systems.of(request.company),
    }
    status = 422 if request.method == "POST" else 200
    return render(request, "mapping/unpublish.html", context, status=status)


@require_POST
@requires(Action.PUBLISH)
def confirm(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    """The target was renamed and is still the right one."""
    row = showing.row_or_404(request, kind, pk)
    form = DecisionForm(request.POST)
    form.is_valid()
    try:
        if row.mapping is None or row.mapping.state != Mapping.State.PUBLISHED:
            raise Conflict("This is not published any more, so nothing was confirmed.")
        publishing.confirm_stale(
            row.mapping, by=request.user, version=form.cleaned_data.get("version")
        )
    except Conflict as conflict:
        if not request.htmx:
            raise
        row = showing.row_or_404(request, kind, pk)
        row.problem = str(conflict)
        return showing.row_answer(request, kind, row, status=conflict.status)
    if request.htmx:
        return showing.row_answer(request, kind, showing.row_or_404(request, kind, pk))
    messages.success(request, f"{row.source.name}: confirmed and in force again.")
    return showing.back(request, row.url)
