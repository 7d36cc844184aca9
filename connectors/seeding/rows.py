"""The rows of a seed. A class is one CSV file; its fields, in order, are the file's columns."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal

ZERO = Decimal("0.00")


@dataclass(frozen=True, kw_only=True)
class SourceCompany:
    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class SourceVendor:
    id: str
    name: str
    trade_name: str = ""
    legal_name: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    email: str = ""
    tax_id: str = ""
    origin_code: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Project:
    id: str
    number: str
    name: str
    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    stage: str = "Course of Construction"
    active: bool = True
    total_value: Decimal = ZERO
    start_date: dt.date = dt.date(2026, 1, 5)


@dataclass(frozen=True, kw_only=True)
class CostCode:
    code: str
    parent_code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class ProjectCostCode:
    project_id: str
    code: str
    parent_code: str
    name: str


@dataclass(frozen=True, kw_only=True)
class CostType:
    id: str
    code: str
    name: str
    base_type: str


@dataclass(frozen=True, kw_only=True)
class Commitment:
    id: str
    type: str
    number: str
    title: str
    project_id: str
    vendor_id: str
    status: str
    retainage_percent: Decimal
    contract_date: dt.date


@dataclass(frozen=True, kw_only=True)
class CommitmentLine:
    id: str
    commitment_id: str
    position: int
    code: str
    cost_type_id: str
    description: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Requisition:
    id: str
    commitment_id: str
    number: int
    invoice_number: str
    billing_date: dt.date
    period_start: dt.date
    period_end: dt.date
    status: str
    updated_at: dt.datetime

    @property
    def is_approved(self) -> bool:
        return self.status in ("approved", "approved_as_noted")


@dataclass(frozen=True, kw_only=True)
class RequisitionItem:
    requisition_id: str
    commitment_line_id: str
    work_this_period: Decimal
    stored_now: Decimal
    retained_this_period: Decimal
    released_this_period: Decimal
    stored_retained: Decimal


@dataclass(frozen=True, kw_only=True)
class DirectCost:
    id: str
    project_id: str
    vendor_id: str
    type: str
    status: str
    date: dt.date
    invoice_number: str
    description: str
    terms: str
    amount: Decimal | None = None

    @property
    def is_approved(self) -> bool:
        return self.status == "approved"

    @property
    def is_to_be_paid(self) -> bool:
        return self.is_approved and self.type in ("invoice", "expense")


@dataclass(frozen=True, kw_only=True)
class DirectCostLine:
    id: str
    direct_cost_id: str
    position: int
    code: str
    cost_type_id: str
    description: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class LedgerCompany:
    id: str
    name: str
    book_close_date: dt.date
    warn_duplicate_bill_number: bool = True
    class_tracking: str = "line"
    projects_enabled: bool = True
    use_account_numbers: bool = True
    track_locations: bool = True


@dataclass(frozen=True, kw_only=True)
class LedgerVendor:
    id: str
    display_name: str
    company_name: str = ""
    print_on_check_name: str = ""
    account_number: str = ""
    address: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    phone: str = ""
    email: str = ""
    tax_id: str = ""
    term_id: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Customer:
    id: str
    display_name: str
    parent_id: str = ""
    is_project: bool = False
    city: str = ""
    state: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Employee:
    id: str
    display_name: str
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Account:
    id: str
    number: str
    name: str
    type: str
    sub_type: str
    parent_id: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Item:
    id: str
    name: str
    type: str
    parent_id: str = ""
    expense_account_id: str = ""
    income_account_id: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class LedgerClass:
    """A class, or a location: both are lists of names, one below the other."""

    id: str
    name: str
    parent_id: str = ""
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class Term:
    id: str
    name: str
    due_days: int
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class LedgerBill:
    id: str
    vendor_id: str
    number: str
    date: dt.date
    due_date: dt.date
    note: str
    total: Decimal
    account_id: str


@dataclass(frozen=True, kw_only=True)
class Truth:
    """What a careful controller would choose; an empty target means that nothing fits."""

    kind: str
    source_id: str
    target_kind: str
    target_id: str


@dataclass(frozen=True, kw_only=True)
class Oddity:
    """One bill that is wrong on purpose."""

    kind: str  # requisition, direct_cost
    source_id: str
    oddity: str
    note: str


@dataclass(kw_only=True)
class Source:
    """The construction side, list by list. A field's name is its file's name."""

    company: list[SourceCompany] = field(default_factory=list)
    vendors: list[SourceVendor] = field(default_factory=list)
    projects: list[Project] = field(default_factory=list)
    cost_codes: list[CostCode] = field(default_factory=list)
    project_cost_codes: list[ProjectCostCode] = field(default_factory=list)
    cost_types: list[CostType] = field(default_factory=list)
    commitments: list[Commitment] = field(default_factory=list)
    commitment_lines: list[CommitmentLine] = field(default_factory=list)
    requisitions: list[Requisition] = field(default_factory=list)
    requisition_items: list[RequisitionItem] = field(default_factory=list)
    direct_costs: list[DirectCost] = field(default_factory=list)
    direct_cost_lines: list[DirectCostLine] = field(default_factory=list)


@dataclass(kw_only=True)
class Ledger:
    """The accounting side, list by list."""

    company: list[LedgerCompany] = field(default_factory=list)
    vendors: list[LedgerVendor] = field(default_factory=list)
    customers: list[Customer] = field(default_factory=list)
    employees: list[Employee] = field(default_factory=list)
    accounts: list[Account] = field(default_factory=list)
    items: list[Item] = field(default_factory=list)
    classes: list[LedgerClass] = field(default_factory=list)
    locations: list[LedgerClass] = field(default_factory=list)
    terms: list[Term] = field(default_factory=list)
    bills: list[LedgerBill] = field(default_factory=list)


@dataclass(kw_only=True)
class Seed:
    procore: Source
    quickbooks_online: Ledger
    truth: list[Truth]
    oddities: list[Oddity]
