"""What a bill says, judged by itself: is it sound, and how would the ledger hear it?"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from common.choices import RecordKind
from common.money import ZERO
from companies.models import CompanySettings
from connectors.models import Record
from connectors.records import OutgoingBill, OutgoingLine
from mapping.lookup import Lookup
from mapping.models import Kind
from sync.models import Bill, BillLine


def fault(bill: Bill, lines: Sequence[BillLine], settings: CompanySettings) -> str:
    """The first reason why this document cannot go whatever is mapped; blank when it is sound."""
    found = Bill.Fault
    by_cost_code = settings.granularity == CompanySettings.Granularity.COST_CODE
    checks = (
        (found.GONE, bill.gone_at is not None),
        (found.UNREADABLE, bill.unreadable_at is not None),
        (bill.not_ours, bool(bill.not_ours)),
        (found.NOT_APPROVED, not bill.is_approved),
        (found.NO_VENDOR, bill.vendor is None),
        (found.NO_LINES, not lines),
        (found.CURRENCY, bill.currency != settings.currency),
        (found.DOES_NOT_ADD_UP, total_of(lines) != bill.total),
        (found.NEGATIVE, bill.total < 0),
        (found.ZERO, bill.total == 0),
        (found.NO_COST_CODE, by_cost_code and any(_lacks(line, "cost_code") for line in lines)),
        (found.NO_COST_TYPE, not by_cost_code and any(_lacks(line, "cost_type") for line in lines)),
    )
    return next((str(reason) for reason, applies in checks if applies), "")


def total_of(lines: Sequence[BillLine]) -> Decimal:
    """What the lines ask to be paid now."""
    return sum((line.amount - line.retainage for line in lines), ZERO)


def _lacks(line: BillLine, name: str) -> bool:
    """A line that adds no cost needs no code: a release of retainage has none to post to."""
    return line.amount != 0 and getattr(line, f"{name}_id") is None


@dataclass(frozen=True)
class Coding:
    """Where the lines of a company's bills post."""

    kind: Kind  # what of a line decides: its cost code or its cost type
    posts_items: bool
    retainage_account: Record | None

    @classmethod
    def of(cls, settings: CompanySettings) -> "Coding":
        return cls(
            Kind(settings.granularity),
            settings.posting_style == CompanySettings.PostingStyle.ITEMS,
            settings.retainage_account,
        )

    def record_of(self, line: BillLine) -> Record | None:
        return line.cost_code if self.kind is Kind.COST_CODE else line.cost_type


def outgoing(bill: Bill, lookup: Lookup, *, key: str) -> OutgoingBill:
    """The bill in the ledger's own ids. The gate has to be open: every target is in force.

    One line for each line that adds cost, gross; one more for all retainage held or released.
    Source: docs/rules.md, "Retainage".
    """
    company_settings = bill.company.settings
    coding = Coding.of(company_settings)
    customer = _needed(lookup, bill.project).external_id
    lines = [
        _cost_line(line, coding, lookup, customer) for line in bill.lines.all() if line.amount != 0
    ]
    retainage = sum((line.retainage for line in bill.lines.all()), ZERO)
    if retainage != 0:
        if coding.retainage_account is None:
            raise ValueError("the gate let a bill with retainage through without an account for it")
        lines.append(
            OutgoingLine(
                amount=-retainage,
                description="Retainage held" if retainage > 0 else "Retainage released",
                account_id=coding.retainage_account.external_id,
                customer_id=customer,
            )
        )
    if bill.vendor is None:
        raise ValueError("the gate let a bill without a vendor through")
    vendor = _needed(lookup, bill.vendor)
    return OutgoingBill(
        vendor_id=vendor.external_id,
        number=bill.number,
        bill_date=bill.bill_date,
        due_date=bill.due_date,
        term_id="" if bill.due_date else _term_of(vendor),
        currency=bill.currency,
        memo=_memo(bill),
        key=key,
        total=bill.total,
        lines=tuple(lines),
    )


def _cost_line(line: BillLine, coding: Coding, lookup: Lookup, customer: str) -> OutgoingLine:
    record = coding.record_of(line)
    if record is None:
        raise ValueError("the gate let a line without a code through")
    target = _needed(lookup, record).external_id
    return OutgoingLine(
        amount=line.amount,
        description=line.description or record.name,
        account_id="" if coding.posts_items else target,
        item_id=target if coding.posts_items else "",
        customer_id=customer,
    )


def _term_of(vendor: Record) -> str:
    """The ledger's own term of the vendor, where the source says nothing of when to pay."""
    term = Record.objects.filter(
        connection=vendor.connection_id, kind=RecordKind.TERM, external_id=vendor.term_id
    ).first()
    return term.external_id if term is not None and term.is_usable else ""


def _needed(lookup: Lookup, record: Record) -> Record:
    target = lookup.target(record.pk)
    if target is None:
        raise ValueError(f"the gate let {record} through without a mapping in force")
    return target


def _memo(bill: Bill) -> str:
    parts = [
        f"{bill.get_kind_display()} {bill.number}".strip(),
        str(bill.commitment) if bill.commitment else "",
        str(bill.project),
    ]
    return " · ".join(part for part in parts if part)
