"""For whoever watches this installation: does work move, and what waits for a person?"""

from datetime import datetime
from typing import Any

from django.db import DatabaseError
from django.db.models import Count, Max, Min, Q
from django.db.models.functions import Now
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from connectors.models import Connection
from mapping.models import SuggestionRun
from sync.models import PullStep, Push, WorkerMark

STILL_SECONDS = 120
DAY = 86400


@never_cache
@require_safe
def health(_request: HttpRequest) -> JsonResponse:
    """Numbers only: no company, person or document is named, so no sign-in is asked for."""
    try:
        found = _measured()
    except DatabaseError:
        return JsonResponse({"status": "no database"}, status=503)
    age = found["last_task_started_seconds_ago"]
    moves = age is not None and age <= STILL_SECONDS
    found = {"status": "ok" if moves else "no task started for two minutes", **found}
    return JsonResponse(found, status=200 if moves else 503)


def _measured() -> dict[str, Any]:
    waiting = Push.objects.aggregate(
        unknown=Count("pk", filter=Q(state=Push.State.UNKNOWN)),
        set_aside=Count("pk", filter=Q(state=Push.State.SET_ASIDE)),
    )
    started = WorkerMark.objects.aggregate(last=Max("started_at"))["last"]
    return {
        "last_task_started_seconds_ago": _age(started),
        "oldest_due_seconds_ago": _age(_oldest_due()),
        "pushes_unknown": waiting["unknown"],
        "pushes_set_aside": waiting["set_aside"],
        "connections": [
            {
                "id": row.pk,
                "side": row.side,
                "state": row.state,
                "token_days_left": _days_left(row.token_expires_at),
                "last_complete_pull_seconds_ago": _age(row.last_pulled_at),
            }
            for row in Connection.objects.exclude(state=Connection.State.DISCONNECTED)
            .only("pk", "side", "state", "token_expires_at", "last_pulled_at")
            .order_by("pk")
        ],
    }


def _oldest_due() -> datetime | None:
    """Since when the row that waits longest could have been taken up."""
    found = [
        model.objects.filter(due_at__lte=Now())
        .exclude(lease_until__gt=Now())
        .aggregate(oldest=Min("due_at"))["oldest"]
        for model in (Push, PullStep, SuggestionRun)
    ]
    return min((moment for moment in found if moment), default=None)


def _age(moment: datetime | None) -> int | None:
    return None if moment is None else max(0, int((timezone.now() - moment).total_seconds()))


def _days_left(moment: datetime | None) -> float | None:
    """Of the short-lived token; it is renewed by itself, so below zero means that renewing fails
    or that nothing was asked of the system for a while."""
    if moment is None:
        return None
    return round((moment - timezone.now()).total_seconds() / DAY, 2)
