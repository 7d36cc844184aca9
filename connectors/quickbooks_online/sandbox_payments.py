"""The rules of paying bills. Source: sections 7.11, 7.15, 5.5 and 5.6 of the reference sheet.

A payment lowers the balance of each bill it names and is named there in turn; a vendor credit it
names is used up the same way. A change, a void and a deletion take that back first. That QuickBooks
refuses to pay a bill beyond its balance, and that a payment of more than its lines is entered as an
overpayment, which this sandbox does not keep and so refuses: assumptions.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal

from common.money import ZERO
from connectors.quickbooks_online import sandbox_faults as faults
from connectors.quickbooks_online.sandbox_bills import check_currency, check_period, used
from connectors.quickbooks_online.sandbox_books import Books
from connectors.quickbooks_online.sandbox_faults import business
from connectors.quickbooks_online.sandbox_shapes import BILL_PAYMENT, cleaned
from connectors.sandboxing import Doc

PAID_FROM = {
    "Check": ("CheckPayment", "BankAccountRef", "Bank"),
    "CreditCard": ("CreditCardPayment", "CCAccountRef", "Credit Card"),
}
LINKED_AS = {"Check": "BillPaymentCheck", "CreditCard": "BillPaymentCreditCard"}
PAYABLE = ("Bill", "VendorCredit")


def checked(books: Books, body: Doc, now: datetime, *, old: Doc | None = None) -> Doc:
    """The payment as it will be kept. What `old` had paid may be paid again.

    Raises:
        Refusal: one of the rules of a payment is broken.
    """
    payment = cleaned(BILL_PAYMENT, body)
    for prop in ("VendorRef", "PayType", "TotalAmt"):
        if prop not in payment:
            raise faults.missing(prop)
    payment["TxnDate"] = payment.get("TxnDate") or now.date().isoformat()
    check_period(books, payment, old)
    check_currency(books, payment)
    used(books, "Vendor", payment, "VendorRef")
    _check_account(books, payment)
    returned = {(entity, key): amount for entity, key, amount in linked(old or {"Line": []})}
    payment["Line"] = [_line(books, payment, line, returned) for line in payment.get("Line", [])]
    _check_total(payment)
    return payment


def apply(books: Books, payment: Doc, now: datetime) -> None:
    """Lower the balances of what it pays; each of those names it and is a new version (5.4)."""
    mark = {"TxnId": payment["Id"], "TxnType": LINKED_AS[payment["PayType"]]}
    for entity, key, amount in linked(payment):
        doc = books.get(entity, key)
        if doc is None:
            raise faults.invalid_reference(f"{entity}s", key, "Line.LinkedTxn")
        links = [*doc.get("LinkedTxn", []), mark]
        books.put(entity, {**doc, "Balance": doc["Balance"] - amount, "LinkedTxn": links}, now)


def take_back(books: Books, payment: Doc, now: datetime) -> None:
    """What it paid is open again."""
    for entity, key, amount in linked(payment):
        doc = books.get(entity, key)
        if doc is None:
            continue
        links = [link for link in doc.get("LinkedTxn", []) if link["TxnId"] != payment["Id"]]
        rest = {name: value for name, value in doc.items() if name != "LinkedTxn"}
        if links:
            rest["LinkedTxn"] = links
        books.put(entity, {**rest, "Balance": doc["Balance"] + amount}, now)


def voided(payment: Doc) -> Doc:
    """Still readable, worth nothing, and linked to nothing (5.6)."""
    note = f"Voided {payment.get('PrivateNote', '')}".strip()
    return {**payment, "TotalAmt": ZERO, "Line": [], "PrivateNote": note}


def linked(payment: Doc) -> Iterator[tuple[str, str, Decimal]]:
    """What it pays or uses up: entity, id, amount."""
    for line in payment["Line"]:
        (link,) = line["LinkedTxn"]
        yield link["TxnType"], link["TxnId"], line["Amount"]


def _check_account(books: Books, payment: Doc) -> None:
    detail, prop, wanted = PAID_FROM[payment["PayType"]]
    if detail not in payment:
        raise faults.missing(detail)
    account = used(books, "Account", payment[detail], prop)
    if account["AccountType"] != wanted:
        raise business(
            6430, "Invalid account type", f"An account of type {wanted} goes here.", prop
        )


def _line(
    books: Books, payment: Doc, line: Doc, returned: Mapping[tuple[str, str], Decimal]
) -> Doc:
    if "Amount" not in line:
        raise faults.missing("Line.Amount")
    links = line.get("LinkedTxn", [])
    if len(links) != 1 or not {"TxnId", "TxnType"} <= links[0].keys():
        raise faults.missing("Line.LinkedTxn")
    entity, key = links[0]["TxnType"], links[0]["TxnId"]
    if entity not in PAYABLE:
        raise business(620, "Transaction cannot be linked", f"This sandbox links no {entity}.")
    doc = books.get(entity, key)
    if doc is None:
        raise faults.invalid_reference(f"{entity}s", key, "Line.LinkedTxn")
    if doc["VendorRef"] != payment["VendorRef"]:
        raise business(620, "Transaction cannot be linked", "It is another vendor's.", "Line")
    open_balance = doc["Balance"] + returned.get((entity, key), ZERO)
    if not 0 < line["Amount"] <= open_balance:
        raise business(
            6000,
            "A business validation error has occurred while processing your request",
            f"{line['Amount']} is nothing, or more than the open balance of {open_balance}.",
            "Line",
        )
    return {"Amount": line["Amount"], "LinkedTxn": [{"TxnId": key, "TxnType": entity}]}


def _check_total(payment: Doc) -> None:
    """What leaves the bank is the bills less the credits, and never below zero."""
    keys = [(entity, key) for entity, key, _amount in linked(payment)]
    if len(keys) != len(set(keys)):
        raise business(2600, "Conflicting data", "A document is named on two lines.", "Line")
    due = sum((amount if e == "Bill" else -amount for e, _k, amount in linked(payment)), ZERO)
    if payment["TotalAmt"] < 0 or due < 0:
        raise business(2290, "Negative total", "Payment amount must be 0 or greater.", "TotalAmt")
    if payment["TotalAmt"] != due:
        raise business(
            6000,
            "A business validation error has occurred while processing your request",
            f"The total {payment['TotalAmt']} is not what the lines come to, {due}.",
            "TotalAmt",
        )
