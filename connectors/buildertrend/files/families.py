"""Which exported files there are, by which heads each is known, and what its columns are.

Source: Buildertrend fact sheet, 9.1. Families: A, the grid exports (.xls), one job a file; B, the
CSV files over all jobs; C, the data files with ids. A and B share their lists: B has a job column.
Where the sheet has seen no file, `assumed` says so.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final


class List(StrEnum):
    """What a file is a list of."""

    JOBS = "jobs"
    VENDORS = "vendors"
    COST_CODES = "cost_codes"
    PURCHASE_ORDERS = "purchase_orders"
    BILLS = "bills"
    LINES = "lines"  # of invoices, bills and purchase orders in one file
    ESTIMATES = "estimates"
    CHANGE_ORDERS = "change_orders"
    INVOICES = "invoices"
    PAYMENTS = "payments"
    ACCOUNTING_COSTS = "accounting_costs"
    TODOS = "todos"
    SCHEDULE = "schedule"
    ORDER_DATA = "order_data"

    @property
    def label(self) -> str:
        return LABELS[self]


LABELS: Final = {
    List.JOBS: "Jobs",
    List.VENDORS: "Subs and vendors",
    List.COST_CODES: "Cost codes",
    List.PURCHASE_ORDERS: "Purchase orders",
    List.BILLS: "Bills",
    List.LINES: "Lines of bills and purchase orders",
    List.ESTIMATES: "Estimates, revised costs",
    List.CHANGE_ORDERS: "Change orders",
    List.INVOICES: "Owner invoices",
    List.PAYMENTS: "Payments of owner invoices",
    List.ACCOUNTING_COSTS: "Costs from accounting",
    List.TODOS: "To-dos",
    List.SCHEDULE: "Schedule",
    List.ORDER_DATA: "Purchase orders, data file",
}


@dataclass(frozen=True, slots=True)
class Field:
    name: str
    heads: tuple[str, ...]  # as files have them, the usual one first
    is_needed: bool = False
    # Tells a total from a row: a total says none of these.
    is_told: bool = False

    @property
    def label(self) -> str:
        return self.heads[0]


@dataclass(frozen=True, slots=True)
class Layout:
    kind: List
    family: str  # "A" where it may be A or B
    known_by: tuple[frozenset[str], ...]  # any of these, plain: then it is this list
    fields: tuple[Field, ...] = ()
    unused: str = ""  # a sentence, where we recognise it and do nothing with it yet
    assumed: bool = False  # no such file was seen: fact sheet, 12

    @property
    def needed(self) -> set[str]:
        return {field.name for field in self.fields if field.is_needed}

    def field(self, name: str) -> Field:
        return next(field for field in self.fields if field.name == name)


def plain(head: object) -> str:
    """9.2.1: case, blanks and punctuation count for nothing. "PO #" is "po"."""
    return re.sub(r"[\W_]+", "", str(head).casefold())


def _by(*heads: str) -> frozenset[str]:
    return frozenset(plain(head) for head in heads)


_JOB = Field("job", ("Job", "Job Name", "Jobsite"), is_told=True)
_TITLE = Field("title", ("Title", "Bill title", "PO Title"), is_told=True)
_CODES = Field("codes", ("Cost Codes", "Cost Code"), is_told=True)
_CREATED = Field("created", ("Created Date", "Date Created", "Created"))
_JOB_ID = Field("job_id", ("job_id",), is_needed=True, is_told=True)
_CODE = Field("code", ("cost_code_title", "Cost Code"), is_told=True)
_CATEGORY = Field("category", ("cost_category_title", "Cost Category", "Category"))
_COST_TYPE = Field("cost_type", ("cost_type",))

# In this order: the first that knows the heads has it.
LAYOUTS: Final = (
    Layout(
        List.LINES,
        "C",
        (_by("entity_type", "payment_id"),),
        (
            _JOB_ID,
            Field("line_id", ("line_item_id",)),
            Field("document_id", ("payment_id",)),
            Field("entity", ("entity_type",), is_needed=True, is_told=True),
            Field("document_title", ("parent_entity_title",), is_told=True),
            Field("title", ("line_item_title",), is_told=True),
            _CODE,
            _CATEGORY,
            _COST_TYPE,
            Field("amount", ("amount",), is_needed=True),
            Field("paid_status", ("paid_status",)),
            Field("due_date", ("due_date",)),
            Field("created", ("date_added",)),
            Field("vendor", ("paid_to_name",), is_told=True),
            # Not among the columns seen; taken where a file has them.
            Field("status", ("approval_status", "entity_status")),
            Field("order_id", ("purchase_order_id", "related_purchase_order_id")),
        ),
    ),
    Layout(
        List.JOBS,
        "C",
        (_by("job_id", "contract_price", "lot"),),
        (
            _JOB_ID,
            Field("name", ("job_name",), is_needed=True, is_told=True),
            Field("street", ("street",)),
            Field("city", ("city",)),
            Field("state", ("state",)),
            Field("zip", ("zip",)),
            Field("status", ("job_status",)),
        ),
    ),
    Layout(
        List.ESTIMATES,
        "C",
        (_by("estimates_revised_costs_id"),),
        (
            Field("id", ("estimates_revised_costs_id",), is_needed=True, is_told=True),
            Field("job_id", ("job_id",)),
            _CODE,
            _CATEGORY,
            _COST_TYPE,
            Field("original", ("original_estimated_builder_cost",)),
            Field("revised", ("revised_builder_cost",)),
            Field("status", ("estimate_status", "latest_estimate_approval_status")),
        ),
    ),
    Layout(
        List.ACCOUNTING_COSTS,
        "C",
        (_by("transaction_id", "vendor_name"),),
        unused="These costs came from accounting. They are in the ledger already, so they are"
        " never sent back, and nothing of them is used.",
    ),
    Layout(
        List.CHANGE_ORDERS,
        "C",
        (_by("change_order_id"),),
        (
            Field("id", ("change_order_id",), is_needed=True, is_told=True),
            _JOB_ID,
            Field("number", ("co_number", "CO #")),
            _TITLE,
            Field("price", ("owner_price", "price", "total_price")),
            Field("status", ("status", "approval_status")),
            Field("created", ("date_entered", "date_added")),
        ),
    ),
    Layout(
        List.TODOS,
        "C",
        (_by("todo_id"),),
        unused="To-dos are not used. Nothing of this file was brought in.",
    ),
    Layout(
        List.ORDER_DATA,
        "C",
        (_by("purchase_order_id"),),
        unused="Purchase orders are read from the file of invoices, bills and POs, which has their"
        " lines. Nothing of this file was brought in.",
    ),
    Layout(
        List.SCHEDULE,
        "C",
        (_by("schedule_id"),),
        unused="The schedule is not used. Nothing of this file was brought in.",
    ),
    Layout(
        List.BILLS,
        "A",
        (_by("Bill #", "Pay to"), _by("Pay to", "Bill amount")),
        (
            _JOB,
            Field("number", ("Bill #", "Bill Number")),
            _TITLE,
            Field("vendor", ("Pay to", "Vendor"), is_needed=True, is_told=True),
            Field("status", ("Bill status",), is_told=True),
            Field("paid_status", ("Paid Status", "Payment Status"), is_told=True),
            Field("amount", ("Bill amount", "Amount"), is_needed=True),
            _CODES,
            Field("orders", ("Related POs", "Related PO"), is_told=True),
            Field("invoice_date", ("Invoice date",)),
            Field("due_date", ("Due date",)),
            _CREATED,
        ),
    ),
    Layout(
        List.PURCHASE_ORDERS,
        "A",
        (_by("PO #", "PO Status"), _by("PO #", "Performed By")),
        (
            _JOB,
            Field("number", ("PO #", "PO Number"), is_needed=True, is_told=True),
            _TITLE,
            Field("status", ("PO Status", "Approval Status"), is_told=True),
            Field("vendor", ("Performed By", "Vendor"), is_needed=True, is_told=True),
            _CREATED,
            Field("amount", ("Cost", "PO Amount"), is_needed=True),
            Field("paid_status", ("Paid Status",), is_told=True),
            _CODES,
        ),
    ),
    Layout(
        List.INVOICES,
        "A",
        (_by("ID#", "Total Price", "Amount Paid"), _by("Invoice #", "Invoice Amount")),
        unused="Owner invoices are not used yet: Tieout brings in what you owe, not what you are"
        " owed. Nothing of this file was brought in.",
    ),
    Layout(
        List.PAYMENTS,
        "A",
        (_by("Invoice", "Payment method", "Payment amount"),),
        unused="Payments of owner invoices are not used yet. Nothing of this file was brought in,"
        " and those whose method is QuickBooks came from accounting anyway.",
    ),
    Layout(
        List.COST_CODES,
        "C",
        (_by("Catalog Item", "Cost Code"), _by("Cost Code", "Category")),
        (
            Field("code", ("Cost Code", "cost_code_title"), is_needed=True, is_told=True),
            _CATEGORY,
            _COST_TYPE,
        ),
        assumed=True,
    ),
    Layout(
        List.VENDORS,
        "C",
        (_by("Company Name", "Email"), _by("Company Name", "Phone"), _by("Sub/Vendor", "Email")),
        (
            Field("name", ("Company Name", "Sub/Vendor", "Company"), is_needed=True, is_told=True),
            Field("contact", ("Contact", "Contact Name", "Primary Contact")),
            Field("email", ("Email", "E-mail", "Email Address")),
            Field("phone", ("Phone", "Business Phone", "Phone Number")),
            Field("street", ("Street", "Address", "Street Address")),
            Field("city", ("City",)),
            Field("state", ("State",)),
            Field("zip", ("Zip", "Zip Code", "Postal Code")),
            Field("tax_id", ("Tax ID", "Tax Id Number", "EIN")),
        ),
        assumed=True,
    ),
)
BY_KIND: Final = {layout.kind: layout for layout in LAYOUTS}
# What a person may say an unknown file is.
TOLD: Final = tuple(layout for layout in LAYOUTS if layout.fields)


def known_by(heads: Sequence[str]) -> Layout | None:
    """The list that has these heads; they are plain."""
    there = frozenset(heads) - {""}
    for layout in LAYOUTS:
        if any(marks <= there for marks in layout.known_by):
            return layout
    return None
