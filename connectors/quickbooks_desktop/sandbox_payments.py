"""What a bookkeeper does at "Pay Bills": one check or card over many bills, credits, discounts.

Source: sections 4 (BillPaymentCheck), 5 and 8.9. Whether paying a bill gives it a new edit sequence
and a new time is not established: here both stay, so that who watches bills alone misses payments,
as the sheet warns ("payment sync must run both").
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from common.money import ZERO
from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.quickbooks_desktop.sandbox_books import PAYMENTS, CompanyBooks
from connectors.quickbooks_desktop.sandbox_commitments import link_to
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.sandboxing import Doc

LONGEST_NUMBER = 11
ACCOUNTS = {"BillPaymentCheck": "Bank", "BillPaymentCreditCard": "CreditCard"}
ACCOUNT_REFS = {
    "BillPaymentCheck": "BankAccountRef",
    "BillPaymentCreditCard": "CreditCardAccountRef",
}


@dataclass(frozen=True)
class Applied:
    """A part of a payment: `amount` of the check to one bill, and what else settles the bill."""

    bill: str
    amount: Decimal
    discount: Decimal = ZERO
    credit: str = ""  # TxnID of a vendor credit that is set against the bill
    credited: Decimal = ZERO

    @property
    def settled(self) -> Decimal:
        return self.amount + self.discount + self.credited


def paid(
    books: CompanyBooks,
    parts: Iterable[Applied],
    now: datetime,
    *,
    kind: str = "BillPaymentCheck",
    number: str = "",
    day: str = "",
    memo: str = "",
) -> Doc:
    """Pay bills of one vendor, each in part or whole, with one check or one card payment.

    Raises:
        Refusal: they are of several vendors, one is paid already, or the day is closed.
    """
    parts = list(parts)
    bills = [_bill(books, part.bill) for part in parts]
    if not bills or len({bill["VendorRef"] for bill in bills}) != 1:
        raise Refusal(3180, "A payment is for bills of one vendor.")
    if len(number) > LONGEST_NUMBER:
        raise refusals.too_long("RefNumber", LONGEST_NUMBER)
    day = day or now.astimezone(books.zone).date().isoformat()
    books.check_open(day)
    _check_parts(books, parts)
    doc = {
        "PayeeEntityRef": bills[0]["VendorRef"],
        "APAccountRef": bills[0]["APAccountRef"],
        "TxnDate": day,
        ACCOUNT_REFS[kind]: _account(books, ACCOUNTS[kind]),
        "Amount": sum((part.amount for part in parts), ZERO),
        "RefNumber": number,
        "Memo": memo,
        "AppliedToTxnRet": [_applied(part, bill) for part, bill in zip(parts, bills, strict=True)],
    }
    if kind == "BillPaymentCheck":
        doc["IsToBePrinted"] = not number
    payment = books.put(kind, doc, now)
    for part in parts:
        _settle(books, part, kind, payment)
    return payment


def voided(books: CompanyBooks, key: str, now: datetime) -> Doc:
    """The payment stays with zero amounts, and its bills are open again (4)."""
    kind, payment = _payment(books, key)
    books.check_open(payment["TxnDate"])
    _unsettle(books, payment)
    memo = f"VOID: {payment.get('Memo', '')}".strip()
    void = {**payment, "Amount": ZERO, "AppliedToTxnRet": [], "Memo": memo}
    return books.put(kind, void, now)


def deleted(books: CompanyBooks, key: str, now: datetime) -> Doc:
    kind, payment = _payment(books, key)
    books.check_open(payment["TxnDate"])
    _unsettle(books, payment)
    return books.delete(kind, key, now)


def _check_parts(books: CompanyBooks, parts: list[Applied]) -> None:
    for part in parts:
        bill = _bill(books, part.bill)
        if part.amount < 0 or part.settled <= 0 or part.settled > bill["OpenAmount"]:
            raise Refusal(3110, f'The amount "{part.settled:.2f}" is more than is open.')
        if not part.credit:
            continue
        credit = books.get("VendorCredit", part.credit)
        if credit is None or credit["VendorRef"] != bill["VendorRef"]:
            raise refusals.not_found(part.credit)
        if part.credited > credit["OpenAmount"]:
            raise Refusal(3110, f'The amount "{part.credited:.2f}" is more than the credit has.')


def _applied(part: Applied, bill: Doc) -> Doc:
    said = {
        "TxnID": part.bill,
        "TxnType": "Bill",
        "TxnDate": bill["TxnDate"],
        "RefNumber": bill.get("RefNumber"),
        "BalanceRemaining": bill["OpenAmount"] - part.settled,
        "Amount": part.amount,
        # Not shown; what a void has to take back.
        "Credit": part.credit,
        "Credited": part.credited,
    }
    return {**said, "DiscountAmount": part.discount} if part.discount else said


def _settle(books: CompanyBooks, part: Applied, kind: str, payment: Doc) -> None:
    bill = _bill(books, part.bill)
    links = [link_to(kind, payment, -part.amount - part.discount)]
    if part.credit:
        credit = books.get("VendorCredit", part.credit) or {}
        links.append(link_to("VendorCredit", credit, -part.credited))
        on_credit = [*credit.get("LinkedTxn", []), link_to("Bill", bill, -part.credited)]
        left = credit["OpenAmount"] - part.credited
        books.replace("VendorCredit", {**credit, "LinkedTxn": on_credit, "OpenAmount": left})
    still = bill["OpenAmount"] - part.settled
    books.replace(
        "Bill",
        {
            **bill,
            "LinkedTxn": [*bill.get("LinkedTxn", []), *links],
            "OpenAmount": still,
            "IsPaid": still == 0,
        },
    )


def _unsettle(books: CompanyBooks, payment: Doc) -> None:
    for part in payment["AppliedToTxnRet"]:
        bill = _bill(books, part["TxnID"])
        gone = {payment["TxnID"], part["Credit"]}
        back = part["Amount"] + part.get("DiscountAmount", ZERO) + part["Credited"]
        books.replace(
            "Bill",
            {
                **bill,
                "LinkedTxn": [link for link in bill["LinkedTxn"] if link["TxnID"] not in gone],
                "OpenAmount": bill["OpenAmount"] + back,
                "IsPaid": False,
            },
        )
        credit = books.get("VendorCredit", part["Credit"])
        if credit:
            links = [link for link in credit["LinkedTxn"] if link["TxnID"] != part["TxnID"]]
            left = credit["OpenAmount"] + part["Credited"]
            books.replace("VendorCredit", {**credit, "LinkedTxn": links, "OpenAmount": left})


def _bill(books: CompanyBooks, key: str) -> Doc:
    bill = books.get("Bill", key)
    if bill is None:
        raise refusals.not_found(key)
    return bill


def _payment(books: CompanyBooks, key: str) -> tuple[str, Doc]:
    for kind in PAYMENTS:
        if payment := books.get(kind, key):
            books.check_unlocked(key)
            return kind, payment
    raise refusals.not_found(key)


def _account(books: CompanyBooks, kind: str) -> str:
    for account in books.all("Account"):
        if account["AccountType"] == kind and account["IsActive"]:
            return str(account["ListID"])
    raise refusals.invalid_reference("Account", kind, "payment")
