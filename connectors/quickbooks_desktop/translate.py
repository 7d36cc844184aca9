"""What QuickBooks Desktop's rows mean for us. Pure functions.

Sections named here are those of the project's reference sheet of QuickBooks Desktop.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element
from zoneinfo import ZoneInfo

from common import money
from common.choices import RecordKind
from connectors.errors import UnexpectedPayload
from connectors.marks import key_in
from connectors.quickbooks_desktop.qbxml import as_json, several
from connectors.records import (
    JSON,
    AppliedPayment,
    PostedBill,
    PostedLine,
    PulledCompany,
    PulledPayment,
    PulledRecord,
    Unreadable,
)

BILL, PAYMENT = "bill", "payment"  # Unreadable.kind of what is no record
# Only a payable may sit in these, so no line of a bill may name them (3, 5).
UNUSABLE_ACCOUNT_TYPES = {"AccountsPayable", "AccountsReceivable", "NonPosting"}
# What can be bought at all; groups and the lines that only add up or tax cannot (3).
BUYABLE_ITEMS = {
    "Service",
    "NonInventory",
    "OtherCharge",
    "Inventory",
    "InventoryAssembly",
    "FixedAsset",
}
# A file names its currency only where several are on (5). Assumption: where it names none, it is
# the one of the country whose QuickBooks it is.
CURRENCY_OF_COUNTRY = {"US": "USD", "CA": "CAD", "UK": "GBP", "AU": "AUD"}
CURRENCY_CODES = {
    "US Dollar": "USD",
    "Canadian Dollar": "CAD",
    "British Pound Sterling": "GBP",
    "Australian Dollar": "AUD",
    "Euro": "EUR",
    "Mexican Peso": "MXN",
}

_LINES = ("ExpenseLineRet", "ItemLineRet")


# --- The company ------------------------------------------------------------------------------


def company(rows: Mapping[str, JSON], *, file_id: str, country: str = "") -> PulledCompany:
    """Of HostRet, CompanyRet and PreferencesRet. Source: 3, company info.

    A company file has no id of its own that it tells, so `file_id` is what we know it by.

    Raises:
        UnexpectedPayload: it does not say what it is called.
    """
    with _understanding("company", rows):
        info = rows["CompanyRet"]
        preferences = rows.get("PreferencesRet") or {}
        accounting = preferences.get("AccountingPreferences") or {}
        currencies = preferences.get("MultiCurrencyPreferences") or {}
        closed = accounting.get("ClosingDate") or ""
        country = (rows.get("HostRet") or {}).get("Country") or country
        return PulledCompany(
            external_id=file_id or identity(info),
            name=info["CompanyName"].strip(),
            closed_through=date.fromisoformat(closed[:10]) if closed else None,
            currency=currency(currencies.get("HomeCurrencyRef"))
            or CURRENCY_OF_COUNTRY.get(country, "USD"),
            features={
                "classes": _is_true(accounting.get("IsUsingClassTracking")),
                "locations": False,
                "projects": False,  # jobs below customers are what it has
                "account_numbers": _is_true(accounting.get("IsUsingAccountNumbers")),
                "several_currencies": _is_true(currencies.get("IsMultiCurrencyOn")),
                "refuses_duplicate_numbers": False,  # it warns, in its own windows only (5)
            },
        )


def identity(info: JSON) -> str:
    """What a company file is known by: its name, as it stands in CompanyRet, however spelled.

    Assumption: the reference sheet knows of no id in it (1.5).
    """
    return " ".join(info["CompanyName"].split()).casefold()[:64]


def currency(reference: JSON) -> str:
    """The code of a CurrencyRef, its own name where we know no code, "" where there is none."""
    name = str((reference or {}).get("FullName") or "").strip()
    return CURRENCY_CODES.get(name, name)


# --- Lists ------------------------------------------------------------------------------------


def vendor(payload: JSON, _tag: str, zone: ZoneInfo) -> PulledRecord:
    """Source: 3. Names on cheques and of the company help to find it."""
    address = payload.get("VendorAddress") or {}
    names = [payload["Name"], payload.get("CompanyName", ""), payload.get("NameOnCheck", "")]
    return _record(
        RecordKind.VENDOR,
        payload,
        zone,
        code=payload.get("AccountNumber", ""),
        other_names=tuple(dict.fromkeys(name for name in names[1:] if name and name != names[0])),
        **_place(address, names),
        email=payload.get("Email", ""),
        phone=payload.get("Phone", ""),
        tax_id=payload.get("VendorTaxIdent", ""),
        term_id=_reference(payload, "TermsRef"),
    )


def customer(payload: JSON, _tag: str, zone: ZoneInfo) -> PulledRecord:
    """A customer or, below it, a job. Source: 3: jobs are customers with a parent."""
    names = [payload["Name"], payload.get("CompanyName", "")]
    address = payload.get("ShipAddress") or payload.get("BillAddress") or {}
    return _record(
        RecordKind.CUSTOMER,
        payload,
        zone,
        type="Job" if int(payload.get("Sublevel") or 0) else "Customer",
        code=payload.get("AccountNumber", ""),
        other_names=(names[1],) if names[1] and names[1] != names[0] else (),
        **_place(address, names),
    )


def item(payload: JSON, tag: str, zone: ZoneInfo) -> PulledRecord:
    """Only what can be bought and says where its cost goes. Source: 3, ItemQuery."""
    kind = tag.removeprefix("Item").removesuffix("Ret")
    both, one = payload.get("SalesAndPurchase") or {}, payload.get("SalesOrPurchase") or {}
    accounts = (
        _reference(both, "ExpenseAccountRef"),
        _reference(one, "AccountRef"),
        _reference(payload, "COGSAccountRef"),
        _reference(payload, "AssetAccountRef"),
    )
    return _record(
        RecordKind.ITEM,
        payload,
        zone,
        type=kind,
        is_selectable=kind in BUYABLE_ITEMS and any(accounts),
    )


def account(payload: JSON, _tag: str, zone: ZoneInfo) -> PulledRecord:
    """Source: 3."""
    kind = payload.get("AccountType", "")
    return _record(
        RecordKind.ACCOUNT,
        payload,
        zone,
        code=payload.get("AccountNumber", ""),
        type=kind,
        is_selectable=kind not in UNUSABLE_ACCOUNT_TYPES,
    )


def ledger_class(payload: JSON, _tag: str, zone: ZoneInfo) -> PulledRecord:
    return _record(RecordKind.CLASS, payload, zone)


def term(payload: JSON, tag: str, zone: ZoneInfo) -> PulledRecord:
    """TermsQuery mixes two kinds (3)."""
    return _record(
        RecordKind.TERM, payload, zone, type="Date" if tag.startswith("DateDriven") else "Standard"
    )


@dataclass(frozen=True)
class List:
    """How one list is asked for: 2.4 and 3. `deleted` are its names in ListDeletedQuery (4)."""

    query: str
    translated: Callable[[JSON, str, ZoneInfo], PulledRecord]
    deleted: tuple[str, ...]
    has_iterator: bool = False


# The names of deleted lists beside those of the sheet are assumed to follow the list's own.
_ITEMS = (
    "ItemService", "ItemNonInventory", "ItemOtherCharge", "ItemInventory",
    "ItemInventoryAssembly", "ItemFixedAsset", "ItemSubtotal", "ItemDiscount", "ItemPayment",
    "ItemSalesTax", "ItemSalesTaxGroup", "ItemGroup",
)  # fmt: skip
LISTS: dict[RecordKind, List] = {
    RecordKind.VENDOR: List("VendorQueryRq", vendor, ("Vendor",), has_iterator=True),
    RecordKind.CUSTOMER: List("CustomerQueryRq", customer, ("Customer",), has_iterator=True),
    RecordKind.ITEM: List("ItemQueryRq", item, _ITEMS, has_iterator=True),
    RecordKind.ACCOUNT: List("AccountQueryRq", account, ("Account",)),
    RecordKind.CLASS: List("ClassQueryRq", ledger_class, ("Class",)),
    RecordKind.TERM: List("TermsQueryRq", term, ("StandardTerms", "DateDrivenTerms")),
}


def record(kind: RecordKind, row: Element, zone: ZoneInfo) -> PulledRecord | Unreadable:
    """One row of a list. `zone` is the company's: QuickBooks tells its local time (2.3)."""
    payload = as_json(row)
    try:
        return LISTS[kind].translated(payload, row.tag, zone)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Unreadable(
            sentence=f"QuickBooks sent a {kind.label.lower()} that cannot be understood"
            f" ({_label(payload)}): {type(error).__name__} at {error}.",
            payload=payload,
            kind=kind,
            external_id=_id(payload, "ListID"),
        )


def payable_in(home: str, found: PulledRecord) -> PulledRecord:
    """A bill takes its vendor's currency (5), so one of another than the books' is none for us: 500
    dollars would be entered as 500 euros.
    """
    theirs = currency((found.payload or {}).get("CurrencyRef"))
    if found.kind == RecordKind.VENDOR and theirs not in {"", home}:
        return replace(found, is_selectable=False)
    return found


def moment(text: str, zone: ZoneInfo) -> datetime | None:
    """The local time is right, its offset may be an hour off: it is dropped. Source: 2.3."""
    return datetime.fromisoformat(text[:19]).replace(tzinfo=zone) if text else None


# --- Bills and payments -----------------------------------------------------------------------


def posted_bill(row: Element, *, sought: Mapping[str, str] | None = None) -> PostedBill:
    """Source: 4, BillRet. `sought` is {ExternalGUID: key} of what we look for: the memo may have
    been edited, the GUID cannot be.

    Raises:
        UnexpectedPayload: it is no bill.
    """
    payload = as_json(row)
    with _understanding("a bill", payload):
        guid = payload.get("ExternalGUID", "").upper()
        return PostedBill(
            external_id=payload["TxnID"],
            number=payload.get("RefNumber", ""),
            vendor_id=payload["VendorRef"]["ListID"],
            bill_date=date.fromisoformat(payload["TxnDate"]),
            total=money.parse(payload["AmountDue"]).quantize(money.CENT),
            currency=currency(payload.get("CurrencyRef")),
            key=(sought or {}).get(guid, "") or key_in(payload.get("Memo", "")),
            version=payload.get("EditSequence", ""),
            payload=payload,
        )


def listed_bill(row: Element) -> PostedBill | Unreadable:
    """One of a list of bills, with its lines."""
    try:
        bill = posted_bill(row)
        with _understanding("a bill's lines", bill.payload):
            return replace(bill, lines=tuple(_posted_lines(bill.payload)))
    except UnexpectedPayload as error:
        return _unreadable(error, row, BILL)


def _posted_lines(payload: JSON) -> Iterator[PostedLine]:
    for kind in _LINES:
        for line in several(payload, kind):
            if line.get("Amount"):
                yield PostedLine(
                    amount=money.parse(line["Amount"]).quantize(money.CENT),
                    account_id=_reference(line, "AccountRef"),
                    item_id=_reference(line, "ItemRef"),
                    customer_id=_reference(line, "CustomerRef"),
                )


def payment(row: Element, zone: ZoneInfo) -> PulledPayment | Unreadable:
    """A cheque or a charge to a card. Source: 4, BillPaymentCheckQuery.

    A void stays with zero amounts. Assumption: what a payment takes off a bill is its amount
    there and the discount beside it.
    """
    payload = as_json(row)
    try:
        with _understanding("a payment", payload):
            applied = tuple(
                AppliedPayment(
                    bill_id=line["TxnID"],
                    amount=_amount(line, "Amount") + _amount(line, "DiscountAmount"),
                )
                for line in several(payload, "AppliedToTxnRet")
                if line.get("TxnType", "Bill") == "Bill"
            )
            amount = _amount(payload, "Amount")
            return PulledPayment(
                external_id=payload["TxnID"],
                vendor_id=payload["PayeeEntityRef"]["ListID"],
                payment_date=date.fromisoformat(payload["TxnDate"]),
                number=payload.get("RefNumber", ""),
                amount=amount,
                currency=currency(payload.get("CurrencyRef")),
                applied=applied,
                is_void=not amount and not any(line.amount for line in applied),
                changed_at=moment(payload.get("TimeModified", ""), zone),
                payload=payload,
            )
    except UnexpectedPayload as error:
        return _unreadable(error, row, PAYMENT)


# --- Small things -----------------------------------------------------------------------------


def _record(kind: RecordKind, payload: JSON, zone: ZoneInfo, **more: Any) -> PulledRecord:
    return PulledRecord(
        kind=kind,
        external_id=payload["ListID"],
        name=payload["Name"].strip(),
        path=payload.get("FullName", ""),
        parent_external_id=_reference(payload, "ParentRef"),
        is_active=payload.get("IsActive", "true").lower() in {"true", "1"},
        changed_at=moment(payload.get("TimeModified", ""), zone),
        payload=payload,
        **more,
    )


def _place(address: JSON, names: list[str]) -> dict[str, str]:
    """People write the name again in the first line of an address; the street comes after."""
    said = {" ".join(name.split()).casefold() for name in names if name}
    lines = [address.get(f"Addr{number}", "").strip() for number in range(1, 6)]
    street = next((line for line in lines if line and line.casefold() not in said), "")
    return {
        "address": street,
        "city": address.get("City", ""),
        "state": address.get("State", ""),
        "postcode": address.get("PostalCode", ""),
    }


def _reference(payload: JSON, name: str) -> str:
    return str((payload.get(name) or {}).get("ListID") or "")


def _amount(payload: JSON, name: str) -> Decimal:
    return money.parse(payload.get(name)).quantize(money.CENT)


def _is_true(value: object) -> bool:
    return str(value).lower() in {"true", "1"}


def _unreadable(error: UnexpectedPayload, row: Element, kind: str) -> Unreadable:
    payload = as_json(row)
    return Unreadable(
        sentence=str(error), payload=payload, kind=kind, external_id=_id(payload, "TxnID")
    )


def _id(payload: JSON, name: str) -> str:
    value = payload.get(name) if isinstance(payload, dict) else None
    return value if isinstance(value, str) and re.fullmatch(r"[\x20-\x7e]{1,36}", value) else ""


def _label(payload: JSON) -> str:
    if not isinstance(payload, dict):
        return "it holds nothing"
    return f"id {payload.get('ListID') or payload.get('TxnID') or 'missing'}"


@contextmanager
def _understanding(what: str, payload: JSON) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedPayload(
            f"QuickBooks sent {what} that cannot be understood ({_label(payload)}).",
            payload=payload,
        ) from error
