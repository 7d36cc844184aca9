"""The same business as Buildertrend holds it: jobs, purchase orders and bills.

Sections are those of its reference sheet. It has no field for retainage: builders enter what is to
be paid now as one bill, and what is held back as another that nobody approves before its release
(section 5). So every bill here asks for what the same one asks for in Procore.
"""

import datetime as dt
from collections import defaultdict
from dataclasses import replace
from decimal import Decimal

from connectors.seeding import rows as source_rows
from connectors.seeding.buildertrend_rows import (
    Account,
    Bill,
    BillLine,
    Builder,
    CostCode,
    CostType,
    Job,
    PurchaseOrder,
    PurchaseOrderLine,
    SubVendor,
)
from connectors.seeding.checks import lines_due
from connectors.seeding.rows import (
    ZERO,
    Commitment,
    CommitmentLine,
    DirectCost,
    Requisition,
    Source,
    Truth,
)

NUMBER_LENGTH, TITLE_LENGTH = 19, 50  # section 2.5, on screen
# Section 2.2 leaves the list of cost types to us. By the letter of the world's own.
COST_TYPES = {"L": "Labor", "M": "Material", "S": "Subcontractor", "E": "Equipment"}
OTHER = "Other"
STATUSES = {
    "approved": "Approved",
    "approved_as_noted": "Ready for Payment",
    "draft": "Draft",
    "under_review": "Pending Approval",
    "pending": "Pending Approval",
}


def builder(source: Source) -> Builder:
    """`source` said again in Buildertrend's way. Vendors and jobs keep their numbers."""
    return _Retold(source).tell()


def truth(source: Source, answers: list[Truth]) -> list[Truth]:
    """The same answers about Buildertrend's own cost codes and cost types."""
    return _Retold(source).answers(answers)


class _Retold:
    def __init__(self, source: Source) -> None:
        self.source = source
        self.vendors = {each.id: each for each in source.vendors}
        codes: list[source_rows.CostCode | source_rows.ProjectCostCode] = []
        codes += [*source.cost_codes, *source.project_cost_codes]
        self.above = {each.code: each.name for each in codes if not each.parent_code}
        # Codes that one project has beside the others are everybody's here: there is one list.
        parents = {each.parent_code for each in codes}
        used = {line.code for line in source.commitment_lines}
        used |= {line.code for line in source.direct_cost_lines}
        self.codes = {
            each.code: each for each in codes if each.code not in parents or each.code in used
        }
        self.code_ids = {code: str(6101 + place) for place, code in enumerate(self.codes)}
        self.letters = {each.id: each.code for each in source.cost_types}

    def tell(self) -> Builder:
        (company,) = self.source.company
        built = Builder(
            company=[Account(id=company.id[-6:], name=company.name)],
            jobs=self._jobs(),
            vendors=self._sub_vendors(),
            cost_codes=self._cost_codes(),
            cost_types=[
                CostType(id=str(place + 1), name=name)
                for place, name in enumerate((*COST_TYPES.values(), OTHER))
            ],
        )
        self._enter_purchase_orders(built)
        self._enter_invoices(built)
        self._enter_direct_costs(built)
        return built

    def answers(self, answers: list[Truth]) -> list[Truth]:
        made: dict[tuple[str, str, str], Truth] = {}
        for row in answers:
            source_id = row.source_id
            if row.kind == "cost_code":
                source_id = self.code_ids.get(row.source_id, "")
            elif row.kind == "cost_type":
                names = [*COST_TYPES.values(), OTHER]
                name = COST_TYPES.get(self.letters[row.source_id], OTHER)
                source_id = str(names.index(name) + 1)
            if source_id:
                answer = replace(row, source_id=source_id)
                # Several of the world's cost types are one here; the first one's answer counts.
                made.setdefault((answer.kind, source_id, answer.target_kind), answer)
        return list(made.values())

    def _jobs(self) -> list[Job]:
        return [
            Job(
                id=each.id,
                name=f"{each.number} {each.name}",
                street=each.address,
                city=each.city,
                state=each.state,
                zip=each.zip,
                contract_price=each.total_value,
                projected_start=each.start_date,
            )
            for each in self.source.projects
        ]

    def _sub_vendors(self) -> list[SubVendor]:
        return [
            SubVendor(
                id=each.id,
                company_name=each.name,
                street=each.address,
                city=each.city,
                state=each.state,
                zip=each.zip,
                phone=each.phone,
                email=each.email,
                tax_id=each.tax_id,
                active=each.active,
            )
            for each in self.source.vendors
        ]

    def _cost_codes(self) -> list[CostCode]:
        categories = {code: str(801 + place) for place, code in enumerate(self.above)}
        return [
            CostCode(
                id=self.code_ids[code],
                number=code,
                title=each.name,
                category_id=categories.get(each.parent_code, ""),
                category_name=self.above.get(each.parent_code, "Buildertrend Default"),
            )
            for code, each in self.codes.items()
        ]

    def _type(self, cost_type_id: str) -> str:
        return COST_TYPES.get(self.letters.get(cost_type_id, ""), OTHER)

    # Purchase orders, and the bills that come of them

    def _enter_purchase_orders(self, built: Builder) -> None:
        counted: dict[str, int] = defaultdict(int)
        for each in self.source.commitments:
            counted[each.project_id] += 1
            built.purchase_orders.append(
                PurchaseOrder(
                    id=each.id,
                    job_id=each.project_id,
                    number=f"{counted[each.project_id]:04d}",
                    title=each.title[:TITLE_LENGTH],
                    vendor_id=each.vendor_id,
                    approval_status="Sub/Vendor Approved",
                    date_added=each.contract_date,
                )
            )
        built.purchase_order_lines = [
            PurchaseOrderLine(
                id=each.id,
                purchase_order_id=each.commitment_id,
                position=each.position,
                title=each.description,
                cost_code_id=self.code_ids[each.code],
                cost_type=self._type(each.cost_type_id),
                amount=each.amount,
            )
            for each in self.source.commitment_lines
        ]

    def _enter_invoices(self, built: Builder) -> None:
        commitments = {each.id: each for each in self.source.commitments}
        schedule = {each.id: each for each in self.source.commitment_lines}
        due = lines_due(self.source)
        asked: dict[str, Decimal] = defaultdict(Decimal)
        last: dict[str, Requisition] = {}
        for each in self.source.requisitions:
            commitment, lines = commitments[each.commitment_id], due[each.id]
            self._enter_invoice(built, each, commitment, [(schedule[i], a) for i, a in lines])
            asked[commitment.id] += sum(amount for _, amount in lines)
            last[commitment.id] = each
        earned = self._earned()
        for commitment_id, each in last.items():
            held = earned[commitment_id] - asked[commitment_id]
            if held:
                self._enter_what_is_held(built, each, commitments[commitment_id], held)

    def _enter_invoice(
        self,
        built: Builder,
        each: Requisition,
        commitment: Commitment,
        lines: list[tuple[CommitmentLine, Decimal]],
    ) -> None:
        amount = sum((amount for _, amount in lines), ZERO)
        bill = Bill(
            id=each.id,
            job_id=commitment.project_id,
            vendor_id=commitment.vendor_id,
            purchase_order_id=commitment.id,
            number=each.invoice_number[:NUMBER_LENGTH],
            title=f"Draw {each.number} - {commitment.title}"[:TITLE_LENGTH],
            status=STATUSES[each.status],
            invoice_date=each.billing_date,
            due_date=each.billing_date + dt.timedelta(days=30),
            amount=amount,
            originated_from_accounting=False,
            updated_at=each.updated_at,
        )
        built.bills.append(bill)
        built.bill_lines += [
            BillLine(
                id=f"{each.id}{place:02d}",
                bill_id=each.id,
                position=place,
                title=line.description,
                cost_code_id=self.code_ids[line.code],
                cost_type=self._type(line.cost_type_id),
                amount=asked,
            )
            for place, (line, asked) in enumerate(lines, 1)
            if asked
        ]

    def _earned(self) -> dict[str, Decimal]:
        """Work done and material stored to date, by commitment."""
        commitment = {each.id: each.commitment_id for each in self.source.commitment_lines}
        earned: dict[str, Decimal] = defaultdict(Decimal)
        stored: dict[str, Decimal] = {}
        for each in self.source.requisition_items:
            earned[commitment[each.commitment_line_id]] += each.work_this_period
            stored[each.commitment_line_id] = each.stored_now
        for line, amount in stored.items():
            earned[commitment[line]] += amount
        return earned

    def _enter_what_is_held(
        self, built: Builder, last: Requisition, commitment: Commitment, held: Decimal
    ) -> None:
        """The second bill of section 5, which waits for the work to be accepted."""
        first = next(
            line for line in self.source.commitment_lines if line.commitment_id == commitment.id
        )
        bill_id = f"9{commitment.id}"
        built.bills.append(
            Bill(
                id=bill_id,
                job_id=commitment.project_id,
                vendor_id=commitment.vendor_id,
                purchase_order_id=commitment.id,
                number="",
                title=f"Retainage held - {commitment.title}"[:TITLE_LENGTH],
                status="Pending Approval",
                invoice_date=last.billing_date,
                due_date=None,
                amount=held,
                originated_from_accounting=False,
                updated_at=last.updated_at,
            )
        )
        built.bill_lines.append(
            BillLine(
                id=f"{bill_id}01",
                bill_id=bill_id,
                position=1,
                title="Retainage held",
                cost_code_id=self.code_ids[first.code],
                cost_type=self._type(first.cost_type_id),
                amount=held,
            )
        )

    # Bills of no purchase order

    def _enter_direct_costs(self, built: Builder) -> None:
        sums: dict[str, Decimal] = defaultdict(Decimal)
        here = {each.id for each in self.source.direct_costs if each.type != "payroll"}
        for line in self.source.direct_cost_lines:
            sums[line.direct_cost_id] += line.amount
        built.bills += [
            self._direct_bill(each, sums[each.id])
            for each in self.source.direct_costs
            if each.id in here
        ]
        built.bill_lines += [
            BillLine(
                id=each.id,
                bill_id=each.direct_cost_id,
                position=each.position,
                title=each.description,
                cost_code_id=self.code_ids.get(each.code, ""),
                cost_type=self._type(each.cost_type_id),
                amount=each.amount,
            )
            for each in self.source.direct_cost_lines
            if each.direct_cost_id in here
        ]

    def _direct_bill(self, each: DirectCost, lines: Decimal) -> Bill:
        """Hours are no bill here at all; what was billed already came back from accounting."""
        return Bill(
            id=each.id,
            job_id=each.project_id,
            vendor_id=each.vendor_id,
            purchase_order_id="",
            number=each.invoice_number[:NUMBER_LENGTH],
            title=each.description[:TITLE_LENGTH],
            status=STATUSES[each.status],
            invoice_date=each.date,
            due_date=each.date + dt.timedelta(days=30) if each.terms == "Net 30" else None,
            amount=lines if each.amount is None else each.amount,
            originated_from_accounting=each.type == "subcontractor_invoice",
            updated_at=dt.datetime.combine(each.date, dt.time(15), tzinfo=dt.UTC),
        )
