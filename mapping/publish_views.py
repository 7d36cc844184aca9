"""Review and publish: what would come into force, rows to untick, which bills it lets go.

A list of thousands goes over several pages of one form. What is unticked travels with it, so that
turning a page loses nothing, with scripts or without.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from common.errors import Conflict
from common.seen import fingerprint, ids_of, number
from companies.access import Action, CompanyRequest, refusal, requires
from mapping import publishing, showing, waiting
from mapping.models import Kind, Mapping
from mapping.publishing import Preview
from mapping.targets import Systems

ROWS = 100
BILLS = 50
MOST_IN_ADDRESS = 500  # rows unticked, that the page of bills is told of
TURNS = ("go", "tick", "untick", "count")  # buttons that only show the form anew


@dataclass(frozen=True)
class Ticks:
    """What somebody has unticked so far, and the page they want to see."""

    unticked: frozenset[int] = frozenset()
    page: int = 1

    @classmethod
    def of(cls, form: QueryDict, preview: Preview) -> "Ticks":
        """From the form: carried from other pages, then what this page's boxes say."""
        listed, ticked = ids_of(form, "listed"), ids_of(form)
        carried = {pk for part in form.get("unticked", "").split() if (pk := number(part))}
        unticked = (carried - listed) | (listed - ticked)
        for each in preview.kinds:
            rows = {row.pk for row in each.mappings}
            if form.get("untick") == each.kind:
                unticked |= rows
            if form.get("tick") == each.kind:
                unticked -= rows
        page = number(form.get("go", "")) or number(form.get("page", "")) or 1
        return cls(frozenset(unticked), page)

    @property
    def written(self) -> str:
        return " ".join(map(str, sorted(self.unticked)))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.SEE_MAPPINGS)
def publish(request: CompanyRequest) -> HttpResponseBase:
    if request.method != "POST":
        preview = publishing.preview(request.company, by=request.user)
        return _page(request, preview, Ticks(page=number(request.GET.get("page", "")) or 1))
    if any(name in request.POST for name in TURNS):
        return _turned(request)
    return _publish(request)


def _turned(request: CompanyRequest, *, notice: str = "", status: int = 200) -> HttpResponse:
    """The same form with what was ticked, as the list stands now."""
    whole = publishing.preview(request.company, by=request.user)
    ticks = Ticks.of(request.POST, whole)
    preview = publishing.preview(request.company, by=request.user, without=ticks.unticked)
    return _page(request, preview, ticks, notice=notice, status=status)


@requires(Action.PUBLISH)
def _publish(request: CompanyRequest) -> HttpResponse:
    try:
        with transaction.atomic():
            publishing.lock_company(request.company)  # a list that is being pulled waits
            preview = publishing.preview(request.company, by=request.user)
            if request.POST.get("seen") != _shown(preview):
                raise Conflict(
                    "Something was published, decided or renamed meanwhile, so nothing was"
                    " published. This is how it stands now."
                )
            unticked = Ticks.of(request.POST, preview).unticked
            shown = {row.pk: row.version for each in preview.kinds for row in each.mappings}
            only = {pk: version for pk, version in shown.items() if pk not in unticked}
            if not only:
                raise Conflict("No mapping is ticked, so nothing was published.")
            result = publishing.publish(request.company, by=request.user, only=only)
    except Conflict as conflict:
        return _turned(request, notice=str(conflict), status=409)
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
        (row.pk, row.version, row.target.label if row.target else "", row.riding_label)
        for each in preview.kinds
        for row in each.mappings
    )


def _page(
    request: CompanyRequest, preview: Preview, ticks: Ticks, *, notice: str = "", status: int = 200
) -> HttpResponse:
    company = request.company
    rows = [row for each in preview.kinds for row in each.mappings]
    page = Paginator(rows, ROWS).get_page(ticks.page)
    there = {row.pk for row in rows}
    listed = [row.pk for row in page]
    elsewhere = there.difference(listed)
    rights = showing.Rights.of(request)
    kept = sorted(ticks.unticked & elsewhere)
    context = {
        "preview": preview,
        "kinds": _grouped(request, preview, list(page), ticks),
        "page": page,
        "ticked": len(there - ticks.unticked),
        "ticked_here": len(set(listed) - ticks.unticked),
        "ticked_elsewhere": len(elsewhere - ticks.unticked),
        "unticked": " ".join(map(str, kept)),
        "bills_url": _bills_url(request, ticks),
        "seen": _shown(preview),
        "notice": notice,
        "rights": rights,
        "refusal": "" if rights.publish else refusal(company, Action.PUBLISH),
        "systems": Systems.of(company),
        "last": company.publications.select_related("by").first(),
    }
    return render(request, "mapping/publish.html", context, status=status)


def _grouped(
    request: CompanyRequest, preview: Preview, listed: Sequence[Mapping], ticks: Ticks
) -> list[dict[str, Any]]:
    """This page's rows below the head of their kind, with how many of all of it are ticked."""
    read = request.company.mappings.with_records().in_bulk([row.pk for row in listed])
    groups = []
    for each in preview.kinds:
        # One that was taken back in this moment is missing; publishing would notice it.
        rows = [read[r.pk] for r in listed if r.kind == each.kind and r.pk in read]
        for row in rows:
            row.company = request.company
        if rows:
            ticked = sum(row.pk not in ticks.unticked for row in each.mappings)
            groups.append(
                {
                    "kind": each.kind,
                    "count": len(each.mappings),
                    "ticked": ticked,
                    "rows": [(row, row.pk not in ticks.unticked) for row in rows],
                }
            )
    return groups


def _bills_url(request: CompanyRequest, ticks: Ticks) -> str:
    url = reverse("mapping:publish-bills", args=[request.company.slug])
    without = ".".join(map(str, sorted(ticks.unticked)[:MOST_IN_ADDRESS]))
    return f"{url}?without={without}" if without else url


@require_safe
@requires(Action.SEE_MAPPINGS)
def bills(request: CompanyRequest) -> HttpResponse:
    """The bills that publishing would let go, each with the way to it."""
    without = {pk for part in request.GET.get("without", "").split(".") if (pk := number(part))}
    preview = publishing.preview(request.company, by=request.user, without=without)
    ticked = [row.pk for each in preview.kinds for row in each.mappings if row.pk not in without]
    page = Paginator(range(preview.lets_go.bills), BILLS).get_page(request.GET.get("page"))
    start = max(page.start_index() - 1, 0)
    context = {
        "lets_go": preview.lets_go,
        "count": len(ticked),
        "page": page,
        "bills": waiting.bills().going_with(request.company, ticked, start, page.end_index()),
        "without": request.GET.get("without", ""),
        "kinds": [(Kind(each.kind).lower_label, len(each.mappings)) for each in preview.kinds],
    }
    return render(request, "mapping/publish_bills.html", context)
