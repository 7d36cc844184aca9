"""The payloads of the sandbox: stored rows in, Procore's shapes out, amounts as text.

Source: Procore fact sheet, 3 to 8; which fields a compact list holds is not documented (14), so
the compact views here are a guess on the small side.
"""

from decimal import Decimal
from typing import Any

from common.money import to_cents
from connectors.procore.sandbox_books import Application, AppliedLine, Books
from connectors.sandboxing import Doc

COMMITMENT_TYPES = {"subcontract": "WorkOrderContract", "purchase_order": "PurchaseOrderContract"}
DOLLARS = {"currency_iso_code": "USD"}
STANDARD_LIST_ID = 20117


def cents(amount: Decimal) -> str:
    return str(to_cents(amount))


def short(amount: Decimal | None) -> str:
    """Commitments drop trailing zeros but for one: "200000.0" (2.8: the scale varies)."""
    whole, _point, rest = str(to_cents(amount or Decimal(0))).partition(".")
    return f"{whole}.{rest.rstrip('0') or '0'}"


def percent(part: Decimal, whole: Decimal) -> str:
    return cents(part * 100 / whole) if whole else "0.00"


def company(row: Doc) -> Doc:
    return {"id": row["id"], "name": row["name"], "is_active": True, "my_company": True}


def vendor(row: Doc, view: str) -> Doc:
    compact = {"id": row["id"], "name": row["name"], "is_active": row.get("active", True)}
    if view == "compact":
        return compact
    tax_id = row.get("tax_id")
    return compact | {
        "abbreviated_name": None,
        "trade_name": row.get("trade_name"),
        "legal_name": row.get("legal_name"),
        "company": row["name"],
        "address": row.get("address"),
        "city": row.get("city"),
        "state_code": row.get("state"),
        "zip": row.get("zip"),
        "country_code": "US",
        "business_phone": row.get("phone"),
        "email_address": row.get("email"),
        "business_register": {"id": row["id"], "type": "EIN", "identifier": tax_id}
        if tax_id
        else None,
        "parent": None,
        "origin_id": None,
        "origin_data": None,
        "origin_code": row.get("origin_code"),
        "synced_to_erp": False,
        "company_vendor": True,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def project(row: Doc, owner: Doc) -> Doc:
    number = row.get("number")
    total = row.get("total_value")
    return {
        "id": row["id"],
        "name": row["name"],
        "display_name": f"{number} {row['name']}" if number else row["name"],
        "project_number": number,
        "address": row.get("address"),
        "city": row.get("city"),
        "state_code": row.get("state"),
        "zip": row.get("zip"),
        "country_code": "US",
        "stage": row.get("stage"),
        "active": row.get("active", True),
        "is_demo": False,
        "origin_id": None,
        "total_value": None if total is None else cents(total),
        "start_date": row.get("start_date"),
        "completion_date": None,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "company": {"id": owner["id"], "name": owner["name"]},
    }


def standard_cost_code(row: Doc, by_code: dict[str, Doc], view: str) -> Doc:
    listed = {"id": row["id"], "standard_cost_code_list_id": STANDARD_LIST_ID}
    if view == "default":
        return listed
    listed |= {"origin_id": None}
    if view == "compact":
        return listed
    parent = by_code.get(row.get("parent_code") or "")
    return listed | {
        "parent_id": parent["id"] if parent else None,
        "code": _segment(row),
        "full_code": row["code"],
        "name": row["name"],
        "origin_data": None,
    }


def cost_code(row: Doc, by_code: dict[str, Doc], project_id: int) -> Doc:
    parent = by_code.get(row.get("parent_code") or "")
    return {
        "id": row["id"],
        "name": row["name"],
        "code": _segment(row),
        "full_code": row["code"],
        "sortable_code": row["code"],
        "parent": {"id": parent["id"] if parent else None},
        "biller_id": project_id,
        "biller_type": "Project",
        "standard_cost_code_id": row.get("standard_cost_code_id"),
        "origin_id": None,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "deleted_at": row.get("deleted_at"),
    }


def _segment(row: Doc) -> str:
    """`300` of `03-300`: the code without what its parent says already."""
    code: str = row["code"]
    parent = row.get("parent_code") or ""
    return code.removeprefix(parent)[1:] if parent and code.startswith(parent) else code


def cost_type(row: Doc) -> Doc:
    return {
        "id": row["id"],
        "name": row["name"],
        "code": row.get("code"),
        "base_type": row.get("base_type"),
        "origin_id": None,
        "origin_data": None,
    }


class Coding:
    """The cost codes and types of one project, as its lines show them."""

    def __init__(self, books: Books, project_id: int) -> None:
        self.project_id = project_id
        self.codes = books.cost_codes(project_id)
        self.types = books.cost_types()

    def of(self, line: Doc) -> Doc:
        code = self.codes.get(line.get("code") or "")
        found = self.types.get(line.get("cost_type_id") or 0)
        return {
            "cost_code": cost_code(code, self.codes, self.project_id) if code else None,
            "line_item_type": cost_type(found) if found else None,
            "wbs_code": self.wbs(line),
        }

    def wbs(self, line: Doc) -> Doc | None:
        """4.3: the joined code, then the cost type's code."""
        code = self.codes.get(line.get("code") or "")
        if code is None:
            return None
        found = self.types.get(line.get("cost_type_id") or 0)
        suffix = f".{found['code']}" if found else ""
        return {
            "id": 9_000_000_000 + code["id"] * 100 + (found["id"] % 100 if found else 0),
            "flat_code": code["code"] + suffix,
            "description": code["name"],
        }


def commitment(
    row: Doc, lines: list[Doc], billed: Decimal, paid: Decimal, owner: Doc | None, view: str
) -> Doc:
    total = sum((line["amount"] for line in lines), Decimal(0))
    listed = {
        "id": row["id"],
        "number": row.get("number"),
        "title": row.get("title"),
        "status": row["status"],
        "executed": row["status"] not in {"Draft", "Processing"},
        "vendor": {"id": owner["id"], "company": owner["name"]} if owner else None,
        "grand_total": short(total),
        "approved_change_orders": "0.0",
        "revised_contract": short(total),
        "currency_configuration": DOLLARS,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    if view == "compact":
        return listed
    return listed | {
        "accounting_method": "amount",
        "project": {"id": row["project_id"]},
        "pending_change_orders": "0.0",
        "total_requisitions_amount": short(billed),
        "total_payments": short(paid),
        "percentage_paid": percent(paid, total),
        "remaining_balance_outstanding": short(total - paid),
        "retainage_percent": short(row.get("retainage_percent")),
        "requisitions_are_enabled": True,
        "contract_date": row.get("contract_date"),
        "origin_id": None,
        "origin_code": None,
        "deleted_at": row.get("deleted_at"),
    }


def commitment_line(row: Doc, parent: Doc, coding: Coding) -> Doc:
    return coding.of(row) | {
        "id": row["id"],
        "amount": short(row["amount"]),
        "total_amount": short(row["amount"]),
        "extended_amount": short(row["amount"]),
        "extended_type": "manual",
        "quantity": "0.0",
        "unit_cost": "0.0",
        "uom": None,
        "description": row.get("description"),
        "position": int(row["position"] or 0),
        "holder": {"id": parent["id"], "holder_type": COMMITMENT_TYPES[parent["type"]]},
        "origin_id": None,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def requisition(application: Application, vendor_name: str, coding: Coding, view: str) -> Doc:
    row, contract, previous = (
        application.requisition,
        application.commitment,
        application.previous,
    )
    shown: Doc = {
        "id": row["id"],
        "number": int(row["number"]),
        "previous_requisition_id": previous.requisition["id"] if previous else None,
        "project_id": contract["project_id"],
        "commitment_id": contract["id"],
        "commitment_type": COMMITMENT_TYPES[contract["type"]],
        "contract_name": f"{contract.get('number')} - {contract.get('title')}",
        "vendor_id": contract.get("vendor_id"),
        "vendor_name": vendor_name,
        "invoice_number": row.get("invoice_number"),
        "requisition_start": row.get("period_start"),
        "requisition_end": row.get("period_end"),
        "billing_date": row.get("billing_date"),
        "payment_date": row.get("payment_date"),
        "status": row["status"],
        "erp_status": "not_integrated",
        "final": False,
        "percent_complete": percent(application.to_date, application.scheduled) + "%",
        "deletable": application.is_newest and row["status"] == "draft",
        "origin_id": row.get("origin_id"),
        "origin_data": None,
        "move_materials_to_previous_work_completed": False,
        "currency_configuration": DOLLARS,
        "summary": _summary(application),
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
    if view in {"items", "extended"}:
        shown["items"] = [_item(one, application, coding) for one in application.lines]
        shown["item_packages"] = []
    return shown


def _summary(application: Application) -> Doc:
    """The identities of 7.3, all from the lines."""
    work = sum((one.work_to_date for one in application.lines), Decimal(0))
    stored = application.to_date - work
    earned = application.earned_less_retainage
    tax = application.requisition.get("tax") or Decimal(0)
    amounts = {
        "original_contract_sum": application.scheduled,
        "net_change_by_change_orders": Decimal(0),
        "contract_sum_to_date": application.scheduled,
        "total_completed_and_stored_to_date": application.to_date,
        "completed_work_retainage_amount": application.held_on_work,
        "stored_materials_retainage_amount": application.held_on_stored,
        "total_retainage": application.held_on_work + application.held_on_stored,
        "total_earned_less_retainage": earned,
        "less_previous_certificates_for_payment": application.certified_before,
        "current_payment_due": earned - application.certified_before + tax,
        "balance_to_finish_including_retainage": application.scheduled - earned,
        "tax_applicable_to_this_payment": tax,
        "stored_materials": stored,
    }
    return {name: cents(amount) for name, amount in amounts.items()} | {
        "completed_work_retainage_percent": percent(application.held_on_work, work),
        "stored_materials_retainage_percent": percent(application.held_on_stored, stored),
    }


def _item(one: AppliedLine, application: Application, coding: Coding) -> Doc:
    """7.4. The item is new in every application; the line it bills stays."""
    agreed = application.commitment.get("retainage_percent") or Decimal(0)
    code = coding.codes.get(one.line.get("code") or "")
    amounts = {
        "scheduled_value": one.line["amount"],
        "work_completed_from_previous_application": one.work_before,
        "work_completed_this_period": one.work,
        "materials_presently_stored": one.stored,
        "total_completed_and_stored_to_date": one.to_date,
        "work_completed_retainage_from_previous_application": one.held_before,
        "work_completed_retainage_retained_this_period": one.retained,
        "work_completed_retainage_released_this_period": one.released,
        "materials_stored_retainage_currently_retained": one.held_on_stored,
    }
    shown: dict[str, Any] = {name: cents(amount) for name, amount in amounts.items()}
    return shown | {
        "id": application.requisition["id"] * 1000 + one.position,
        "item_type": "contract_item",
        "accounting_method": "amount",
        "cost_code_id": code["id"] if code else None,
        "line_item_id": one.line["id"],
        "wbs_code": coding.wbs(one.line),
        "description_of_work": one.line.get("description"),
        "total_completed_and_stored_to_date_percent": percent(one.to_date, one.line["amount"]),
        "work_completed_retainage_percent_this_period": percent(one.retained, one.work)
        if one.work
        else cents(agreed),
        "materials_stored_retainage_percent_this_period": percent(one.held_on_stored, one.stored)
        if one.stored
        else cents(agreed),
        "status": "approved",
        "comment": None,
        "position": one.position,
    }


def contract_payment(row: Doc) -> Doc:
    """8.1. What is only written, the payment method, is not shown."""
    named = (
        "requisition_id", "date", "payment_number", "check_number", "invoice_number", "notes",
        "origin_id", "origin_data",
    )  # fmt: skip
    return {
        "id": row["id"],
        "contract_id": row["contract_id"],
        "amount": cents(row["amount"]),
        **{name: row.get(name) for name in named},
        "draw_request_number": None,
        "status": None,
        "origin_code": None,
        "attachments": [],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }


def direct_cost(row: Doc, amount: Decimal, owner: Doc | None) -> Doc:
    """8.4: in the list the vendor is text, in the detail an object."""
    return {
        "id": row["id"],
        "direct_cost_type": row.get("type"),
        "status": row["status"],
        "direct_cost_date": row.get("date"),
        "invoice_number": row.get("invoice_number"),
        "description": row.get("description"),
        "terms": row.get("terms"),
        "payment_date": row.get("payment_date"),
        "received_date": None,
        "amount": cents(amount),
        "grand_total": cents(amount),
        "vendor": owner["name"] if owner else None,
        "vendor_id": row.get("vendor_id"),
        "vendor_name": owner["name"] if owner else None,
        "employee": None,
        "origin_id": row.get("origin_id"),
        "currency_configuration": DOLLARS,
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
        "deleted_at": row.get("deleted_at"),
    }


def direct_cost_line(row: Doc, parent: Doc, coding: Coding) -> Doc:
    return coding.of(row) | {
        "id": row["id"],
        "amount": short(row["amount"]),
        "description": row.get("description"),
        "position": int(row["position"] or 0),
        "holder": {"id": parent["id"], "holder_type": "DirectCost"},
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
