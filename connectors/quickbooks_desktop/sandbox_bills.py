"""The rules of bills and vendor credits. Source: sections 4 and 5 of the reference sheet.

The sheet does not establish which code a negative total gets (9), nor how a line without an account
is refused; the codes here are the nearest of its table.
"""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from decimal import Decimal

from common.money import ZERO, to_cents
from connectors.quickbooks_desktop import sandbox_commitments as commitments
from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.quickbooks_desktop.sandbox_books import PAYMENTS, CompanyBooks
from connectors.quickbooks_desktop.sandbox_lists import check_enabled, check_version
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.sandboxing import Doc

DAYS_BILLS_ARE_DUE = 10  # as the preferences say, where a bill has no terms
NOT_BOUGHT = {
    "ItemSubtotal", "ItemDiscount", "ItemPayment", "ItemSalesTax", "ItemSalesTaxGroup", "ItemGroup",
}  # fmt: skip
# What this company file has not switched on (5): lots, units of measure.
SWITCHED_OFF = ("SerialNumber", "LotNumber", "UnitOfMeasure")
PLACES = Decimal("0.00001")


def added(books: CompanyBooks, kind: str, said: Doc, now: datetime) -> Doc:
    """A new bill or vendor credit. Raises Refusal."""
    head = {name: value for name, value in said.items() if name in HEAD}
    check_enabled(said)
    head.setdefault("TxnDate", now.astimezone(books.zone).date().isoformat())
    vendor = books.used("VendorRef", said["VendorRef"], kind)
    _refer(books, kind, head, said)
    if kind == "Bill":
        if "TermsRef" not in head and vendor.get("TermsRef"):
            head["TermsRef"] = vendor["TermsRef"]
        head.setdefault("VendorAddress", vendor.get("VendorAddress", {}))
        head.setdefault("DueDate", _due(books, head))
    books.check_open(head["TxnDate"])
    expenses = [_expense(books, kind, line, now) for line in said.get("ExpenseLineAdd", [])]
    pulled = list(commitments.pulled(books, head, said.get("LinkToTxnID", [])))
    items = [
        _item(books, kind, head, line, now) for line in [*pulled, *said.get("ItemLineAdd", [])]
    ]
    doc = _totalled(kind, {**head, "ExpenseLineRet": expenses, "ItemLineRet": items}, old=None)
    kept = books.put(kind, doc, now)
    commitments.bill(books, kept, now)
    return books.get(kind, kept["TxnID"]) or kept


def modified(books: CompanyBooks, said: Doc, now: datetime) -> Doc:
    """A bill changed. A kind of line that is not sent stays; one that is sent is replaced whole."""
    key, sequence = said["TxnID"], said["EditSequence"]
    old = books.get("Bill", key)
    if old is None:
        raise refusals.not_found(key)
    check_version(books, old, key, sequence)
    check_enabled(said)
    books.check_open(old["TxnDate"])
    changes = {name: value for name, value in said.items() if name in HEAD}
    _refer(books, "Bill", changes, said)
    head = {name: value for name, value in {**old, **changes}.items() if value is not None}
    if head["VendorRef"] != old["VendorRef"] and old.get("LinkedTxn"):
        raise Refusal(3170, "The vendor of a bill with payments or orders cannot be changed.")
    books.check_open(head["TxnDate"])
    head["ExpenseLineRet"] = _lines(books, old, said, "Expense", now)
    head["ItemLineRet"] = _lines(books, old, said, "Item", now)
    return books.put("Bill", _totalled("Bill", head, old=old), now)


HEAD = {
    "VendorRef", "VendorAddress", "APAccountRef", "TxnDate", "DueDate", "RefNumber", "TermsRef",
    "Memo", "ExternalGUID",
}  # fmt: skip


def deleted(books: CompanyBooks, kind: str, key: str, now: datetime) -> Doc:
    """Raises Refusal while it is linked: a payment or an order would be left hanging."""
    doc = _open(books, kind, key)
    if doc.get("LinkedTxn"):
        raise refusals.cannot_delete(key)
    return books.delete(kind, key, now)


def voided(books: CompanyBooks, kind: str, key: str, now: datetime) -> Doc:
    """The record stays, with zero amounts (4); that its memo says so is as the screens do it."""
    doc = _open(books, kind, key)
    if doc.get("LinkedTxn"):
        raise Refusal(3185, f'The transaction "{key}" could not be voided: it is paid or applied.')
    zero = {
        group: [{**line, "Amount": ZERO} for line in doc.get(group, [])]
        for group in ("ExpenseLineRet", "ItemLineRet")
    }
    void = {**doc, **zero, "Memo": f"VOID: {doc.get('Memo', '')}".strip()}
    return books.put(kind, _totalled(kind, void, old=None), now)


def _open(books: CompanyBooks, kind: str, key: str) -> Doc:
    doc = books.get(kind, key)
    if doc is None:
        raise refusals.not_found(key)
    books.check_unlocked(key)
    books.check_open(doc["TxnDate"])
    return doc


# --- The head -------------------------------------------------------------------------------------


def _refer(books: CompanyBooks, kind: str, head: Doc, said: Doc) -> None:
    """Turn the head's references to ids; without an account of its own it posts to the first."""
    for prop in ("VendorRef", "TermsRef", "APAccountRef"):
        if said.get(prop) is not None:
            head[prop] = books.used(prop, said[prop], kind)["ListID"]
            _check_related(books, head[prop])
    is_new = "TxnID" not in said
    if is_new and "APAccountRef" not in head:
        head["APAccountRef"] = _first_payable(books)
    elif said.get("APAccountRef") is not None:
        account = books.get("Account", head["APAccountRef"]) or {}
        if account.get("AccountType") != "AccountsPayable":
            raise refusals.invalid_reference("Account", account.get("FullName", ""), kind)


def _check_related(books: CompanyBooks, key: str) -> None:
    """3176: somebody has the vendor, the terms or the account open, not the transaction."""
    try:
        books.check_unlocked(key)
    except Refusal as refusal:
        raise Refusal(3176, "A related object could not be locked.") from refusal


def _first_payable(books: CompanyBooks) -> str:
    for account in books.all("Account"):
        if account["AccountType"] == "AccountsPayable" and account["IsActive"]:
            return str(account["ListID"])
    raise refusals.missing("APAccountRef")


def _due(books: CompanyBooks, head: Doc) -> str:
    """From the terms, or the days the preferences say. Date-driven terms are not reckoned."""
    terms = books.get("Terms", head.get("TermsRef", "")) or {}
    days = terms.get("StdDueDays", DAYS_BILLS_ARE_DUE)
    return (date.fromisoformat(head["TxnDate"]) + timedelta(days=days)).isoformat()


def _totalled(kind: str, doc: Doc, *, old: Doc | None) -> Doc:
    """What it comes to, and what of it is still open."""
    lines = [*doc.get("ExpenseLineRet", []), *doc.get("ItemLineRet", [])]
    total = sum((line["Amount"] for line in lines), ZERO)
    name = "AmountDue" if kind == "Bill" else "CreditAmount"
    paid = old[name] - old["OpenAmount"] if old else ZERO
    if total < 0 or total < paid:
        raise Refusal(3110, f'The amount "{total:.2f}" is not valid for this transaction.')
    said = {**doc, name: total, "OpenAmount": total - paid}
    return {**said, "IsPaid": total == paid} if kind == "Bill" else said


# --- Lines ----------------------------------------------------------------------------------------


def _lines(books: CompanyBooks, old: Doc, said: Doc, kind: str, now: datetime) -> list[Doc]:
    """The lines of one kind after a change."""
    stored = {line["TxnLineID"]: line for line in old.get(f"{kind}LineRet", [])}
    changes = said.get(f"{kind}LineMod", [])
    if not changes:
        return [] if said.get(f"Clear{kind}Lines") else list(stored.values())
    return list(_changed(books, old, stored, changes, kind, now))


def _changed(
    books: CompanyBooks,
    old: Doc,
    stored: dict[str, Doc],
    changes: list[Doc],
    kind: str,
    now: datetime,
) -> Iterator[Doc]:
    for change in changes:
        key = change["TxnLineID"]
        rest = {name: value for name, value in change.items() if name != "TxnLineID"}
        if key == "-1":
            fresh = {name: value for name, value in rest.items() if value is not None}
            if kind == "Expense":
                yield _expense(books, "Bill", fresh, now)
            else:
                yield _item(books, "Bill", old, fresh, now)
            continue
        if key not in stored:
            raise refusals.not_found(key)
        yield _merged(books, stored[key], rest, kind)


def _merged(books: CompanyBooks, line: Doc, change: Doc, kind: str) -> Doc:
    """A stored line with some of its values changed; a value that came empty is cleared."""
    new = _referred(books, "Bill", change)
    merged = {name: value for name, value in {**line, **new}.items() if value is not None}
    if kind == "Item" and {"Quantity", "Cost"} & new.keys() and "Amount" not in new:
        merged.pop("Amount")
    _check_charged(merged)
    if kind == "Expense":
        merged.setdefault("Amount", ZERO)
        return merged
    return _priced(books, merged)


def _expense(books: CompanyBooks, kind: str, said: Doc, now: datetime) -> Doc:
    if "AccountRef" not in said and books.company["requires_accounts"]:
        raise Refusal(3270, "Missing posting account.")
    line = _referred(books, kind, said)
    _check_account(books, kind, line, said)
    _check_charged(line)
    return {"TxnLineID": books.new_id("line", now), "Amount": ZERO, **line}


def _item(books: CompanyBooks, kind: str, head: Doc, said: Doc, now: datetime) -> Doc:
    link = said.get("LinkToTxn")
    if link:
        if "ItemRef" in said:
            raise Refusal(3151, 'The field "ItemRef" is not allowed beside "LinkToTxn".')
        said = commitments.linked(books, head, said)
    elif "ItemRef" not in said:
        raise refusals.missing("ItemRef")
    line = _referred(books, kind, said)
    item = books.get("Item", line["ItemRef"]) or {}
    if item.get("Type") in NOT_BOUGHT:
        raise Refusal(3280, f'The item "{item["FullName"]}" is of a type that cannot be bought.')
    if not books.cost_account(line):
        raise Refusal(3270, f'Missing posting account: "{item["FullName"]}" has none to buy with.')
    _check_charged(line)
    return _priced(books, {"TxnLineID": books.new_id("line", now), **line})


def _referred(books: CompanyBooks, kind: str, said: Doc) -> Doc:
    line: Doc = {}
    for name, value in said.items():
        if name in SWITCHED_OFF and value is not None:
            raise Refusal(3250, f"The feature behind {name} is not enabled in this company file.")
        if name == "ClassRef" and value and not books.company["tracks_classes"]:
            raise Refusal(3250, "Class tracking is not enabled in this company file.")
        if name == "DataExt":  # a custom field must be defined first, and nobody can here
            raise refusals.not_found(value[0]["DataExtName"])
        is_reference = name.endswith("Ref") and isinstance(value, dict)
        line[name] = _row(books, kind, name, value, said) if is_reference else value
    return line


def _row(books: CompanyBooks, kind: str, name: str, value: Doc, said: Doc) -> str:
    """The id a line's reference leads to. Beside a payable account a customer is a vendor (5)."""
    if name == "CustomerRef" and _is_payable(books, said.get("AccountRef")):
        return str(books.used("VendorRef", value, kind)["ListID"])
    return str(books.used(name, value, kind)["ListID"])


def _is_payable(books: CompanyBooks, account: object) -> bool:
    found = books.found(("Account",), account) if isinstance(account, dict) else None
    return found is not None and found[1]["AccountType"] == "AccountsPayable"


def _check_account(books: CompanyBooks, kind: str, line: Doc, said: Doc) -> None:
    account = books.get("Account", line.get("AccountRef", ""))
    if account is None:
        return
    if account["AccountType"] == "NonPosting":
        raise refusals.invalid_reference("Account", account["FullName"], kind)
    if account["AccountType"] == "AccountsPayable" and "CustomerRef" not in said:
        raise refusals.missing("CustomerRef")


def _check_charged(line: Doc) -> None:
    status = line.get("BillableStatus")
    if status == "HasBeenBilled":
        raise refusals.wrong_value(status, "BillableStatus")
    if status == "Billable" and not line.get("CustomerRef"):
        raise refusals.missing("CustomerRef")


def _priced(books: CompanyBooks, line: Doc) -> Doc:
    """What is missing of quantity, cost and amount follows from the others (5)."""
    quantity, cost, amount = line.get("Quantity"), line.get("Cost"), line.get("Amount")
    if amount is None:
        item = books.get("Item", line["ItemRef"]) or {}
        bought = item.get("SalesAndPurchase") or item
        quantity = Decimal(1) if quantity is None else quantity
        cost = bought.get("PurchaseCost", ZERO) if cost is None else cost
        amount = to_cents(quantity * cost)
    elif quantity:
        cost = (amount / quantity).quantize(PLACES)
    elif cost:
        quantity = (amount / cost).quantize(PLACES)
    priced = {**line, "Amount": amount}
    if quantity is not None:
        priced["Quantity"] = quantity
    if cost is not None:
        priced["Cost"] = cost
    return priced


def is_linked(doc: Doc) -> bool:
    return any(link["TxnType"] in PAYMENTS for link in doc.get("LinkedTxn", []))
