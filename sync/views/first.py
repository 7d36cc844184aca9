"""The last two steps of setting up: the first pull, watched or left alone, and the first drafts."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.choices import Side, Way
from common.errors import AppError
from companies.access import Action, CompanyRequest, check, may, requires
from connectors import condition, registry, setting_up
from connectors.condition import Condition
from connectors.models import Connection
from mapping import worklist
from mapping.models import SuggestionRun
from mapping.targets import Systems
from sync import pulling
from sync.models import Run
from sync.views.runs import Progress, progress_of


@dataclass(frozen=True)
class SideToPull:
    side: Side
    connection: Connection | None
    condition: Condition | None
    progress: Progress | None  # of its last pull
    files_url: str  # where files are brought in instead of a pull

    @property
    def is_done(self) -> bool:
        return self.connection is not None and self.connection.last_pulled_at is not None

    @property
    def can_start(self) -> bool:
        """Nothing is running, and it was never complete."""
        return (
            self.connection is not None
            and self.connection.state == Connection.State.CONNECTED
            and not self.files_url
            and not self.is_done
            and not (self.progress and self.progress.is_running)
        )


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.SEE_SETTINGS)
def first_pull(request: CompanyRequest) -> HttpResponse:
    """Both sides at once, each a run of its own; the page looks again by itself."""
    connections = setting_up.live(request.company)
    sides = [_side(request, side, connections) for side in Side]
    if request.method == "POST":
        check(request.membership, Action.PULL)
        _start(request, sides)
        return redirect("sync:first-pull", request.company.slug)
    is_done = setting_up.is_set_up(connections)
    runs = [row.progress for row in sides if row.progress and row.progress.is_running]
    context: dict[str, Any] = {
        "sides": sides,
        "is_done": is_done,
        "is_running": bool(runs),
        "is_slow": any(run.is_slow for run in runs),
        "can_start": any(row.can_start for row in sides),
        "may_pull": may(request.membership, Action.PULL),
        "announcement": "The first pull is done"
        if is_done
        else " ".join(run.announcement for run in runs),
        "steps": setting_up.steps(request.company, connections, at=setting_up.PULL),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "sync/_first_pull.html", context)
    return render(request, "sync/first_pull.html", context)


def _side(request: CompanyRequest, side: Side, connections: list[Connection]) -> SideToPull:
    connection = next((row for row in connections if row.side == side), None)
    if connection is None:
        return SideToPull(side, None, None, None, "")
    last = connection.runs.filter(kind=Run.Kind.PULL).first()
    if last is not None:
        last.company = request.company
    page = registry.package_of(connection).pages.get(Way(connection.way), "")
    is_by_files = connection.way == Way.FILES
    return SideToPull(
        side,
        connection,
        condition.of(connection),
        progress_of(last) if last is not None else None,
        setting_up.page_of(page, connection) if page and is_by_files else "",
    )


def _start(request: CompanyRequest, sides: list[SideToPull]) -> None:
    for row in sides:
        if not row.can_start or row.connection is None:
            continue
        try:
            pulling.start(row.connection, by=request.user)
        except AppError as error:
            messages.warning(request, f"{row.connection.get_system_display()}: {error}")


@require_safe
@requires(Action.SEE_MAPPINGS)
def first_drafts(request: CompanyRequest) -> HttpResponse:
    """What the machine proposes so far, by kind, while it is at it."""
    company = request.company
    runs = list(company.suggestion_runs.filter(state__in=["waiting", "running"]))
    summaries = worklist.summaries(company, Systems.of(company))
    under_way: dict[str, SuggestionRun] = {run.kind: run for run in runs}
    context = {
        "kinds": [(line, under_way.get(line.kind.value)) for line in summaries],
        "is_running": bool(runs),
        "has_pulled": setting_up.is_set_up(connections := setting_up.live(company)),
        "may_decide": may(request.membership, Action.DECIDE),
        "steps": setting_up.steps(company, connections, at=setting_up.DRAFTS),
    }
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "sync/_first_drafts.html", context)
    return render(request, "sync/first_drafts.html", context)
