"""What the words and names of Buildertrend mean. Pure, and the same for both routes.

Source: Buildertrend fact sheet, 2.2, 2.3, 3 and 5. Its vocabulary is open: a word that is not
listed here is kept as it stands and means no approval, so that its document is held.
"""

import re
from collections.abc import Iterable
from enum import StrEnum


class POState(StrEnum):
    DRAFT = "draft"
    RELEASED = "released"
    APPROVED = "approved"
    DECLINED = "declined"
    CANCELLED = "cancelled"
    COMPLETED = "completed"
    RECALLED = "recalled"
    UNKNOWN = "unknown"


class BillState(StrEnum):
    DRAFT = "draft"
    PENDING = "pending"
    APPROVED = "approved"
    READY = "ready_for_payment"
    PAID = "paid"
    VOID = "void"
    UNKNOWN = "unknown"


# 3: an approval may end with its day, "Sub/Vendor Approved - 8-13-26".
_ITS_DAY = re.compile(r"\s+-\s+\d{1,2}[-/]\d{1,2}[-/]\d{2,4}$")
_PO_APPROVALS = {"approved", "sub/vendor approved", "internally approved",
                 "approved - assigned internally"}  # fmt: skip
_PO_WORDS = {
    "draft": POState.DRAFT,
    "sent": POState.RELEASED,
    "sent to sub/vendor - pending": POState.RELEASED,
}
# These are found within a longer text, and say more than an approval that stands beside them.
_PO_ENDS = (
    ("declined", POState.DECLINED),
    ("cancel", POState.CANCELLED),
    ("incomplete", POState.UNKNOWN),
    ("not complete", POState.UNKNOWN),
    ("complete", POState.COMPLETED),
)
_BILL_WORDS = {
    "draft": BillState.DRAFT,
    "pending approval": BillState.PENDING,
    "approved": BillState.APPROVED,
    "ready for payment": BillState.READY,
    "paid": BillState.PAID,
    "void": BillState.VOID,
    "voided": BillState.VOID,
}
TO_BE_PAID = {BillState.APPROVED, BillState.READY, BillState.PAID}
# That a completed purchase order was approved before is our assumption, as with Procore.
COMMITTED = {POState.APPROVED, POState.COMPLETED}


def purchase_order_state(approval: str, *, is_recalled: bool = False) -> POState:
    """3: `approval` is `approvalStatusText`, or the PO Status of a file."""
    if is_recalled:
        return POState.RECALLED
    word = _ITS_DAY.sub("", plain(approval))
    for part, state in _PO_ENDS:
        if part in word:
            return state
    if word in _PO_APPROVALS or word.startswith("client approved"):
        return POState.APPROVED
    return _PO_WORDS.get(word, POState.UNKNOWN)


def bill_state(status: str) -> BillState:
    return _BILL_WORDS.get(plain(status), BillState.UNKNOWN)


# --- Names --------------------------------------------------------------------------------------

FLAT_RATE = "buildertrend flat rate"
NOBODY = {"-- unassigned --", "buildertrend misc.", "buildertrend misc"}
# 2.2: payments that builders keep among their cost codes.
_PAYMENTS = {"customer payment", "customer payments", "payment", "payments"}

# A number is told from a name only where the writing shows it: by joined groups of digits
# ("24-017 Lot 17", "03.110 Framing"), or by a dash or colon after it ("5620 - Shower doors").
# "1204 Juniper Way" is an address and "2x4 lumber" a thing: they have no number.
_JOINED = re.compile(
    r"(?P<number>\d{2,}(?:[-.]\d+)+[A-Za-z]?)[\s:]+[-\u2013\u2014:]?\s*(?P<name>\S.*)", re.DOTALL
)
_SET_OFF = re.compile(
    r"(?P<number>(?=\S*\d)[A-Za-z0-9][A-Za-z0-9.\-/]*)(?:\s+[-\u2013\u2014:]|:)\s+(?P<name>\S.*)",
    re.DOTALL,
)


def split_number(title: str) -> tuple[str, str]:
    """The number that a title carries, and the rest: ("24-017", "Lot 17 Aspen Ridge").

    ("", title) where it carries none.
    """
    title = title.strip()
    found = _SET_OFF.fullmatch(title) or _JOINED.fullmatch(title)
    return (found["number"], found["name"].strip()) if found else ("", title)


def plain(text: str) -> str:
    """As it is compared: without case, doubled blanks and the colons that lists end in (2.2)."""
    return " ".join(text.split()).rstrip(" :").casefold()


def is_nobody(name: str) -> bool:
    """2.3: what an export writes where a document has no vendor."""
    return plain(name) in {plain(one) for one in NOBODY}


def is_payment(title: str) -> bool:
    """2.2: a pseudo code, which stands for money received and not for a cost."""
    return plain(split_number(title)[1]) in _PAYMENTS


def is_flat_rate(title: str) -> bool:
    return plain(title) == FLAT_RATE


def real_codes(titles: Iterable[str]) -> list[str]:
    """5, 9.2: the flat rate rides along; it counts only where nothing else is named."""
    named = list({plain(title): title.strip() for title in titles if title.strip()}.values())
    return [title for title in named if not is_flat_rate(title)] or named
