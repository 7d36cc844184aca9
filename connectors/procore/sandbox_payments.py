"""Payments of commitments, and the days on which bills were paid, as Procore takes them.

Source: Procore fact sheet, 2.9, 2.10, 7.4, 8.1, 8.4 and 11. That a payment names a requisition of
its own commitment, and that its amount is above zero, are assumptions on the strict side.
"""

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request, Response

from common import money
from connectors.procore import sandbox_views as views
from connectors.procore.sandbox_api import ApiHost, api
from connectors.procore.sandbox_rules import Denied, missing_param, not_found
from connectors.sandboxing import Doc, json_response

LOCKED_PAYMENT = (
    "The Contract Payment cannot be edited or deleted because it is synced with an ERP system"
)
LOCKED_INVOICE = "The invoice is not editable because it has been synced with ERP"
# What may still be changed of a payment that another system has its mark on (2.10).
UNLOCKED = {"origin_id", "origin_data"}
WRITTEN = (
    "date", "invoice_number", "check_number", "invoice_date", "notes", "payment_method",
    "origin_id", "origin_data",
)  # fmt: skip
MOST_SYNCED = 1000


class Payments(ApiHost):
    payment_routes = [
        ("GET", "/rest/v1.0/contract_payments", "contract_payments"),
        ("POST", "/rest/v1.0/contract_payments", "pay_contract"),
        ("PATCH", "/rest/v1.0/contract_payments/<int:payment_id>", "change_payment"),
        ("DELETE", "/rest/v1.0/contract_payments/<int:payment_id>", "delete_payment"),
        ("PATCH", "/rest/v1.1/requisitions/<int:requisition_id>", "change_requisition"),
        ("PATCH", "/rest/v1.0/projects/<int:project_id>/direct_costs/sync", "sync_direct_costs"),
    ]

    @api()
    def contract_payments(self, request: Request) -> Response:
        """8.1: always of one contract, and without filters."""
        contract = self._contract(request.args)
        return self.listed(request, [views.contract_payment(row) for row in self._of(contract)])

    @api()
    def pay_contract(self, request: Request) -> Response:
        body = _body(request)
        contract = self._contract(body)
        given = _part(body, "contract_payment")
        row = {
            "id": self.store.next_number("contract_payment", start=884_001),
            "contract_id": contract["id"],
            "payment_number": len(self._of(contract)) + 1,
        }
        kept = self.books.write("contract_payments", row | self._given(given, contract), self.now())
        return json_response(views.contract_payment(kept), 201)

    @api()
    def change_payment(self, request: Request, payment_id: int) -> Response:
        body = _body(request)
        contract = self._contract(body)
        row, given = self._payment(contract, payment_id), _part(body, "contract_payment")
        if row.get("origin_id") and given.keys() - UNLOCKED:
            raise Denied(422, {"errors": {"base": [LOCKED_PAYMENT]}})
        changed = {**row, **self._given(given, contract, row)}
        kept = self.books.write("contract_payments", changed, self.now())
        return json_response(views.contract_payment(kept))

    @api()
    def delete_payment(self, request: Request, payment_id: int) -> Response:
        row = self._payment(self._contract(request.args), payment_id)
        if row.get("origin_id"):
            raise Denied(422, {"errors": {"base": [LOCKED_PAYMENT]}})
        self.books.delete("contract_payments", row["id"])
        return Response(status=200)  # 2.4: nothing in it

    @api()
    def change_requisition(self, request: Request, requisition_id: int) -> Response:
        """Only what says when it was paid; everything else of it is people's (7.4, 11)."""
        body = _body(request)
        project = self.the_project(_number(body, "project_id"), tool="requisitions")
        row = self.store.get("requisitions", requisition_id)
        owner = self.store.get("commitments", row["commitment_id"]) if row else None
        if row is None or owner is None or owner["project_id"] != project["id"]:
            raise not_found()
        if _number(body, "commitment_id") != owner["id"]:
            raise not_found()
        given = _part(body, "requisition")
        if row.get("origin_id"):
            raise Denied(422, {"errors": {"base": [LOCKED_INVOICE]}})
        changed = {"id": row["id"], "payment_date": given.get("payment_date")}
        kept = self.books.write("requisitions", changed, self.now())
        return json_response({"id": kept["id"], "payment_date": kept.get("payment_date")})

    @api()
    def sync_direct_costs(self, request: Request, project_id: int) -> Response:
        """2.9: rows known by id; what is wrong with one is told beside the others."""
        self.the_project(project_id, tool="direct_costs")
        updates = _body(request).get("updates")
        if not isinstance(updates, list) or len(updates) > MOST_SYNCED:
            raise Denied(413, {"errors": ["updates is missing or too long"]})
        entities, errors = [], []
        for update in updates:
            row = self.store.get("direct_costs", update.get("id") or 0)
            if row is None or row["project_id"] != project_id:
                wrong = {"id": ["Entity with this ID not found"]}
            elif row.get("origin_id"):
                wrong = {"base": ["The direct cost is not editable: it has been synced"]}
            else:
                changed = {"id": row["id"], "payment_date": update.get("payment_date")}
                kept = self.books.write("direct_costs", changed, self.now())
                entities.append({"id": kept["id"], "payment_date": kept.get("payment_date")})
                continue
            errors.append({**update, "errors": wrong})
        return json_response({"entities": entities, "errors": errors})

    # --- What these share ---------------------------------------------------------------------

    def _contract(self, said: Mapping[str, Any]) -> Doc:
        project = self.the_project(_number(said, "project_id"))
        contract = self.store.get("commitments", _number(said, "contract_id"))
        if contract is None or contract["project_id"] != project["id"]:
            raise not_found()
        self.the_project(project["id"], tool=f"{contract['type']}s")
        return contract

    def _of(self, contract: Doc) -> list[Doc]:
        rows = self.store.all("contract_payments")
        return [row for row in rows if row["contract_id"] == contract["id"]]

    def _payment(self, contract: Doc, payment_id: int) -> Doc:
        row = self.store.get("contract_payments", payment_id)
        if row is None or row["contract_id"] != contract["id"]:
            raise not_found()
        return row

    def _given(self, given: Doc, contract: Doc, old: Doc | None = None) -> Doc:
        """The columns that a body names, checked."""
        wrong: dict[str, list[str]] = {}
        kept = {name: given[name] or None for name in WRITTEN if name in given}
        if "amount" in given or old is None:
            amount = _amount(given.get("amount"))
            if amount is None or amount <= 0:
                wrong["amount"] = ["is not a number above zero"]
            kept["amount"] = amount
        if requisition_id := given.get("requisition_id"):
            requisition = self.store.get("requisitions", requisition_id)
            if requisition is None or requisition["commitment_id"] != contract["id"]:
                wrong["requisition_id"] = ["is not an invoice of this contract"]
            kept["requisition_id"] = requisition_id
        origin = kept.get("origin_id")
        taken = {
            row.get("origin_id")
            for row in self.store.all("contract_payments")
            if old is None or row["id"] != old["id"]
        }
        if origin and origin in taken:  # 2.9: unique in a company
            wrong["origin_id"] = ["has already been taken"]
        if wrong:
            raise Denied(422, {"errors": wrong})
        return kept


def _body(request: Request) -> Doc:
    try:
        body = json.loads(request.get_data(), parse_float=Decimal)
    except ValueError:
        body = None
    if not isinstance(body, dict):
        raise Denied(400, {"code": 400, "message": "The body is no JSON object"})
    return body


def _part(body: Doc, name: str) -> Doc:
    part = body.get(name)
    if not isinstance(part, dict):
        raise missing_param(name)
    return part


def _number(said: Mapping[str, Any], name: str) -> int:
    value = str(said.get(name) or "")
    if not value.isdecimal():
        raise missing_param(name)
    return int(value)


def _amount(value: Any) -> Decimal | None:
    try:
        return money.parse(value)
    except ValueError:
        return None
