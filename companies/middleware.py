"""Puts the company on the request, for its members only."""

import time
from collections.abc import Callable
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone

from companies.models import Membership, User

Handler = Callable[[HttpRequest], HttpResponse]
SEEN_EVERY_SECONDS = 60


class SessionLifeMiddleware:
    """A session ends after an hour without a request; twelve hours is the cookie's own limit."""

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated:
            now = int(time.time())
            seen = request.session.get("seen", now)
            if now - seen > settings.SESSION_IDLE_SECONDS:
                logout(request)
            elif "seen" not in request.session or now - seen > SEEN_EVERY_SECONDS:
                request.session["seen"] = now
        return self.get_response(request)


class CompanyMiddleware:
    """For URLs below /c/<company>/: only members get in, everybody else sees a 404.

    The view gets `request.company` and `request.membership` in place of the URL's slug. Rights
    are read on every request, so a removed member is out at once. Times show in the person's own
    zone, or else in the company's.
    """

    def __init__(self, get_response: Handler) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with timezone.override(_zone(getattr(request.user, "time_zone", ""))):
            return self.get_response(request)

    def process_view(
        self, request: HttpRequest, _view: object, _args: object, kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        if "company" not in kwargs:
            return None
        slug = kwargs.pop("company")
        if not isinstance(request.user, User):
            return sign_in_first(request)
        membership = (
            Membership.objects.select_related("company__settings", "user")
            .filter(company__slug=slug, user=request.user)
            .first()
        )
        if membership is None:
            raise Http404
        request.company = membership.company  # type: ignore[attr-defined]
        request.membership = membership  # type: ignore[attr-defined]
        own, office = membership.user.time_zone, membership.company.settings.time_zone
        if _zone(own) is None and (zone := _zone(office)):
            timezone.activate(zone)
        self._note_visit(membership)
        return None

    def _note_visit(self, membership: Membership) -> None:
        now = timezone.now()
        seen = membership.last_seen_at
        if seen is None or (now - seen).total_seconds() > SEEN_EVERY_SECONDS:
            Membership.objects.filter(pk=membership.pk).update(last_seen_at=now)


def _zone(name: str) -> ZoneInfo | None:
    """None, which stands for the installation's own, when `name` is blank or no longer known."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError):
        return None


def sign_in_first(request: HttpRequest) -> HttpResponse:
    """Sign-in, then back here. A fragment sends the whole window there, never a form in a row."""
    if request.headers.get("HX-Request"):
        here = request.headers.get("HX-Current-URL", "/")
        path = "/" + here.split("/", 3)[3] if here.count("/") >= 3 else "/"
        login = redirect_to_login(path, reverse("account_login"))
        return HttpResponse(status=401, headers={"HX-Redirect": login.url})
    return redirect_to_login(request.get_full_path(), reverse("account_login"))
