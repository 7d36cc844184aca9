"""The matching settings: how drafts did, and the thresholds that follow from it."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from companies import deciding
from companies.access import Action, CompanyRequest, check, may, refusal, requires
from companies.models import CompanySettings
from mapping import trusting
from mapping.forms import ThresholdsForm
from mapping.trusting import Bin, KindTrust

PERIODS = {"1": "Last 30 days", "3": "Last 90 days", "12": "Last 12 months"}
USUAL_PERIOD = "3"
DAYS_A_PERIOD = {"1": 30, "3": 90, "12": 365}
# The calibration plot: both axes run over shares from here to 1.
LEAST_SHARE = 0.5
PLOT = 200  # user units to a side


@dataclass(frozen=True)
class Point:
    """One bin in the plot: across what was said, upwards how many were right."""

    x: float
    y: float
    radius: float
    bin: Bin


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.SEE_SETTINGS)
def matching(request: CompanyRequest) -> HttpResponse:
    if request.method != "POST":
        return _page(request, ThresholdsForm(instance=_settings_now(request)))
    check(request.membership, Action.CHANGE_SETTINGS)
    form = ThresholdsForm(request.POST, instance=_settings_now(request))
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        changed = deciding.change(
            request.company, form.decided, by=request.user, version=form.cleaned_data["version"]
        )
    except deciding.ChangedMeanwhile as conflict:
        fresh = ThresholdsForm(instance=_settings_now(request))
        return _page(request, fresh, problem=str(conflict), status=409)
    messages.success(request, "Thresholds saved." if changed else "Nothing was different.")
    return redirect("matching:settings", request.company.slug)


def _settings_now(request: CompanyRequest) -> CompanySettings:
    """As they are now; not those every page reads, because a form writes into them."""
    return CompanySettings.objects.get(company=request.company)


def _page(
    request: CompanyRequest, form: ThresholdsForm, *, problem: str = "", status: int = 200
) -> HttpResponse:
    company = request.company
    period = request.GET.get("period", USUAL_PERIOD)
    period = period if period in PERIODS else USUAL_PERIOD
    since = timezone.now() - timedelta(days=DAYS_A_PERIOD[period])
    found = trusting.outcomes(company, since)
    kinds = trusting.by_kind(company, found, since)
    changes = may(request.membership, Action.CHANGE_SETTINGS)
    context = {
        "form": form,
        "changes": changes,
        "refusal": "" if changes else refusal(company, Action.CHANGE_SETTINGS),
        "problem": problem,
        "periods": PERIODS,
        "period": period,
        "kinds": [(each, plotted(each)) for each in kinds],
        "months": trusting.months(company, found, since),
        "rankers": sorted(trusting.by_ranker(found).items()),
        "overridden": trusting.overridden(company, since),
        "shown": trusting.OVERRIDDEN_SHOWN,
        "plot": PLOT,
    }
    return render(request, "mapping/matching.html", context, status=status)


def plotted(kind: KindTrust) -> list[Point]:
    """The bins as points; how many drafts a point stands for shows in its size."""
    most = max((each.tally.decided for each in kind.bins), default=1)
    return [
        Point(
            x=_along(each.said),
            y=PLOT - _along(each.tally.share_right or 0.0),
            radius=3 + 7 * (each.tally.decided / most) ** 0.5,
            bin=each,
        )
        for each in kind.bins
    ]


def _along(share: float) -> float:
    return round(PLOT * max(0.0, (share - LEAST_SHARE) / (1 - LEAST_SHARE)), 1)
