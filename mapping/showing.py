"""What the pages of the mapping app have in common: what a person may, and how a table is laid."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from django.core.paginator import Paginator
from django.http import Http404, HttpResponse, HttpResponseRedirect, QueryDict
from django.shortcuts import render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode

from common.seen import number
from common.templatetags.format import confidence_percent
from companies.access import Action, CompanyRequest, may, refusal
from mapping import rows, waiting, worklist
from mapping.forms import FilterForm
from mapping.models import Kind, Mapping, SuggestionRun, kinds_in_use
from mapping.rows import Row
from mapping.targets import Systems
from mapping.worklist import Counts, Filters, Worklist

SORT_KEPT_AS = "mappings_sort"
SENT_SHOWN = 20


@dataclass(frozen=True)
class Rights:
    decide: bool
    publish: bool
    unpublish: bool
    publish_alone: bool  # also what this person decides in the same step

    @classmethod
    def of(cls, request: CompanyRequest) -> "Rights":
        decide, publish, unpublish = (
            may(request.membership, each)
            for each in (Action.DECIDE, Action.PUBLISH, Action.UNPUBLISH)
        )
        alone = publish and not request.company.settings.second_person_publishes
        return cls(decide, publish, unpublish, alone)


@dataclass(frozen=True)
class Head:
    """The row that opens a band."""

    band: str
    title: str
    text: str
    url: str = ""
    label: str = ""


@dataclass(frozen=True)
class Line:
    row: Row
    head: Head | None = None


def kind_in_use(request: CompanyRequest, kind: Kind) -> Kind:
    if kind not in kinds_in_use(request.company.settings):
        raise Http404
    return kind


def row_or_404(request: CompanyRequest, kind: Kind, pk: int) -> Row:
    found = rows.one(request.company, kind_in_use(request, kind), pk)
    if found is None:
        raise Http404
    return found


def filters_of(request: CompanyRequest, query: QueryDict | None = None) -> Filters:
    """What the address asks for; for a row's answer, the address of the page it stands in."""
    query = request.GET if query is None else query
    usual = request.session.get(SORT_KEPT_AS, "")
    return FilterForm(query).filters(query.get("tab", ""), usual)


def filters_of_page(request: CompanyRequest) -> Filters:
    return filters_of(request, QueryDict(urlsplit(request.htmx.current_url or "").query))


def list_url(request: CompanyRequest, kind: Kind, **query: str) -> str:
    url = reverse("mapping:review", args=[request.company.slug, kind.slug])
    return f"{url}?{urlencode(query)}" if query else url


def lines(
    request: CompanyRequest, work: Worklist, rows: Iterable[Row], before: str
) -> Iterator[Line]:
    """Rows with a head wherever a band begins; `before` is the band the page above ended in."""
    with_heads = work.filters.tab == "review" and work.filters.sort.endswith("confidence")
    last = before
    for row in rows:
        band = row.band or "none"
        new = with_heads and band != last
        yield Line(row, head(request, work, band) if new else None)
        last = band


def head(request: CompanyRequest, work: Worklist, band: str) -> Head:
    counts, limits = work.counts, work.thresholds
    number = counts.bands[band]
    drafts = f"{number:,} draft{'' if number == 1 else 's'}."
    high, medium = confidence_percent(limits.high), confidence_percent(limits.medium)
    if band == "high":
        held = counts.high_held_back
        if held:
            drafts += f" {held:,} {'is' if held == 1 else 'are'} held back: a close second match."
        if counts.high_unusable:
            drafts += f" {counts.high_unusable:,} cannot be taken any more."
        acceptable = counts.high_acceptable
        offer = acceptable > 0 and may(request.membership, Action.DECIDE)
        url = reverse("mapping:accept-many", args=[request.company.slug, work.kind.slug])
        query = urlencode(work.filters.as_query(tab="review", band="high"))
        return Head(
            band,
            f"High, {high} and above",
            drafts,
            f"{url}?{query}" if offer else "",
            f"Accept {acceptable:,}…",
        )
    if band == "medium":
        below = confidence_percent(limits.high - Decimal("0.001"))
        title = f"Medium, {medium.removesuffix('%')}–{below}"
        return Head(band, title, f"{drafts} Decide these one by one.")
    if band == "low":
        return Head(band, f"Low, below {medium}", f"{drafts} Look twice.")
    noun = work.kind.singular if number == 1 else work.kind.label.lower()
    return Head(band, "No draft", f"{number:,} {noun}. Choose a record for each.")


def tabs(
    request: CompanyRequest, kind: Kind, counts: Counts, filters: Filters
) -> list[dict[str, Any]]:
    return [
        {
            "label": label,
            "url": list_url(request, kind, **filters.as_query(tab=tab)),
            "count": counts.tabs[tab],
            "current": tab == filters.tab,
        }
        for tab, (label, _) in worklist.TABS.items()
        if tab != "changed" or counts.tabs[tab] or filters.tab == "changed"
    ]


def frame(request: CompanyRequest, work: Worklist) -> dict[str, Any]:
    """Everything around the rows."""
    kind, counts, filters = work.kind, work.counts, work.filters
    rights = Rights.of(request)
    return {
        "kind": kind,
        "filters": filters,
        "counts": counts,
        "rights": rights,
        "systems": work.systems,
        "tabs": tabs(request, kind, counts, filters),
        "list_url": list_url(request, kind),
        "around_query": urlencode(filters.as_query()),
        "clear_url": list_url(request, kind, tab=filters.tab) if filters.narrows else "",
        "refusal": "" if rights.decide else refusal(request.company, Action.DECIDE),
    }


def page_of(request: CompanyRequest, work: Worklist, after: str = "") -> dict[str, Any]:
    """The rows, and where the next ones are."""
    rows, cursor = work.page(after)
    behind = work.remaining(cursor) if cursor and after else 0
    shown = len(rows) if not after else work.counts.shown - behind
    return frame(request, work) | {
        "lines": list(lines(request, work, rows, _band_before(work, after))),
        "cursor": cursor,
        "shown": shown,
        "next_query": urlencode(work.filters.as_query() | {"after": cursor}),
    }


def _band_before(work: Worklist, after: str) -> str:
    score = worklist.as_score(after.rpartition("~")[0])
    if not after or score is None:
        return ""
    return work.thresholds.band(score) if 0 <= score <= 1 else "none"


def run_to_show(request: CompanyRequest, kind: Kind) -> SuggestionRun | None:
    """The last go of the machine, while it runs or when it has something to say: nobody may have
    been there to hear it.
    """
    last = request.company.suggestion_runs.filter(kind=kind).order_by("-id").first()
    return last if last and (last.is_under_way or last.notice or last.has_failed) else None


def row_answer(request: CompanyRequest, kind: Kind, row: Row, *, status: int = 200) -> HttpResponse:
    """The row as it is now. What is counted around the table asks anew when it hears of it.

    Answers to a quick hand overtake each other, and none of two at once counts the other: counts
    that came with the rows would end on whichever answer came last.
    """
    row.is_fresh = status == HTTPStatus.OK
    context = row_context(request, kind) | {"row": row}
    response = render(request, "mapping/_row.html", context, status=status)
    if status == HTTPStatus.OK:
        response["HX-Trigger"] = "decided"  # heard by mapping/_results.html
    return response


def row_context(request: CompanyRequest, kind: Kind) -> dict[str, Any]:
    """What a row is rendered with besides itself."""
    return {
        "kind": kind,
        "rights": Rights.of(request),
        "systems": Systems.of(request.company),
    }


def back(request: CompanyRequest, otherwise: str) -> HttpResponseRedirect:
    """To the page of this app that the form stood on."""
    came_from = request.POST.get("next") or request.headers.get("Referer", "")
    inside = reverse("mapping:hub", args=[request.company.slug])
    safe = url_has_allowed_host_and_scheme(came_from, {request.get_host()}, require_https=False)
    path = urlsplit(came_from)
    if safe and path.path.startswith(inside):
        return HttpResponseRedirect(path.path + (f"?{path.query}" if path.query else ""))
    return HttpResponseRedirect(otherwise)


def sent_with(request: CompanyRequest, mappings: Sequence[Mapping]) -> dict[str, Any]:
    """The bills that froze a version of these: they stay as they are, whatever is unpublished."""
    named = {row.pk: row for row in mappings}
    wanted = number(request.GET.get("sent", "")) or 1
    ids = list(named)
    bills, count = waiting.bills().sent_with(request.company, ids, 0, 0) if ids else ([], 0)
    page = Paginator(range(count), SENT_SHOWN).get_page(wanted)
    if count:
        start = page.start_index() - 1
        bills, _ = waiting.bills().sent_with(request.company, ids, start, page.end_index())
    shown = [(bill, [(named[pk], v) for pk, v in bill.versions.items()]) for bill in bills]
    return {"sent_bills": shown, "sent_page": page}
