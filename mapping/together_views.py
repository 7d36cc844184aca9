"""Several rows decided at once: those ticked, a whole band, those that look like one."""

from collections.abc import Sequence
from datetime import datetime
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.dateparse import parse_datetime
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST

from common.errors import AppError, Conflict
from common.middleware import with_toast
from common.seen import fingerprint, ids_of, versions_of
from companies.access import Action, CompanyRequest, requires
from mapping import reviewing_many, rows, showing
from mapping.forms import said
from mapping.models import Kind, Mapping
from mapping.targets import Systems
from mapping.worklist import Worklist

FIRST = 10


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def accept_many(request: CompanyRequest, kind: Kind) -> HttpResponse:
    """The rows ticked, or everything the filter finds that is high and has no close second."""
    showing.kind_in_use(request, kind)
    if request.method != "POST":
        return _accept_dialog(request, kind)
    if seen := versions_of(request.POST):
        return _ticked(request, kind, seen, reviewing_many.accept_many, "accepted")
    drafts = Worklist(request.company, kind, showing.filters_of(request)).acceptable().versions()
    try:
        if request.POST.get("seen") != fingerprint(drafts.items()):
            raise Conflict(
                f"The drafts changed meanwhile. Now {len(drafts):,}. Look again. Nothing was saved."
            )
        accepted = reviewing_many.accept_many(request.company, drafts, by=request.user)
    except Conflict as conflict:
        return _accept_dialog(request, kind, changed=str(conflict))
    text = f"{_drafts(len(accepted))} accepted, not published."
    return _table_anew(request, kind, text, undo=accepted[0].decided_at)


@require_POST
@requires(Action.DECIDE)
def leave_many(request: CompanyRequest, kind: Kind) -> HttpResponse:
    showing.kind_in_use(request, kind)
    if not (seen := versions_of(request.POST)):
        raise AppError("No row is ticked. Tick some first.")
    return _ticked(request, kind, seen, reviewing_many.leave_many, "left for later")


@require_POST
@requires(Action.DECIDE)
def undo_together(request: CompanyRequest, kind: Kind) -> HttpResponse:
    """Take back what this person decided in one go at the moment that the form names."""
    showing.kind_in_use(request, kind)
    try:
        at = parse_datetime(request.POST.get("at", ""))
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise AppError("It does not say what to undo. Undo each row by itself.")
    undone = reviewing_many.undo_together(request.company, at, by=request.user)
    return _table_anew(request, kind, f"{_drafts(len(undone))} undone.")


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.DECIDE)
def like(request: CompanyRequest, kind: Kind, pk: int) -> HttpResponse:
    """Rows that look like one just overridden: shown, none of them ticked."""
    row = showing.row_or_404(request, kind, pk)
    if row.mapping is None or row.mapping.target is None:
        raise Conflict("This was undone meanwhile, so there is nothing to apply.")
    if request.method == "POST":
        ids = ids_of(request.POST)
        if not ids:
            raise AppError("No row is ticked. Tick those that should take the same record.")
        version, _note = said(request.POST)
        done = reviewing_many.override_like(row.mapping, ids, by=request.user, version=version)
        point = "points" if len(done) == 1 else "point"
        text = f"{len(done):,} more {point} to {row.mapping.target.name}."
        return _table_anew(request, kind, text, undo=done[0].decided_at)
    context = {"row": row, "kind": kind, "others": reviewing_many.like_rows(row.mapping)}
    page = "mapping/_like.html" if request.htmx else "mapping/like.html"
    return render(request, page, context)


def _ticked(
    request: CompanyRequest,
    kind: Kind,
    seen: dict[int, int],
    decide: "reviewing_many.DecideMany",
    done: str,
) -> HttpResponse:
    """The rows stay where they are and show what was decided, each with its Undo."""
    try:
        decided = decide(request.company, seen, by=request.user)
    except Conflict as conflict:
        if not request.htmx:
            raise
        # Those that changed come back as they are now; the others stay ticked.
        now = request.company.mappings.filter(pk__in=list(seen))
        changed = [mapping for mapping in now if seen[mapping.pk] != mapping.version]
        response = _rows(request, kind, changed, status=HTTPStatus.CONFLICT)
        return with_toast(response, str(conflict), level="error")
    text = f"{_drafts(len(decided))} {done}."
    if not request.htmx:
        messages.success(request, text)
        return redirect(showing.list_url(request, kind))
    return with_toast(_rows(request, kind, decided), text, level="success", news="decided")


def _rows(
    request: CompanyRequest,
    kind: Kind,
    mappings: Sequence[Mapping],
    status: HTTPStatus = HTTPStatus.OK,
) -> HttpResponse:
    found = rows.these(request.company, kind, [mapping.source_id for mapping in mappings])
    for row in found:
        row.is_fresh = status == HTTPStatus.OK
    context = showing.row_context(request, kind) | {"rows": found}
    return render(request, "mapping/_rows_answer.html", context, status=status)


def _accept_dialog(request: CompanyRequest, kind: Kind, changed: str = "") -> HttpResponse:
    filters = showing.filters_of(request)
    work = Worklist(request.company, kind, filters)
    acceptable = work.acceptable()
    drafts = acceptable.versions()
    held = work.held_back().with_records()
    query = urlencode(filters.as_query(tab="review", band="high", sort=filters.sort))
    count, held_count = len(drafts), held.count()
    context = {
        "kind": kind,
        "count": count,
        "seen": fingerprint(drafts.items()),
        "first": acceptable.with_records()[:FIRST],
        "more": max(0, count - FIRST),
        "held": [rows.Row(each.source, each, work.thresholds) for each in held[:FIRST]],
        "held_count": held_count,
        "held_more": max(0, held_count - FIRST),
        "changed": changed,
        "url": reverse("mapping:accept-many", args=[request.company.slug, kind.slug]) + f"?{query}",
        "list_url": showing.list_url(request, kind),
        "systems": Systems.of(request.company),
    }
    page = "mapping/_accept_many.html" if request.htmx else "mapping/accept_many.html"
    response = render(request, page, context, status=HTTPStatus.CONFLICT if changed else 200)
    if changed and request.htmx:
        response["HX-Retarget"] = "#dialog"
        response["HX-Reswap"] = "innerHTML"
    return response


def _table_anew(
    request: CompanyRequest, kind: Kind, text: str, undo: datetime | None = None
) -> HttpResponse:
    """As the page it stands in asks for it, with what was done and how to undo it on top."""
    if not request.htmx:
        messages.success(request, text)
        return redirect(showing.list_url(request, kind))
    work = Worklist(request.company, kind, showing.filters_of_page(request))
    context = showing.page_of(request, work) | {"done": text, "undo": undo}
    response = render(request, "mapping/_results_answer.html", context)
    return with_toast(response, text, level="success")


def _drafts(number: int) -> str:
    return f"{number:,} draft{'' if number == 1 else 's'}"
