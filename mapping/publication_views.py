"""Putting decisions in force, taking them back, and what was put in force before."""

from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from common.errors import Conflict
from common.seen import fingerprint, ids_of, number
from companies.access import Action, CompanyRequest, may, refusal, requires
from mapping import publishing, showing
from mapping.forms import DecisionForm, ReasonForm
from mapping.models import Kind, Mapping
from mapping.publishing import Preview
from mapping.targets import Systems

SHOWN = 20  # of each kind; the rest goes along, and the review table lists it
LINES = 100


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.SEE_MAPPINGS)
def publish(request: CompanyRequest) -> HttpResponseBase:
    if request.method == "POST":
        return _publish(request)
    return _preview(request, publishing.preview(request.company, by=request.user))


@requires(Action.PUBLISH)
def _publish(request: CompanyRequest) -> HttpResponse:
    ticked, listed = ids_of(request.POST), ids_of(request.POST, "listed")
    try:
        with transaction.atomic():
            publishing.lock_company(request.company)  # a list that is being pulled waits
            preview = publishing.preview(request.company, by=request.user)
            if request.POST.get("seen") != _shown(preview):
                raise Conflict(
                    "Something was published, decided or renamed meanwhile, so nothing was"
                    " published. This is how it stands now."
                )
            shown = {row.pk: row.version for each in preview.kinds for row in each.mappings}
            only = {pk: shown[pk] for pk in shown if pk in ticked or pk not in listed}
            if not only:
                raise Conflict("No mapping is ticked, so nothing was published.")
            result = publishing.publish(request.company, by=request.user, only=only)
    except Conflict as conflict:
        preview = publishing.preview(request.company, by=request.user)
        return _preview(request, preview, notice=str(conflict), status=409)
    count = len(result.mappings)
    messages.success(
        request,
        f"{count:,} mapping{'' if count == 1 else 's'} published"
        f" as no. {result.publication.number}.",
    )
    return redirect(result.publication.get_absolute_url())


def _shown(preview: Preview) -> str:
    """Says which mappings, in which versions and under which names, somebody was shown."""
    return fingerprint(
        (row.pk, row.version, row.target.label if row.target else "")
        for each in preview.kinds
        for row in each.mappings
    )


def _preview(
    request: CompanyRequest, preview: Preview, *, notice: str = "", status: int = 200
) -> HttpResponse:
    company = request.company
    listed = [row.pk for each in preview.kinds for row in each.mappings[:SHOWN]]
    read = company.mappings.with_records().in_bulk(listed)
    for row in read.values():
        row.company = company
    kinds = [
        {
            "kind": each.kind,
            "count": len(each.mappings),
            # One that was taken back in this moment is missing; publishing would notice it.
            "rows": [read[row.pk] for row in each.mappings[:SHOWN] if row.pk in read],
            "more": max(0, len(each.mappings) - SHOWN),
        }
        for each in preview.kinds
    ]
    rights = showing.Rights.of(request)
    context = {
        "preview": preview,
        "kinds": kinds,
        "all_listed": not any(each["more"] for each in kinds),
        "seen": _shown(preview),
        "notice": notice,
        "rights": rights,
        "refusal": "" if rights.publish else refusal(company, Action.PUBLISH),
        "systems": Systems.of(company),
        "last": None if preview.count else company.publications.select_related("by").first(),
    }
    return render(request, "mapping/publish.html", context, status=status)


@require_safe
@requires(Action.SEE_MAPPINGS)
def publications(request: CompanyRequest) -> HttpResponse:
    found = (
        request.company.publications.select_related("by")
        .annotate(count=Count("lines"))
        .order_by("-number")
    )
    page = Paginator(found, 50).get_page(request.GET.get("page"))
    return render(request, "mapping/publications.html", {"page": page})


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
    context = {
        "publication": found,
        "page": page,
        "in_force": found.mappings.count(),
        "systems": Systems.of(request.company),
        "rights": showing.Rights.of(request),
        "refusal": ""
        if may(request.membership, Action.UNPUBLISH)
        else refusal(request.company, Action.UNPUBLISH),
    }
    return render(request, "mapping/publication.html", context)


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
    again, sent = publishing.consequences(request.company, [row.pk for row in rows])
    context: dict[str, Any] = {
        "rows": rows,
        "seen": seen,
        "numbered": None if ids else numbered,
        "form": form,
        "again": again,
        "sent": sent,
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
