"""The payloads of the sandbox: stored rows in, shapes of the assumed contract out.

Source: Buildertrend fact sheet, 8.1 to 8.3, with the names of 2. Amounts are text.
"""

from decimal import Decimal

from common.money import to_cents
from connectors.buildertrend.sandbox_books import ZERO, Books, cost
from connectors.sandboxing import Doc

SUB_OR_VENDOR, UNASSIGNED = 2, 0
NOBODY = "-- Unassigned --"


def cents(amount: Decimal | None) -> str | None:
    return None if amount is None else str(to_cents(amount))


def dated(row: Doc) -> Doc:
    return {"isDeleted": bool(row.get("deleted")), "updatedAt": row["updated_at"]}


def job(row: Doc) -> Doc:
    return {
        "jobId": row["id"],
        "jobName": row["name"],
        "jobStatus": row.get("status") or "Open",
        "street": row.get("street"),
        "city": row.get("city"),
        "state": row.get("state"),
        "zip": row.get("zip"),
        "projectedStart": row.get("projected_start"),
        "projectedCompletion": row.get("projected_completion"),
        "contractPrice": cents(row.get("contract_price")),
        "projectManager": [],
        "contacts": [],
        "customFields": [],
        "createdDate": row["created_at"],
    } | dated(row)


def vendor(row: Doc) -> Doc:
    return {
        "vendorId": row["id"],
        "companyName": row["company_name"],
        "contactName": row.get("contact_name"),
        "email": row.get("email"),
        "phone": row.get("phone"),
        "street": row.get("street"),
        "city": row.get("city"),
        "state": row.get("state"),
        "zip": row.get("zip"),
        "taxId": row.get("tax_id"),
        "trade": row.get("trade"),
        "insuranceExpiresOn": row.get("insurance_expires_on"),
        "isActive": row.get("active", True),
    } | dated(row)


def cost_code(row: Doc) -> Doc:
    return {
        "costCodeId": row["id"],
        "number": row.get("number"),
        "title": row["title"],
        "categoryId": row.get("category_id"),
        "categoryName": row.get("category_name"),
        "isActive": row.get("active", True),
    } | dated(row)


def cost_type(row: Doc) -> Doc:
    return {"costTypeId": row["id"], "name": row["name"]} | dated(row)


class Documents:
    """Purchase orders, bills and change orders, each with what its lines and others say."""

    def __init__(self, books: Books) -> None:
        self.books = books
        self._jobs = {row["id"]: row for row in books.store.all("jobs")}
        self._vendors = {row["id"]: row for row in books.store.all("vendors")}
        self._codes = {row["id"]: row for row in books.store.all("cost_codes")}

    def purchase_order(self, row: Doc) -> Doc:
        total = self.books.amount_of("purchase_order_lines", row)
        paid = row.get("amount_paid") or ZERO
        lines = self.books.of("purchase_order_lines", row["id"])
        return {
            "purchaseOrderId": row["id"],
            "poNumber": row.get("number"),
            "title": row.get("title"),
            **self._job(row),
            "approvalStatusText": row.get("approval_status") or "Draft",
            "approvalUser": row.get("approved_by"),
            "approvedAt": row.get("approved_at"),
            "workStatusText": row.get("work_status") or "Not Complete",
            "paidStatusText": row.get("paid_status") or "Not Paid",
            **self._performer(row, "performingUserName"),
            "cost": cents(total),
            "amountPaid": cents(paid),
            "amountRemaining": cents(total - paid),
            "costCodes": self._titles(lines),
            "estCompleteDate": row.get("est_complete_date"),
            "dateAdded": row.get("date_added") or row["created_at"],
            "isRecalled": bool(row.get("recalled")),
            "lineItems": [self._line(line) for line in lines],
        } | dated(row)

    def bill(self, row: Doc) -> Doc:
        total = self.books.amount_of("bill_lines", row)
        paid = row.get("amount_paid") or ZERO
        lines = self.books.of("bill_lines", row["id"])
        order = row.get("purchase_order_id")
        return {
            "billId": row["id"],
            "billNumber": row.get("number"),
            "title": row.get("title"),
            **self._job(row),
            "status": row.get("status") or "Draft",
            "amount": cents(total),
            "amountPaid": cents(paid),
            "remainingBalance": cents(total - paid),
            "paymentStatus": row.get("payment_status") or "Not Paid",
            **self._performer(row, "payTo"),
            "invoiceDate": row.get("invoice_date"),
            "dueDate": row.get("due_date"),
            "createdDate": row.get("created_date") or row["created_at"],
            "relatedPurchaseOrderIds": [order] if order else [],
            "costCodes": self._titles(lines) or _split(row.get("cost_codes")),
            "isBillable": bool(row.get("billable")),
            "isOriginatedFromAccounting": bool(row.get("originated_from_accounting")),
            "lineItems": [self._line(line) for line in lines],
        } | dated(row)

    def change_order(self, row: Doc) -> Doc:
        lines = self.books.of("change_order_lines", row["id"])
        price = sum((line.get("owner_price") or ZERO for line in lines), ZERO)
        return {
            "changeOrderId": row["id"],
            "coNumber": row.get("number"),
            "title": row.get("title"),
            **self._job(row),
            "approvalStatusText": row.get("status") or "Pending",
            "builderCost": cents(self.books.amount_of("change_order_lines", row)),
            "subtotal": cents(price),
            "totalPrice": cents(price),
            "relatedPurchaseOrderIds": [
                int(each) for each in _split(row.get("purchase_order_ids"))
            ],
            "signedAt": row.get("signed_at"),
            "signedBy": row.get("signed_by"),
            "dateAdded": row["created_at"],
            "lineItems": [self._line(line) for line in lines],
        } | dated(row)

    def _job(self, row: Doc) -> Doc:
        known = self._jobs.get(row["job_id"])
        return {"jobId": row["job_id"], "jobName": known["name"] if known else None}

    def _performer(self, row: Doc, name_key: str) -> Doc:
        known = self._vendors.get(row.get("vendor_id") or 0)
        return {
            "performingUserType": SUB_OR_VENDOR if known else UNASSIGNED,
            "performingUserId": known["id"] if known else None,
            name_key: known["company_name"] if known else NOBODY,
        }

    def _titles(self, lines: list[Doc]) -> list[str]:
        titles = (self._title(line) for line in lines)
        return list(dict.fromkeys(title for title in titles if title))

    def _title(self, line: Doc) -> str | None:
        """2.2: as a screen shows it, the number before the title."""
        code = self._codes.get(line.get("cost_code_id") or 0)
        if code is None:
            return line.get("cost_code_title")
        return f"{code['number']} - {code['title']}" if code.get("number") else code["title"]

    def _line(self, line: Doc) -> Doc:
        code = self._codes.get(line.get("cost_code_id") or 0)
        return {
            "lineItemId": line["id"],
            "itemTitle": line.get("title"),
            "description": line.get("description"),
            "quantity": str(line["quantity"]),
            "unitType": line.get("unit"),
            "unitCost": cents(line.get("unit_cost") or cost(line) / line["quantity"]),
            "builderCost": cents(cost(line)),
            "ownerPrice": cents(line.get("owner_price")),
            "costCodeId": line.get("cost_code_id"),
            "costCodeTitle": self._title(line),
            "costCategoryName": code.get("category_name") if code else None,
            "costTypes": [line["cost_type"]] if line.get("cost_type") else [],
            "varianceCode": line.get("variance_code"),
        }


def budget_line(row: Doc) -> Doc:
    names = ("original", "revised", "pending", "committed", "actual", "projected")
    return {"costCodeId": row["cost_code_id"]} | {
        name: cents(row.get(name) or ZERO) for name in names
    }


def _split(value: str | None) -> list[str]:
    """Several in one cell, as in the exports (9.1)."""
    return [part.strip() for part in (value or "").split(";") if part.strip()]
