"""Shows what left the building: every request to the language model, and its answer."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count as count_from

from django.core.paginator import Page, Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from common.templatetags.format import count
from companies.access import Action, CompanyRequest, requires
from mapping.models import Kind, ModelExchange, ModelMonth, SuggestionRun
from mapping.showing import list_url

REQUESTS_A_PAGE = 10


@dataclass(frozen=True)
class Shown:
    """One request as the page prints it."""

    number: int
    exchange: ModelExchange
    sent: str
    came: str


@require_safe
@requires(Action.SEE_TRAIL)
def asked(request: CompanyRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(request.company.suggestion_runs, pk=pk)
    page = Paginator(run.exchanges.all(), REQUESTS_A_PAGE).get_page(request.GET.get("page"))
    month = request.company.model_months.order_by("-first_day").first()
    context = {
        "run": run,
        "exchanges": page,
        "requests": list(_shown(page)),
        "facts": _facts(run, page.paginator.count, month),
        "kind": Kind(run.kind),
        "list_url": list_url(request, Kind(run.kind)),
    }
    return render(request, "mapping/asked.html", context)


def _shown(page: Page[ModelExchange]) -> Iterator[Shown]:
    """The newest first, and numbered from the first that was made."""
    last = page.paginator.count + 1 - page.start_index()
    for number, exchange in zip(count_from(last, -1), page, strict=False):
        yield Shown(number, exchange, laid_out(exchange.prompt), laid_out(exchange.answer))


def laid_out(text: str) -> str:
    """As it went over the wire but for the lines that its JSON is broken into."""
    words, gap, data = text.rpartition("\n\n")
    try:
        return f"{words}{gap}{json.dumps(json.loads(data), indent=1, ensure_ascii=False)}"
    except (ValueError, RecursionError):
        return text


def _facts(run: SuggestionRun, requests: int, month: ModelMonth | None) -> list[tuple[str, str]]:
    facts = [("Requests", count(requests)), ("Cost of the run", f"${run.cost_dollars:,.4f}")]
    if month is not None:
        used = f"${month.cost_dollars:,.2f}, {count(month.tokens)} tokens in {count(month.calls)}"
        facts.append((f"All of {month.first_day:%B %Y}", f"{used} requests"))
    return facts
