"""A small Procore: one process that plays the login host and the API host.

Source: Procore fact sheet, 13, and the sections it points to. Strict about sign-in, company and
project; forgiving about filters, as Procore is.
"""

from decimal import Decimal

from werkzeug.wrappers import Request, Response

from connectors.procore import sandbox_views as views
from connectors.procore.sandbox_api import NOT_CONNECTED, REAL_PACE, api
from connectors.procore.sandbox_books import Application
from connectors.procore.sandbox_controls import Controls
from connectors.procore.sandbox_payments import Payments
from connectors.procore.sandbox_rules import (
    Denied,
    filtered,
    missing_param,
    not_deleted,
    not_found,
    page,
)
from connectors.sandboxing import Doc, json_response

__all__ = ["REAL_PACE", "ProcoreSandbox"]

PROJECT_STATUSES = {"All": None, "Active": True, "Inactive": False}
DATED = ("id", "created_at", "updated_at")


class ProcoreSandbox(Payments, Controls):
    """Strict about sign-in, company and project; forgiving about filters, as Procore is."""

    routes = [
        *Payments.login_routes,
        *Payments.payment_routes,
        *Controls.control_routes,
        *Controls.hook_routes,
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
    ]

    # --- Company ----------------------------------------------------------------------------------

    @api(needs_company=False)
    def me(self, request: Request) -> Response:
        return json_response({"id": 1, "login": "sam@sandbox.example", "name": "Sam Sandbox"})

    @api(needs_company=False)
    def companies(self, request: Request) -> Response:
        return self.listed(request, [views.company(self.own_company)])

    @api()
    def vendors(self, request: Request) -> Response:
        """3.2: active vendors only."""
        self.named_company(request)
        rows = [row for row in self.store.all("vendors") if row.get("active", True)]
        rows = filtered(rows, request, (*DATED, "search"))
        view = request.args.get("view", "extended")
        return self.listed(request, [views.vendor(row, view) for row in rows])

    @api()
    def inactive_vendors(self, request: Request, company_id: int) -> Response:
        if company_id != self.own_company["id"]:
            raise Denied(403, NOT_CONNECTED)
        rows = [row for row in self.store.all("vendors") if not row.get("active", True)]
        return self.listed(request, [views.vendor(row, "extended") for row in rows])

    @api()
    def vendor(self, request: Request, vendor_id: int) -> Response:
        self.named_company(request)
        row = self.store.get("vendors", vendor_id)
        if row is None:
            raise not_found()
        return json_response(views.vendor(row, request.args.get("view", "extended")))

    @api()
    def projects(self, request: Request) -> Response:
        """3.3: active projects only, unless `by_status` says otherwise."""
        self.named_company(request)
        wanted = PROJECT_STATUSES.get(request.args.get("filters[by_status]", "Active"), True)
        rows = [
            row
            for row in self.store.all("projects")
            if wanted is None or row.get("active", True) is wanted
        ]
        rows = filtered(rows, request, (*DATED, "name"))
        shown = [views.project(row, self.own_company) for row in rows]
        return self.listed(request, shown, most=300)

    @api()
    def project(self, request: Request, project_id: int) -> Response:
        self.named_company(request)
        return json_response(views.project(self.the_project(project_id), self.own_company))

    @api()
    def standard_lists(self, request: Request) -> Response:
        self.named_company(request)
        shown = {"id": views.STANDARD_LIST_ID, "name": "Standard", "is_erp_list": False}
        return self.listed(request, [shown])

    @api()
    def standard_cost_codes(self, request: Request) -> Response:
        self.named_company(request)
        named = request.args.get("standard_cost_code_list_id", type=int)
        if named is None:
            raise missing_param("standard_cost_code_list_id")
        if named != views.STANDARD_LIST_ID:
            raise not_found()
        by_code = {row["code"]: row for row in self.store.all("cost_codes")}
        view = request.args.get("view", "default")
        shown = [views.standard_cost_code(row, by_code, view) for row in by_code.values()]
        return self.listed(request, shown)

    @api()
    def cost_types(self, request: Request) -> Response:
        """4.2: asked for a company or for a project, the answer is the company's list."""
        if "project_id" in request.args:
            self.named_project(request)
        else:
            self.named_company(request)
        rows = self.store.all("cost_types")
        return self.listed(request, [views.cost_type(row) for row in rows])

    # --- Projects ---------------------------------------------------------------------------------

    @api()
    def cost_codes(self, request: Request) -> Response:
        project = self.named_project(request)
        by_code = self.books.cost_codes(project["id"])
        rows = filtered(list(by_code.values()), request, ("id",))
        shown = [views.cost_code(row, by_code, project["id"]) for row in rows]
        return self.listed(request, shown)

    @api()
    def subcontracts(self, request: Request) -> Response:
        return self._commitments(request, "subcontract")

    @api()
    def purchase_orders(self, request: Request) -> Response:
        return self._commitments(request, "purchase_order")

    def _commitments(self, request: Request, commitment_type: str) -> Response:
        project = self.named_project(request, tool=f"{commitment_type}s")
        billed: dict[int, Decimal] = {}
        for application in self.books.applications(project["id"]):
            billed[application.commitment["id"]] = application.earned_less_retainage
        rows = [
            row
            for row in self.store.all("commitments")
            if row["project_id"] == project["id"] and row["type"] == commitment_type
        ]
        rows = not_deleted(rows, request)
        view = request.args.get("view", "compact")
        shown = [
            views.commitment(
                row,
                self.books.commitment_lines(row["id"]),
                billed.get(row["id"], Decimal(0)),
                self.books.paid(row["id"]),
                self._vendor_of(row),
                view,
            )
            for row in filtered(rows, request, (*DATED, "status"))
        ]
        return self.listed(request, shown)

    def _vendor_of(self, row: Doc) -> Doc | None:
        vendor_id = row.get("vendor_id")
        return self.store.get("vendors", vendor_id) if vendor_id else None

    @api()
    def schedule(self, request: Request, commitment_id: int) -> Response:
        """5.2: the schedule of values."""
        project = self.named_project(request)
        contract = self.store.get("commitments", commitment_id)
        if contract is None or contract["project_id"] != project["id"]:
            raise not_found()
        self.the_project(project["id"], tool=f"{contract['type']}s")
        coding = views.Coding(self.books, project["id"])
        rows = filtered(self.books.commitment_lines(commitment_id), request, DATED)
        return self.listed(request, [views.commitment_line(row, contract, coding) for row in rows])

    @api()
    def requisitions(self, request: Request) -> Response:
        project = self.named_project(request, tool="requisitions")
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
        project = self.named_project(request, tool="requisitions")
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
        self.the_project(project_id, tool="direct_costs")
        rows = [row for row in self.store.all("direct_costs") if row["project_id"] == project_id]
        shown = [
            views.direct_cost(row, self.books.direct_cost_amount(row), self._vendor_of(row))
            for row in filtered(rows, request, (*DATED, "invoice_number"))
        ]
        return self.listed(request, shown)

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
        return self.listed(request, self._direct_cost_lines(self._direct_cost(project_id, cost_id)))

    @api()
    def all_direct_cost_lines(self, request: Request, project_id: int) -> Response:
        """8.4: the lines of every direct cost of a project."""
        self.the_project(project_id, tool="direct_costs")
        costs = [row for row in self.store.all("direct_costs") if row["project_id"] == project_id]
        coding = views.Coding(self.books, project_id)
        return self.listed(
            request,
            [
                views.direct_cost_line(line, cost, coding)
                for cost in costs
                for line in self.books.direct_cost_lines(cost["id"])
            ],
        )

    def _direct_cost(self, project_id: int, cost_id: int) -> Doc:
        self.the_project(project_id, tool="direct_costs")
        row = self.store.get("direct_costs", cost_id)
        if row is None or row["project_id"] != project_id:
            raise not_found()
        return row

    def _direct_cost_lines(self, row: Doc) -> list[Doc]:
        coding = views.Coding(self.books, row["project_id"])
        lines = self.books.direct_cost_lines(row["id"])
        return [views.direct_cost_line(line, row, coding) for line in lines]
