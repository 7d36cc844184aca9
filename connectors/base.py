"""What the product may expect of a system. A client satisfies these without inheriting.

Source and Ledger are what every system can do. What only some can do is a Protocol of its own
below them: `registry.can(connection, ListsChanges)` asks, and pages offer what it answers, so
that nothing outside a system's package knows its name.

Every method may raise the errors of `connectors.errors` and no others for outside causes.
Nothing here holds a database transaction open, and nothing retries a write by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import ClassVar, Protocol, runtime_checkable

from common.choices import RecordKind
from connectors.limits import Limits
from connectors.records import (
    NameTaken,
    NewRecord,
    OutgoingBill,
    PaidBill,
    PostedBill,
    PulledBill,
    PulledCommitment,
    PulledCompany,
    PulledPayment,
    PulledRecord,
    Removed,
    SoughtBill,
    Unreadable,
)


class System(Protocol):
    """What both sides can do."""

    @property
    def kinds(self) -> tuple[RecordKind, ...]:
        """The lists this system keeps, in the order in which they are pulled."""

    def company(self) -> PulledCompany:
        """Who we are connected to."""

    def records(self, kind: RecordKind) -> Iterator[PulledRecord | Unreadable]:
        """All of a list, inactive rows too. It was complete if the iterator ends without an error,
        but for what the unreadable ones stand for.
        """


class Source(System, Protocol):
    """Where bills come from: the construction system."""

    def commitments(self, project_id: str) -> Iterator[PulledCommitment | Unreadable]:
        """Every subcontract and purchase order of one project, with lines.

        Raises AccessDenied when our user may not see this project.
        """

    def bills(self, project_id: str) -> Iterator[PulledBill | Unreadable]:
        """Every subcontractor invoice and direct cost of one project, in any status."""


@dataclass(frozen=True, kw_only=True)
class LedgerTraits:
    """How a ledger behaves when a request is repeated, and how fast we may go."""

    remembers_keys: bool  # the same key again makes no second document
    key_lifetime: timedelta  # how long we rely on that
    calls_at_once: int
    calls_per_minute: int
    calls_to_find: int  # what one `find_bills` asks for, as long as its lists fit on a page
    has_drafts: bool = False  # a bill may be entered as a draft, for somebody there to submit


class Ledger(System, Protocol):
    """Where bills are posted: the accounting system."""

    traits: LedgerTraits
    limits: Limits

    def stored_number(self, number: str) -> str:
        """The number as this ledger will hold it: cut visibly where it is too long."""

    def write_bill(self, bill: OutgoingBill) -> bytes:
        """The exact bytes that would be sent. Pure: the same bill gives the same bytes.

        Raises:
            Refused: the bill cannot be said to this ledger (a limit is broken).
        """

    def post_bill(self, payload: bytes, *, key: str) -> PostedBill:
        """Create the bill. Sends once; see `errors` for what each failure means."""

    def find_bills(self, sought: SoughtBill) -> list[PostedBill]:
        """Every bill that carries our key, or has this vendor and this number.

        Around its day the number is recognised however it is spelled.
        """

    def bills(self, since: date) -> Iterator[PostedBill | Unreadable]:
        """Every bill dated on that day or later, with its lines, whoever entered it."""

    def bill(self, external_id: str) -> PostedBill | None:
        """Read one bill back; None when the ledger no longer has it."""


# --- What only some systems can do --------------------------------------------------------------


def satisfies(client: type, what: type) -> bool:
    """Does this class offer all of a Protocol? `issubclass` asks only of those of methods alone."""
    return all(hasattr(client, name) for name in vars(what) if not name.startswith("_"))


@runtime_checkable
class CallsUs(Protocol):
    """A system that we cannot call: it calls us, and can be asked only while it is on the line."""

    def check_on_line(self) -> None:
        """Raises Asleep, with a sentence that says what to do."""


@runtime_checkable
class ListsChanges(Protocol):
    """Can be asked what changed, so that a poll need not read whole lists."""

    def changes(
        self, kind: RecordKind, since: datetime
    ) -> Iterator[PulledRecord | Removed | Unreadable]:
        """Rows of a list that changed at that moment or later; the caller lets moments overlap.

        A list for which the system offers no filter is given whole. Deletions that the system
        does not tell are left to the nightly sweep.
        """


@runtime_checkable
class ListsSomeWhole(Protocol):
    """A `ListsChanges` that has no filter for some lists: asked less often, for they come whole."""

    def whole_lists(self) -> tuple[RecordKind, ...]: ...


@runtime_checkable
class ListsChangedCommitments(Protocol):
    """A source that can be asked which commitments of a project changed."""

    def changed_commitments(
        self, project_id: str, since: datetime
    ) -> Iterator[PulledCommitment | Removed | Unreadable]:
        """As `changes`, with the lines of each. Raises AccessDenied as `commitments` does."""


@runtime_checkable
class ListsChangedBills(Protocol):
    """A source that can be asked which bills of a project changed."""

    def changed_bills(
        self, project_id: str, since: datetime
    ) -> Iterator[PulledBill | Removed | Unreadable]:
        """As `changes`; kinds of bills without a filter are given whole."""


@runtime_checkable
class Rereads(Protocol):
    """Can read one row again by its id: what a webhook leads to."""

    def record(self, kind: RecordKind, external_id: str) -> PulledRecord | Unreadable | None:
        """None when it is gone, or of a list where this user no longer sees it.

        Where two lists share their ids (customers, projects) it may be of the other kind by now.
        """


@runtime_checkable
class RereadsBills(Protocol):
    """A source that can read one bill again."""

    def reread_bill(
        self, kind: PulledBill.Kind, external_id: str, project_id: str
    ) -> PulledBill | Unreadable | None:
        """None when it is gone."""


@runtime_checkable
class TellsPayments(Protocol):
    """A ledger that says which bills were paid, when and by what."""

    def payments(self, since: datetime) -> Iterator[PulledPayment | Removed | Unreadable]:
        """Payments entered, changed or voided at that moment or later, whoever entered them."""


@runtime_checkable
class TakesPayments(Protocol):
    """A source that can show that a bill was paid."""

    def tell_payment(self, paid: PaidBill) -> None:
        """Say how much of a bill is paid. Telling the same again changes nothing there."""


@runtime_checkable
class CreatesRecords(Protocol):
    """A ledger in which we may create a vendor, customer, job or project for a person."""

    # What its interface lets us create. What is missing here a page says plainly.
    creatable: ClassVar[tuple[RecordKind, ...]]

    def names_taken(self, new: NewRecord) -> list[NameTaken]:
        """Who has this name, or this code, in any of the lists that share their names."""

    def write_record(self, new: NewRecord) -> bytes:
        """The exact bytes that would be sent, to show before. Raises Refused (a limit)."""

    def create_record(self, new: NewRecord, *, key: str) -> PulledRecord:
        """Create it. Sends once; afterwards `names_taken` tells whether it got there."""
