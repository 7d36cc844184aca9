"""What a bill payment of QuickBooks Online means for us. Pure functions.

Sections named here are those of the project's reference sheet of QuickBooks Online.
"""

from collections.abc import Iterator
from datetime import date, datetime

from common import money
from connectors.records import JSON, AppliedPayment, PulledPayment, Unreadable

PAYMENT = "payment"  # Removed.kind and Unreadable.kind of a payment


def payment(payload: JSON) -> PulledPayment | Unreadable:
    """Source: 7.15 and 5.6. A credit that a line uses up pays as well: it is on its bill's line.

    A void one is linked to nothing and says so in its note; whatever total it still carries, no
    money left the bank by it.
    """
    try:
        applied = tuple(_applied(payload))
        note = str(payload.get("PrivateNote") or "")
        is_void = not applied and note.lstrip().lower().startswith("voided")
        changed = (payload.get("MetaData") or {}).get("LastUpdatedTime")
        return PulledPayment(
            external_id=str(payload["Id"]),
            vendor_id=payload["VendorRef"]["value"],
            payment_date=date.fromisoformat(payload["TxnDate"]),
            number=payload.get("DocNumber") or "",
            amount=money.ZERO if is_void else money.to_cents(money.parse(payload["TotalAmt"])),
            currency=(payload.get("CurrencyRef") or {}).get("value", ""),
            applied=applied,
            is_void=is_void,
            changed_at=datetime.fromisoformat(changed) if changed else None,
            payload=payload,
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        known = payload if isinstance(payload, dict) else {}
        return Unreadable(
            sentence=f"QuickBooks sent a payment that cannot be understood"
            f" (id {known.get('Id', 'missing')}): {type(error).__name__} at {error}.",
            payload=payload,
            kind=PAYMENT,
            external_id=str(known.get("Id") or ""),
        )


def _applied(payload: JSON) -> Iterator[AppliedPayment]:
    """Lines that pay bills; one that uses up a credit, or pays something else, is no bill's."""
    for line in payload.get("Line", []):
        bills = [link["TxnId"] for link in line.get("LinkedTxn", []) if link["TxnType"] == "Bill"]
        if not bills:
            continue
        if len(bills) > 1:
            raise ValueError("a line that pays several bills")
        yield AppliedPayment(
            bill_id=str(bills[0]), amount=money.to_cents(money.parse(line["Amount"]))
        )
