"""Pulls and sends: the list, one of them as it goes, starting a pull, stopping it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, Count, IntegerField, Q, Sum, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from common.choices import RecordKind
from common.errors import AppError
from companies.access import Action, CompanyRequest, may, requires
from connectors.models import Connection
from sync import counting, pulling
from sync.models import PullProblem, PullStep, Push, Run
from sync.views.showing import SLOW_AFTER_SECONDS, readable

PAGE = 50
What = PullStep.What
STATUS = {
    Run.State.RUNNING: "running",
    Run.State.DONE: "done",
    Run.State.PARTLY: "partly",
    Run.State.FAILED: "failed",
    Run.State.STOPPED: "stopped",
}
MANY = {
    "company": "Companies",
    "commitments": "Commitments",
    "bills": "Bills",
    "ledger_bills": "Bills entered so far",
    "payments": "Payments",
}


# --- The list -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class RunRow:
    run: Run
    words: str  # what it brought or sent


@require_safe
@requires(Action.SEE_BILLS)
def runs(request: CompanyRequest) -> HttpResponse:
    found = _runs(request).select_related("connection", "started_by")
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    ids = [run.pk for run in page]
    pulled = {
        row["run"]: row
        for row in PullStep.objects.filter(run__in=ids)
        .order_by()
        .values("run")
        .annotate(
            lists=Count("pk"),
            done=Count("pk", filter=Q(state=PullStep.State.DONE)),
            bills=Sum("found", filter=Q(what=What.BILLS), default=0),
            records=Sum("found", filter=Q(what=What.RECORDS), default=0),
        )
    }
    sent = {
        row["run"]: row
        for row in Push.objects.filter(run__in=ids)
        .order_by()
        .values("run")
        .annotate(
            bills=Count("pk"),
            posted=Count("pk", filter=Q(state=Push.State.POSTED)),
            amount=Sum("bill__total"),
        )
    }
    context = {
        "rows": [RunRow(run, _brought(pulled.get(run.pk), sent.get(run.pk))) for run in page],
        "page": page,
        "pulls": _pull_links(request),
    }
    return render(request, "sync/runs.html", context)


def _runs(request: CompanyRequest) -> Any:
    """A project manager sees no pulls and sends: they are about the whole company."""
    found = request.company.runs.all()
    return found if may(request.membership, Action.SEE_SETTINGS) else found.none()


def _brought(pulled: Mapping[str, Any] | None, sent: Mapping[str, Any] | None) -> str:
    if pulled:
        return (
            f"{pulled['done']:,} of {pulled['lists']:,} lists,"
            f" {_n(pulled['records'], 'record')}, {_n(pulled['bills'], 'bill')}"
        )
    if sent:
        return f"{sent['posted']:,} of {_n(sent['bills'], 'bill')} sent"
    return ""


def _n(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _pull_links(request: CompanyRequest) -> list[Connection]:
    """Connections that can be pulled by this person."""
    if not may(request.membership, Action.PULL):
        return []
    live = counting.live_connections(request.company)
    return [row for row in live if row.state == Connection.State.CONNECTED]


# --- One run --------------------------------------------------------------------------------------


@dataclass
class Part:
    """One line of progress: a list, or the commitments or bills of all projects."""

    label: str
    done: int = 0
    of: int = 0
    found: int = 0
    failed: int = 0
    is_by_project: bool = False
    is_running: bool = False
    problem: str = ""

    @property
    def settled(self) -> int:
        return self.done + self.failed

    @property
    def text(self) -> str:
        if self.failed == self.of:
            return "Failed"
        if not self.done and not self.is_running and not self.failed:
            return "Waiting"
        words = f"{self.found:,}"
        if self.is_by_project:
            words = f"{self.done:,} of {_n(self.of, 'project')}, {self.found:,} found"
        elif not self.done:
            words = "Under way"
        return f"{words}, {self.failed:,} failed" if self.failed else words


@dataclass
class Progress:
    """How far a run is, in parts and altogether."""

    run: Run
    parts: list[Part]
    done: int
    of: int

    @property
    def is_running(self) -> bool:
        return self.run.state == Run.State.RUNNING

    @property
    def is_slow(self) -> bool:
        return (timezone.now() - self.run.started_at).total_seconds() > SLOW_AFTER_SECONDS

    @property
    def status(self) -> str:
        return STATUS[Run.State(self.run.state)]

    @property
    def announcement(self) -> str:
        """Said aloud: the start, each quarter, the end."""
        what = "Pull" if self.run.kind == Run.Kind.PULL else "Sending"
        if not self.is_running:
            return f"{what} ended: {self.run.get_state_display().lower()}"
        quarters = 4 * self.done // self.of if self.of else 0
        return f"{what}: {25 * quarters}% done" if quarters else f"{what} has started"


@require_safe
@requires(Action.SEE_BILLS)
def run(request: CompanyRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(_runs(request).select_related("connection", "started_by"), pk=pk)
    context = _run(request, found)
    if request.htmx and not request.htmx.history_restore_request:
        return render(request, "sync/_run.html", context)
    return render(request, "sync/run.html", context)


def _run(request: CompanyRequest, found: Run) -> dict[str, Any]:
    found.company = request.company
    context: dict[str, Any] = {
        "run": found,
        "may_stop": may(request.membership, Action.PULL),
        "currency": request.company.settings.currency,
    }
    if found.kind == Run.Kind.PULL:
        return context | _pull(found)
    return context | _send(request, found)


def progress_of(found: Run) -> Progress:
    """Of a pull."""
    return _progress(found, list(found.steps.all()))


def _progress(found: Run, steps: list[PullStep]) -> Progress:
    ended = {PullStep.State.DONE, PullStep.State.FAILED}
    return Progress(found, _parts(steps), sum(step.state in ended for step in steps), len(steps))


def _pull(found: Run) -> dict[str, Any]:
    steps = list(found.steps.select_related("project").defer("project__payload"))
    problems = PullProblem.objects.filter(step__run=found).select_related("step__project")
    shown = list(problems.order_by("pk")[:PAGE])
    return {
        "progress": _progress(found, steps),
        "problems": [(problem, _technical(problem)) for problem in shown],
        "failed": [step for step in steps if step.state == PullStep.State.FAILED],
        "waiting_again": [
            step for step in steps if step.state == PullStep.State.WAITING and step.problem
        ],
    }


def _technical(problem: PullProblem) -> str:
    if problem.payload is None:
        return ""
    if isinstance(problem.payload, str):
        return problem.payload
    return readable(json.dumps(problem.payload))


def _parts(steps: list[PullStep]) -> list[Part]:
    """Lists one by one; what is read by project, summed."""
    parts: dict[tuple[str, str], Part] = {}
    for step in steps:
        key = (step.what, step.record_kind)
        part = parts.get(key)
        if part is None:
            label = MANY.get(step.what) or f"{RecordKind(step.record_kind).label}s"
            if step.what == What.COMPANY:
                label = "Company"
            if step.record_kind == RecordKind.CLASS:
                label = "Classes"
            part = parts[key] = Part(label, is_by_project=step.project_id is not None)
        part.of += 1
        part.done += step.state == PullStep.State.DONE
        part.failed += step.state == PullStep.State.FAILED
        part.is_running = part.is_running or step.state == PullStep.State.RUNNING
        part.found += step.found
        part.problem = part.problem or step.problem
    return list(parts.values())


def _send(request: CompanyRequest, found: Run) -> dict[str, Any]:
    counted = {
        row["state"]: row
        for row in found.pushes.order_by()
        .values("state")
        .annotate(bills=Count("pk"), amount=Sum("bill__total"))
    }
    of = sum(row["bills"] for row in counted.values())
    moving = sum(row["bills"] for state, row in counted.items() if state in counting.MOVING)
    # What needs a person first, then what moves, then what arrived.
    order = ["failed", "set_aside", "unknown", "sending", "queued", "posted"]
    pushes = (
        found.pushes.select_related("bill__vendor", "bill__project")
        .defer("payload", "answer", "bill__payload", "bill__vendor__payload")
        .order_by(_rank(order), "pk")
    )
    page = Paginator(pushes, PAGE).get_page(request.GET.get("page"))
    for push in page:
        push.bill.company = request.company
    return {
        "progress": Progress(found, [], of - moving, of),
        "counted": [
            {"state": state, **counted[state]} for state in reversed(order) if state in counted
        ],
        "total": sum((row["amount"] for row in counted.values()), 0),
        "page": page,
        "still_sending": moving,
    }


def _rank(order: list[str]) -> Any:
    whens = [When(state=state, then=Value(rank)) for rank, state in enumerate(order)]
    return Case(*whens, output_field=IntegerField())


# --- Starting and stopping ------------------------------------------------------------------------


@require_POST
@requires(Action.PULL)
def pull(request: CompanyRequest, pk: int) -> HttpResponse:
    live = request.company.connections.exclude(state=Connection.State.DISCONNECTED)
    connection = get_object_or_404(live.select_related("company__settings"), pk=pk)
    under_way = connection.runs.filter(kind=Run.Kind.PULL, state=Run.State.RUNNING).first()
    started = under_way or pulling.start(connection, by=request.user)
    if under_way:
        messages.info(request, "A pull is under way already. This is how far it is.")
    return _go(request, started.get_absolute_url())


@require_POST
@requires(Action.PULL)
def pull_all(request: CompanyRequest) -> HttpResponse:
    """Both sides, each as a run of its own."""
    started = []
    for connection in counting.live_connections(request.company):
        try:
            started.append(pulling.start(connection, by=request.user))
        except AppError as error:
            messages.warning(request, f"{connection.get_system_display()}: {error}")
    if not started:
        return _go(request, _runs_url(request))
    messages.success(request, "The pull has started. You can leave; it goes on.")
    return _go(request, started[0].get_absolute_url() if len(started) == 1 else _runs_url(request))


@require_POST
@requires(Action.PULL)
def stop(request: CompanyRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(
        _runs(request).select_related("connection", "started_by"), pk=pk, kind=Run.Kind.PULL
    )
    found.company = request.company
    if found.state == Run.State.RUNNING:
        pulling.stop(found, by=request.user)
        found.refresh_from_db(fields=["state", "finished_at"])
    if request.htmx:
        return render(request, "sync/_run.html", _run(request, found))
    messages.success(request, "Stopped. What was brought in stays.")
    return redirect(found)


def _runs_url(request: CompanyRequest) -> str:
    return reverse("sync:runs", args=[request.company.slug])


def _go(request: CompanyRequest, url: str) -> HttpResponse:
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)
