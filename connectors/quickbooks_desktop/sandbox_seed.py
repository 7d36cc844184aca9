"""Fills an empty company file from a folder of CSV files, as connectors/seeds/README.md has them.

The columns are those of QuickBooks Online where both have them, so one generator writes both. What
Desktop does not hold is refused here too: a name of 42 letters stops the loading with a sentence.
"""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path

from connectors.quickbooks_desktop.sandbox_books import DEFAULT_COMPANY, PEOPLE, CompanyBooks
from connectors.quickbooks_desktop.sandbox_grammar import ID
from connectors.quickbooks_desktop.sandbox_order import ACCOUNT_TYPES, ITEM_TYPES
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.sandboxing import Doc, read_csv

Row = dict[str, str]
SEEDED_AT = 1702310455  # the second half of every id that a seed gives as a plain number
LENGTHS = {
    "Name": 41,
    "CompanyName": 41,
    "NameOnCheck": 41,
    "AccountNumber": 99,
    "Phone": 21,
    "Email": 1023,
    "VendorTaxIdent": 15,
    "RefNumber": 20,
    "Addr1": 41,
    "City": 31,
    "State": 21,
    "PostalCode": 13,
}
SHORT_NAMES = {"Account", "Class", "Terms", "Item"}  # 31 letters


def list_id(number: str) -> str:
    """The ListID of a row whose seed says `number`: that itself, where it is one already."""
    if not number or ID.fullmatch(number):
        return number
    return f"8{int(number) % 0x10000000:07X}-{SEEDED_AT}"


def txn_id(number: str) -> str:
    return number if ID.fullmatch(number) else f"{int(number):X}-{SEEDED_AT}"


def load(books: CompanyBooks, seed: Path, now: datetime) -> None:
    for row in read_csv(seed / "company.csv"):
        books.change_company(**_company(row))
    for kind, file, translated in (
        ("Terms", "terms.csv", _terms),
        ("Account", "accounts.csv", _account),
        ("Class", "classes.csv", _class),
        ("Item", "items.csv", _item),
        ("Vendor", "vendors.csv", _vendor),
        ("Customer", "customers.csv", _customer),
        ("Employee", "employees.csv", _person),
        ("OtherName", "other_names.csv", _person),
    ):
        for row in _parents_first(read_csv(seed / file), file):
            doc = {
                "ListID": list_id(row["id"]),
                "IsActive": _yes(row, "active"),
                **_texts(row, Name="display_name" if kind in PEOPLE else "name"),
                **translated(row),
            }
            _check(books, kind, doc, f"{file}, row {row['id']}")
            books.put(kind, doc, now)
    payable = next((a for a in books.all("Account") if a["AccountType"] == "AccountsPayable"), {})
    for row in read_csv(seed / "bills.csv"):
        doc = _bill(books, row, payable.get("ListID", ""), now)
        _check_lengths("Bill", doc, f"bills.csv, row {row['id']}")
        books.put("Bill", doc, now)


def _check(books: CompanyBooks, kind: str, doc: Doc, where: str) -> None:
    if books.get(kind, doc["ListID"]):
        raise ValueError(f"{where}: the id is there twice.")
    _check_lengths(kind, doc, where)
    try:
        books.check_name(kind, doc)
    except Refusal as refusal:
        raise ValueError(f"{where}: {refusal.message}") from refusal


def _check_lengths(kind: str, doc: Doc, where: str) -> None:
    for name, value in [*doc.items(), *doc.get("VendorAddress", {}).items()]:
        limit = 31 if name == "Name" and kind in SHORT_NAMES else LENGTHS.get(name)
        if limit and len(value) > limit:
            raise ValueError(f"{where}: {name} has more than {limit} characters: {value}")


def _parents_first(rows: list[Row], file: str) -> Iterator[Row]:
    """A child may stand above its parent in the file, but is only understood after it."""
    waiting, known = rows, {""}
    while waiting:
        ready = [row for row in waiting if row.get("parent_id", "") in known]
        if not ready:
            lost = ", ".join(f"{row['id']} under {row['parent_id']}" for row in waiting)
            raise ValueError(f"{file} names parents that are not in it: {lost}.")
        yield from ready
        known |= {row["id"] for row in ready}
        waiting = [row for row in waiting if row["id"] not in known]


def _company(row: Row) -> Doc:
    folder = DEFAULT_COMPANY["path"].rpartition("\\")[0]
    return {
        "name": row["name"],
        "path": row.get("path") or f"{folder}\\{row['name'].strip('.')}.qbw",
        "closing_date": row.get("book_close_date", ""),
        "uses_account_numbers": _yes(row, "use_account_numbers"),
        "requires_accounts": _yes(row, "requires_accounts"),
        "tracks_classes": (row.get("class_tracking") or "line") != "none",
        "time_zone": row.get("time_zone") or DEFAULT_COMPANY["time_zone"],
    }


def _terms(row: Row) -> Doc:
    return {"Type": "StandardTerms", "StdDueDays": int(row.get("due_days") or 0)}


def _account(row: Row) -> Doc:
    """The type may be spelled with blanks, as QuickBooks Online does."""
    spelled = {kind.casefold(): kind for kind in ACCOUNT_TYPES}
    kind = spelled[row["type"].replace(" ", "").casefold()]
    return {
        "AccountType": kind,
        **_texts(row, AccountNumber="number"),
        **_references(row, ParentRef="parent_id"),
    }


def _class(row: Row) -> Doc:
    return _references(row, ParentRef="parent_id")


def _item(row: Row) -> Doc:
    """Sold and bought where it has both accounts. A category is an item that others stand below."""
    kind = f"Item{row.get('type') or 'Service'}"
    doc: Doc = {
        "Type": kind if kind in ITEM_TYPES else "ItemService",
        **_references(row, ParentRef="parent_id"),
    }
    sold, bought = list_id(row.get("income_account_id", "")), list_id(row["expense_account_id"])
    if sold and bought:
        both = {"IncomeAccountRef": sold, "ExpenseAccountRef": bought}
        return {**doc, "SalesAndPurchase": both}
    return {**doc, "SalesOrPurchase": {"AccountRef": bought or sold} if bought or sold else {}}


def _vendor(row: Row) -> Doc:
    doc = {
        **_texts(
            row,
            CompanyName="company_name",
            Phone="phone",
            Email="email",
            NameOnCheck="print_on_check_name",
            AccountNumber="account_number",
            VendorTaxIdent="tax_id",
        ),
        **_references(row, TermsRef="term_id"),
    }
    address = _texts(row, Addr1="address", City="city", State="state", PostalCode="zip")
    return {**doc, "VendorAddress": address} if address else doc


def _customer(row: Row) -> Doc:
    """One with a parent is a job."""
    doc = _references(row, ParentRef="parent_id")
    if doc:
        doc["JobStatus"] = "InProgress" if _yes(row, "active") else "Closed"
    address = _texts(row, City="city", State="state")
    return {**doc, "BillAddress": address} if address else doc


def _person(_row: Row) -> Doc:
    return {}


def _bill(books: CompanyBooks, row: Row, payable: str, now: datetime) -> Doc:
    total = Decimal(row["total"]).quantize(Decimal("0.01"))
    line = {
        "TxnLineID": books.new_id("line", now),
        "Amount": total,
        "BillableStatus": "NotBillable",
        **_references(row, AccountRef="account_id", CustomerRef="customer_id"),
    }
    return {
        "TxnID": txn_id(row["id"]),
        "VendorRef": list_id(row["vendor_id"]),
        "APAccountRef": payable,
        "TxnDate": date.fromisoformat(row["date"]).isoformat(),
        "DueDate": row.get("due_date") or row["date"],
        "AmountDue": total,
        "OpenAmount": total,
        "IsPaid": total == 0,
        "ExpenseLineRet": [line],
        **_texts(row, RefNumber="number", Memo="note"),
    }


def _texts(row: Row, **columns: str) -> Doc:
    return {prop: row[column] for prop, column in columns.items() if row.get(column)}


def _references(row: Row, **columns: str) -> Doc:
    return {prop: list_id(row[column]) for prop, column in columns.items() if row.get(column)}


def _yes(row: Row, column: str) -> bool:
    return row[column].lower() == "true" if row.get(column) else True
