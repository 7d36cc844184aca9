"""What a builder would export from the sandbox's account: the files of each family.

The heads are those of the Buildertrend fact sheet, 9.1, letter for letter. What that section does
not tell is our assumption: that `payment_id` names the document, that a parent's title begins with
its number, and that a builder exports B and C with drafts filtered out, for neither has a status.
"""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

from common.choices import RecordKind
from companies.models import User
from connectors.buildertrend import words
from connectors.buildertrend.files import importing, jobs
from connectors.file_models import SourceFile
from connectors.models import Connection
from connectors.sandboxing import read_csv

Tables = Mapping[str, Sequence[Mapping[str, Any]]]
FAMILIES: Final = ("A", "B", "C")
TABLES: Final = (
    "jobs", "vendors", "cost_codes", "purchase_orders", "purchase_order_lines", "bills",
    "bill_lines",
)  # fmt: skip
JOBSITES: Final = (
    "job_id", "job_name", "lot", "home_owner", "street", "city", "state", "zip", "project_manager",
    "job_status", "projected_start", "projected_completion", "actual_start", "actual_completion",
    "contract_price", "revised_builder_cost", "total_costs", "total_costs_paid",
    "owner_invoices_price_paid", "job_created_date", "notes",
)  # fmt: skip
LINES: Final = (
    "job_id", "line_item_id", "payment_id", "entity_type", "parent_entity_title",
    "line_item_title", "cost_code_title", "cost_category_title", "cost_type", "amount",
    "amount_paid", "paid_status", "paid_date", "due_date", "date_added", "paid_to_name",
    "is_variance_cost_code",
)  # fmt: skip
ACCOUNTING: Final = (
    "job_id", "transaction_id", "accounting_line_item_id", "vendor_name", "account_name",
    "cost_code_title", "cost_category_title", "cost_type", "payment_method", "amount",
    "amount_paid", "date_created", "due_date",
)  # fmt: skip
B_ORDERS: Final = (
    "Job", "PO #", "Title", "PO Status", "Work Status", "Performed By", "Created Date", "Cost",
    "Paid Status", "Cost Codes", "Variance Codes", "Est Complete", "Files Count", "RFI Count",
)  # fmt: skip
B_BILLS: Final = (
    "Job", "Bill #", "Title", "Pay To", "Bill Amount", "Paid Status", "Amount Paid",
    "Remaining Balance", "Invoice Date", "Due Date", "Date Paid", "Paid By", "Cost Codes",
    "Created Date", "Files Count",
)  # fmt: skip
A_ORDERS: Final = (
    "PO #", "Title", "PO Status", "Performed By", "Created Date", "Cost", "Cost Code",
)  # fmt: skip
A_BILLS: Final = (
    "Bill #", "Bill title", "Pay to", "Bill status", "Bill amount", "Cost codes", "Related POs",
    "Invoice date", "Due date", "Date paid", "Created date",
)  # fmt: skip
EPOCH: Final = date(1899, 12, 30)


def tables_of(folder: Path) -> Tables:
    """Of a seed's folder, such as connectors/seeds/<seed>/buildertrend."""
    return {name: read_csv(folder / f"{name}.csv") for name in TABLES}


def files(tables: Tables, family: str) -> dict[str, bytes]:
    """Name to content, in the order in which somebody would upload them.

    Family A is one pair of files a job, below the job's name: "24-017 Lot 17/Bills.xls".
    """
    exported = _Export(tables)
    if family == "C":
        return exported.data_files()
    return exported.over_all_jobs() if family == "B" else exported.grids()


def own_ids(tables: Tables, family: str) -> dict[tuple[RecordKind, str], str]:
    """Under which external id a record of the sandbox comes by files of this family.

    Only family C has Buildertrend's ids, and only of jobs; the rest is known by its name.
    """
    found = {}
    for job in tables["jobs"]:
        by_name = str(job["id"]) if family == "C" else jobs.job_id(job["name"])
        found[RecordKind.PROJECT, str(job["id"])] = by_name
    for vendor in tables["vendors"]:
        found[RecordKind.VENDOR, str(vendor["id"])] = jobs.own_id(vendor["company_name"])
    for code in tables["cost_codes"]:
        found[RecordKind.COST_CODE, str(code["id"])] = jobs.own_id(_title_of(code))
    for line in tables["bill_lines"]:
        if name := str(line.get("cost_type") or ""):
            found[RecordKind.COST_TYPE, name] = jobs.own_id(name)
    return found


def bring_in(connection: Connection, tables: Tables, family: str, *, by: User) -> list[SourceFile]:
    """Do with the files of a family what an admin does on the pages, without a worker."""
    done = []
    for name, content in files(tables, family).items():
        job, _, label = name.rpartition("/")
        file = importing.upload(
            connection, label, content, by=by, is_full=True, is_approved=family != "A"
        )
        importing.work(file)
        file.refresh_from_db()
        if file.state == SourceFile.State.NEEDS_JOBS:
            _say_jobs(file, job, by=by)
        if file.state == SourceFile.State.PREVIEWED:
            importing.work(importing.start(file, by=by))
            file.refresh_from_db()
        done.append(file)
    return done


def _say_jobs(file: SourceFile, job: str, *, by: User) -> None:
    if names := file.asks.get("names"):
        jobs.confirm(file, dict.fromkeys(names, jobs.NEW), by=by)
    else:
        jobs.choose(file, jobs.NEW, job, by=by)
    importing.work(file)
    file.refresh_from_db()


class _Export:
    def __init__(self, tables: Tables) -> None:
        self.tables = tables
        self.jobs = {str(row["id"]): row for row in tables["jobs"]}
        self.vendors = {str(row["id"]): str(row["company_name"]) for row in tables["vendors"]}
        self.codes = {str(row["id"]): row for row in tables["cost_codes"]}
        self.lines = {
            "orders": _by(tables["purchase_order_lines"], "purchase_order_id"),
            "bills": _by(tables["bill_lines"], "bill_id"),
        }
        self.orders = {str(row["id"]): row for row in tables["purchase_orders"]}

    # --- C ----------------------------------------------------------------------------------------

    def data_files(self) -> dict[str, bytes]:
        ours = [bill for bill in self.tables["bills"] if not _is(bill, "accounting")]
        approved = [bill for bill in ours if _is_approved(bill)]
        rows = [
            *(self._lines(row, "orders", "Purchase Order") for row in self.orders.values()),
            *(self._lines(row, "bills", "Bill") for row in approved),
        ]
        return {
            "buildertrend_Jobsites_export.csv": _csv(JOBSITES, map(_jobsite, self.jobs.values())),
            "buildertrend_InvoiceBillsPos_export.csv": _csv(
                LINES, [line for lines in rows for line in lines]
            ),
            "buildertrend_QbCosts_export.csv": _csv(ACCOUNTING, self._from_accounting()),
        }

    def _lines(self, row: Mapping[str, Any], of: str, entity: str) -> list[dict[str, Any]]:
        number, title = str(row.get("number") or ""), str(row.get("title") or "")
        part = "-" if of == "orders" else " - "
        return [
            {
                "job_id": row["job_id"],
                "line_item_id": f"{of[0]}{line['id']}",
                "payment_id": row["id"],
                "entity_type": entity,
                "parent_entity_title": f"{number}{part}{title}" if number else title,
                "line_item_title": line.get("title") or "",
                "cost_code_title": self._code(line),
                "cost_category_title": self._category(line),
                "cost_type": line.get("cost_type") or "",
                "amount": _cost(line),
                "amount_paid": "0.00",
                "paid_status": "Not Paid",
                "due_date": row.get("due_date") or "",
                "date_added": row.get("invoice_date") or row.get("date_added") or "",
                "paid_to_name": self._vendor(row),
                "is_variance_cost_code": "false",
            }
            for line in self.lines[of].get(str(row["id"]), [])
        ]

    def _from_accounting(self) -> Iterable[dict[str, Any]]:
        for bill in self.tables["bills"]:
            if _is(bill, "accounting"):
                for line in self.lines["bills"].get(str(bill["id"]), []):
                    yield {
                        "job_id": bill["job_id"],
                        "transaction_id": bill["id"],
                        "accounting_line_item_id": line["id"],
                        "vendor_name": self._vendor(bill),
                        "cost_code_title": self._code(line),
                        "payment_method": "QuickBooks",
                        "amount": _cost(line),
                        "date_created": bill.get("invoice_date") or "",
                    }

    # --- B ----------------------------------------------------------------------------------------

    def over_all_jobs(self) -> dict[str, bytes]:
        ours = [bill for bill in self.tables["bills"] if not _is(bill, "accounting")]
        orders, bills = [], []
        for row in self.orders.values():
            said = self._order(row)
            values = (self._job(row), *said[:3], "Not Complete", *said[3:6], "Not Paid", said[6])
            orders.append(dict(zip(B_ORDERS, values, strict=False)))
        for row in filter(_is_approved, ours):
            amount, day = self._amount(row, "bills"), row.get("invoice_date") or ""
            values = (
                self._job(row), row.get("number") or "", row.get("title") or "",
                self._vendor(row) or "-- Unassigned --", amount, "Not Paid", "0.00", amount, day,
                row.get("due_date") or "", "", "", self._titles(row, "bills", "\n"), day,
            )  # fmt: skip
            bills.append(dict(zip(B_BILLS, values, strict=False)))
        return {
            "purchase-orders.csv": _csv(B_ORDERS, orders),
            "bills.csv": _csv(B_BILLS, bills),
        }

    # --- A ----------------------------------------------------------------------------------------

    def grids(self) -> dict[str, bytes]:
        found = {}
        for job_id, job in self.jobs.items():
            orders = [self._order(row) for row in self.orders.values() if _of(row, job_id)]
            bills = [
                self._grid_bill(row)
                for row in self.tables["bills"]
                if _of(row, job_id) and not _is(row, "accounting")
            ]
            if orders:
                found[f"{job['name']}/PurchaseOrders.xls"] = xls(
                    "Purchase Orders", A_ORDERS, orders
                )
            if bills:
                found[f"{job['name']}/Bills.xls"] = xls("Bills", A_BILLS, bills)
        return found

    def _grid_bill(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        order = self.orders.get(str(row.get("purchase_order_id") or ""))
        return (
            row.get("number") or "",
            row.get("title") or "",
            self._vendor(row) or "-- Unassigned --",
            row.get("status") or "",
            float(self._amount(row, "bills")),
            self._titles(row, "bills", "\n"),
            f"{order['number']}-{order['title']}" if order else "",
            _serial(row.get("invoice_date")),
            _serial(row.get("due_date")),
            "",
            _serial(row.get("invoice_date")),
        )

    # --- What they share --------------------------------------------------------------------------

    def _order(self, row: Mapping[str, Any]) -> tuple[Any, ...]:
        return (
            row.get("number") or "",
            row.get("title") or "",
            row.get("approval_status") or "",
            self._vendor(row) or "-- Unassigned --",
            row.get("date_added") or "",
            self._amount(row, "orders"),
            self._titles(row, "orders", "\n"),
        )

    def _job(self, row: Mapping[str, Any]) -> str:
        return str(self.jobs[str(row["job_id"])]["name"])

    def _vendor(self, row: Mapping[str, Any]) -> str:
        return self.vendors.get(str(row.get("vendor_id") or ""), "")

    def _amount(self, row: Mapping[str, Any], of: str) -> Decimal:
        if row.get("amount") not in (None, ""):
            return Decimal(str(row["amount"]))
        lines = self.lines[of].get(str(row["id"]), [])
        return sum((_cost(line) for line in lines), Decimal("0.00"))

    def _titles(self, row: Mapping[str, Any], of: str, part: str) -> str:
        lines = self.lines[of].get(str(row["id"]), [])
        return part.join(dict.fromkeys(code for line in lines if (code := self._code(line))))

    def _code(self, line: Mapping[str, Any]) -> str:
        code = self.codes.get(str(line.get("cost_code_id") or ""))
        return _title_of(code) if code else ""

    def _category(self, line: Mapping[str, Any]) -> str:
        code = self.codes.get(str(line.get("cost_code_id") or ""), {})
        return str(code.get("category_name") or "")


def _jobsite(job: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "job_id": job["id"],
        "job_name": job["name"],
        "street": job.get("street") or "",
        "city": job.get("city") or "",
        "state": job.get("state") or "",
        "zip": job.get("zip") or "",
        "job_status": job.get("status") or "Open",
        "contract_price": job.get("contract_price") or "",
    }


def _by(lines: Iterable[Mapping[str, Any]], parent: str) -> dict[str, list[Mapping[str, Any]]]:
    found: dict[str, list[Mapping[str, Any]]] = {}
    for line in lines:
        found.setdefault(str(line[parent]), []).append(line)
    return found


def _title_of(code: Mapping[str, Any]) -> str:
    """As a line shows it (2.2): "5620 - Shower doors and mirrors"."""
    number, title = str(code.get("number") or ""), str(code["title"])
    return f"{number} - {title}" if number and not title.startswith(number) else title


def _cost(line: Mapping[str, Any]) -> Decimal:
    """Of a seed's line, or of the sandbox's: unit cost × quantity (2.4)."""
    if line.get("amount") not in (None, ""):
        return Decimal(str(line["amount"]))
    return Decimal(str(line.get("unit_cost") or 0)) * Decimal(str(line.get("quantity") or 1))


def _is(row: Mapping[str, Any], what: str) -> bool:
    return any(str(value).lower() == "true" for name, value in row.items() if what in name)


def _is_approved(bill: Mapping[str, Any]) -> bool:
    return words.bill_state(str(bill.get("status") or "")) in words.TO_BE_PAID


def _of(row: Mapping[str, Any], job_id: str) -> bool:
    return str(row["job_id"]) == job_id


def _serial(day: object) -> int | str:
    return (date.fromisoformat(str(day)[:10]) - EPOCH).days if day else ""


def _csv(heads: Sequence[str], rows: Iterable[Mapping[str, Any]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, heads, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode()


def xls(title: str, heads: Sequence[str], rows: Sequence[Sequence[Any]]) -> bytes:
    """9.1 A: the title, a blank row, the heads, the rows, and a total below an empty cell."""
    import xlwt  # a tool of tests and demos only

    book = xlwt.Workbook()
    sheet = book.add_sheet(title)
    sheet.write(0, 0, title)
    money = next(at for at, head in enumerate(heads) if head in ("Cost", "Bill amount"))
    for at, row in enumerate([heads, *rows], 2):
        for column, value in enumerate(row):
            sheet.write(at, column, float(value) if isinstance(value, Decimal) else value)
    amounts = [float(row[money]) for row in rows]
    for column, _ in enumerate(heads):
        sheet.write(len(rows) + 3, column, sum(amounts) if column == money else "")
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
