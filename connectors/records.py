"""What crosses from a connector into the product, and back. Frozen values, no payload spellings."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any

from common.choices import RecordKind

JSON = Any  # a parsed payload; numbers with a point parse to Decimal


@dataclass(frozen=True, kw_only=True)
class PulledCompany:
    """The company on the other side, as it names itself. `external_id` never changes."""

    external_id: str
    name: str
    # The ledger's books are closed on and before this day. Sources have none.
    closed_through: date | None = None
    currency: str = "USD"
    # What this company's plan or settings allow, e.g. {"classes": True, "projects": True}.
    features: Mapping[str, bool] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """What could not be read takes its place, so that the rest still comes.

    It stands for one row or, where no id is known, for every row of its kind in the list.
    """

    sentence: str  # names the row and what is wrong with it
    payload: JSON
    kind: str  # a RecordKind, PulledBill.Kind or PulledCommitment.Kind
    external_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PulledRecord:
    """One row of a list: vendor, project, cost code, account, item and so on."""

    kind: RecordKind
    external_id: str
    name: str  # the leaf name, with any "(deleted)" mark taken off
    code: str = ""  # cost code, project number, account number, vendor number
    path: str = ""  # where the list is a tree: "Cost of Construction:Subcontractors"
    parent_external_id: str = ""
    is_active: bool = True
    # Account type, item type, cost type's base type: the system's own word.
    type: str = ""
    # Further spellings of the same thing: trade name, legal name, name on cheques.
    other_names: tuple[str, ...] = ()
    address: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    email: str = ""
    phone: str = ""
    tax_id: str = ""  # as the system shows it, often masked but for the last four
    term_id: str = ""  # a ledger vendor's payment term: the external id of a term
    # May this record be chosen as a mapping's target? Item categories, for example, may not.
    is_selectable: bool = True
    changed_at: datetime | None = None
    payload: JSON = None


@dataclass(frozen=True, kw_only=True)
class PulledCommitmentLine:
    external_id: str
    position: int
    description: str
    cost_code_id: str  # external ids of the source's own records; "" when it names none
    cost_type_id: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class PulledCommitment:
    """A subcontract or purchase order with its schedule of values."""

    class Kind(StrEnum):
        SUBCONTRACT = "subcontract"
        PURCHASE_ORDER = "purchase_order"

    kind: Kind
    external_id: str
    number: str
    title: str
    vendor_id: str
    project_id: str
    status: str
    is_approved: bool
    commitment_date: date | None
    original_amount: Decimal
    revised_amount: Decimal
    currency: str
    lines: tuple[PulledCommitmentLine, ...] = ()
    payload: JSON = None


@dataclass(frozen=True, kw_only=True)
class PulledBillLine:
    """One cost line of a bill, gross, with what is kept back from it.

    `amount` is what this bill adds to cost. `retainage` is what is held from it: positive when
    held, negative when released. The line's share of the payable is `amount - retainage`.
    """

    external_id: str
    position: int
    description: str
    cost_code_id: str
    cost_type_id: str
    amount: Decimal
    retainage: Decimal


@dataclass(frozen=True, kw_only=True)
class PulledBill:
    """A subcontractor invoice or direct cost, as the source says it stands now."""

    class Kind(StrEnum):
        SUBCONTRACTOR_INVOICE = "subcontractor_invoice"
        DIRECT_COST = "direct_cost"

    class NotOurs(StrEnum):
        """Why the source itself says that this is no bill for us to post."""

        COMES_TWICE = "comes_twice"  # a subcontractor invoice, entered as a direct cost too
        NO_BILL = "no_bill"  # payroll, or a kind of cost we do not know
        SENT_BY_ANOTHER = "sent_by_another"  # another integration has put its mark on it

    kind: Kind
    external_id: str  # unique within connection and kind
    number: str  # the vendor's own invoice number; "" when the source has none
    vendor_id: str
    project_id: str
    commitment_id: str  # "" for a direct cost
    bill_date: date
    due_date: date | None
    period_start: date | None
    period_end: date | None
    description: str
    status: str  # the source's own word
    is_approved: bool  # may be paid, by the source's own rules
    currency: str
    # What the source says is to be paid: equals the sum of amount - retainage over the lines,
    # or the bill is held because it does not add up.
    total: Decimal
    lines: tuple[PulledBillLine, ...]
    not_ours: NotOurs | None = None
    changed_at: datetime | None = None
    payload: JSON = None


@dataclass(frozen=True, kw_only=True)
class OutgoingLine:
    """One line of a bill to post. Exactly one of `account_id` and `item_id` is set."""

    amount: Decimal
    description: str
    account_id: str = ""
    item_id: str = ""
    customer_id: str = ""  # customer, job or project in the ledger
    class_id: str = ""


@dataclass(frozen=True, kw_only=True)
class OutgoingBill:
    """A bill ready for the ledger: only the ledger's own ids, amounts to the cent."""

    vendor_id: str
    number: str  # as the source says it; the ledger's limits are the connector's business
    bill_date: date
    due_date: date | None
    term_id: str
    currency: str
    memo: str
    key: str  # ours, at most 24 characters; written where the ledger lets us find it again
    total: Decimal
    lines: tuple[OutgoingLine, ...]
    location_id: str = ""


@dataclass(frozen=True, kw_only=True)
class SoughtBill:
    """What to look for when we do not know whether a bill got there."""

    key: str
    vendor_id: str
    number: str  # as the ledger would have stored it: Ledger.stored_number()
    bill_date: date
    total: Decimal


@dataclass(frozen=True, kw_only=True)
class PostedLine:
    """One line of a bill in the ledger. The ids are the ledger's; "" where it names none."""

    amount: Decimal
    account_id: str = ""
    item_id: str = ""
    customer_id: str = ""


@dataclass(frozen=True, kw_only=True)
class PostedBill:
    """A bill as the ledger holds it."""

    external_id: str
    number: str
    vendor_id: str
    bill_date: date
    total: Decimal
    currency: str  # "" when the ledger does not say
    key: str  # our key when the bill carries one, else ""
    version: str  # the ledger's own revision, e.g. SyncToken
    url: str = ""  # where a person can open it in the ledger
    lines: tuple[PostedLine, ...] = ()  # only where a whole list of bills is read
    payload: JSON = None
