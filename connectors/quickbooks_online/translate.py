"""What QuickBooks Online's payloads mean for us. Pure functions.

Sections named here are those of the project's reference sheet of QuickBooks Online.
"""

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from common import money
from common.choices import RecordKind
from connectors.errors import UnexpectedPayload
from connectors.marks import key_in
from connectors.records import (
    JSON,
    NewRecord,
    PostedBill,
    PostedLine,
    PulledCompany,
    PulledRecord,
    Unreadable,
)

BILL = "bill"  # Unreadable.kind of a bill that is in the ledger
# Only a payable may sit in these; QuickBooks refuses them on the line of a bill (7.10).
UNUSABLE_ACCOUNT_TYPES = {"Accounts Payable", "Accounts Receivable", "Non-Posting"}
UNUSABLE_ITEM_TYPES = {"Category", "Group"}

_DELETED = re.compile(r"\s*\(deleted(?: \d+)?\)\s*$", re.IGNORECASE)


# --- What comes in --------------------------------------------------------------------------


def company(info: JSON, preferences: JSON, *, realm_id: str) -> PulledCompany:
    """Source: 7.3 and 7.4. `classes` means classes on lines, the only ones a bill has.

    Raises:
        UnexpectedPayload: the settings are not where they always were.
    """
    with _understanding("company settings", preferences):
        accounting = preferences.get("AccountingInfoPrefs", {})
        currency = preferences.get("CurrencyPrefs", {})
        others = {
            pair["Name"]: pair.get("Value") == "true"
            for pair in preferences.get("OtherPrefs", {}).get("NameValue", [])
        }
        closed = accounting.get("BookCloseDate")
        return PulledCompany(
            external_id=realm_id,
            name=info["CompanyName"].strip(),
            closed_through=date.fromisoformat(closed) if closed else None,
            currency=currency.get("HomeCurrency", {}).get("value", "USD"),
            features={
                "classes": bool(accounting.get("ClassTrackingPerTxnLine")),
                "locations": bool(accounting.get("TrackDepartments")),
                "projects": others.get("ProjectsEnabled", False),
                "account_numbers": bool(accounting.get("UseAccountNumbers")),
                "several_currencies": bool(currency.get("MultiCurrencyEnabled")),
                "refuses_duplicate_numbers": others.get("WarnDuplicateBillNumber", False),
            },
        )


def vendor(payload: JSON) -> PulledRecord:
    """Source: 7.6. The tax number arrives masked."""
    address = payload.get("BillAddr") or {}
    return _record(
        RecordKind.VENDOR,
        payload,
        name=payload["DisplayName"],
        code=payload.get("AcctNum", ""),
        other_names=tuple(
            payload[field] for field in ("CompanyName", "PrintOnCheckName") if payload.get(field)
        ),
        address=address.get("Line1", ""),
        city=address.get("City", ""),
        state=address.get("CountrySubDivisionCode", ""),
        postcode=address.get("PostalCode", ""),
        email=(payload.get("PrimaryEmailAddr") or {}).get("Address", ""),
        phone=(payload.get("PrimaryPhone") or {}).get("FreeFormNumber", ""),
        tax_id=payload.get("TaxIdentifier", ""),
        term_id=(payload.get("TermRef") or {}).get("value", ""),
    )


def customer(payload: JSON) -> PulledRecord:
    """A customer, a job or a project: all three may be charged on a line. Source: 7.7."""
    is_project = bool(payload.get("IsProject"))
    address = payload.get("BillAddr") or {}
    return _record(
        RecordKind.PROJECT if is_project else RecordKind.CUSTOMER,
        payload,
        name=payload["DisplayName"],
        type="Project" if is_project else "Job" if payload.get("Job") else "Customer",
        other_names=(payload["CompanyName"],) if payload.get("CompanyName") else (),
        city=address.get("City", ""),
        state=address.get("CountrySubDivisionCode", ""),
    )


def item(payload: JSON) -> PulledRecord:
    """Only an item with an expense account can be bought. Source: 7.8."""
    kind = payload.get("Type", "")
    return _record(
        RecordKind.ITEM,
        payload,
        name=payload["Name"],
        code=payload.get("Sku", ""),
        type=kind,
        is_selectable=kind not in UNUSABLE_ITEM_TYPES and bool(payload.get("ExpenseAccountRef")),
    )


def account(payload: JSON) -> PulledRecord:
    """Source: 7.5."""
    kind = payload.get("AccountType", "")
    return _record(
        RecordKind.ACCOUNT,
        payload,
        name=payload["Name"],
        code=payload.get("AcctNum", ""),
        type=kind,
        is_selectable=kind not in UNUSABLE_ACCOUNT_TYPES,
    )


def ledger_class(payload: JSON) -> PulledRecord:
    """Source: 7.9. Ids have 19 digits and stay strings."""
    return _record(RecordKind.CLASS, payload, name=payload["Name"])


def location(payload: JSON) -> PulledRecord:
    """What the interface calls a department is a location on every screen. Source: 7.9."""
    return _record(RecordKind.LOCATION, payload, name=payload["Name"])


def term(payload: JSON) -> PulledRecord:
    """Source: 7.9."""
    return _record(RecordKind.TERM, payload, name=payload["Name"], type=payload.get("Type", ""))


# What the query asks for, and what its rows mean. Projects are customers there (7.7).
LISTS: dict[RecordKind, tuple[str, Callable[[JSON], PulledRecord]]] = {
    RecordKind.VENDOR: ("Vendor", vendor),
    RecordKind.CUSTOMER: ("Customer", customer),
    RecordKind.PROJECT: ("Customer", customer),
    RecordKind.ITEM: ("Item", item),
    RecordKind.ACCOUNT: ("Account", account),
    RecordKind.CLASS: ("Class", ledger_class),
    RecordKind.LOCATION: ("Department", location),
    RecordKind.TERM: ("Term", term),
}


def belongs(kind: RecordKind, payload: JSON) -> bool:
    """Customers and projects come in one list."""
    is_project = isinstance(payload, dict) and bool(payload.get("IsProject"))
    return kind == (RecordKind.PROJECT if is_project else RecordKind.CUSTOMER) or kind not in {
        RecordKind.PROJECT,
        RecordKind.CUSTOMER,
    }


def record(kind: RecordKind, payload: JSON) -> PulledRecord | Unreadable:
    """One row of a list."""
    entity, translated = LISTS[kind]
    try:
        return translated(payload)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        return Unreadable(
            sentence=f"QuickBooks sent a {entity.lower()} that cannot be understood"
            f" ({_label(payload)}): {type(error).__name__} at {error}.",
            payload=payload,
            kind=kind,
            external_id=str(payload.get("Id") or "") if isinstance(payload, dict) else "",
        )


def is_deleted(payload: JSON) -> bool:
    """What is left of a deleted document (6.2)."""
    return isinstance(payload, dict) and payload.get("status") == "Deleted"


def captured(groups: JSON, entity: str) -> list[JSON]:
    """The rows of one entity in an answer about changes (6.2).

    Raises:
        UnexpectedPayload: it is no such answer.
    """
    with _understanding("a list of changes", groups):
        rows = [
            row
            for group in groups
            for answered in group["QueryResponse"]
            for row in answered.get(entity, [])
        ]
        if not all(row["Id"] for row in rows):
            raise ValueError("a row without an id")
        return rows


def is_elsewhere(entity: str, payload: JSON, new: NewRecord) -> bool:
    """A customer of this name below another one: names of jobs are apart by parent (7.1)."""
    if entity != "Customer" or new.kind != RecordKind.CUSTOMER:
        return False
    return str((payload.get("ParentRef") or {}).get("value") or "") != new.parent_id


def posted_bill(payload: JSON, *, app_url: str) -> PostedBill:
    """Source: 7.10. QuickBooks adds the total up itself, whatever was sent.

    Raises:
        UnexpectedPayload: it is no bill.
    """
    with _understanding("a bill", payload):
        external_id = str(payload["Id"])
        return PostedBill(
            external_id=external_id,
            number=payload.get("DocNumber") or "",
            vendor_id=payload["VendorRef"]["value"],
            bill_date=date.fromisoformat(payload["TxnDate"]),
            total=money.parse(payload["TotalAmt"]).quantize(money.CENT),
            currency=payload.get("CurrencyRef", {}).get("value", ""),
            key=key_in(payload.get("PrivateNote") or ""),
            version=str(payload.get("SyncToken", "")),
            url=f"{app_url}/bill?txnId={external_id}",
            payload=payload,
        )


def listed_bill(payload: JSON, *, app_url: str) -> PostedBill | Unreadable:
    """One of a list of bills, with its lines. Source: 7.10."""
    try:
        bill = posted_bill(payload, app_url=app_url)
        with _understanding("a bill's lines", payload):
            return replace(bill, lines=tuple(_posted_lines(payload)))
    except UnexpectedPayload as error:
        return Unreadable(
            sentence=str(error),
            payload=payload,
            kind=BILL,
            external_id=str(payload.get("Id") or "") if isinstance(payload, dict) else "",
        )


def _posted_lines(payload: JSON) -> Iterator[PostedLine]:
    """Lines that post something; a line may also be nothing but a description."""
    for line in payload.get("Line", []):
        detail = line.get(line.get("DetailType", ""))
        if not isinstance(detail, dict) or "Amount" not in line:
            continue
        yield PostedLine(
            amount=money.parse(line["Amount"]).quantize(money.CENT),
            account_id=_reference(detail, "AccountRef"),
            item_id=_reference(detail, "ItemRef"),
            customer_id=_reference(detail, "CustomerRef"),
        )


def _reference(detail: JSON, name: str) -> str:
    return str((detail.get(name) or {}).get("value") or "")


@contextmanager
def _understanding(what: str, payload: JSON) -> Iterator[None]:
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnexpectedPayload(
            f"QuickBooks sent {what} that cannot be understood ({_label(payload)}).",
            payload=payload,
        ) from error


def without_deleted_mark(name: str) -> str:
    """QuickBooks adds "(deleted)", in changing case, to the name of what is inactive (7.2)."""
    return _DELETED.sub("", name).strip()


def _record(kind: RecordKind, payload: JSON, *, name: str, **more: Any) -> PulledRecord:
    changed = (payload.get("MetaData") or {}).get("LastUpdatedTime")
    path = payload.get("FullyQualifiedName", "")
    return PulledRecord(
        kind=kind,
        external_id=str(payload["Id"]),
        name=without_deleted_mark(name),
        path=":".join(without_deleted_mark(part) for part in path.split(":")),
        parent_external_id=(payload.get("ParentRef") or {}).get("value", ""),
        # Null attributes are left out of an answer (2.3), and most rows are active.
        is_active=payload.get("Active", True),
        changed_at=datetime.fromisoformat(changed) if changed else None,
        payload=payload,
        **more,
    )


def _label(payload: JSON) -> str:
    if not isinstance(payload, dict):
        return "it is no object"
    return f"id {payload.get('Id', 'missing')}"
