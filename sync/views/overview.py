"""What waits for this person now, and how both systems are doing."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Sum
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from audit.models import Entry, Verb
from common.choices import Side, System
from common.templatetags.format import money
from companies.access import Action, CompanyRequest, may, refusal, requires
from companies.models import Company, Role
from connectors import condition, setting_up
from connectors.models import Connection
from mapping.models import Mapping
from sync import counting, waiting
from sync.counting import Place, Total
from sync.models import BillNeed, PullProblem, Run
from sync.querysets import BillQuerySet

MOST_LINES = 5
DECISIONS = {
    Verb.ACCEPTED: "accepted",
    Verb.OVERRODE: "overridden",
    Verb.LEFT: "left for later",
    Verb.NO_MATCH: "marked as no match",
    Verb.PUBLISHED: "published",
    Verb.UNPUBLISHED: "unpublished",
    Verb.APPROVED: "bills approved",
    Verb.REJECTED: "bills rejected",
    Verb.SENT: "bills asked to send",
}


@dataclass(frozen=True)
class Line:
    """Something that waits, with the way to it."""

    text: str
    url: str
    label: str  # what the button says
    icon: str
    tone: str
    amount: Decimal = Decimal(0)


@dataclass(frozen=True)
class Connected:
    connection: Connection
    status: str
    run: Run | None  # its last pull, whatever came of it


@dataclass(frozen=True)
class Decided:
    word: str
    number: int
    url: str


@require_safe
@requires(Action.SEE_BILLS)
def overview(request: CompanyRequest) -> HttpResponse:
    """For every member. Each sees what waits for a person of that role."""
    company = request.company
    connections = counting.live_connections(company)
    sees_all = request.membership.role != Role.PROJECT_MANAGER
    runs = _last_pulls(company, connections) if sees_all else {}
    steps = _steps(request, connections) if sees_all else []
    ledger = counting.ledger_among(connections)
    closed = counting.closed_through(company, ledger)
    mine = company.bills.all().visible_to(request.membership)
    totals = counting.totals(counting.placed(mine, company, closed))
    approval = _to_approve(request, mine, closed) if totals[Place.HELD] else Total()
    lines = _lines(request, totals, connections, runs, approval)
    context: dict[str, Any] = {
        "lines": lines[:MOST_LINES],
        "more": lines[MOST_LINES:],
        "steps": steps,
        "next_step": next((step for step in steps if step["current"]), None),
        "setup_refusal": ""
        if may(request.membership, Action.MANAGE_CONNECTIONS)
        else refusal(company, Action.MANAGE_CONNECTIONS)
        if steps
        else "",
        "places": [(place.value, place.label, totals[place.value]) for place in Place],
        "has_bills": any(totals.values()),
        "all": sum(totals.values(), Total()),
        "systems": [
            Connected(row, condition.of(row).status, runs.get(row.pk))
            for row in connections
            if sees_all
        ],
        "may_pull": may(request.membership, Action.PULL),
        "decided": _decided(request) if may(request.membership, Action.SEE_TRAIL) else [],
        "own_only": not sees_all,
        "bills_url": reverse("sync:bills", args=[company.slug]),
        "currency": company.settings.currency,
        "ledger": ledger,
    }
    return render(request, "sync/overview.html", context)


def _last_pulls(company: Company, connections: list[Connection]) -> dict[int, Run]:
    """The last pull of each connection, with how many problems of it nobody has settled."""
    runs = (
        Run.objects.filter(connection__in=[row.pk for row in connections], kind=Run.Kind.PULL)
        .order_by("connection", "-id")
        .distinct("connection")
    )
    found = {}
    for run in runs:
        run.company = company  # so that its address costs no query
        found[run.connection_id or 0] = run
    return found


# --- What waits -----------------------------------------------------------------------------------


def _lines(
    request: CompanyRequest,
    totals: dict[str, Total],
    connections: list[Connection],
    runs: dict[int, Run],
    approval: Total,
) -> list[Line]:
    """Sign-in first, because everything waits for it; then the largest money."""
    found = [
        *_of_mappings(request, totals),
        *_of_sending(request, totals, approval),
        *_of_approval(request, approval),
        *_of_pulls(request, runs),
    ]
    found.sort(key=lambda line: -line.amount)
    return [*_of_connections(request, connections), *found]


def _bills(number: int) -> str:
    return f"{number:,} bill{'' if number == 1 else 's'}"


def _verb(number: int, one: str, many: str) -> str:
    return one if number == 1 else many


def _url(request: CompanyRequest, **query: str) -> str:
    return reverse("sync:bills", args=[request.company.slug]) + f"?{urlencode(query)}"


def _said(request: CompanyRequest, total: Total) -> str:
    return f"{_bills(total.bills)}, {money(total.amount, request.company.settings.currency)},"


def _of_mappings(request: CompanyRequest, totals: dict[str, Total]) -> list[Line]:
    lines = []
    decides, publishes = (may(request.membership, a) for a in (Action.DECIDE, Action.PUBLISH))
    unmapped, unpublished = totals[Place.UNMAPPED], totals[Place.NEEDS_PUBLISHING]
    counted = _holding(request) if (decides and unmapped) or (publishes and unpublished) else {}
    if decides and unmapped:
        number = counted.get("missing", 0)
        wait = _verb(unmapped.bills, "waits", "wait")
        mappings = f"{number:,} mapping{'' if number == 1 else 's'}"
        lines.append(
            Line(
                f"{_said(request, unmapped)} {wait} for {mappings}",
                _url(request, tab=Place.UNMAPPED.value, view="blocker"),
                "See what is missing", "x", "bad", unmapped.amount,
            )
        )  # fmt: skip
    if publishes and unpublished:
        number = counted.get("unpublished", 0)
        wait = _verb(unpublished.bills, "waits", "wait")
        mappings = f"{number:,} mapping{'' if number == 1 else 's'}"
        lines.append(
            Line(
                f"{_said(request, unpublished)} {wait} for {mappings} to be published",
                _url(request, tab=Place.NEEDS_PUBLISHING.value, view="blocker"),
                "See which", "chart-pie", "warn", unpublished.amount,
            )
        )  # fmt: skip
        lines += _of_changes(request)
    return lines


def _of_changes(request: CompanyRequest) -> list[Line]:
    """What changed in the ledger under published mappings, where somebody can settle it."""
    lines = []
    for changed in waiting.held_by_changes(request.company):
        held = Total(changed.held.bills, changed.held.amount)
        wait = _verb(held.bills, "waits", "wait")
        noun = changed.kind.singular if changed.mappings == 1 else changed.kind.lower_label
        place = [request.company.slug, changed.kind.slug]
        lines.append(
            Line(
                f"{_said(request, held)} {wait} for {changed.mappings:,} {noun}"
                " that changed in the ledger",
                reverse("mapping:review", args=place) + "?tab=changed",
                "See what changed", "triangle-alert", "bad", held.amount,
            )
        )  # fmt: skip
    return lines


def _holding(request: CompanyRequest) -> dict[str, int]:
    """How many records hold unsent bills: without a mapping, and with one that is not in force."""
    company = request.company
    needs = BillNeed.objects.filter(
        company=company, bill__fault="", bill__readiness__in=["unmapped", "needs_publishing"]
    )
    records = set(counting.unmet(needs, company).values_list("record", flat=True).distinct())
    nothing = [Mapping.State.NO_DRAFT, Mapping.State.LEFT, Mapping.State.NO_MATCH]
    said = company.mappings.exclude(state__in=nothing)
    unpublished = len(records.intersection(said.values_list("source", flat=True)))
    return {"missing": len(records) - unpublished, "unpublished": unpublished}


def _of_sending(request: CompanyRequest, totals: dict[str, Total], approval: Total) -> list[Line]:
    lines = []
    ready, failed, held = totals[Place.READY], totals[Place.FAILED], totals[Place.HELD]
    # Those that wait for approval have a line of their own.
    held = Total(held.bills - approval.bills, held.amount - approval.amount)
    if ready and may(request.membership, Action.SEND):
        be = _verb(ready.bills, "is", "are")
        lines.append(
            Line(
                f"{_said(request, ready)} {be} ready to be sent",
                _url(request, tab=Place.READY.value),
                "Look and send", "check", "ok", ready.amount,
            )
        )  # fmt: skip
    # Whoever may pull works on what went wrong; others only read.
    if failed and may(request.membership, Action.PULL):
        lines.append(
            Line(
                f"{_said(request, failed)} could not be sent",
                _url(request, tab=Place.FAILED.value),
                "See why", "triangle-alert", "bad", failed.amount,
            )
        )  # fmt: skip
    if held and may(request.membership, Action.PULL):
        be = _verb(held.bills, "is", "are")
        lines.append(
            Line(
                f"{_said(request, held)} {be} held by something other than a mapping",
                _url(request, tab=Place.HELD.value),
                "See by what", "lock", "warn", held.amount,
            )
        )  # fmt: skip
    return lines


def _to_approve(request: CompanyRequest, bills: BillQuerySet, closed: date | None) -> Total:
    if not may(request.membership, Action.APPROVE):
        return Total()
    waiting = counting.to_approve(bills, request.company, closed)
    row = waiting.order_by().aggregate(bills=Count("pk"), amount=Sum("total"))
    return Total(row["bills"], row["amount"] or Decimal(0))


def _of_approval(request: CompanyRequest, total: Total) -> list[Line]:
    if not total:
        return []
    need = _verb(total.bills, "needs", "need")
    return [
        Line(
            f"{_said(request, total)} {need} the approval of a second person",
            _url(request, tab=Place.HELD.value, by="approval"),
            "Look and approve", "users", "warn", total.amount,
        )
    ]  # fmt: skip


def _of_pulls(request: CompanyRequest, runs: dict[int, Run]) -> list[Line]:
    if not runs or not may(request.membership, Action.PULL):
        return []
    counted = (
        PullProblem.objects.filter(company=request.company, cleared_at=None)
        .values("step__run", "connection__system")
        .annotate(problems=Count("pk"))
        .order_by("-step__run")[:MOST_LINES]
    )
    return [
        Line(
            f"{row['problems']:,} record{'' if row['problems'] == 1 else 's'} of"
            f" {System(row['connection__system']).label} could not be read by a pull",
            reverse("sync:run", args=[request.company.slug, row["step__run"]]) + "#problems",
            "See which", "circle-alert", "warn",
        )
        for row in counted
    ]  # fmt: skip


def _of_connections(request: CompanyRequest, connections: list[Connection]) -> list[Line]:
    if not may(request.membership, Action.SEE_SETTINGS):
        return []
    admin = may(request.membership, Action.MANAGE_CONNECTIONS)
    return [
        Line(
            f"{row.get_system_display()} needs "
            + ("you to sign in again" if admin else "an admin to sign in again")
            + (". Sending waits" if row.side == Side.LEDGER else ". Nothing new comes in"),
            reverse("connectors:detail", args=[request.company.slug, row.pk]),
            "See connection", "plug", "bad",
        )
        for row in connections
        if row.state == Connection.State.NEEDS_CONSENT
    ]  # fmt: skip


# --- A new company --------------------------------------------------------------------------------


def _steps(request: CompanyRequest, connections: list[Connection]) -> list[dict[str, Any]]:
    """Source, ledger, first pull; none once all are done. Who may not connect gets no way there."""
    if setting_up.is_set_up(connections):
        return []
    steps = setting_up.steps(request.company, connections)
    if not may(request.membership, Action.MANAGE_CONNECTIONS):
        for step in steps[: setting_up.PULL]:
            step["url"] = ""
    return steps


# --- This week ------------------------------------------------------------------------------------


def _decided(request: CompanyRequest) -> list[Decided]:
    """What people decided since Monday, by what it was."""
    monday = _monday()
    company = request.company
    counted = dict(
        Entry.objects.filter(company=company, at__gte=monday)
        .filter(user__isnull=False, verb__in=DECISIONS)
        .order_by()
        .values_list("verb")
        .annotate(number=Count("*"))
    )
    trail = reverse("reports:trail", args=[company.slug])
    since = f"{timezone.localtime(monday):%Y-%m-%d}"
    return [
        Decided(word, counted[verb], f"{trail}?{urlencode({'verb': verb.value, 'since': since})}")
        for verb, word in DECISIONS.items()
        if counted.get(verb)
    ]


def _monday() -> datetime:
    """Midnight where the person is, as the page shows its times."""
    midnight = timezone.localtime().replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=midnight.weekday())
