"""What a payment of Sage Intacct means for us. Pure functions; source: the sheet, 12.1."""

from collections.abc import Sequence
from datetime import UTC, datetime

from common import money
from connectors.records import AppliedPayment, PulledPayment, Unreadable
from connectors.sage_intacct.translate import Row, amount, day, moment

PAYMENT = "payment"  # Removed.kind and Unreadable.kind of a payment
BY_BILL = "bill/"  # before the id of a payment that only the paid bill tells of
POSTED, VOIDED = "Posted", "Voided"


def payment(row: Row, details: Sequence[Row]) -> PulledPayment | Unreadable | None:
    """None for what is no payment yet: a draft, or one that waits for approval.

    What left the bank is the sum of what its details paid; credits and advances that a detail uses
    up pay its bill as well, but no money moves by them.
    """
    try:
        if row["STATE"] not in {POSTED, VOIDED}:
            return None
        is_void = row["STATE"] == VOIDED
        paid = sum((amount(d.get("TRX_PAYMENTAMOUNT", "0")) for d in details), money.ZERO)
        return PulledPayment(
            external_id=row["RECORDNO"],
            vendor_id=row["VENDORID"],
            payment_date=day(row["PAYMENTDATE"]),
            number=row.get("DOCNUMBER", ""),
            amount=money.ZERO if is_void else paid,
            currency=row.get("CURRENCY", ""),
            applied=() if is_void else tuple(_applied(d) for d in details if d.get("RECORDKEY")),
            is_void=is_void,
            changed_at=moment(row["WHENMODIFIED"]) if row.get("WHENMODIFIED") else None,
            payload={**row, "APPYMTDETAILS": [dict(detail) for detail in details]},
        )
    except (KeyError, ValueError, ArithmeticError) as error:
        return Unreadable(
            sentence="Sage Intacct sent a payment that cannot be understood"
            f" (record {row.get('RECORDNO', 'without a number')}): {type(error).__name__} at"
            f" {error}.",
            payload=dict(row),
            kind=PAYMENT,
            external_id=row.get("RECORDNO", ""),
        )


def _applied(detail: Row) -> AppliedPayment:
    columns = ("TRX_PAYMENTAMOUNT", "TRX_ADJUSTMENTAMOUNT", "TRX_POSTEDADVANCEAMOUNT")
    paid = sum((amount(detail.get(column, "0")) for column in columns), money.ZERO)
    return AppliedPayment(bill_id=detail["RECORDKEY"], amount=paid)


def of_a_bill(row: Row) -> PulledPayment:
    """All that was paid of one bill so far, where payments themselves may not be read (12.1).

    Known by the bill, so that the next figure replaces this one; void where nothing is paid.
    """
    paid = amount(row.get("TOTALPAID", "0"))
    changed = moment(row["WHENMODIFIED"]) if row.get("WHENMODIFIED") else datetime.now(UTC)
    paid_on = day(row["WHENPAID"]) if row.get("WHENPAID") else changed.date()
    return PulledPayment(
        external_id=BY_BILL + row["RECORDNO"],
        vendor_id=row["VENDORID"],
        payment_date=paid_on,
        number="",
        amount=paid,
        currency=row.get("CURRENCY", ""),
        applied=(AppliedPayment(bill_id=row["RECORDNO"], amount=paid),) if paid else (),
        is_void=not paid,
        whole_of_bill=row["RECORDNO"],
        changed_at=changed,
        payload=dict(row),
    )
