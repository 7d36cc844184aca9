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
    # What a line that posts here has to name besides, e.g. ("project", "task"): see DIMENSIONS.
    requires: tuple[str, ...] = ()
    changed_at: datetime | None = None
    payload: JSON = None


@dataclass(frozen=True, kw_only=True)
class Removed:
    """A row that its system says is gone, in answer to the question of what changed."""

    kind: str  # a RecordKind, PulledBill.Kind, PulledCommitment.Kind, or "payment"
    external_id: str


# What a ledger's account may demand on each line, in our words.
DIMENSIONS = ("project", "task", "cost_type", "location", "department", "class", "vendor")


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
    """A subcontractor invoice, direct cost or bill, as the source says it stands now."""

    class Kind(StrEnum):
        SUBCONTRACTOR_INVOICE = "subcontractor_invoice"
        DIRECT_COST = "direct_cost"
        BILL = "bill"  # of a source that keeps them all in one list

    class NotOurs(StrEnum):
        """Why the source itself says that this is no bill for us to post."""

        COMES_TWICE = "comes_twice"  # a subcontractor invoice, entered as a direct cost too
        NO_BILL = "no_bill"  # payroll, or a kind of cost we do not know
        SENT_BY_ANOTHER = "sent_by_another"  # another integration has put its mark on it
        FROM_LEDGER = "from_ledger"  # it came to the source from the accounting system
        PAID_THERE = "paid_there"  # the source has it as paid: posted anew it would be paid again

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
    department_id: str = ""
    task_id: str = ""  # the ledger's own cost code of that project
    cost_type_id: str = ""  # and its cost type


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
    location_id: str = ""  # of every line, where a ledger keeps it there
    # Enter it as a draft that somebody in the ledger submits; only where a ledger has drafts.
    is_draft: bool = False


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


@dataclass(frozen=True, kw_only=True)
class AppliedPayment:
    """What one payment paid of one bill of the ledger. A discount or credit pays as well."""

    bill_id: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class PulledPayment:
    """Money that left the ledger's books for bills of one vendor."""

    external_id: str
    vendor_id: str
    payment_date: date
    number: str  # of the cheque or the transfer; "" when there is none
    amount: Decimal  # what left the bank
    currency: str  # "" when the ledger does not say
    applied: tuple[AppliedPayment, ...]
    is_void: bool = False
    # Set where this stands for all that was ever paid of that bill: what single payments said of
    # it before counts no more.
    whole_of_bill: str = ""
    changed_at: datetime | None = None
    payload: JSON = None


@dataclass(frozen=True, kw_only=True)
class ToldPayment:
    """One payment's share of one bill, as a source is told it."""

    key: str  # ours, at most 24 characters; the same for the same payment of the same bill
    payment_date: date
    number: str
    amount: Decimal
    is_void: bool = False  # it was told earlier, and counts no longer


@dataclass(frozen=True, kw_only=True)
class PaidBill:
    """What a source is told of one of its bills: how much of it the books have paid so far."""

    kind: str  # PulledBill.Kind
    external_id: str
    project_id: str
    commitment_id: str  # "" for a direct cost
    number: str
    paid: Decimal  # in all; without what is void
    is_paid_in_full: bool
    paid_date: date | None  # of the latest payment that counts
    payments: tuple[ToldPayment, ...]  # oldest first
    ledger: str  # the ledger's name, as people know it
    ledger_bill_id: str
    ledger_url: str = ""


@dataclass(frozen=True, kw_only=True)
class NewRecord:
    """A record that a person wants created in the ledger, because it has no counterpart there."""

    kind: RecordKind
    name: str
    code: str = ""  # the ledger's natural id where it has one: vendor id, project id
    parent_id: str = ""  # the customer whose job it becomes
    address: str = ""
    city: str = ""
    state: str = ""
    postcode: str = ""
    email: str = ""
    phone: str = ""
    tax_id: str = ""


@dataclass(frozen=True, kw_only=True)
class NameTaken:
    """A name that the ledger has already, in whichever of the lists that share their names."""

    kind: str  # as people know it: "Customer", "Employee"
    name: str
    external_id: str
    is_active: bool


@dataclass(frozen=True, kw_only=True)
class News:
    """What a webhook says: something changed, go and read it. Never data."""

    event_id: str  # the sender's own, the same when it repeats itself
    # A RecordKind, PulledBill.Kind, PulledCommitment.Kind or "payment"; "" for what we do not read.
    kind: str
    external_id: str
    project_id: str = ""
    happened_at: datetime | None = None
    is_removal: bool = False
