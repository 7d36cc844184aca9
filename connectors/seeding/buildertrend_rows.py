"""The rows of a seed as Buildertrend holds it. Sections are those of its reference sheet."""

import datetime as dt
from dataclasses import dataclass, field
from decimal import Decimal


@dataclass(frozen=True, kw_only=True)
class Account:
    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class Job:
    id: str
    name: str
    street: str
    city: str
    state: str
    zip: str
    contract_price: Decimal
    projected_start: dt.date
    status: str = "Open"


@dataclass(frozen=True, kw_only=True)
class SubVendor:
    id: str
    company_name: str
    street: str
    city: str
    state: str
    zip: str
    phone: str
    email: str
    tax_id: str
    active: bool


@dataclass(frozen=True, kw_only=True)
class CostCode:
    id: str
    number: str
    title: str
    category_id: str
    category_name: str
    active: bool = True


@dataclass(frozen=True, kw_only=True)
class CostType:
    id: str
    name: str


@dataclass(frozen=True, kw_only=True)
class PurchaseOrder:
    id: str
    job_id: str
    number: str  # counted job by job (section 2.4)
    title: str
    vendor_id: str
    approval_status: str
    date_added: dt.date


@dataclass(frozen=True, kw_only=True)
class PurchaseOrderLine:
    id: str
    purchase_order_id: str
    position: int
    title: str
    cost_code_id: str
    cost_type: str
    amount: Decimal


@dataclass(frozen=True, kw_only=True)
class Bill:
    id: str
    job_id: str
    vendor_id: str
    purchase_order_id: str
    number: str
    title: str
    status: str
    invoice_date: dt.date
    due_date: dt.date | None
    amount: Decimal
    originated_from_accounting: bool
    updated_at: dt.datetime


@dataclass(frozen=True, kw_only=True)
class BillLine:
    id: str
    bill_id: str
    position: int
    title: str
    cost_code_id: str
    cost_type: str
    amount: Decimal


@dataclass(kw_only=True)
class Builder:
    """The construction side as Buildertrend keeps it. A field's name is its file's name."""

    company: list[Account] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    vendors: list[SubVendor] = field(default_factory=list)
    cost_codes: list[CostCode] = field(default_factory=list)
    cost_types: list[CostType] = field(default_factory=list)
    purchase_orders: list[PurchaseOrder] = field(default_factory=list)
    purchase_order_lines: list[PurchaseOrderLine] = field(default_factory=list)
    bills: list[Bill] = field(default_factory=list)
    bill_lines: list[BillLine] = field(default_factory=list)
