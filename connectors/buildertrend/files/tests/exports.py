"""Files as Buildertrend exports them, small: heads letter for letter as the fact sheet has them."""

import csv
import io
from datetime import date

import xlwt
from openpyxl import Workbook

from common.choices import System, Way
from connectors.buildertrend.files import importing
from connectors.buildertrend.files.sandbox_export import (
    A_BILLS,
    A_ORDERS,
    ACCOUNTING,
    B_BILLS,
    B_ORDERS,
    JOBSITES,
    LINES,
)
from connectors.file_models import SourceFile
from connectors.tests.factories import ConnectionFactory

A_INVOICES = ("ID#", "Status", "Total Price", "Amount Paid", "Deadline", "Date Paid")
A_PAYMENTS = ("Invoice", "Payment method", "Payment amount", "Date paid")
B_INVOICES = (
    "Job", "Invoice #", "Title", "Client", "Invoice Amount", "Paid Status", "Amount Paid",
    "Balance Due", "Due Date", "Date Paid", "Date Released", "Viewed By Owner On", "Files Count",
)  # fmt: skip
B_PAYMENTS = (
    "Job", "Invoice #", "Client", "Recorded By", "Date Paid", "Payment Amount", "Payment Method",
    "Status Code",
)  # fmt: skip
ESTIMATES = (
    "estimates_revised_costs_id", "job_id", "feature_type", "estimate_title", "feature_title",
    "cost_code_title", "cost_category_title", "cost_type", "unit_cost", "quantity", "unit_type",
    "original_estimated_builder_cost", "original_estimated_owner_price", "revised_builder_cost",
    "estimate_status", "latest_estimate_approval_status", "estimate_approval_date",
)  # fmt: skip
CHANGE_ORDERS = (
    "change_order_id", "job_id", "title", "description", "owner_price", "status", "date_entered",
)  # fmt: skip

FRAMER, TILER = "Ridge Framing LLC", "Peña Tile"
ROUGH, SHOWER = "03-110 - Rough Carpentry", "5620 - Shower doors and mirrors"
FLAT = "Buildertrend Flat Rate"
EPOCH = date(1899, 12, 30)


def serial(year, month, day):
    return (date(year, month, day) - EPOCH).days


def grid(title, heads, rows, total=None):
    """Family A: title, a blank row, heads, rows, and a total below an empty first cell."""
    book = xlwt.Workbook()
    sheet = book.add_sheet(title)
    sheet.write(0, 0, title)
    for at, row in enumerate([heads, *rows, *([total] if total else [])], 2):
        for column, value in enumerate(row):
            sheet.write(at, column, value)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def table(heads, *rows, encoding="utf-8", **given):
    """Family B or C as CSV. A row is a dict by head; what it leaves out is blank."""
    out = io.StringIO()
    writer = csv.DictWriter(out, heads, restval="", **given)
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def xlsx(heads, *rows):
    book = Workbook()
    for row in (heads, *rows):
        book.active.append(list(row))
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


# --- A --------------------------------------------------------------------------------------------

A_BILL_ROWS = [
    ("INV-1031", "Framing, first half", FRAMER, "Approved", 12500.0, ROUGH, "0015-Framing labor",
     serial(2026, 2, 20), serial(2026, 3, 20), "", serial(2026, 2, 21)),
    ("", "receipt_0042.jpg", TILER, "Ready for Payment", 1204.5, f"{FLAT}\n{SHOWER}", "",
     serial(2026, 2, 22), "", "", serial(2026, 2, 22)),
    ("77", "Both trades", FRAMER, "Approved", 900.0, f"{ROUGH}\n{SHOWER}", "",
     serial(2026, 2, 23), "", "", serial(2026, 2, 23)),
    ("CM-3", "Refund", TILER, "Approved", -60.25, SHOWER, "",
     serial(2026, 2, 24), "", "", serial(2026, 2, 24)),
]  # fmt: skip


def a_bills(*rows, total=True):
    rows = rows or A_BILL_ROWS
    amounts = sum(row[4] for row in rows)
    last = ("", "", "", "", amounts, "", "", "", "", "", "") if total else None
    return grid("Bills", A_BILLS, rows, last)


def a_orders(status="Sub/Vendor Approved - 8-13-26"):
    row = ("0015", "Framing labor", status, FRAMER, serial(2026, 2, 1), 25000.0, ROUGH)
    return grid("Purchase Orders", A_ORDERS, [row], ("", "", "", "", "", 25000.0, ""))


# --- B --------------------------------------------------------------------------------------------


def b_bill(**said):
    return {
        "Job": "24-017 Lot 17 Aspen Ridge ",
        "Bill #": "INV-1031",
        "Title": "Framing, first half",
        "Pay To": FRAMER,
        "Bill Amount": "12500.00",
        "Paid Status": "Not Paid",
        "Amount Paid": "0.00",
        "Remaining Balance": "12500.00",
        "Invoice Date": "2026-02-20T00:00:00",
        "Due Date": "3/20/2026",
        "Cost Codes": ROUGH,
        "Created Date": "2026-02-21",
        "Files Count": "1",
    } | {name.replace("_", " ").replace("No", "#"): value for name, value in said.items()}


def b_bills(*rows, **given):
    return table(B_BILLS, *(rows or [b_bill()]), **given)


def b_orders(status="Sub/Vendor Approved", job="24-017 Lot 17 Aspen Ridge"):
    return table(
        B_ORDERS,
        {
            "Job": job,
            "PO #": "0015",
            "Title": "Framing labor",
            "PO Status": status,
            "Performed By": FRAMER,
            "Created Date": "2026-02-01",
            "Cost": "25000.00",
            "Cost Codes": ROUGH,
        },
    )


# --- C --------------------------------------------------------------------------------------------


def jobsites(*rows):
    rows = rows or [("111", "24-017 Lot 17 Aspen Ridge"), ("112", "Pier 9")]
    return table(
        JOBSITES,
        *(
            {
                "job_id": job_id,
                "job_name": name,
                "home_owner": "Canary Homeowner",
                "street": "1204 Juniper Way",
                "city": "Austin",
                "state": "TX",
                "zip": "78701",
                "job_status": "Open",
                "contract_price": "250000.00",
            }
            for job_id, name in rows
        ),
    )


def line(**said):
    return {
        "job_id": "111",
        "line_item_id": "9001",
        "payment_id": "501",
        "entity_type": "Bill",
        "parent_entity_title": "INV-1031 - Framing, first half",
        "line_item_title": "Framing labor",
        "cost_code_title": ROUGH,
        "cost_category_title": "Framing",
        "cost_type": "Subcontractor",
        "amount": "10000.00",
        "paid_status": "Not Paid",
        "due_date": "2026-03-20",
        "date_added": "2026-02-20",
        "paid_to_name": FRAMER,
    } | said


def lines(*rows):
    return table(LINES, *(rows or [line()]))


def accounting():
    return table(ACCOUNTING, {"job_id": "111", "transaction_id": "1", "vendor_name": FRAMER})


# --- Through the product --------------------------------------------------------------------------


def connection_of(company, **fields):
    return ConnectionFactory(
        **{
            "company": company,
            "source": True,
            "system": System.BUILDERTREND,
            "way": Way.FILES,
            "external_company_id": "files",
            "name": "Acme Builders",
            "secret": None,
        }
        | fields
    )


def uploaded(connection, content, *, by, name="Bills.xls", **said):
    """Uploaded and read, as far as it goes without a person."""
    file = importing.upload(connection, name, content, by=by, **said)
    return worked(file)


def worked(file):
    importing.work(file)
    file.refresh_from_db()
    return file


def brought_in(connection, content, *, by, jobs="new", **said):
    """Uploaded, its jobs confirmed as new ones, and brought in."""
    file = uploaded(connection, content, by=by, **said)
    if file.state == SourceFile.State.NEEDS_JOBS:
        file = with_jobs(file, jobs, by=by)
    return worked(importing.start(file, by=by))


def with_jobs(file, answer, *, by):
    from connectors.buildertrend.files import jobs

    if names := file.asks.get("names"):
        jobs.confirm(file, dict.fromkeys(names, answer), by=by)
    else:
        new = "24-017 Lot 17 Aspen Ridge" if answer == jobs.NEW else ""
        known = {job for job, _ in jobs.known(file.connection)}
        own = jobs.job_id(new) if new else answer
        jobs.choose(file, own if own in known else jobs.NEW, new, by=by)
    return worked(file)
