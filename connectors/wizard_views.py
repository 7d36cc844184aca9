"""From nothing to the first pull: choose a source, choose a ledger, tie each in its own way.

Every step has an address and saves by itself. What systems need differs by `Way`; which of them a
system offers, and what it asks for, its package says.
"""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from common.choices import Side, System, Way
from common.errors import AppError
from companies.access import Action, CompanyRequest, requires
from connectors import condition, linking, registry, setting_up, trying, waiting
from connectors.errors import ConnectorError
from connectors.forms import CredentialsForm, FilesForm
from connectors.models import Connection
from connectors.packages import Package

FORM = require_http_methods(["GET", "HEAD", "POST"])
STEPS = {Side.SOURCE: setting_up.SOURCE, Side.LEDGER: setting_up.LEDGER}


@require_safe
@requires(Action.MANAGE_CONNECTIONS)
def set_up(request: CompanyRequest) -> HttpResponse:
    """Go on where it was left."""
    return redirect(setting_up.next_step(request.company, setting_up.live(request.company)))


@require_safe
@requires(Action.MANAGE_CONNECTIONS)
def choose_system(request: CompanyRequest, side: str) -> HttpResponse:
    if side not in Side.values:
        raise Http404
    chosen = Side(side)
    connections = setting_up.live(request.company)
    here = next((row for row in connections if row.side == chosen), None)
    context = {
        "side": chosen,
        "offers": setting_up.offers(chosen),
        "live": here,
        "condition": condition.of(here) if here else None,
        "next": setting_up.next_step(request.company, connections),
        "steps": setting_up.steps(request.company, connections, at=STEPS[chosen]),
    }
    return render(request, "connectors/choose_system.html", context)


@require_safe
@requires(Action.MANAGE_CONNECTIONS)
def connect(request: CompanyRequest, system: str) -> HttpResponse:
    """Where a system can be tied in one way only, that; else what each way means."""
    known = _system(system)
    package = registry.PACKAGES[known]
    live = registry.connection_of(request.company, package.side)
    if live is not None and live.system == known and live.way in package.ways:
        return _WAYS[Way(live.way)](request, known, package)
    if len(package.ways) == 1:
        return _WAYS[package.ways[0]](request, known, package)
    context = _context(request, known, package) | {
        "ways": [(way, package.ways_mean.get(way, "")) for way in package.ways]
    }
    return render(request, "connectors/choose_way.html", context)


@FORM
@requires(Action.MANAGE_CONNECTIONS)
def connect_by(request: CompanyRequest, system: str, way: str) -> HttpResponse:
    known = _system(system)
    package = registry.PACKAGES[known]
    if way not in package.ways:
        raise Http404
    return _WAYS[Way(way)](request, known, package)


def _by_consent(request: CompanyRequest, system: System, package: Package) -> HttpResponse:
    """What we read and write, and a plain link to the other system's page.

    A link and not a form: our policy lets forms go to our own pages only, and browsers apply it
    to the redirect that answers a form as well.
    """
    context = _context(request, system, package)
    if not context["refusal"]:
        context["consent_url"] = linking.start_consent(
            request.company, by=request.user, system=system, session_key=session_key(request)
        )
    return render(request, "connectors/connect.html", context)


def _by_credentials(request: CompanyRequest, system: System, package: Package) -> HttpResponse:
    context = _context(request, system, package)
    live: Connection | None = context["live"]
    known = live if live and live.way == Way.CREDENTIALS and live.system == system else None
    form = CredentialsForm(package, request.POST or None, known=known)
    if request.method == "POST" and form.is_valid():
        try:
            made = trying.sign_in(request.company, system, form.typed(), by=request.user)
        except ConnectorError as error:
            form.refused(error)
        except AppError as error:
            form.add_error(None, str(error))
        else:
            return _goes_on(request, made)
    status = 422 if form.errors else 200
    return render(request, "connectors/credentials.html", context | {"form": form}, status=status)


def _by_files(request: CompanyRequest, system: System, package: Package) -> HttpResponse:
    context = _context(request, system, package)
    live: Connection | None = context["live"]
    initial = {"name": live.name if live and live.system == system else request.company.name}
    form = FilesForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            name = form.cleaned_data["name"]
            made = trying.name_files(request.company, system, name, by=request.user)
        except AppError as error:
            form.add_error(None, str(error))
        else:
            return _goes_on(request, made)
    status = 422 if form.errors else 200
    return render(request, "connectors/files.html", context | {"form": form}, status=status)


def _by_connector(request: CompanyRequest, system: System, package: Package) -> HttpResponse:
    context = _context(request, system, package)
    if request.method != "POST" or context["refusal"]:
        return render(request, "connectors/make_connector.html", context)
    connection, password = waiting.begin(request.company, system, by=request.user)
    # No redirect: the password is shown by this answer and by no other, and is kept nowhere. Who
    # reloads is asked by the browser, and makes another one.
    answer = _connector_page(request, connection, password=password)
    answer["Cache-Control"] = "no-store"
    return answer


_WAYS = {
    Way.CONSENT: _by_consent,
    Way.CREDENTIALS: _by_credentials,
    Way.CONNECTOR_FILE: _by_connector,
    Way.FILES: _by_files,
}


# --- A system that calls us -----------------------------------------------------------------------


@require_safe
@requires(Action.MANAGE_CONNECTIONS)
def connector(request: CompanyRequest, pk: int) -> HttpResponse:
    """What to do with the connector file, and whether it has called. Refreshes itself."""
    return _connector_page(request, _connector(request, pk))


@require_safe
@requires(Action.MANAGE_CONNECTIONS)
def connector_file(request: CompanyRequest, pk: int) -> HttpResponse:
    connection = _connector(request, pk)
    made = registry.package_of(connection).connector_file
    if made is None:
        raise Http404
    file = made(connection)
    # Its own type would have some browsers show it instead of keeping it.
    answer = HttpResponse(file.content, content_type=file.content_type)
    answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    answer["X-Content-Type-Options"] = "nosniff"
    return answer


def _connector(request: CompanyRequest, pk: int) -> Connection:
    mine = request.company.connections.filter(way=Way.CONNECTOR_FILE)
    mine = mine.exclude(state=Connection.State.DISCONNECTED)
    return get_object_or_404(mine.select_related("paused_by"), pk=pk)


def _connector_page(
    request: CompanyRequest, connection: Connection, *, password: str = ""
) -> HttpResponse:
    made = registry.package_of(connection).connector_file
    context: dict[str, Any] = {
        "connection": connection,
        "condition": condition.of(connection),
        "is_waiting": connection.state == Connection.State.WAITING,
        "goes_on_at": "",
    }
    if not context["is_waiting"]:
        context["goes_on_at"] = setting_up.next_step(
            request.company, setting_up.live(request.company)
        )
    if request.htmx and request.method == "GET" and not request.htmx.history_restore_request:
        return render(request, "connectors/_heard.html", context)
    context |= {
        "password": password,
        "file": made(connection) if made else None,
        "assumption": registry.package_of(connection).assumption,
        "steps": _steps(request, Side(connection.side)),
    }
    return render(request, "connectors/connector.html", context)


# --- What these pages share -----------------------------------------------------------------------


def _context(request: CompanyRequest, system: System, package: Package) -> dict[str, Any]:
    live = registry.connection_of(request.company, package.side)
    refusal = ""
    try:
        linking.refuse_another_system(live, system)
    except AppError as error:
        refusal = str(error)
    return {
        "system": system,
        "package": package,
        "side": package.side,
        "live": live if live and live.system == system else None,
        "refusal": refusal,
        "steps": _steps(request, package.side),
    }


def _steps(request: CompanyRequest, side: Side) -> list[dict[str, Any]]:
    """None once all is set up: then this is a reconnect."""
    connections = setting_up.live(request.company)
    if setting_up.is_set_up(connections):
        return []
    return setting_up.steps(request.company, connections, at=STEPS[side])


def _goes_on(request: CompanyRequest, connection: Connection) -> HttpResponse:
    messages.success(request, connected(connection))
    return redirect(setting_up.goes_on_at(connection))


def connected(connection: Connection) -> str:
    return f"{connection.get_system_display()} is connected to {connection.name}."


def _system(value: str) -> System:
    if value not in registry.PACKAGES:
        raise Http404
    return System(value)


def session_key(request: HttpRequest) -> str:
    if request.session.session_key is None:
        request.session.create()
    return str(request.session.session_key)
