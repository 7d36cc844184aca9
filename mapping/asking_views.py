"""Shows what left the building: every request to the language model, and its answer."""

from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.http import require_safe

from common.templatetags.format import count
from companies.access import Action, CompanyRequest, requires
from mapping.models import Kind, ModelMonth, SuggestionRun
from mapping.showing import list_url

REQUESTS_A_PAGE = 10


@require_safe
@requires(Action.SEE_TRAIL)
def asked(request: CompanyRequest, pk: int) -> HttpResponse:
    run = get_object_or_404(request.company.suggestion_runs, pk=pk)
    page = Paginator(run.exchanges.all(), REQUESTS_A_PAGE).get_page(request.GET.get("page"))
    month = request.company.model_months.order_by("-first_day").first()
    context = {
        "run": run,
        "exchanges": page,
        "facts": _facts(run, page.paginator.count, month),
        "kind": Kind(run.kind),
        "list_url": list_url(request, Kind(run.kind)),
    }
    return render(request, "mapping/asked.html", context)


def _facts(run: SuggestionRun, requests: int, month: ModelMonth | None) -> list[tuple[str, str]]:
    facts = [("Requests", count(requests)), ("Cost of the run", f"${run.cost_dollars:,.4f}")]
    if month is not None:
        used = f"${month.cost_dollars:,.2f}, {count(month.tokens)} tokens in {count(month.calls)}"
        facts.append((f"All of {month.first_day:%B %Y}", f"{used} requests"))
    return facts
