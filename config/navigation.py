"""What the frame around every page shows. Worked out only when a template asks for it."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse

from companies.access import Action, may
from companies.models import Company, Membership, User
from sync import counting


@dataclass(frozen=True)
class Item:
    key: str
    label: str
    url: str
    count: int = 0
    current: bool = False


@dataclass(frozen=True)
class CompanyLink:
    name: str
    url: str
    current: bool


# (key, label, URL name, what one must be allowed to see it)
PAGES = (
    ("overview", "Overview", "sync:overview", None),
    ("mappings", "Mappings", "mapping:hub", Action.SEE_MAPPINGS),
    ("bills", "Bills", "sync:bills", Action.SEE_BILLS),
    ("trail", "Trail", "reports:trail", Action.SEE_TRAIL),
    ("settings", "Settings", "companies:settings", Action.SEE_SETTINGS),
)
SETTINGS_PAGES = (
    ("connections", "Connections", "connectors:connections", Action.SEE_SETTINGS),
    ("people", "People", "companies:people", Action.SEE_SETTINGS),
    ("teams", "Projects", "sync:teams", Action.MANAGE_PEOPLE),
    ("rules", "Rules", "companies:settings", Action.SEE_SETTINGS),
    ("matching", "Matching", "matching:settings", Action.SEE_SETTINGS),
)
ACCOUNT_PAGES = (
    ("preferences", "Preferences", "preferences"),
    ("password", "Change password", "account_change_password"),
    ("two-step", "Two-step sign-in", "mfa_index"),
    ("tokens", "API tokens", "tokens"),
)
AREAS = {
    "mapping": "mappings",
    "sync": "bills",
    "reports": "trail",
    "companies": "settings",
    "connectors": "settings",
    "matching": "settings",
}

# Pages that stand elsewhere than their app.
APART = {
    "sync:overview": "overview",
    "sync:teams": "settings",
    "sync:create": "mappings",
    "sync:creation": "mappings",
    "sync:first-pull": "settings",
    "sync:first-drafts": "settings",
}


def navigation(request: HttpRequest) -> dict[str, Any]:
    """`nav` for the templates, for people who are signed in."""
    user = getattr(request, "user", None)
    return {"nav": Navigation(request, user)} if isinstance(user, User) else {}


def link(name: str, **kwargs: str) -> str:
    """The page's address; blank while nobody has built that page."""
    try:
        return reverse(name, kwargs=kwargs)
    except NoReverseMatch:
        return ""


class Navigation:
    def __init__(self, request: HttpRequest, user: User) -> None:
        self.request = request
        self.user = user
        self.company: Company | None = getattr(request, "company", None)
        self.membership: Membership | None = getattr(request, "membership", None)

    @cached_property
    def home(self) -> str:
        return link("sync:overview", company=self.company.slug) if self.company else link("home")

    @cached_property
    def help_url(self) -> str:
        return link("keys-help")

    @cached_property
    def sign_out_url(self) -> str:
        return link("account_logout")

    @cached_property
    def account(self) -> list[Item]:
        items = [Item(key, label, link(name)) for key, label, name in ACCOUNT_PAGES]
        return [item for item in items if item.url]

    @cached_property
    def companies(self) -> list[CompanyLink]:
        companies = Company.objects.filter(memberships__user=self.user).order_by("name")
        return [
            CompanyLink(
                company.name, link("sync:overview", company=company.slug), company == self.company
            )
            for company in companies
        ]

    @cached_property
    def items(self) -> list[Item]:
        return self._pages(PAGES, self._area())

    @cached_property
    def settings(self) -> list[Item]:
        match = self.request.resolver_match
        here = match.view_name if match else ""
        current = next((key for key, _, name, _ in SETTINGS_PAGES if name == here), "")
        is_setup = here in {"sync:first-pull", "sync:first-drafts"}
        if not current and (is_setup or here.startswith("connectors:")):
            current = "connections"
        return self._pages(SETTINGS_PAGES, current)

    def _pages(
        self, pages: tuple[tuple[str, str, str, Action | None], ...], current: str
    ) -> list[Item]:
        if self.company is None or self.membership is None:
            return []
        items = [
            Item(
                key,
                label,
                link(name, company=self.company.slug),
                self._waiting.get(key, 0),
                key == current,
            )
            for key, label, name, action in pages
            if action is None or may(self.membership, action)
        ]
        return [item for item in items if item.url]

    def _area(self) -> str:
        match = self.request.resolver_match
        if match is None:
            return ""
        if match.view_name in APART:
            return APART[match.view_name]
        return AREAS.get(match.app_name or match.namespace, "")

    @cached_property
    def _waiting(self) -> dict[str, int]:
        """Work waiting for this person; nobody is shown what they could not do anyway."""
        if self.company is None or self.membership is None:
            return {}
        decides = may(self.membership, Action.DECIDE)
        sends = may(self.membership, Action.SEND)
        if not (decides or sends):
            return {}
        waiting = counting.for_company(self.company)
        return {
            "mappings": waiting.mappings if decides else 0,
            "bills": waiting.bills if sends else 0,
        }
