"""What a package brings so that the contract can be asked of it."""

from abc import ABC, abstractmethod
from dataclasses import replace
from datetime import date
from decimal import Decimal

from common.choices import RecordKind, System
from connectors.base import Ledger, Source
from connectors.records import OutgoingBill, PostedBill, PulledRecord, SoughtBill
from connectors.sandboxing import Fault, Served


class Bench(ABC):
    """A served sandbox with a client signed in to it. Faults are ordered where requests arrive."""

    system: System
    served: Served

    def stop(self) -> None:
        self.served.stop()

    def order(self, kind: str, **how: object) -> None:
        """The next call that the product makes misbehaves: `connectors.sandboxing.Fault`."""
        self.served.sandbox.faults.append(Fault(kind=kind, **how))  # type: ignore[arg-type]

    def calm(self) -> None:
        self.served.sandbox.faults.clear()

    @abstractmethod
    def rename_vendor(self, external_id: str, name: str) -> None:
        """As a person does over there."""

    @abstractmethod
    def inactivate_vendor(self, external_id: str) -> None:
        """As a person does over there."""

    @abstractmethod
    def end_consent(self) -> None:
        """Whoever let us in takes it back: no call of the client is answered any more."""


class LedgerBench(Bench):
    client: Ledger
    good_bill: OutgoingBill  # every id in it is the sandbox's own
    other_bill: OutgoingBill  # another number and key, the same vendor
    closed_date: date  # a day on which the books are closed

    @abstractmethod
    def bills_in_the_books(self) -> list[tuple[str, Decimal]]:
        """Our key, or "", and the total of every bill, asked of the books themselves."""

    def pay(self, shares: dict[str, Decimal], *, day: date, number: str) -> str:
        """A bookkeeper pays bills by one payment; its id. For ledgers that tell payments."""
        raise NotImplementedError

    def void(self, payment: str) -> None:
        """And voids it."""
        raise NotImplementedError

    def post(self, bill: OutgoingBill | None = None) -> PostedBill:
        bill = bill or self.good_bill
        return self.client.post_bill(self.client.write_bill(bill), key=bill.key)

    def sought(self, bill: OutgoingBill | None = None, **changes: str) -> SoughtBill:
        bill = bill or self.good_bill
        sought = SoughtBill(
            key=bill.key,
            vendor_id=bill.vendor_id,
            number=self.client.stored_number(bill.number),
            bill_date=bill.bill_date,
            total=bill.total,
        )
        return replace(sought, **changes)  # type: ignore[arg-type]

    def ours(self, bill: OutgoingBill | None = None) -> int:
        """How many bills in the books carry this bill's key."""
        wanted = (bill or self.good_bill).key
        return sum(key == wanted for key, _total in self.bills_in_the_books())

    def vendor(self, external_id: str) -> PulledRecord:
        rows = self.client.records(RecordKind.VENDOR)
        return next(
            row for row in rows if isinstance(row, PulledRecord) and row.external_id == external_id
        )


class SourceBench(Bench):
    client: Source
    project_id: str  # with at least one bill and one commitment
    vendor_id: str
    bill_total: dict[str, str]  # what is to be paid of each bill of the project, by external id

    def paid_over_there(self, bill: str) -> Decimal | str:
        """What the source itself shows as paid of a bill: an amount, or a word where it has no
        place for one. For sources that take payments.
        """
        raise NotImplementedError

    def as_shown(self, bill: str, paid: Decimal) -> Decimal | str:
        """How the source shows that so much of this bill is paid."""
        raise NotImplementedError

    @abstractmethod
    def touch_bill(self) -> str:
        """Change the description of one bill of the project over there; its external id."""

    @abstractmethod
    def delete_bill(self) -> str:
        """Delete one bill of the project over there; its external id."""
