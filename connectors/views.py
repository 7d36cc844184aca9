"""Connections: the list, one of them, the way back from a consent page, every call we made."""

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
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from common.choices import Side, System, Way
from common.errors import AppError
from companies.access import Action, CompanyRequest, may, refusal, requires
from companies.models import Company, User
from connectors import calls, condition, linking, registry, setting_up
from connectors.condition import Condition
from connectors.models import Connection, ConsentRequest
from connectors.wizard_views import connected, session_key

CALLS_A_PAGE = 50


class SignedIn(HttpRequest):
    user: User


@dataclass(frozen=True)
class Row:
    """A side of the company, connected or not."""

    side: Side
    connection: Connection | None
    condition: Condition | None
    file_page: str = ""  # where its files are brought in, or its connector is looked after
    has_checks: bool = False


# --- The list -------------------------------------------------------------------------------------


@require_safe
@requires(Action.SEE_SETTINGS)
def connections(request: CompanyRequest) -> HttpResponse:
    company = request.company
    live = setting_up.live(company)
    is_set_up = setting_up.is_set_up(live)
    context = {
        "rows": [_row(side, live) for side in Side],
        "former": company.connections.filter(state=Connection.State.DISCONNECTED)
        .select_related("connected_by")
        .order_by("-connected_at"),
        "steps": [] if is_set_up else setting_up.steps(company, live),
        "next": "" if is_set_up else setting_up.next_step(company, live),
        "has_both": len(live) == len(Side),
        **_rights(request),
    }
    return render(request, "connectors/connections.html", context)


def _row(side: Side, live: list[Connection]) -> Row:
    connection = next((row for row in live if row.side == side), None)
    if connection is None:
        return Row(side, None, None)
    package = registry.package_of(connection)
    page = package.pages.get(Way(connection.way), "")
    if connection.way == Way.CONNECTOR_FILE:
        page = "connectors:connector"
    return Row(
        side,
        connection,
        condition.of(connection),
        setting_up.page_of(page, connection) if page else "",
        package.check is not None,
    )


@require_safe
@requires(Action.SEE_SETTINGS)
def detail(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(
        request.company.connections.select_related("connected_by", "owner", "paused_by"), pk=pk
    )
    page = Paginator(connection.calls.select_related("company"), CALLS_A_PAGE).get_page(
        request.GET.get("page")
    )
    is_live = connection.state != Connection.State.DISCONNECTED
    context = {
        "connection": connection,
        "condition": condition.of(connection),
        "package": registry.PACKAGES.get(System(connection.system)),
        "row": _row(Side(connection.side), [connection]) if is_live else None,
        "is_live": is_live,
        "calls": page,
        **_rights(request),
    }
    return render(request, "connectors/detail.html", context)


def _rights(request: CompanyRequest) -> dict[str, Any]:
    manages = may(request.membership, Action.MANAGE_CONNECTIONS)
    return {
        "manages": manages,
        "refusal": "" if manages else refusal(request.company, Action.MANAGE_CONNECTIONS),
        "may_pull": may(request.membership, Action.PULL),
    }


# --- Back from a consent page ---------------------------------------------------------------------


@require_safe
@login_required
def callback(request: SignedIn) -> HttpResponse:
    """Where a consent page sends people back. The company comes from the state, not the URL."""
    consent = linking.take_up(
        request.GET.get("state", ""), by=request.user, session_key=session_key(request)
    )
    slug = consent.company.slug
    try:
        outcome = linking.finish_consent(consent, request.GET.dict())
    except AppError as error:
        messages.error(request, str(error))
        return redirect("connectors:connections", slug)
    if isinstance(outcome, linking.Choice):
        return redirect("connectors:choose", slug, consent.pk)
    messages.success(request, connected(outcome))
    return redirect(setting_up.goes_on_at(outcome))


@require_http_methods(["GET", "HEAD", "POST"])
@requires(Action.MANAGE_CONNECTIONS)
def choose(request: CompanyRequest, pk: int) -> HttpResponse:
    """The sign-in sees several companies: which one?"""
    mine = ConsentRequest.objects.filter(company=request.company, user=request.user)
    consent = get_object_or_404(mine, pk=pk)
    if request.method == "POST":
        picked = request.POST.get("company", "")
        connection = linking.choose(consent, picked, by=request.user)
        messages.success(request, connected(connection))
        return redirect(setting_up.goes_on_at(connection))
    context = {
        "system": System(consent.system),
        "companies": linking.companies_to_choose(consent, by=request.user),
    }
    return render(request, "connectors/choose.html", context)


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
