"""How we say a bill, a vendor or a job to QuickBooks Desktop. Pure functions.

Sections named here are those of the project's reference sheet of QuickBooks Desktop.
"""

from collections.abc import Mapping
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid5

from common import money
from common.choices import RecordKind
from connectors.errors import Refused
from connectors.limits import cut, short_number
from connectors.marks import marked
from connectors.quickbooks_desktop import qbxml
from connectors.quickbooks_desktop.limits import LIMITS, LONGEST_FULL_NAME
from connectors.quickbooks_desktop.qbxml import Request
from connectors.records import NewRecord, OutgoingBill, OutgoingLine

# Our documents' own space of GUIDs, fixed for ever: a GUID is known again by its key (7).
_DOCUMENTS = UUID("5b1f7c2e-6f0e-4c0b-9a53-8e1f0c5d7a42")


def guid(key: str) -> str:
    """The ExternalGUID of what we make under `key`, as QuickBooks writes one (2.3)."""
    return f"{{{uuid5(_DOCUMENTS, key)}}}".upper()


def message_set_id(key: str) -> str:
    """Our key where it fits the 23 characters that every version takes (2.1)."""
    fits = len(key) <= qbxml.LONGEST_MESSAGE_SET_ID
    return key if fits else sha256(key.encode()).hexdigest()[:20]


def bill(bill: OutgoingBill, *, currency: str) -> str:
    """A message set with one BillAdd (4). `currency` is the company file's own.

    Retainage is an account line like any other, only negative (5).

    Raises:
        Refused: QuickBooks would not take it, or would not store what it says.
    """
    _check(bill, currency)
    content: dict[str, Any] = {
        "VendorRef": {"ListID": bill.vendor_id},
        "TxnDate": bill.bill_date,
        "DueDate": bill.due_date,
        "RefNumber": short_number(qbxml.speakable(bill.number), LIMITS.bill_number.longest),
        "TermsRef": {"ListID": bill.term_id},
        "Memo": marked(qbxml.speakable(bill.memo), bill.key, LIMITS.memo.longest),
        "ExternalGUID": guid(bill.key),
        # All expense lines stand before all item lines (4).
        "ExpenseLineAdd": [_expense(line) for line in bill.lines if line.account_id],
        "ItemLineAdd": [_item(line) for line in bill.lines if line.item_id],
    }
    add = Request(name="BillAddRq", content={"BillAdd": content})
    return qbxml.write([add], message_set_id=message_set_id(bill.key), stop=True)


def _expense(line: OutgoingLine) -> Mapping[str, Any]:
    return {
        "AccountRef": {"ListID": line.account_id},
        "Amount": line.amount,
        "Memo": _description(line),
        **_dimensions(line),
    }


def _item(line: OutgoingLine) -> Mapping[str, Any]:
    """No quantity and no cost: QuickBooks would multiply them into another amount (5)."""
    return {
        "ItemRef": {"ListID": line.item_id},
        "Desc": _description(line),
        "Amount": line.amount,
        **_dimensions(line),
    }


def _dimensions(line: OutgoingLine) -> Mapping[str, Any]:
    return {
        "CustomerRef": {"ListID": line.customer_id},
        "ClassRef": {"ListID": line.class_id},
        # Only what is charged to a customer can be billable or not.
        "BillableStatus": "NotBillable" if line.customer_id else "",
    }


def _description(line: OutgoingLine) -> str:
    return cut(qbxml.speakable(line.description), LIMITS.line_description.longest)


def new_record(new: NewRecord, *, key: str, parent: str = "") -> str:
    """A message set with one VendorAdd or CustomerAdd (3). `parent` is the customer's full name.

    Raises:
        Refused: a limit is broken, or QuickBooks has no such list that we may add to.
    """
    _check_new(new, parent)
    address = {
        "Addr1": new.address,
        "City": new.city,
        "State": new.state,
        "PostalCode": new.postcode,
    }
    content: dict[str, Any] = {
        "Name": new.name.strip(),
        "Phone": new.phone,
        "Email": new.email,
        "AccountNumber": new.code,
        "ExternalGUID": guid(key) if key else "",
    }
    if new.kind == RecordKind.VENDOR:
        name = "VendorAdd"
        content |= {
            "CompanyName": new.name.strip(),
            "VendorAddress": address,
            "VendorTaxIdent": new.tax_id,
        }
    else:
        name = "CustomerAdd"
        content |= {"ParentRef": {"ListID": new.parent_id}, "BillAddress": address}
    add = Request(name=f"{name}Rq", content={name: content})
    return qbxml.write([add], message_set_id=message_set_id(key), stop=True)


def _check_new(new: NewRecord, parent: str) -> None:
    if new.kind not in LIMITS.names:
        raise Refused(f"QuickBooks lets nobody create its {new.kind.label.lower()}s from outside.")
    if not new.name.strip():
        raise Refused("Give it a name.", field="Name")
    said = [("The name", new.name.strip(), LIMITS.names[new.kind])]
    said.append(("The account number", new.code, LIMITS.codes[new.kind]))
    said += [
        (f"The {name.replace('_', ' ')}", getattr(new, name), limit)
        for name, limit in LIMITS.fields.items()
    ]
    for what, value, limit in said:
        if complaint := limit.complaint(what, value):
            raise Refused(complaint)
    if parent and len(f"{parent}:{new.name.strip()}") > LONGEST_FULL_NAME:
        raise Refused(
            f"Together with its customers the name has more than {LONGEST_FULL_NAME} characters."
            " Shorten it.",
            field="Name",
        )


def _check(bill: OutgoingBill, currency: str) -> None:
    amounts = [line.amount for line in bill.lines]
    if not amounts:
        raise Refused("This bill has no lines, and QuickBooks takes none without.", field="Line")
    if any(amount != money.to_cents(amount) for amount in amounts):
        raise Refused("A line of this bill has a fraction of a cent. Correct it.", field="Amount")
    if sum(amounts) != bill.total:
        raise Refused(
            f"The lines of this bill add up to {sum(amounts):,.2f}, not to {bill.total:,.2f}.",
            field="AmountDue",
        )
    if bill.total < 0:
        raise Refused(
            "QuickBooks takes no bill below zero. Enter it there as a vendor credit.",
            field="AmountDue",
        )
    if bill.currency != currency:
        # A bill names no currency there: it takes its vendor's, and would be read in that one (4).
        raise Refused(
            f"This bill is in {bill.currency}, and the company file keeps its books in {currency}."
            " Enter it in QuickBooks by hand.",
            field="CurrencyRef",
        )
    for line in bill.lines:
        if bool(line.account_id) == bool(line.item_id):
            raise Refused("Each line needs either an account or an item.", field="AccountRef")
