"""Pages that change a connection that is there: pause, resume, hand over, check, disconnect."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from common.choices import RecordKind, Side
from common.errors import AppError
from companies.access import Action, CompanyRequest, requires
from connectors import keeping, linking, registry, routing
from connectors.errors import Unreachable
from connectors.forms import OwnerForm
from connectors.models import Connection
from connectors.packages import Check

FORM = require_http_methods(["GET", "HEAD", "POST"])


@FORM
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
    return _to_the_list(request)


@FORM
@requires(Action.MANAGE_CONNECTIONS)
def pause(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(_live(request), pk=pk)
    if request.method != "POST":
        template = "connectors/_pause.html" if request.htmx else "connectors/pause.html"
        return render(request, template, {"connection": connection})
    keeping.pause(connection, by=request.user)
    messages.success(request, f"{connection.get_system_display()} is paused. All of it is kept.")
    return _to_the_list(request)


@require_POST
@requires(Action.MANAGE_CONNECTIONS)
def resume(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(_live(request), pk=pk)
    keeping.resume(connection, by=request.user)
    messages.success(
        request, f"{connection.get_system_display()} goes on. What waited is taken up now."
    )
    return _to_the_list(request)


@FORM
@requires(Action.MANAGE_CONNECTIONS)
def owner(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = get_object_or_404(
        _live(request).select_related("company", "connected_by", "owner"), pk=pk
    )
    heirs = keeping.heirs(connection)
    form = OwnerForm(heirs, request.POST or None)
    if request.method == "POST" and form.is_valid():
        row = keeping.hand_over(connection, to=form.cleaned_data["to"], by=request.user)
        messages.success(request, f"{row.in_charge} looks after {row.get_system_display()} now.")
        return redirect("connectors:detail", request.company.slug, row.pk)
    context = {"connection": connection, "form": form, "heirs": heirs}
    status = 422 if form.errors else 200
    return render(request, "connectors/owner.html", context, status=status)


@FORM
@requires(Action.MANAGE_CONNECTIONS)
def check(request: CompanyRequest, pk: int) -> HttpResponse:
    """Tries the setup when it is asked to: by a form, because trying calls the other system."""
    connection = get_object_or_404(_live(request).select_related("company"), pk=pk)
    tries = registry.package_of(connection).check
    if tries is None:
        raise Http404
    checks = tries(connection) if request.method == "POST" else []
    context = {
        "connection": connection,
        "checks": checks,
        "first_failed": next((row for row in checks if row.state == Check.State.FAILED), None),
    }
    return render(request, "connectors/check.html", context)


def _live(request: CompanyRequest) -> "QuerySet[Connection]":
    return request.company.connections.exclude(state=Connection.State.DISCONNECTED)


def _to_the_list(request: CompanyRequest) -> HttpResponse:
    url = reverse("connectors:connections", args=[request.company.slug])
    if request.htmx:
        return HttpResponse(status=204, headers={"HX-Redirect": url})
    return redirect(url)


@FORM
@requires(Action.MANAGE_CONNECTIONS)
def projects(request: CompanyRequest, pk: int) -> HttpResponse:
    """Which projects come to these books, where several books share a source account."""
    connection = get_object_or_404(_live(request), pk=pk, side=Side.SOURCE)
    error, status = "", 200
    if request.method == "POST":
        chosen = [int(value) for value in request.POST.getlist("project") if value.isdecimal()]
        try:
            routing.choose(connection, chosen, by=request.user)
        except AppError as refused:
            error, status = str(refused), refused.status
        else:
            messages.success(request, f"{len(chosen)} projects come to these books. Pull now.")
            return redirect("connectors:detail", request.company.slug, connection.pk)
    listed = connection.records.filter(kind=RecordKind.PROJECT, gone_at=None)
    context = {
        "connection": connection,
        "projects": listed.defer("payload", "search_text").order_by("code", "name", "pk"),
        "ours": set(routing.ours(connection).values_list("pk", flat=True)),
        "elsewhere": routing.taken_elsewhere(connection),
        "is_shared": routing.is_shared(connection),
        "error": error,
    }
    return render(request, "connectors/projects.html", context, status=status)
