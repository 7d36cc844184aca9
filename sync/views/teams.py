"""An admin says which projects are whose."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_POST, require_safe

from common.choices import RecordKind, Side
from common.middleware import with_toast
from common.seen import number
from companies.access import Action, CompanyRequest, requires
from companies.models import Membership, Role
from connectors.models import Record
from connectors.querysets import RecordQuerySet
from sync import teaming
from sync.models import ProjectTeam

PAGE = 50


@dataclass(frozen=True)
class Row:
    project: Record
    team: list[Membership]
    others: list[Membership]  # project managers who could be added


@require_safe
@requires(Action.MANAGE_PEOPLE)
def teams(request: CompanyRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:200]
    projects = _projects(request)
    if words:
        projects = projects.filter(search_text__contains=words.lower())
    team = ProjectTeam.objects.select_related("membership__user")
    found = projects.prefetch_related(Prefetch("team", team.order_by("membership__user__name")))
    page = Paginator(found, PAGE).get_page(request.GET.get("page"))
    managers = _managers(request)
    here = reverse("sync:teams", args=[request.company.slug])
    following = page.next_page_number() if page.has_next() else 0
    context: dict[str, Any] = {
        "rows": [_row(project, managers) for project in page],
        "managers": managers,
        "page": page,
        "q": words,
        "here": here,
        "next_url": f"{here}?{urlencode({'q': words, 'page': str(following)})}"
        if following
        else "",
    }
    fragment = request.htmx and not request.htmx.history_restore_request
    return render(request, "sync/_teams.html" if fragment else "sync/teams.html", context)


@require_POST
@requires(Action.MANAGE_PEOPLE)
def assign(request: CompanyRequest, pk: int) -> HttpResponse:
    project, membership = _asked(request, pk)
    teaming.assign(project, membership, by=request.user)
    return _changed(request, project, f"{membership.user} sees {project.name} now.")


@require_POST
@requires(Action.MANAGE_PEOPLE)
def take_off(request: CompanyRequest, pk: int) -> HttpResponse:
    project, membership = _asked(request, pk)
    teaming.take_off(project, membership, by=request.user)
    return _changed(request, project, f"{membership.user} no longer sees {project.name}.")


def _projects(request: CompanyRequest) -> RecordQuerySet:
    on_source = request.company.records.on(Side.SOURCE).filter(kind=RecordKind.PROJECT)
    projects: RecordQuerySet = on_source.defer("payload", "search_text").order_by("name", "pk")
    return projects


def _managers(request: CompanyRequest) -> list[Membership]:
    found = request.company.memberships.filter(role=Role.PROJECT_MANAGER)
    return list(found.select_related("user").order_by("user__name"))


def _row(project: Record, managers: list[Membership]) -> Row:
    team = [row.membership for row in project.team.all()]
    return Row(project, team, [person for person in managers if person not in team])


def _asked(request: CompanyRequest, pk: int) -> tuple[Record, Membership]:
    project = get_object_or_404(_projects(request), pk=pk)
    person = number(request.POST.get("person", ""))
    people = request.company.memberships.select_related("user", "company")
    return project, get_object_or_404(people, pk=person or 0)


def _changed(request: CompanyRequest, project: Record, said: str) -> HttpResponse:
    if not request.htmx:
        messages.success(request, said)
        return redirect("sync:teams", request.company.slug)
    context = {"row": _row(project, _managers(request))}
    return with_toast(render(request, "sync/_team.html", context), said, level="success")
