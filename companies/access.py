"""Who may do what: one table, asked by pages, API, tasks and commands alike."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, cast

from django.db import models
from django.http import HttpRequest, HttpResponseBase
from django_htmx.middleware import HtmxDetails

from common.errors import NotAllowed
from companies.models import Company, Membership, Role, User


class Action(models.TextChoices):
    """What a person can want to do, worded to follow "Only … can"."""

    SEE_BILLS = "see_bills", "see bills"
    SEE_MAPPINGS = "see_mappings", "see mappings"
    SEE_TRAIL = "see_trail", "see the trail"
    EXPORT = "export", "export"
    DECIDE = "decide", "decide mappings"
    PUBLISH = "publish", "publish mappings"
    UNPUBLISH = "unpublish", "unpublish"
    APPROVE = "approve", "approve bills"
    SEND = "send", "send bills"
    PULL = "pull", "pull now"
    BRING_IN_FILES = "bring_in_files", "bring in files"
    SEE_SETTINGS = "see_settings", "see settings"
    MANAGE_CONNECTIONS = "manage_connections", "manage connections"
    MANAGE_PEOPLE = "manage_people", "manage people"
    CHANGE_SETTINGS = "change_settings", "change settings"


_READ = {
    Action.SEE_BILLS,
    Action.SEE_MAPPINGS,
    Action.SEE_TRAIL,
    Action.SEE_SETTINGS,
    Action.EXPORT,
}
ALLOWED: dict[Role, frozenset[Action]] = {
    Role.ADMIN: frozenset(Action),
    Role.CONTROLLER: frozenset(
        _READ
        | {Action.DECIDE, Action.PUBLISH, Action.APPROVE, Action.SEND, Action.PULL}
        | {Action.BRING_IN_FILES}
    ),
    Role.ACCOUNTANT: frozenset(_READ | {Action.PULL}),
    # Sees and approves the bills of own projects only: Bill.objects.visible_to().
    Role.PROJECT_MANAGER: frozenset({Action.SEE_BILLS, Action.APPROVE}),
    Role.VIEWER: frozenset(_READ),
}


class CompanyRequest(HttpRequest):
    """A request below /c/<company>/ by somebody who belongs to that company."""

    company: Company
    membership: Membership
    user: User
    htmx: HtmxDetails


def may(membership: Membership, action: Action) -> bool:
    return action in ALLOWED[Role(membership.role)]


def check(membership: Membership, action: Action) -> None:
    """Raises NotAllowed with a sentence that names who can."""
    if not may(membership, action):
        raise NotAllowed(refusal(membership.company, action))


def refusal(company: Company, action: Action) -> str:
    """ "Only an admin can unpublish. Ask Priya Shah." """
    roles = _roles(action)
    # A project manager's rights end at own projects: not somebody to send people to.
    roles = [role for role in roles if role is not Role.PROJECT_MANAGER] or roles
    who = " or ".join(
        f"{'an' if role.label[0] in 'AEIOU' else 'a'} {role.label.lower()}" for role in roles
    )
    people = list(
        company.memberships.filter(role__in=roles)
        .select_related("user")
        .order_by("role", "user__name")[:2]
    )
    ask = f" Ask {' or '.join(str(person.user) for person in people)}." if people else ""
    return f"Only {who} can {action.label}.{ask}"


def people(company: Company, action: Action) -> list[User]:
    """Everybody in the company who may do `action` now, by name."""
    members = company.memberships.filter(role__in=_roles(action), user__is_active=True)
    return [row.user for row in members.select_related("user").order_by("user__name", "pk")]


def _roles(action: Action) -> list[Role]:
    return [role for role in Role if action in ALLOWED[role]]


P = ParamSpec("P")
View = Callable[Concatenate[Any, P], HttpResponseBase]


def requires(action: Action) -> Callable[[View[P]], View[P]]:
    """Fence a page: the view runs only for members who may do `action`."""

    def fence(view: View[P]) -> View[P]:
        @wraps(view)
        def fenced(request: CompanyRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
            check(request.membership, action)
            return view(request, *args, **kwargs)

        fenced.required_action = action  # type: ignore[attr-defined]
        return cast("View[P]", fenced)

    return fence
