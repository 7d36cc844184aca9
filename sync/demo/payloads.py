"""What the very bytes that were sent ask to be paid, read without any of our own writers."""

import json
from decimal import Decimal

from defusedxml import ElementTree

# The elements that hold a line's amount: qbXML's, and Sage Intacct's.
AMOUNTS = ("ExpenseLineAdd/Amount", "ItemLineAdd/Amount", "APBILLITEM/TRX_AMOUNT")


def total(payload: bytes) -> Decimal:
    """The sum of the lines of one bill, whichever ledger it was written for."""
    if payload.lstrip().startswith(b"<"):
        document = ElementTree.fromstring(payload)
        found = [row for path in AMOUNTS for row in document.iterfind(f".//{path}")]
        return sum((Decimal(row.text or "0") for row in found), Decimal(0))
    said = json.loads(payload or b"{}", parse_float=Decimal)
    return sum((Decimal(line["Amount"]) for line in said.get("Line", [])), Decimal(0))
