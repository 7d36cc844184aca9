"""Writes rows as QuickBooks answers them: each element in its place, names beside the ids.

Source: sections 2.2, 2.3, 3 and 4; where the sheet only says what an answer adds to a request, the
place is that of Intuit's own schema of version 14.0.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement

from common.money import ZERO
from connectors.quickbooks_desktop.sandbox_books import LISTS, REFERENCES, CompanyBooks
from connectors.quickbooks_desktop.sandbox_order import words
from connectors.sandboxing import Doc

_STAMPS = "TimeCreated TimeModified EditSequence"
_LIST = f"ListID {_STAMPS} Name"
_TREE = f"{_LIST} FullName"
_TXN = f"TxnID {_STAMPS} TxnNumber"
_PERSON = "CompanyName Salutation FirstName MiddleName LastName JobTitle"
_REACHED = "Phone AltPhone Fax Email Cc Contact AltContact AdditionalContactRef"
_LINES = "ExpenseLineRet ItemLineRet"
_PAYMENT = "Amount RefNumber Memo"

ORDER = {
    "Vendor": f"{_LIST} IsActive ClassRef {_PERSON} VendorAddress VendorAddressBlock ShipAddress"
    f" {_REACHED} NameOnCheck AccountNumber Notes TermsRef CreditLimit VendorTaxIdent"
    " IsVendorEligibleFor1099 Balance ExternalGUID PrefillAccountRef",
    "Customer": f"{_TREE} IsActive ClassRef ParentRef Sublevel {_PERSON} BillAddress"
    f" BillAddressBlock ShipAddress ShipAddressBlock {_REACHED} TermsRef Balance TotalBalance"
    " ResaleNumber AccountNumber CreditLimit JobStatus JobStartDate JobProjectedEndDate JobEndDate"
    " JobDesc Notes PreferredDeliveryMethod ExternalGUID",
    "Employee": f"{_LIST} IsActive",
    "OtherName": f"{_LIST} IsActive",
    "Account": f"{_TREE} IsActive ParentRef Sublevel AccountType SpecialAccountType AccountNumber"
    " BankNumber Desc Balance TotalBalance CashFlowClassification",
    "Class": f"{_TREE} IsActive ParentRef Sublevel",
    "StandardTerms": f"{_LIST} IsActive StdDueDays StdDiscountDays DiscountPct",
    "DateDrivenTerms": f"{_LIST} IsActive DayOfMonthDue DueNextMonthDays DiscountDayOfMonth"
    " DiscountPct",
    "Item": f"{_TREE} IsActive ClassRef ParentRef Sublevel SalesOrPurchase SalesAndPurchase"
    " SalesDesc SalesPrice IncomeAccountRef PurchaseDesc PurchaseCost COGSAccountRef"
    " AssetAccountRef ExternalGUID",
    "Bill": f"{_TXN} VendorRef VendorAddress APAccountRef TxnDate DueDate AmountDue RefNumber"
    f" TermsRef Memo IsPaid ExternalGUID LinkedTxn {_LINES} OpenAmount",
    "VendorCredit": f"{_TXN} VendorRef APAccountRef TxnDate CreditAmount RefNumber Memo"
    f" ExternalGUID LinkedTxn {_LINES} OpenAmount",
    "PurchaseOrder": f"{_TXN} VendorRef ClassRef ShipToEntityRef TxnDate RefNumber VendorAddress"
    " ShipAddress TermsRef DueDate ExpectedDate FOB TotalAmount IsManuallyClosed IsFullyReceived"
    " Memo VendorMsg IsToBePrinted IsToBeEmailed Other1 Other2 ExternalGUID LinkedTxn"
    " PurchaseOrderLineRet",
    "BillPaymentCheck": f"{_TXN} PayeeEntityRef APAccountRef TxnDate BankAccountRef {_PAYMENT}"
    " Address IsToBePrinted ExternalGUID AppliedToTxnRet",
    "BillPaymentCreditCard": f"{_TXN} PayeeEntityRef APAccountRef TxnDate CreditCardAccountRef"
    f" {_PAYMENT} ExternalGUID AppliedToTxnRet",
    "ExpenseLineRet": "TxnLineID AccountRef Amount Memo CustomerRef ClassRef BillableStatus",
    "ItemLineRet": "TxnLineID ItemRef Desc Quantity Cost Amount CustomerRef ClassRef"
    " BillableStatus",
    "PurchaseOrderLineRet": "TxnLineID ItemRef ManufacturerPartNumber Desc Quantity Rate ClassRef"
    " Amount CustomerRef ServiceDate ReceivedQuantity UnbilledQuantity IsBilled IsManuallyClosed"
    " Other1 Other2",
    "LinkedTxn": "TxnID TxnType TxnDate RefNumber LinkType Amount",
    "AppliedToTxnRet": "TxnID TxnType TxnDate RefNumber BalanceRemaining Amount DiscountAmount"
    " DiscountAccountRef",
}
LINES = words(f"{_LINES} PurchaseOrderLineRet AppliedToTxnRet")
BLOCKS = {
    "VendorAddress": "VendorAddressBlock",
    "BillAddress": "BillAddressBlock",
    "ShipAddress": "ShipAddressBlock",
}


def ret(
    books: CompanyBooks,
    kind: str,
    doc: Doc,
    *,
    lines: bool = False,
    linked: bool = False,
    only: Collection[str] = (),
) -> Element:
    """One row as an answer. `only` is what IncludeRetElement asked for; empty is everything."""
    name = doc.get("Type", kind) if kind in LISTS else kind
    hidden = (set() if lines else LINES) | (set() if linked else {"LinkedTxn"})
    shown = {**doc, **_derived(books, kind, doc)}
    element = Element(f"{name}Ret")
    order = ORDER.get(name) or ORDER["Item"]
    for prop in order.split():
        if prop in hidden or prop not in shown or (only and prop not in only):
            continue
        _write(books, element, prop, shown[prop])
    return element


def written(parent: Element, prop: str, value: object) -> None:
    """A value that is no reference, as `prop` below `parent`."""
    SubElement(parent, prop).text = _text(prop, value)


def moment(books: CompanyBooks, stamp: str) -> str:
    """The company's clock with the offset it has in winter: QuickBooks knows no other (2.3)."""
    local = clock(books, stamp)
    winter = datetime(local.year, 1, 1, tzinfo=books.zone).utcoffset() or timedelta(0)
    minutes = int(winter.total_seconds() // 60)
    sign = "-" if minutes < 0 else "+"
    return f"{local.isoformat()}{sign}{abs(minutes) // 60:02d}:{abs(minutes) % 60:02d}"


def clock(books: CompanyBooks, stamp: str) -> datetime:
    """What the company's clock showed then, without an offset."""
    return datetime.fromisoformat(stamp).astimezone(books.zone).replace(tzinfo=None)


def _derived(books: CompanyBooks, kind: str, doc: Doc) -> Doc:
    said: Doc = {
        prop: moment(books, doc[prop]) for prop in ("TimeCreated", "TimeModified") if prop in doc
    }
    said |= {
        block: _block(doc[address])
        for address, block in BLOCKS.items()
        if kind in LISTS and doc.get(address)
    }
    if kind == "Vendor":
        said["Balance"] = books.owed(doc["ListID"])
    if kind == "Customer":
        said |= {"Balance": ZERO, "TotalBalance": ZERO}
    if kind == "Account":
        below = books.branch(kind, doc["ListID"])
        total = sum((books.moved(key) for key in below), ZERO)
        said |= {"Balance": books.moved(doc["ListID"]), "TotalBalance": total}
    return said


def _block(address: Doc) -> Doc:
    """The address as it is printed, in at most five lines."""
    lines = [address[f"Addr{n}"] for n in range(1, 6) if address.get(f"Addr{n}")]
    place = ", ".join(address[part] for part in ("City", "State") if address.get(part))
    last = f"{place} {address.get('PostalCode', '')}".strip()
    return {f"Addr{n}": line for n, line in enumerate([*lines, last][:5], start=1) if line}


def _write(books: CompanyBooks, parent: Element, prop: str, value: Any) -> None:
    if isinstance(value, list):
        for each in value:
            _write(books, parent, prop, each)
    elif prop.endswith("Ref") and isinstance(value, str):
        _write_reference(books, parent, prop, value)
    elif isinstance(value, dict):
        below = SubElement(parent, prop)
        for name in ORDER[prop].split() if prop in ORDER else value:
            if name in value:
                _write(books, below, name, value[name])
    elif value is not None and value != "":
        written(parent, prop, value)


def _write_reference(books: CompanyBooks, parent: Element, prop: str, key: str) -> None:
    """To a row that is gone only the id is left."""
    kinds = ("Customer", "Account", "Item", "Class") if prop == "ParentRef" else REFERENCES[prop]
    found = books.found(kinds, {"ListID": key})
    below = SubElement(parent, prop)
    written(below, "ListID", key)
    if found:
        written(below, "FullName", books.full_name(*found))


def _text(prop: str, value: object) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal() if prop in QUANTITIES:
            return f"{value.normalize():f}"
        case Decimal():
            return f"{value:.2f}"
    return str(value)


# Up to five decimals, and no more than are needed; every other number is money.
QUANTITIES = words(
    "Quantity Cost Rate SalesPrice PurchaseCost Price ReceivedQuantity UnbilledQuantity DiscountPct"
)
