"""Fills empty books from a folder of CSV files; its columns are in connectors/seeds/README.md."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from connectors.quickbooks_online.sandbox_books import DEFAULT_COMPANY, Books
from connectors.quickbooks_online.sandbox_lists import ACCOUNT_TYPES, inactivated, masked
from connectors.sandboxing import Doc, read_csv

Row = dict[str, str]


def load(books: Books, seed: Path, now: datetime) -> None:
    for row in read_csv(seed / "company.csv"):
        books.change_company(**_company(row))
    for entity, file, translated in (
        ("Term", "terms.csv", _term),
        ("Account", "accounts.csv", _account),
        ("Class", "classes.csv", _class),
        ("Department", "locations.csv", _class),
        ("Item", "items.csv", _item),
        ("Vendor", "vendors.csv", _vendor),
        ("Customer", "customers.csv", _customer),
        ("Employee", "employees.csv", _employee),
    ):
        for row in _parents_first(read_csv(seed / file)):
            doc = {"Id": row["id"], "Active": True, **translated(row)}
            books.put(entity, doc if _yes(row, "active") else inactivated(entity, doc), now)
    payable = next(
        (a["Id"] for a in books.all("Account") if a["AccountType"] == "Accounts Payable"), ""
    )
    for row in read_csv(seed / "bills.csv"):
        books.put("Bill", _bill(row, payable), now)


def _parents_first(rows: list[Row]) -> Iterator[Row]:
    """A child may stand above its parent in the file, but is only understood after it."""
    waiting, known = rows, {""}
    while waiting:
        ready = [row for row in waiting if row.get("parent_id", "") in known]
        if not ready:
            lost = ", ".join(f"{row['id']} under {row['parent_id']}" for row in waiting)
            raise ValueError(f"The seed names parents that are not in it: {lost}.")
        yield from ready
        known |= {row["id"] for row in ready}
        waiting = [row for row in waiting if row["id"] not in known]


def _company(row: Row) -> Doc:
    return {
        "realm": row["id"],
        "name": row["name"],
        "book_close_date": row.get("book_close_date", ""),
        "warn_duplicate_bill_number": _yes(row, "warn_duplicate_bill_number"),
        "class_tracking": row.get("class_tracking") or DEFAULT_COMPANY["class_tracking"],
        "track_locations": _yes(row, "track_locations"),
        "projects_enabled": _yes(row, "projects_enabled"),
        "use_account_numbers": _yes(row, "use_account_numbers"),
    }


def _term(row: Row) -> Doc:
    return {"Name": row["name"], "Type": "STANDARD", "DueDays": int(row.get("due_days") or 0)}


def _account(row: Row) -> Doc:
    classification, sub_type = ACCOUNT_TYPES[row["type"]]
    return {
        "Name": row["name"],
        "AccountType": row["type"],
        "AccountSubType": row.get("sub_type") or sub_type,
        "Classification": classification,
        "CurrencyRef": {"value": "USD"},
        **_texts(row, AcctNum="number"),
        **_references(row, ParentRef="parent_id"),
    }


def _class(row: Row) -> Doc:
    """A class or a location."""
    return {"Name": row["name"], **_references(row, ParentRef="parent_id")}


def _item(row: Row) -> Doc:
    return {
        "Name": row["name"],
        "Type": row.get("type") or "Service",
        **_references(
            row,
            ParentRef="parent_id",
            ExpenseAccountRef="expense_account_id",
            IncomeAccountRef="income_account_id",
        ),
    }


def _vendor(row: Row) -> Doc:
    address = _texts(
        row, Line1="address", City="city", CountrySubDivisionCode="state", PostalCode="zip"
    )
    doc: Doc = {
        "DisplayName": row["display_name"],
        "CurrencyRef": {"value": "USD"},
        **_texts(
            row,
            CompanyName="company_name",
            PrintOnCheckName="print_on_check_name",
            AcctNum="account_number",
        ),
        **_references(row, TermRef="term_id"),
    }
    if address:
        doc["BillAddr"] = address
    if row.get("phone"):
        doc["PrimaryPhone"] = {"FreeFormNumber": row["phone"]}
    if row.get("email"):
        doc["PrimaryEmailAddr"] = {"Address": row["email"]}
    if row.get("tax_id"):
        doc["TaxIdentifier"] = masked(row["tax_id"])
    return doc


def _customer(row: Row) -> Doc:
    doc: Doc = {
        "DisplayName": row["display_name"],
        "IsProject": _yes(row, "is_project", blank=False),
        "CurrencyRef": {"value": "USD"},
        **_references(row, ParentRef="parent_id"),
    }
    address = _texts(row, City="city", CountrySubDivisionCode="state")
    return {**doc, "BillAddr": address} if address else doc


def _employee(row: Row) -> Doc:
    return {"DisplayName": row["display_name"]}


def _bill(row: Row, payable: str) -> Doc:
    total = Decimal(row["total"])
    kind = "AccountBasedExpenseLineDetail"
    detail = {
        "AccountRef": {"value": row["account_id"]},
        "BillableStatus": "NotBillable",
        "TaxCodeRef": {"value": "NON"},
        **_references(row, CustomerRef="customer_id"),
    }
    line = {"Id": "1", "LineNum": 1, "Amount": total, "DetailType": kind, kind: detail}
    return {
        "Id": row["id"],
        "VendorRef": {"value": row["vendor_id"]},
        "APAccountRef": {"value": payable},
        "CurrencyRef": {"value": "USD"},
        "TxnDate": row["date"],
        "DueDate": row.get("due_date") or row["date"],
        "Line": [line],
        "TotalAmt": total,
        "Balance": total,
        **_texts(row, DocNumber="number", PrivateNote="note"),
    }


def _texts(row: Row, **columns: str) -> Doc:
    return {prop: row[column] for prop, column in columns.items() if row.get(column)}


def _references(row: Row, **columns: str) -> Doc:
    return {prop: {"value": row[column]} for prop, column in columns.items() if row.get(column)}


def _yes(row: Row, column: str, *, blank: bool = True) -> bool:
    return row[column].lower() == "true" if row.get(column) else blank
