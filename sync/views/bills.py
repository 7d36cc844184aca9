"""The list of bills, what blocks them, and sending those that are ready."""

from decimal import Decimal
from typing import Any

from django.contrib import messages
from django.db.models import Count, Sum
from django.http import HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_safe

from common import csv_out
from common.dates import today
from common.errors import Conflict
from common.seen import fingerprint, ids_of, number
from companies.access import Action, CompanyRequest, may, refusal, requires
from companies.models import Role
from sync import counting, judging, sending
from sync.counting import Place, Total
from sync.views.listing import (
    HEADS,
    PAGE,
    SORTS,
    Blockers,
    Filters,
    Listing,
    export_rows,
)

FIRST = 10


@require_safe
@requires(Action.SEE_BILLS)
def bills(request: CompanyRequest) -> HttpResponse:
    listing = Listing(request, Filters.of(request.GET))
    listing.open_where_bills_are()
    by_blocker = request.GET.get("view") == "blocker"
    number = _page_number(request)
    context = _frame(request, listing) | {"by_blocker": by_blocker, "number": number}
    if by_blocker:
        blockers = Blockers.of(listing, number)
        context |= {"blockers": blockers.rows, "blockers_total": blockers.total}
        behind = blockers.total > number * PAGE
        context["shown"] = min(number * PAGE, blockers.total)
    else:
        context["rows"] = listing.page(number)
        behind = listing.shown.bills > number * PAGE
        context["shown"] = min(number * PAGE, listing.shown.bills)
    changes = {"view": "blocker"} if by_blocker else {}
    context["next_url"] = listing.url(page=number + 1, **changes) if behind else ""
    context["earlier_url"] = listing.url(page=number - 1, **changes) if number > 1 else ""
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "sync/_results.html", context)
    context |= {"form": listing.form(), "judging": _progress(request)}
    return render(request, "sync/bills.html", context)


@require_safe
@requires(Action.SEE_BILLS)
def judged(request: CompanyRequest) -> HttpResponse:
    """How far it is to judge all bills anew after a setting was changed."""
    if not request.htmx:
        return redirect("sync:bills", request.company.slug)
    return render(request, "sync/_judging.html", {"judging": _progress(request)})


def _progress(request: CompanyRequest) -> judging.Progress | None:
    found = judging.progress(request.company)
    is_own_only = request.membership.role == Role.PROJECT_MANAGER
    return found.without_counts() if found and is_own_only else found


def _frame(request: CompanyRequest, listing: Listing) -> dict[str, Any]:
    """Everything around the rows."""
    filters = listing.filters
    sends = may(request.membership, Action.SEND)
    ready = listing.totals[Place.READY]
    sort = filters.sort
    return {
        "listing": listing,
        "filters": filters,
        "tabs": listing.tabs(),
        "total": listing.shown,
        "waiting": listing.totals[Place.UNMAPPED] + listing.totals[Place.NEEDS_PUBLISHING],
        "ready": ready,
        "sends": sends,
        "selects": sends and filters.tab == Place.READY and bool(ready),
        "refusal": "" if sends else refusal(request.company, Action.SEND),
        "exports": may(request.membership, Action.EXPORT),
        "decides": may(request.membership, Action.DECIDE),
        "publishes": may(request.membership, Action.PUBLISH),
        "sees_mappings": may(request.membership, Action.SEE_MAPPINGS),
        "currency": request.company.settings.currency,
        "page_url": reverse("sync:bills", args=[request.company.slug]),
        "bills_url": listing.url(view=""),
        "blocker_url": listing.url(view="blocker"),
        "clear_url": _clear_url(request, filters),
        "send_all_url": _send_all_url(request, listing),
        "export_url": _with_query(request, "sync:export", listing),
        "heads": [
            _head(listing, "Bill", "number", sort, first="number"),
            _head(listing, "Vendor", "vendor", sort, first="vendor"),
            {"label": "Project"},
            _head(listing, "Date", "bill_date", sort, first="-bill_date"),
            _head(listing, "Amount", "total", sort, first="-total", number=True),
            {"label": "Status"},
            {"label": "Held by"},
        ],
    }


def _head(
    listing: Listing, label: str, column: str, sort: str, *, first: str, number: bool = False
) -> dict[str, Any]:
    """A column head: another click on it turns the order round, where that is offered."""
    other = column if first.startswith("-") else f"-{column}"
    is_sorted = sort.lstrip("-") == column
    wanted = other if sort == first and other in SORTS else first
    direction = ("descending" if sort.startswith("-") else "ascending") if is_sorted else ""
    return {
        "label": label,
        "url": listing.url(sort=wanted),
        "direction": direction,
        "number": number,
        "id": f"sort-{column}",
    }


def _clear_url(request: CompanyRequest, filters: Filters) -> str:
    if not filters.narrows:
        return ""
    url = reverse("sync:bills", args=[request.company.slug])
    return f"{url}?{urlencode({'tab': filters.tab})}"


def _with_query(request: CompanyRequest, name: str, listing: Listing) -> str:
    query = urlencode(listing.filters.as_query())
    return reverse(name, args=[request.company.slug]) + f"?{query}"


def _send_all_url(request: CompanyRequest, listing: Listing) -> str:
    return _with_query(request, "sync:send-all", listing)


def _page_number(request: CompanyRequest) -> int:
    return max(1, number(request.GET.get("page", "")) or 1)


# --- Send several ---------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.SEND)
def send_all(request: CompanyRequest) -> HttpResponse:
    """The bills ticked, or all ready ones that the filter finds: shown first, then sent.

    Asked for with GET it shows what would be sent; POST sends when that is still so.
    """
    listing = Listing(request, Filters.of(request.GET))
    if request.method != "POST":
        return _confirm(request, listing, ids_of(request.GET))
    ids = ids_of(request.POST)
    chosen = listing.ready(ids).versions()
    try:
        if request.POST.get("seen") != fingerprint(chosen.items()):
            raise Conflict(
                f"The bills changed meanwhile. Now {len(chosen):,} can be sent. Nothing was sent."
                " Look again."
            )
        run = sending.send_all(request.company, chosen, by=request.user)
    except Conflict as conflict:
        return _confirm(request, listing, ids, changed=str(conflict))
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": run.get_absolute_url()})
    messages.success(request, f"{len(chosen):,} bills are on their way.")
    return redirect(run)


def _confirm(
    request: CompanyRequest, listing: Listing, ids: set[int], *, changed: str = ""
) -> HttpResponse:
    """`ids` are the bills ticked; none stand for all that the filter finds."""
    chosen = listing.ready(ids)
    versions = chosen.versions()
    summed = chosen.aggregate(bills=Count("pk"), amount=Sum("total"))
    total = Total(summed["bills"], summed["amount"] or Decimal(0))
    first = chosen.select_related("vendor").defer("payload", "vendor__payload")
    context = {
        "total": total,
        "first": first.order_by("-total", "-id")[:FIRST],
        "more": max(0, total.bills - FIRST),
        # What was ticked and can go; with a filter none are named.
        "ids": list(versions) if ids else [],
        "seen": fingerprint(versions.items()),
        "left_out": len(ids) - total.bills if ids else 0,
        "changed": changed,
        "url": _send_all_url(request, listing),
        "bills_url": listing.url(),
        "currency": request.company.settings.currency,
        "ledger": _ledger_name(request),
    }
    page = "sync/_send_all.html" if request.htmx else "sync/send_all.html"
    response = render(request, page, context, status=409 if changed else 200)
    if changed and request.htmx:
        response["HX-Retarget"] = "#dialog"
        response["HX-Reswap"] = "innerHTML"
    return response


def _ledger_name(request: CompanyRequest) -> str:
    ledger = counting.ledger_among(counting.live_connections(request.company))
    return ledger.get_system_display() if ledger else "the ledger"


# --- As a file ------------------------------------------------------------------------------------


@require_safe
@requires(Action.EXPORT)
def export(request: CompanyRequest) -> HttpResponseBase:
    listing = Listing(request, Filters.of(request.GET))
    return csv_out.attachment(
        f"bills-{request.company.slug}-{today(request.company.settings.time_zone):%Y-%m-%d}.csv",
        HEADS,
        export_rows(listing),
        count=listing.shown.bills,
    )
