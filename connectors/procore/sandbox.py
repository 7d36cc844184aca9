"""A small Procore: one process that plays the login host and the API host.

Source: Procore fact sheet, 13, and the sections it points to. Each API request is checked in the
order bearer, company header, company, project, record.
"""

import json
from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal
from functools import wraps
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar

from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Request, Response

from connectors.procore import sandbox_views as views
from connectors.procore.sandbox_books import TABLES, Application, Books
from connectors.procore.sandbox_login import LoginHost
from connectors.procore.sandbox_rules import (
    TOO_MANY,
    Denied,
    RateLimits,
    Window,
    filtered,
    missing_param,
    not_found,
    page,
)
from connectors.sandboxing import Doc, json_response

P = ParamSpec("P")
S = TypeVar("S", bound="ProcoreSandbox")
Handler = Callable[Concatenate[S, Request, P], Response]

TOOLS = {"subcontracts", "purchase_orders", "requisitions", "direct_costs"}
# 2.6: the numbers of the real system's own examples.
REAL_PACE = {"calls_per_spike": 25, "calls_per_hour": 3_600}
NOT_CONNECTED = {"errors": ["App is not connected to this company."]}
NO_ACCESS = {"code": 403, "message": "You do not have access to this project or tool."}
PROJECT_STATUSES = {"All": None, "Active": True, "Inactive": False}
DATED = ("id", "created_at", "updated_at")


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


class ProcoreSandbox(LoginHost):
    """Strict about sign-in, company and project; forgiving about filters, as Procore is."""

    routes = [
        *LoginHost.login_routes,
        ("GET", "/rest/v1.0/me", "me"),
        ("GET", "/rest/v1.0/companies", "companies"),
        ("GET", "/rest/v1.0/vendors", "vendors"),
        ("GET", "/rest/v1.0/vendors/<int:vendor_id>", "vendor"),
        ("GET", "/rest/v1.0/companies/<int:company_id>/vendors/inactive", "inactive_vendors"),
        ("GET", "/rest/v1.0/projects", "projects"),
        ("GET", "/rest/v1.1/projects", "projects"),
        ("GET", "/rest/v1.0/projects/<int:project_id>", "project"),
        ("GET", "/rest/v1.0/standard_cost_code_lists", "standard_lists"),
        ("GET", "/rest/v1.0/standard_cost_codes", "standard_cost_codes"),
        ("GET", "/rest/v1.0/line_item_types", "cost_types"),
        ("GET", "/rest/v1.0/cost_codes", "cost_codes"),
        ("GET", "/rest/v1.0/work_order_contracts", "subcontracts"),
        ("GET", "/rest/v1.0/work_order_contracts/<int:commitment_id>/line_items", "schedule"),
        ("GET", "/rest/v1.0/purchase_order_contracts", "purchase_orders"),
        ("GET", "/rest/v1.0/purchase_order_contracts/<int:commitment_id>/line_items", "schedule"),
        ("GET", "/rest/v1.1/requisitions", "requisitions"),
        ("GET", "/rest/v1.1/requisitions/<int:requisition_id>", "requisition"),
        ("GET", "/rest/v1.0/projects/<int:project_id>/direct_costs", "direct_costs"),
        (
            "GET",
            "/rest/v1.0/projects/<int:project_id>/direct_costs/line_items",
            "all_direct_cost_lines",
        ),
        (
            "GET",
            "/rest/v1.0/projects/<int:project_id>/direct_costs/<int:cost_id>",
            "direct_cost",
        ),
        (
            "GET",
            "/rest/v1.0/projects/<int:project_id>/direct_costs/<int:cost_id>/line_items",
            "direct_cost_lines",
        ),
        ("POST", "/_sandbox/rows/<table>", "write_rows"),
        ("DELETE", "/_sandbox/rows/<table>/<key>", "delete_row"),
        ("GET|PUT|DELETE", "/_sandbox/closed_projects/<int:project_id>", "close_project"),
        ("GET|PUT|DELETE", "/_sandbox/closed_projects/<int:project_id>/<tool>", "close_tool"),
    ]

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

    def _named_company(self, request: Request) -> None:
        named = request.args.get("company_id")
        if not named:
            raise missing_param("company_id")
        if named != str(self.own_company["id"]):
            raise Denied(403, NOT_CONNECTED)

    def _project(self, project_id: int | None, tool: str = "") -> Doc:
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

    def _named_project(self, request: Request, tool: str = "") -> Doc:
        return self._project(request.args.get("project_id", type=int), tool)

    def _listed(
        self, request: Request, rows: Sequence[Doc], *, default: int = 100, most: int = 2000
    ) -> Response:
        shown, headers = page(rows, request, default=default, most=most)
        response = json_response(shown)
        response.headers.extend(headers)
        return response

    # --- Company ----------------------------------------------------------------------------------

    @api(needs_company=False)
    def me(self, request: Request) -> Response:
        return json_response({"id": 1, "login": "sam@sandbox.example", "name": "Sam Sandbox"})

    @api(needs_company=False)
    def companies(self, request: Request) -> Response:
        return self._listed(request, [views.company(self.own_company)])

    @api()
    def vendors(self, request: Request) -> Response:
        """3.2: active vendors only."""
        self._named_company(request)
        rows = [row for row in self.store.all("vendors") if row.get("active", True)]
        rows = filtered(rows, request, (*DATED, "search"))
        view = request.args.get("view", "extended")
        return self._listed(request, [views.vendor(row, view) for row in rows])

    @api()
    def inactive_vendors(self, request: Request, company_id: int) -> Response:
        if company_id != self.own_company["id"]:
            raise Denied(403, NOT_CONNECTED)
        rows = [row for row in self.store.all("vendors") if not row.get("active", True)]
        return self._listed(request, [views.vendor(row, "extended") for row in rows])

    @api()
    def vendor(self, request: Request, vendor_id: int) -> Response:
        self._named_company(request)
        row = self.store.get("vendors", vendor_id)
        if row is None:
            raise not_found()
        return json_response(views.vendor(row, request.args.get("view", "extended")))

    @api()
    def projects(self, request: Request) -> Response:
        """3.3: active projects only, unless `by_status` says otherwise."""
        self._named_company(request)
        wanted = PROJECT_STATUSES.get(request.args.get("filters[by_status]", "Active"), True)
        rows = [
            row
            for row in self.store.all("projects")
            if wanted is None or row.get("active", True) is wanted
        ]
        rows = filtered(rows, request, (*DATED, "name"))
        shown = [views.project(row, self.own_company) for row in rows]
        return self._listed(request, shown, most=300)

    @api()
    def project(self, request: Request, project_id: int) -> Response:
        self._named_company(request)
        return json_response(views.project(self._project(project_id), self.own_company))

    @api()
    def standard_lists(self, request: Request) -> Response:
        self._named_company(request)
        shown = {"id": views.STANDARD_LIST_ID, "name": "Standard", "is_erp_list": False}
        return self._listed(request, [shown])

    @api()
    def standard_cost_codes(self, request: Request) -> Response:
        self._named_company(request)
        named = request.args.get("standard_cost_code_list_id", type=int)
        if named is None:
            raise missing_param("standard_cost_code_list_id")
        if named != views.STANDARD_LIST_ID:
            raise not_found()
        by_code = {row["code"]: row for row in self.store.all("cost_codes")}
        view = request.args.get("view", "default")
        shown = [views.standard_cost_code(row, by_code, view) for row in by_code.values()]
        return self._listed(request, shown)

    @api()
    def cost_types(self, request: Request) -> Response:
        """4.2: asked for a company or for a project, the answer is the company's list."""
        if "project_id" in request.args:
            self._named_project(request)
        else:
            self._named_company(request)
        rows = self.store.all("cost_types")
        return self._listed(request, [views.cost_type(row) for row in rows])

    # --- Projects ---------------------------------------------------------------------------------

    @api()
    def cost_codes(self, request: Request) -> Response:
        project = self._named_project(request)
        by_code = self.books.cost_codes(project["id"])
        rows = filtered(list(by_code.values()), request, ("id",))
        shown = [views.cost_code(row, by_code, project["id"]) for row in rows]
        return self._listed(request, shown)

    @api()
    def subcontracts(self, request: Request) -> Response:
        return self._commitments(request, "subcontract")

    @api()
    def purchase_orders(self, request: Request) -> Response:
        return self._commitments(request, "purchase_order")

    def _commitments(self, request: Request, commitment_type: str) -> Response:
        project = self._named_project(request, tool=f"{commitment_type}s")
        billed: dict[int, Decimal] = {}
        for application in self.books.applications(project["id"]):
            billed[application.commitment["id"]] = application.earned_less_retainage
        rows = [
            row
            for row in self.store.all("commitments")
            if row["project_id"] == project["id"] and row["type"] == commitment_type
        ]
        view = request.args.get("view", "compact")
        shown = [
            views.commitment(
                row,
                self.books.commitment_lines(row["id"]),
                billed.get(row["id"], Decimal(0)),
                self._vendor_of(row),
                view,
            )
            for row in filtered(rows, request, (*DATED, "status"))
        ]
        return self._listed(request, shown)

    def _vendor_of(self, row: Doc) -> Doc | None:
        vendor_id = row.get("vendor_id")
        return self.store.get("vendors", vendor_id) if vendor_id else None

    @api()
    def schedule(self, request: Request, commitment_id: int) -> Response:
        """5.2: the schedule of values."""
        project = self._named_project(request)
        contract = self.store.get("commitments", commitment_id)
        if contract is None or contract["project_id"] != project["id"]:
            raise not_found()
        self._project(project["id"], tool=f"{contract['type']}s")
        coding = views.Coding(self.books, project["id"])
        rows = filtered(self.books.commitment_lines(commitment_id), request, DATED)
        return self._listed(request, [views.commitment_line(row, contract, coding) for row in rows])

    @api()
    def requisitions(self, request: Request) -> Response:
        project = self._named_project(request, tool="requisitions")
        by_id = {one.requisition["id"]: one for one in self.books.applications(project["id"])}
        rows = [one.requisition for one in by_id.values()]
        rows = filtered(rows, request, (*DATED, "commitment_id", "status"))
        coding = views.Coding(self.books, project["id"])
        view = request.args.get("view", "default")
        shown, headers = page(rows, request, default=30)
        response = json_response(
            [self._requisition(by_id[row["id"]], coding, view) for row in shown]
        )
        response.headers.extend(headers)
        return response

    @api()
    def requisition(self, request: Request, requisition_id: int) -> Response:
        project = self._named_project(request, tool="requisitions")
        for application in self.books.applications(project["id"]):
            if application.requisition["id"] == requisition_id:
                coding = views.Coding(self.books, project["id"])
                view = request.args.get("view", "default")
                return json_response(self._requisition(application, coding, view))
        raise not_found()

    def _requisition(self, application: Application, coding: views.Coding, view: str) -> Doc:
        vendor = self._vendor_of(application.commitment)
        return views.requisition(application, vendor["name"] if vendor else "", coding, view)

    @api()
    def direct_costs(self, request: Request, project_id: int) -> Response:
        self._project(project_id, tool="direct_costs")
        rows = [row for row in self.store.all("direct_costs") if row["project_id"] == project_id]
        shown = [
            views.direct_cost(row, self.books.direct_cost_amount(row), self._vendor_of(row))
            for row in filtered(rows, request, (*DATED, "invoice_number"))
        ]
        return self._listed(request, shown)

    @api()
    def direct_cost(self, request: Request, project_id: int, cost_id: int) -> Response:
        row = self._direct_cost(project_id, cost_id)
        vendor = self._vendor_of(row)
        shown = views.direct_cost(row, self.books.direct_cost_amount(row), vendor)
        shown["vendor"] = {"id": vendor["id"], "name": vendor["name"]} if vendor else None
        shown["line_items"] = self._direct_cost_lines(row)
        return json_response(shown)

    @api()
    def direct_cost_lines(self, request: Request, project_id: int, cost_id: int) -> Response:
        return self._listed(
            request, self._direct_cost_lines(self._direct_cost(project_id, cost_id))
        )

    @api()
    def all_direct_cost_lines(self, request: Request, project_id: int) -> Response:
        """8.4: the lines of every direct cost of a project."""
        self._project(project_id, tool="direct_costs")
        costs = [row for row in self.store.all("direct_costs") if row["project_id"] == project_id]
        coding = views.Coding(self.books, project_id)
        return self._listed(
            request,
            [
                views.direct_cost_line(line, cost, coding)
                for cost in costs
                for line in self.books.direct_cost_lines(cost["id"])
            ],
        )

    def _direct_cost(self, project_id: int, cost_id: int) -> Doc:
        self._project(project_id, tool="direct_costs")
        row = self.store.get("direct_costs", cost_id)
        if row is None or row["project_id"] != project_id:
            raise not_found()
        return row

    def _direct_cost_lines(self, row: Doc) -> list[Doc]:
        coding = views.Coding(self.books, row["project_id"])
        lines = self.books.direct_cost_lines(row["id"])
        return [views.direct_cost_line(line, row, coding) for line in lines]

    # --- The world changes ------------------------------------------------------------------------

    def write_rows(self, request: Request, table: str) -> Response:
        """Add or change rows: a list of objects in the columns of that seed file.

        Columns that a row does not name stay as they are, so `{"id": 7, "name": "New"}` renames
        and `{"id": 7, "active": false}` makes inactive.
        """
        if table not in TABLES:
            return json_response({"message": f"There is no table {table}."}, 404)
        rows: Any = json.loads(request.get_data(), parse_float=Decimal)
        shape = TABLES[table]
        needed = [column for column in (shape.key, shape.parent) if column]
        if not all(column in row for row in rows for column in needed):
            return json_response({"message": f"Each row needs {' and '.join(needed)}."}, 400)
        written = []
        for row in rows:
            written.append(self.books.write(table, row, self.now()))
            self.books.touch_header(table, row, self.now())
        return json_response(written)

    def delete_row(self, request: Request, table: str, key: str) -> Response:
        """Take a row away for good, as Procore does where it keeps no deleted ones (13)."""
        if table not in TABLES or TABLES[table].parent:
            return json_response({"message": f"Rows of {table} cannot be deleted alone."}, 404)
        self.store.delete(table, key)
        return json_response({"deleted": key})

    def close_project(self, request: Request, project_id: int) -> Response:
        """PUT closes a project to our user (403), DELETE opens it again."""
        return self._close(request, "closed_projects", str(project_id))

    def close_tool(self, request: Request, project_id: int, tool: str) -> Response:
        """The same for one tool of a project, named as its list is."""
        if tool not in TOOLS:
            return json_response({"message": f"There is no tool {tool}."}, 404)
        return self._close(request, "closed_tools", f"{project_id}/{tool}")

    def _close(self, request: Request, closed: str, key: str) -> Response:
        if request.method == "PUT":
            self.store.put(closed, key, {"id": key})
        elif request.method == "DELETE":
            self.store.delete(closed, key)
        return json_response({"closed": self.store.get(closed, key) is not None})
