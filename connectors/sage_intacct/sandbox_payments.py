"""Payments of bills, as the payables clerk makes and voids them. Source: the sheet, 12.1.

No client of ours pays: these are done on order only.
"""

from datetime import date, datetime
from decimal import Decimal

from connectors.sage_intacct.sandbox_books import Books
from connectors.sandboxing import Doc


class CannotPay(ValueError):
    """A sentence that says why not."""


def pay(books: Books, shares: dict[str, Decimal], day: date, number: str, now: datetime) -> Doc:
    """One payment of one vendor for one bill or several: {bill's RECORDNO: amount}."""
    bills = [_payable(books, recordno, amount) for recordno, amount in shares.items()]
    vendors = {bill["VENDORID"] for bill in bills}
    if len(vendors) != 1:
        raise CannotPay("A payment goes to one vendor.")
    vendor = books.named("VENDOR", vendors.pop())
    if vendor is None or vendor.get("ONHOLD") == "true":
        raise CannotPay("The vendor is on hold.")
    payment = books.put(
        "APPYMT",
        {
            "VENDORID": vendor["VENDORID"],
            "FINANCIALENTITY": "OPER-CHK",
            "PAYMENTMETHOD": "Printed Check",
            "PAYMENTDATE": day.isoformat(),
            "DOCNUMBER": number,
            "CURRENCY": books.company["base_currency"],
            "STATE": "C",
            "MEGAENTITYID": bills[0]["MEGAENTITYID"],
        },
        now,
    )
    for bill in bills:
        amount = shares[bill["RECORDNO"]]
        books.put(
            "APPYMTDETAIL",
            {
                "PAYMENTKEY": payment["RECORDNO"],
                "RECORDKEY": bill["RECORDNO"],
                "TRX_PAYMENTAMOUNT": amount,
                "MEGAENTITYID": bill["MEGAENTITYID"],
            },
            now,
        )
        _add_paid(books, bill, amount, day.isoformat(), now)
    return payment


def void(books: Books, recordno: str, now: datetime) -> Doc:
    payment = books.get("APPYMT", recordno)
    if payment is None or payment["STATE"] == "V":
        raise CannotPay("There is no such payment to void.")
    for detail in books.lines("APPYMT", recordno):
        bill = books.get("APBILL", detail["RECORDKEY"])
        if bill is not None:
            _add_paid(books, bill, -detail["TRX_PAYMENTAMOUNT"], "", now)
    return books.put("APPYMT", {**payment, "STATE": "V"}, now)


def _payable(books: Books, recordno: str, amount: Decimal) -> Doc:
    bill = books.get("APBILL", recordno)
    if bill is None or bill["STATE"] != "A":
        raise CannotPay(f"There is no posted bill {recordno}.")
    if not 0 < amount <= bill["TOTALENTERED"] - bill["TOTALPAID"]:
        raise CannotPay(f"Bill {recordno} does not owe {amount}.")
    return bill


def _add_paid(books: Books, bill: Doc, amount: Decimal, day: str, now: datetime) -> None:
    paid = bill["TOTALPAID"] + amount
    is_full = paid == bill["TOTALENTERED"]
    books.put("APBILL", {**bill, "TOTALPAID": paid, "WHENPAID": day if is_full else ""}, now)
