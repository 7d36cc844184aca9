"""What a bill says, judged by itself: is it sound, and how would the ledger hear it?"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from decimal import Decimal

from common.choices import RecordKind
from common.money import ZERO
from companies.models import CompanySettings
from connectors.models import Record
from connectors.records import OutgoingBill, OutgoingLine
from mapping import combining
from mapping.combining import Way, Ways
from mapping.lookup import Lookup
from mapping.models import Mapping
from sync.dimensions import Dimensions, Tasks
from sync.models import Bill, BillLine

NONE_NAMED = Dimensions()


def fault(bill: Bill, lines: Sequence[BillLine], settings: CompanySettings) -> str:
    """The first reason why this document cannot go whatever is mapped; blank when it is sound."""
    found = Bill.Fault
    # A pair without a type goes by its code; without a code there is nothing to go by.
    by_cost_code = settings.granularity != CompanySettings.Granularity.COST_TYPE
    checks = (
        (found.GONE, bill.gone_at is not None),
        (found.UNREADABLE, bill.unreadable_at is not None),
        (bill.not_ours, bool(bill.not_ours)),
        (found.NOT_APPROVED, not bill.is_approved),
        (found.NO_VENDOR, bill.vendor_id is None),
        (found.NO_LINES, not lines),
        (found.CURRENCY, bill.currency != settings.currency),
        (found.DOES_NOT_ADD_UP, total_of(lines) != bill.total),
        (found.NEGATIVE, bill.total < 0),
        (found.ZERO, bill.total == 0),
        (found.NO_COST_CODE, by_cost_code and any(_lacks(line, "cost_code") for line in lines)),
        (found.NO_COST_TYPE, not by_cost_code and any(_lacks(line, "cost_type") for line in lines)),
    )
    return next((str(reason) for reason, applies in checks if applies), "")


def clause(fault: str) -> str:
    """A fault as the rest of a sentence about the bill, with what to do."""
    return {
        Bill.Fault.NOT_APPROVED: "is not approved in the source yet. Approve it there",
        Bill.Fault.GONE: "is no longer in the source. Nothing is to be sent",
        Bill.Fault.COMES_TWICE: "is a subcontractor invoice entered as a direct cost, and such"
        " invoices come as bills of their own. Nothing is to be sent; where its invoice is missing,"
        " enter it by hand",
        Bill.Fault.NO_BILL: "is payroll, or of a kind we do not know, so no vendor is owed for it."
        " Enter it in the ledger by hand",
        Bill.Fault.SENT_BY_ANOTHER: "carries the mark of another integration, which has sent it"
        " already. Nothing is to be sent; where it is not in the ledger, enter it by hand or have"
        " the mark taken off in the source",
        Bill.Fault.FROM_LEDGER: "came to the source from the accounting system, which has it"
        " already. Nothing is to be sent",
        Bill.Fault.PAID_THERE: "is paid already, says the source. Nothing is to be sent; where it"
        " is not in the ledger, enter it there by hand with its payment",
        Bill.Fault.UNREADABLE: "cannot be read now, so what we have of it may be out of date."
        " See what the last pull says about it, put that right in the source and pull again",
        Bill.Fault.NO_VENDOR: "names no vendor we know. Add it in the source and pull again",
        Bill.Fault.NO_LINES: "has no lines. Add them in the source and pull again",
        Bill.Fault.NO_COST_CODE: "has a line without a cost code. Add it in the source",
        Bill.Fault.NO_COST_TYPE: "has a line without a cost type. Add it in the source",
        Bill.Fault.CURRENCY: "is in another currency than the company's. Enter it by hand",
        Bill.Fault.NEGATIVE: "is negative. Enter it in the ledger as a vendor credit",
        Bill.Fault.ZERO: "is zero, so there is nothing to post",
    }[Bill.Fault(fault)]


def total_of(lines: Sequence[BillLine]) -> Decimal:
    """What the lines ask to be paid now."""
    return sum((line.amount - line.retainage for line in lines), ZERO)


def _lacks(line: BillLine, name: str) -> bool:
    """A line that adds no cost needs no code: a release of retainage has none to post to."""
    return line.amount != 0 and getattr(line, f"{name}_id") is None


class Coding:
    """Where the lines of one bill post: which record decides about each, and its mapping."""

    def __init__(self, ways: Ways, lookup: Lookup) -> None:
        self.ways, self.lookup = ways, lookup

    def record_of(self, line: BillLine) -> Record | None:
        """The record whose mapping decides; None where the line names nothing to go by."""
        way = self.way_of(line)
        return self.lookup.ruling(way) if way is not None else None

    def in_force(self, record: Record | None) -> Mapping | None:
        """The mapping that the document would rest on; None while there is none."""
        mapping = self.lookup.mapping_for(record.pk) if record else None
        return mapping if mapping is not None and mapping.is_in_force else None

    def way_of(self, line: BillLine) -> Way | None:
        return self.ways.of(line.bill.project_id, line.cost_code, line.cost_type)


def records_of(bill: Bill, lines: Sequence[BillLine], ways: Ways) -> set[int]:
    """Every record whose mapping has a say in where the bill goes, by id."""
    found = {bill.project_id} | ({bill.vendor_id} if bill.vendor_id else set())
    for line in lines:
        way = ways.of(bill.project_id, line.cost_code, line.cost_type)
        if way is not None:
            found |= {record.pk for record in way.records}
    return found


@dataclass(frozen=True)
class Basis:
    """What one part of a bill that is sent rests on, frozen with its push."""

    line: int  # its position; 0 is the bill itself
    level: str  # a mapping.models.Level by name: which of several mappings ruled
    record: int
    mapping: int
    version: int
    target: int
    target_id: str  # the ledger's own ids
    class_id: str
    location_id: str
    department_id: str
    task_id: str
    cost_type_id: str


@dataclass(frozen=True)
class Document:
    """A bill in the ledger's own ids, and what each part of it rests on."""

    bill: OutgoingBill
    basis: tuple[Basis, ...]

    @property
    def versions(self) -> dict[str, int]:
        return {str(each.mapping): each.version for each in self.basis}

    @property
    def rests_on(self) -> list[dict[str, object]]:
        return [asdict(each) for each in self.basis]


def outgoing(bill: Bill, coding: Coding, *, key: str) -> Document:
    """The bill as the ledger is to hear it. The gate has to be open: every target is in force.

    One line for each line that adds cost, gross; one more for all retainage held or released.
    Source: docs/rules.md, "Retainage". A line's class and department are its own mapping's, or
    else the project's; the bill's location is the project's, or else the vendor's.
    """
    if bill.vendor is None:
        raise ValueError("the gate let a bill without a vendor through")
    project, vendor = _in_force(coding, bill.project), _in_force(coding, bill.vendor)
    basis = [_basis(0, project), _basis(0, vendor)]
    customer = _target(project).external_id
    tasks = Tasks(_target(project))
    lines = []
    for line in bill.lines.select_related("cost_code", "cost_type"):
        if line.amount == 0:
            continue
        record = coding.record_of(line)
        if record is None:
            raise ValueError("the gate let a line without a code through")
        mapping = _in_force(coding, record)
        dimensions = tasks.of(line)
        basis.append(_basis(line.position, mapping, dimensions))
        lines.append(_cost_line(line, mapping, project, dimensions))
    retainage = sum((line.retainage for line in bill.lines.all()), ZERO)
    if retainage != 0:
        account = bill.company.settings.retainage_account
        if account is None:
            raise ValueError("the gate let a bill with retainage through without an account for it")
        lines.append(
            OutgoingLine(
                amount=-retainage,
                description="Retainage held" if retainage > 0 else "Retainage released",
                account_id=account.external_id,
                customer_id=customer,
                class_id=_id_of(project.ledger_class),
                department_id=_id_of(project.department),
            )
        )
    return Document(
        OutgoingBill(
            vendor_id=_target(vendor).external_id,
            number=bill.number,
            bill_date=bill.bill_date,
            due_date=bill.due_date,
            term_id="" if bill.due_date else _term_of(_target(vendor)),
            location_id=_id_of(project.location or vendor.location),
            currency=bill.currency,
            memo=_memo(bill),
            key=key,
            total=bill.total,
            lines=tuple(lines),
            is_draft=bill.company.settings.send_as_draft,
        ),
        tuple(basis),
    )


def _cost_line(
    line: BillLine, mapping: Mapping, project: Mapping, dimensions: Dimensions
) -> OutgoingLine:
    """By item or by account, as what the mapping points to is one or the other."""
    target = _target(mapping)
    is_item = target.kind == RecordKind.ITEM
    code = line.cost_code or line.cost_type or mapping.source
    return OutgoingLine(
        amount=line.amount,
        description=line.description or code.name,
        account_id="" if is_item else target.external_id,
        item_id=target.external_id if is_item else "",
        customer_id=_target(project).external_id,
        class_id=_id_of(mapping.ledger_class or project.ledger_class),
        department_id=_id_of(mapping.department or project.department),
        task_id=dimensions.task.code if dimensions.task else "",
        cost_type_id=dimensions.cost_type.code if dimensions.cost_type else "",
    )


def _in_force(coding: Coding, record: Record) -> Mapping:
    mapping = coding.lookup.mapping_for(record.pk)
    if mapping is None or not mapping.is_in_force:
        raise ValueError(f"the gate let {record} through without a mapping in force")
    return mapping


def _target(mapping: Mapping) -> Record:
    if mapping.target is None:  # the database refuses to publish such a mapping
        raise ValueError(f"{mapping} is in force and names no record")
    return mapping.target


def _basis(line: int, mapping: Mapping, dimensions: Dimensions = NONE_NAMED) -> Basis:
    target = _target(mapping)
    return Basis(
        line=line,
        level=combining.level_of(mapping.source).name.lower(),
        record=mapping.source_id,
        mapping=mapping.pk,
        version=mapping.version,
        target=target.pk,
        target_id=target.external_id,
        class_id=_id_of(mapping.ledger_class),
        location_id=_id_of(mapping.location),
        department_id=_id_of(mapping.department),
        task_id=_id_of(dimensions.task),
        cost_type_id=_id_of(dimensions.cost_type),
    )


def _id_of(record: Record | None) -> str:
    return record.external_id if record is not None else ""


def _term_of(vendor: Record) -> str:
    """The ledger's own term of the vendor, where the source says nothing of when to pay."""
    term = Record.objects.filter(
        connection=vendor.connection_id, kind=RecordKind.TERM, external_id=vendor.term_id
    ).first()
    return term.external_id if term is not None and term.is_usable else ""


def _memo(bill: Bill) -> str:
    parts = [
        f"{bill.get_kind_display()} {bill.number}".strip(),
        str(bill.commitment) if bill.commitment else "",
        str(bill.project),
    ]
    return " · ".join(part for part in parts if part)
