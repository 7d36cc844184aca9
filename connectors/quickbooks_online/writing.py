"""How we say bills and new records to QuickBooks Online. Pure functions.

Sections named here are those of the project's reference sheet of QuickBooks Online.
"""

import json
from decimal import Decimal
from typing import Any

from common import money
from common.choices import RecordKind
from connectors.errors import Refused
from connectors.limits import cut, short_number
from connectors.marks import marked
from connectors.quickbooks_online.limits import LIMITS
from connectors.records import NewRecord, OutgoingBill, OutgoingLine

LINE_LIMIT = 10_000  # 2.5
# 7.6, 7.7: what our interface may create, and what it is called there. Projects are not (7.7).
ENTITIES = {RecordKind.VENDOR: "Vendor", RecordKind.CUSTOMER: "Customer"}


def note(memo: str, key: str) -> str:
    return marked(memo, key, LIMITS.memo.longest)


def bill_payload(bill: OutgoingBill) -> dict[str, Any]:
    """Source: 7.10. Retainage is an account line like any other, only negative (10.1).

    Raises:
        Refused: QuickBooks would not take it, or would not store what it says.
    """
    _check(bill)
    payload: dict[str, Any] = {
        "VendorRef": {"value": bill.vendor_id},
        "TxnDate": bill.bill_date.isoformat(),
        # Named even where the company has one currency, so that a bill in another is refused.
        "CurrencyRef": {"value": bill.currency},
        "PrivateNote": note(bill.memo, bill.key),
        "Line": [_line(line) for line in bill.lines],
    }
    if number := short_number(bill.number, LIMITS.bill_number.longest):
        payload["DocNumber"] = number
    if bill.due_date:
        payload["DueDate"] = bill.due_date.isoformat()
    if bill.location_id:
        payload["DepartmentRef"] = {"value": bill.location_id}
    if bill.term_id:
        payload["SalesTermRef"] = {"value": bill.term_id}
    return payload


def written(value: Any) -> str:
    """JSON whose numbers are the Decimals themselves, never a float's idea of them."""
    match value:
        case dict():
            return "{" + ",".join(f"{json.dumps(k)}:{written(v)}" for k, v in value.items()) + "}"
        case list():
            return "[" + ",".join(map(written, value)) + "]"
        case Decimal():
            return f"{value:f}"
    return json.dumps(value, ensure_ascii=False)


def _line(line: OutgoingLine) -> dict[str, Any]:
    detail: dict[str, Any] = {"BillableStatus": "NotBillable"}
    if line.item_id:
        kind = "ItemBasedExpenseLineDetail"
        # Without a quantity QuickBooks has nothing to multiply the price with (6070).
        detail |= {"ItemRef": {"value": line.item_id}, "Qty": 1, "UnitPrice": _cents(line.amount)}
    else:
        kind = "AccountBasedExpenseLineDetail"
        detail |= {"AccountRef": {"value": line.account_id}}
    if line.customer_id:
        detail["CustomerRef"] = {"value": line.customer_id}
    if line.class_id:
        detail["ClassRef"] = {"value": line.class_id}
    said: dict[str, Any] = {"Amount": _cents(line.amount), "DetailType": kind, kind: detail}
    if description := cut(line.description.strip(), LIMITS.line_description.longest):
        said["Description"] = description
    return said


def _check(bill: OutgoingBill) -> None:
    amounts = [line.amount for line in bill.lines]
    if not amounts:
        raise Refused("This bill has no lines, and QuickBooks takes none without.", field="Line")
    if len(amounts) > LINE_LIMIT:
        raise Refused(
            f"This bill has {len(amounts)} lines. QuickBooks takes at most 10,000: split it.",
            field="Line",
        )
    if any(amount != money.to_cents(amount) for amount in amounts):
        raise Refused("A line of this bill has a fraction of a cent. Correct it.", field="Amount")
    if sum(amounts) != bill.total:
        raise Refused(
            f"The lines of this bill add up to {sum(amounts):,.2f}, not to {bill.total:,.2f}.",
            field="TotalAmt",
        )
    if bill.total < 0:
        raise Refused(
            "QuickBooks takes no bill below zero. Enter it there as a vendor credit.",
            field="TotalAmt",
        )
    for line in bill.lines:
        if bool(line.account_id) == bool(line.item_id):
            raise Refused("Each line needs either an account or an item.", field="DetailType")


def _cents(amount: Decimal) -> Decimal:
    return amount.quantize(money.CENT)


def record_payload(new: NewRecord) -> dict[str, Any]:
    """Source: 7.6, 7.7. A customer below another is a job; whom it is billed to is the parent.

    Raises:
        Refused: QuickBooks lets nobody create it, or would not take it.
    """
    _check_new(new)
    name = new.name.strip()
    payload: dict[str, Any] = {"DisplayName": name}
    if new.kind == RecordKind.VENDOR:
        if not LIMITS.fields["company_name"].complaint("", name):
            payload["CompanyName"] = name
        if new.code:
            payload["AcctNum"] = new.code
        if new.tax_id:
            payload["TaxIdentifier"] = new.tax_id
    elif new.parent_id:
        payload |= {"Job": True, "ParentRef": {"value": new.parent_id}, "BillWithParent": True}
    address = {
        "Line1": new.address,
        "City": new.city,
        "CountrySubDivisionCode": new.state,
        "PostalCode": new.postcode,
    }
    if said := {prop: value for prop, value in address.items() if value}:
        payload["BillAddr"] = said
    if new.email:
        payload["PrimaryEmailAddr"] = {"Address": new.email}
    if new.phone:
        payload["PrimaryPhone"] = {"FreeFormNumber": new.phone}
    return payload


def _check_new(new: NewRecord) -> None:
    if new.kind not in ENTITIES:
        raise Refused(f"QuickBooks lets nobody create a {new.kind.label.lower()} from outside.")
    if not new.name.strip():
        raise Refused("Give it a name.", field="DisplayName")
    said = [("The name", new.name, LIMITS.names[new.kind])]
    if new.kind == RecordKind.VENDOR:
        said.append(("The account number", new.code, LIMITS.codes[new.kind]))
    said += [
        (f"The {name.replace('_', ' ')}", getattr(new, name), limit)
        for name, limit in LIMITS.fields.items()
        if hasattr(new, name)
    ]
    for what, value, limit in said:
        if complaint := limit.complaint(what, value):
            raise Refused(complaint)
