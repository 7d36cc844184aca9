"""The rules of a bill and of a vendor credit.

Source: sections 7.10, 7.11, 5.8 and 10.1 of the reference sheet.
"""

from datetime import date, datetime, timedelta
from decimal import Decimal

from common.money import ZERO, to_cents
from connectors.quickbooks_online import sandbox_faults as faults
from connectors.quickbooks_online.sandbox_books import Books
from connectors.quickbooks_online.sandbox_faults import business
from connectors.quickbooks_online.sandbox_shapes import BILL, VENDOR_CREDIT, cleaned
from connectors.sandboxing import Doc

MOST_LINES = 10_000


def checked(
    books: Books,
    body: Doc,
    now: datetime,
    *,
    entity: str = "Bill",
    old: Doc | None = None,
    may_repeat_number: bool,
) -> Doc:
    """The bill, or vendor credit, as it will be kept.

    Raises:
        Refusal: one of the rules of a bill is broken.
    """
    bill = cleaned(BILL if entity == "Bill" else VENDOR_CREDIT, body)
    for prop in ("VendorRef", "Line"):
        if not bill.get(prop):
            raise faults.missing(prop)
    if len(bill["Line"]) > MOST_LINES:
        raise business(6000, "A business validation error has occurred", "Too many lines", "Line")
    bill["TxnDate"] = bill.get("TxnDate") or now.date().isoformat()
    check_period(books, bill, old)
    check_currency(books, bill)

    _check_head(books, bill, entity)
    bill["APAccountRef"] = {"value": _payable_account(books, bill)}
    bill["Line"] = [_line(books, line, n) for n, line in enumerate(bill["Line"], start=1)]

    bill["TotalAmt"] = sum((line["Amount"] for line in bill["Line"]), ZERO)
    if bill["TotalAmt"] < 0:
        raise business(
            2290,
            "Negative total",
            "Transaction amount must be 0 or greater.",
            "TotalAmt",
        )
    paid = old["TotalAmt"] - old["Balance"] if old else ZERO
    bill["Balance"] = bill["TotalAmt"] - paid
    if old and "LinkedTxn" in old:
        bill["LinkedTxn"] = old["LinkedTxn"]
    if entity == "Bill" and not may_repeat_number:
        _check_number(books, bill, old)
    return bill


def _check_head(books: Books, bill: Doc, entity: str) -> None:
    """What the document names outside its lines."""
    used(books, "Vendor", bill, "VendorRef")
    if "SalesTermRef" in bill:
        used(books, "Term", bill, "SalesTermRef")
    if not books.company["track_locations"]:
        bill.pop("DepartmentRef", None)  # not kept while locations are off, as classes are not
    elif "DepartmentRef" in bill:
        used(books, "Department", bill, "DepartmentRef")
    if entity == "Bill":
        bill.setdefault("DueDate", _due(books, bill))


def check_open(books: Books, day: str) -> None:
    closed = books.closed_through
    if closed is not None and date.fromisoformat(day) <= closed:
        raise business(
            6200,
            "Account Period Closed, Cannot Update Through Services API",
            "The account period has closed and the account books cannot be updated through"
            " QBO Services API. Please use the QBO website to make these changes.",
            "TxnDate",
        )


def check_period(books: Books, bill: Doc, old: Doc | None) -> None:
    check_open(books, bill["TxnDate"])
    if old is not None:
        check_open(books, old["TxnDate"])


def check_currency(books: Books, bill: Doc) -> None:
    home = books.company["currency"]
    if bill.setdefault("CurrencyRef", {"value": home})["value"] != home:
        raise business(
            2220,
            "Invalid currency code",
            f"{bill['CurrencyRef']['value']} is not a currency of this company",
            "CurrencyRef",
        )


def _check_number(books: Books, bill: Doc, old: Doc | None) -> None:
    """Per vendor, and only where the company asked to be warned (5.8)."""
    number = bill.get("DocNumber", "").casefold()
    if not number or not books.company["warn_duplicate_bill_number"]:
        return
    for other in books.all("Bill"):
        if (
            other.get("DocNumber", "").casefold() == number
            and other["VendorRef"] == bill["VendorRef"]
            and (old is None or other["Id"] != old["Id"])
        ):
            raise business(
                6140,
                "Duplicate Document Number Error",
                "You must specify a different number. This number has already been used."
                f" DocNumber={other['DocNumber']} is assigned to TxnType=Bill with"
                f" TxnId={other['Id']}",
            )


def _line(books: Books, line: Doc, position: int) -> Doc:
    for prop in ("Amount", "DetailType"):
        if prop not in line:
            raise faults.missing(f"Line.{prop}")
    kind = line["DetailType"]
    if kind not in line:
        raise faults.missing(f"Line.{kind}")
    detail = {
        "BillableStatus": "NotBillable",
        "TaxCodeRef": {"value": "NON"},
        **line[kind],
    }
    _check_detail(books, detail)
    if kind == "ItemBasedExpenseLineDetail":
        _check_item(books, line["Amount"], detail)
    else:
        account = used(books, "Account", detail, "AccountRef")
        if account["AccountType"] in {"Accounts Payable", "Accounts Receivable", "Non-Posting"}:
            raise business(
                6430,
                "Invalid account type",
                f"{account['Name']} is of type {account['AccountType']} and cannot be used here.",
                "AccountRef",
            )
    kept = {name: line[name] for name in ("Description", "Amount", "DetailType") if name in line}
    return {"Id": str(position), "LineNum": position, **kept, kind: detail}


def _check_detail(books: Books, detail: Doc) -> None:
    if detail["TaxCodeRef"]["value"] not in {"TAX", "NON"}:
        raise business(6100, "Invalid tax code", "Use TAX or NON on a line.", "TaxCodeRef")
    if "CustomerRef" in detail:
        used(books, "Customer", detail, "CustomerRef")
    elif detail["BillableStatus"] == "Billable":
        raise business(
            6310,
            "Billable line without customer",
            "A line marked as billable must name a customer.",
            "CustomerRef",
        )
    if books.company["class_tracking"] != "line":
        detail.pop("ClassRef", None)  # not kept while classes are off (7.4)
    elif "ClassRef" in detail:
        used(books, "Class", detail, "ClassRef")


def _check_item(books: Books, amount: Decimal, detail: Doc) -> None:
    item = used(books, "Item", detail, "ItemRef")
    if item["Type"] in {"Category", "Group"} or "ExpenseAccountRef" not in item:
        raise business(
            6000,
            "A business validation error has occurred while processing your request",
            f"{item['Name']} has no expense account and cannot be bought.",
            "ItemRef",
        )
    for prop in ("Qty", "UnitPrice"):
        if prop not in detail:
            raise faults.missing(f"Line.ItemBasedExpenseLineDetail.{prop}")
    if to_cents(detail["Qty"] * detail["UnitPrice"]) != amount:
        raise business(
            6070,
            "Amount calculation incorrect in the request",
            f"Amount is not equal to UnitPrice * Qty. Supplied value:{amount}",
            "Line",
        )


def _payable_account(books: Books, bill: Doc) -> str:
    if "APAccountRef" in bill:
        account = used(books, "Account", bill, "APAccountRef")
        if account["AccountType"] != "Accounts Payable":
            raise business(
                6430,
                "Invalid account type",
                "An accounts payable account goes here.",
                "APAccountRef",
            )
        return str(account["Id"])
    for account in books.all("Account"):
        if account["AccountType"] == "Accounts Payable" and account.get("Active", True):
            return str(account["Id"])
    raise business(6000, "A business validation error has occurred", "There is no payable account")


def _due(books: Books, bill: Doc) -> str:
    """The bill's day and its term's days (7.10); that the vendor's term would do is not said."""
    term = books.get("Term", bill["SalesTermRef"]["value"]) if "SalesTermRef" in bill else None
    days = term.get("DueDays", 0) if term else 0
    return (date.fromisoformat(bill["TxnDate"]) + timedelta(days=days)).isoformat()


def used(books: Books, entity: str, holder: Doc, prop: str) -> Doc:
    """The row a reference names, which must be there and active."""
    if prop not in holder:
        raise faults.missing(prop)
    key = holder[prop]["value"]
    doc = books.get(entity, key)
    if doc is None:
        raise faults.invalid_reference(f"{entity}s", key, prop)
    if not doc.get("Active", True):
        raise faults.inactive_reference(prop)
    return doc
