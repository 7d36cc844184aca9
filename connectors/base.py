"""What the product may expect of a system. A client satisfies one or both without inheriting.

Every method may raise the errors of `connectors.errors` and no others for outside causes.
Nothing here holds a database transaction open, and nothing retries a write by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Protocol

from common.choices import RecordKind
from connectors.records import (
    OutgoingBill,
    PostedBill,
    PulledBill,
    PulledCommitment,
    PulledCompany,
    PulledRecord,
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
    number_limit: int  # characters of a bill number


class Ledger(System, Protocol):
    """Where bills are posted: the accounting system."""

    traits: LedgerTraits

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
