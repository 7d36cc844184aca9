"""What a bill of Sage Intacct means for us. Pure functions; source: the sheet, 11."""

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from connectors.errors import UnexpectedPayload
from connectors.records import JSON, PostedBill, PostedLine, Unreadable
from connectors.sage_intacct.translate import LABEL, Row, amount, day

BILL = "bill"  # Unreadable.kind of a bill that is in the ledger
REVERSED = {"Reversal", "Reversed"}

_KEY = re.compile(r"\[tieout:([^\]\s]+)\]")
BILL_COLUMNS = (
    "RECORDNO", "RECORDID", "VENDORID", "DOCNUMBER", "DESCRIPTION", "WHENCREATED", "WHENPOSTED",
    "WHENDUE", "WHENPAID", "TOTALENTERED", "TOTALPAID", "TOTALDUE", "CURRENCY", "STATE",
    "WHENMODIFIED", "RECORD_URL",
)  # fmt: skip
LINE_COLUMNS = (
    "RECORDNO", "RECORDKEY", "LINE_NO", "ACCOUNTNO", "ACCOUNTLABEL", "TRX_AMOUNT",
    "ENTRYDESCRIPTION", "PROJECTID", "TASKID", "COSTTYPEID", "LOCATIONID", "DEPARTMENTID",
    "CLASSID", "ITEMID",
)  # fmt: skip


def posted_bill(row: Row, *, app_url: str, lines: Sequence[Row] = ()) -> PostedBill:
    """Source: 11.1. A draft may lack its vendor and its day.

    Raises:
        UnexpectedPayload: it is no bill, or a draft of which too little is known.
    """
    with _understanding("a bill", row):
        url = row.get("RECORD_URL", "")
        return PostedBill(
            external_id=row["RECORDNO"],
            number=row.get("RECORDID", ""),
            vendor_id=row["VENDORID"],
            bill_date=day(row["WHENCREATED"]),
            total=amount(row["TOTALENTERED"]),
            currency=row.get("CURRENCY", ""),
            key=key_in(row.get("DESCRIPTION", "")),
            version=row.get("WHENMODIFIED", ""),
            url=url if url.startswith("https://") else app_url + url if url else "",
            lines=tuple(_posted_line(line) for line in lines),
            payload={**row, "APBILLITEMS": [dict(line) for line in lines]} if lines else dict(row),
        )


def listed_bill(row: Row, lines: Sequence[Row], *, app_url: str) -> PostedBill | Unreadable:
    """One of a list of bills, with its lines."""
    try:
        return posted_bill(row, app_url=app_url, lines=lines)
    except UnexpectedPayload as error:
        return Unreadable(
            sentence=str(error),
            payload=dict(row),
            kind=BILL,
            external_id=row.get("RECORDNO", ""),
        )


def _posted_line(row: Row) -> PostedLine:
    by_label = row.get("ACCOUNTLABEL", "")
    return PostedLine(
        amount=amount(row["TRX_AMOUNT"]),
        account_id=LABEL + by_label if by_label else row.get("ACCOUNTNO", ""),
        customer_id=row.get("PROJECTID", ""),
    )


def key_in(description: str) -> str:
    """Our key in a bill's description; "" when it carries none.

    The last, which is the one we wrote: the memo before it holds names that anybody may have typed.
    """
    found = _KEY.findall(description)
    return found[-1] if found else ""


@contextmanager
def _understanding(what: str, payload: JSON) -> Iterator[None]:
    try:
        yield
    except (KeyError, ValueError, ArithmeticError) as error:
        number = payload.get("RECORDNO", "without a number")
        raise UnexpectedPayload(
            f"Sage Intacct sent {what} that cannot be understood (record {number}):"
            f" {type(error).__name__} at {error}.",
            payload=dict(payload),
        ) from error
