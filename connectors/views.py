"""Connections: what we are tied to, the way to another system's consent page and back, calls."""

import json
from dataclasses import dataclass
from typing import Any

from django.apps import apps
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import NoReverseMatch, reverse
from django.views.decorators.http import require_http_methods, require_safe

from common.choices import Side, System
from common.errors import AppError
from companies.access import Action, CompanyRequest, may, refusal, requires
from companies.models import Company, User
from connectors import calls, linking, registry
from connectors.errors import Unreachable
from connectors.models import Connection, ConsentRequest

CALLS_A_PAGE = 50
STATUS = {
    Connection.State.CONNECTED: "working",
    Connection.State.NEEDS_CONSENT: "needs_sign_in",
    Connection.State.DISCONNECTED: "disconnected",
}


class SignedIn(HttpRequest):
    user: User


def _status(connection: Connection) -> str:
    """Signed in but with a problem: the other system takes nothing for now."""
    if connection.state == Connection.State.CONNECTED and connection.problem:
        return "paused"
    return STATUS[Connection.State(connection.state)]


@dataclass(frozen=True)
class Row:
    """A side of the company, connected or not."""

    side: Side
    system: System
    connection: Connection | None

    @property
    def status(self) -> str:
        return _status(self.connection) if self.connection else ""


# --- The list -------------------------------------------------------------------------------------


@require_safe
@requires(Action.SEE_SETTINGS)
def connections(request: CompanyRequest) -> HttpResponse:
    rows = _rows(request.company)
    context = {
        "rows": rows,
        "former": request.company.connections.filter(state=Connection.State.DISCONNECTED)
        .select_related("connected_by")
        .order_by("-connected_at"),
        "steps": _steps(request.company, rows),
        "is_set_up": all(row.connection and row.connection.last_pulled_at for row in rows),
        "has_both": all(row.connection for row in rows),
        **_rights(request),
    }
    return render(request, "connectors/connections.html", context)


@require_safe
@requires(Action.SEE_SETTINGS)
def detail(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(request.company.connections, pk=pk)
    page = Paginator(connection.calls.select_related("company"), CALLS_A_PAGE).get_page(
        request.GET.get("page")
    )
    context = {
        "connection": connection,
        "status": _status(connection),
        "calls": page,
        **_rights(request),
    }
    return render(request, "connectors/detail.html", context)


def _rows(company: Company) -> list[Row]:
    live = {
        connection.side: connection
        for connection in company.connections.exclude(
            state=Connection.State.DISCONNECTED
        ).select_related("connected_by")
    }
    return [
        Row(
            side,
            System(live[side].system) if side in live else registry.systems(side)[0],
            live.get(side),
        )
        for side in Side
    ]


def _steps(company: Company, rows: list[Row]) -> list[dict[str, Any]]:
    """Source, ledger, first pull, first drafts: done, and the first that is not."""
    pulled = all(row.connection and row.connection.last_pulled_at for row in rows)
    steps = [
        {
            "label": row.side.label,
            "done": row.connection is not None,
            "url": reverse("connectors:connect", args=[company.slug, row.system]),
        }
        for row in rows
    ]
    here = reverse("connectors:connections", args=[company.slug])
    steps.append({"label": "First pull", "done": pulled, "url": f"{here}#pull"})
    steps.append({"label": "First drafts", "done": False, "url": _drafts(company)})
    first = next(step for step in steps if not step["done"])
    for step in steps:
        step["current"] = step is first
        if not step["done"]:
            step["url"] = ""
    return steps


def _drafts(company: Company) -> str:
    try:
        return reverse("mapping:hub", args=[company.slug])
    except NoReverseMatch:
        return ""


def _rights(request: CompanyRequest) -> dict[str, Any]:
    manages = may(request.membership, Action.MANAGE_CONNECTIONS)
    return {
        "manages": manages,
        "refusal": "" if manages else refusal(request.company, Action.MANAGE_CONNECTIONS),
        "may_pull": may(request.membership, Action.PULL),
    }


# --- There and back -------------------------------------------------------------------------------


@require_safe
@requires(Action.MANAGE_CONNECTIONS)
def connect(request: CompanyRequest, system: str) -> HttpResponse:
    """What we read and write, and a plain link to the other system's page.

    A link and not a form: our policy lets forms go to our own pages only, and browsers apply it
    to the redirect that answers a form as well.
    """
    known = _system(system)
    package = registry.PACKAGES[known]
    url = linking.start_consent(
        request.company, by=request.user, system=known, session_key=_session_key(request)
    )
    context = {
        "system": known,
        "side": package.side,
        "reads": package.reads,
        "writes": package.writes,
        "live": registry.connection_of(request.company, package.side),
        "consent_url": url,
    }
    return render(request, "connectors/connect.html", context)


@require_safe
@login_required
def callback(request: SignedIn) -> HttpResponse:
    """Where a consent page sends people back. The company comes from the state, not the URL."""
    consent = linking.take_up(
        request.GET.get("state", ""), by=request.user, session_key=_session_key(request)
    )
    slug = consent.company.slug
    try:
        outcome = linking.finish_consent(consent, request.GET.dict())
    except AppError as error:
        messages.error(request, str(error))
        return redirect("connectors:connections", slug)
    if isinstance(outcome, linking.Choice):
        return redirect("connectors:choose", slug, consent.pk)
    messages.success(request, _connected(outcome))
    return redirect("connectors:connections", slug)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_CONNECTIONS)
def choose(request: CompanyRequest, pk: int) -> HttpResponse:
    """The sign-in sees several companies: which one?"""
    mine = ConsentRequest.objects.filter(company=request.company, user=request.user)
    consent = get_object_or_404(mine, pk=pk)
    if request.method == "POST":
        picked = request.POST.get("company", "")
        connection = linking.choose(consent, picked, by=request.user)
        messages.success(request, _connected(connection))
        return redirect("connectors:connections", request.company.slug)
    context = {
        "system": System(consent.system),
        "companies": linking.companies_to_choose(consent, by=request.user),
    }
    return render(request, "connectors/choose.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_CONNECTIONS)
def disconnect(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(request.company.connections, pk=pk)
    if request.method != "POST":
        template = "connectors/_disconnect.html" if request.htmx else "connectors/disconnect.html"
        return render(request, template, {"connection": connection})
    try:
        linking.disconnect(connection, by=request.user)
        messages.success(request, f"{connection.get_system_display()} is disconnected.")
    except Unreachable as error:
        messages.warning(request, f"It is disconnected here. {error}")
    answer = redirect("connectors:connections", request.company.slug)
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": answer["Location"]})
    return answer


def _system(value: str) -> System:
    if value not in registry.PACKAGES:
        raise Http404
    return System(value)


def _session_key(request: HttpRequest) -> str:
    if request.session.session_key is None:
        request.session.create()
    return str(request.session.session_key)


def _connected(connection: Connection) -> str:
    return f"{connection.get_system_display()} is connected to {connection.name}."


# --- Calls ----------------------------------------------------------------------------------------


@require_safe
@requires(Action.SEE_SETTINGS)
def call(request: CompanyRequest, pk: int) -> HttpResponse:
    found = get_object_or_404(request.company.calls.select_related("connection"), pk=pk)
    context = {
        "call": found,
        "request_body": _readable(found.request_body),
        "response_body": _readable(found.response_body),
        "document": _document(request.company, found.subject_type, found.subject_id),
    }
    return render(request, "connectors/call.html", context)


@require_safe
@requires(Action.SEE_SETTINGS)
def calls_of_document(request: CompanyRequest, subject_type: str, subject_id: int) -> HttpResponse:
    document = _document(request.company, subject_type, subject_id)
    if document is None:
        raise Http404
    made = calls.of_document(request.company, subject_type, subject_id)
    page = Paginator(made, CALLS_A_PAGE).get_page(request.GET.get("page"))
    return render(request, "connectors/calls.html", {"document": document, "calls": page})


@dataclass(frozen=True)
class Document:
    name: str
    url: str
    calls_url: str


def _document(company: Company, subject_type: str, subject_id: int | None) -> Document | None:
    """What a call served. Its model belongs to an app further left, so it is found by name."""
    try:
        model: type[Model] = apps.get_model(subject_type)
    except (LookupError, ValueError):
        return None
    if not any(field.name == "company" for field in model._meta.fields):
        return None
    thing = model._default_manager.filter(company=company, pk=subject_id).first()
    if thing is None:
        return None
    url = thing.get_absolute_url() if hasattr(thing, "get_absolute_url") else ""
    own = reverse("connectors:calls", args=[company.slug, subject_type, subject_id])
    return Document(str(thing), url, own)


def _readable(body: str) -> str:
    """Stored bodies are one line of JSON; a body that was cut stays as it is."""
    try:
        return json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except ValueError:
        return body
