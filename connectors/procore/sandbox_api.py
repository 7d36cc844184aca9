"""What every part of the sandbox's API shares: who asks, about which company and project.

Source: Procore fact sheet, 1.5, 2.2, 2.6 and 13. Each request is checked in the order bearer,
company header, company, project, record.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import wraps
from pathlib import Path
from typing import Concatenate, ParamSpec, TypeVar

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from connectors.procore.sandbox_books import Books
from connectors.procore.sandbox_login import LoginHost
from connectors.procore.sandbox_rules import (
    TOO_MANY,
    Denied,
    RateLimits,
    Window,
    missing_param,
    not_found,
    page,
)
from connectors.sandboxing import Doc, json_response

P = ParamSpec("P")
S = TypeVar("S", bound="ApiHost")
Handler = Callable[Concatenate[S, Request, P], Response]

# 2.6: the numbers of the real system's own examples.
REAL_PACE = {"calls_per_spike": 25, "calls_per_hour": 3_600}
NOT_CONNECTED = {"errors": ["App is not connected to this company."]}
NO_ACCESS = {"code": 403, "message": "You do not have access to this project or tool."}


def api(*, needs_company: bool = True) -> Callable[[Handler[S, P]], Handler[S, P]]:
    """What every API call goes through before its handler, and the headers after it."""

    def decorate(handler: Handler[S, P]) -> Handler[S, P]:
        @wraps(handler)
        def checked(self: S, request: Request, /, *args: P.args, **kwargs: P.kwargs) -> Response:
            now = self.now()
            try:
                if not self.limits.admit(now):
                    raise Denied(429, {"message": TOO_MANY})
                self.check_caller(request, needs_company=needs_company)
                response = handler(self, request, *args, **kwargs)
            except Denied as denied:
                response = denied.response
            response.headers.extend(self.limits.headers(now))
            response.headers["x-request-id"] = f"sandbox-{self.store.next_number('request')}"
            return response

        return checked

    return decorate


class ApiHost(LoginHost):
    """The login host, and what an API request goes through before its answer."""

    def __init__(
        self,
        *,
        seed: Path | None = None,
        books: Path | None = None,
        client_id: str = "tieout-sandbox",
        client_secret: str = "tieout-sandbox-secret",  # noqa: S107 - it opens a sandbox only
        calls_per_spike: int = 2_500,
        calls_per_hour: int = 360_000,
    ) -> None:
        """The limits of the real system, REAL_PACE, are far lower.

        They are generous here so that a demo pulls in one go; who cares about pace sets others.
        """
        self.client_id = client_id
        self.client_secret = client_secret
        self.limits = RateLimits(
            spike=Window(calls_per_spike, timedelta(seconds=10)),
            hourly=Window(calls_per_hour, timedelta(hours=1)),
        )
        super().__init__(seed=seed, books=books)

    @property
    def books(self) -> Books:
        return Books(self.store)

    def load(self, seed: Path) -> None:
        self.books.load(seed, self.now())

    def answer_error(self, request: Request, error: HTTPException) -> Response:
        return json_response({"message": error.description}, error.code or 500)

    # --- Who asks, and about what -----------------------------------------------------------------

    def check_caller(self, request: Request, *, needs_company: bool) -> None:
        if self.bearer(request) is None:
            raise Denied(401, {"errors": ["The access token is invalid"]})
        if not needs_company:
            return
        named = request.headers.get("Procore-Company-Id")
        if not named:
            raise Denied(400, "Missing Procore-Company-Id header! Please add it to each request.")
        if named != str(self.own_company["id"]):
            raise Denied(403, NOT_CONNECTED)

    @property
    def own_company(self) -> Doc:
        return self.store.all("company")[0]

    def named_company(self, request: Request) -> None:
        named = request.args.get("company_id")
        if not named:
            raise missing_param("company_id")
        if named != str(self.own_company["id"]):
            raise Denied(403, NOT_CONNECTED)

    def the_project(self, project_id: int | None, tool: str = "") -> Doc:
        """A project whose tools are switched off, or that our user was not added to, is a 403."""
        if project_id is None:
            raise missing_param("project_id")
        if self.store.get("closed_projects", project_id):
            raise Denied(403, NO_ACCESS)
        if self.store.get("closed_tools", f"{project_id}/{tool}"):
            raise Denied(403, NO_ACCESS)
        project = self.store.get("projects", project_id)
        if project is None:
            raise not_found()
        return project

    def named_project(self, request: Request, tool: str = "") -> Doc:
        return self.the_project(request.args.get("project_id", type=int), tool)

    def listed(
        self, request: Request, rows: Sequence[Doc], *, default: int = 100, most: int = 2000
    ) -> Response:
        shown, headers = page(rows, request, default=default, most=most)
        response = json_response(shown)
        response.headers.extend(headers)
        return response
