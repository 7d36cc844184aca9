"""What Buildertrend knows, as frozen values: the same whether a call or a file brought them.

Names follow the Buildertrend fact sheet, section 2. Ids are text (assumption A9); in files that
carry none, whoever reads the file puts a key together and gives it as the id. `raw` is what came.
"""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from connectors.records import JSON


@dataclass(frozen=True, kw_only=True)
class Job:
    job_id: str
    job_name: str
    job_status: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    is_deleted: bool = False
    updated_at: datetime | None = None
    raw: JSON = None


@dataclass(frozen=True, kw_only=True)
class Vendor:
    vendor_id: str
    company_name: str
    contact_name: str = ""
    email: str = ""
    phone: str = ""
    street: str = ""
    city: str = ""
    state: str = ""
    zip: str = ""
    tax_id: str = ""
    is_active: bool = True
    is_deleted: bool = False
    updated_at: datetime | None = None
    raw: JSON = None


@dataclass(frozen=True, kw_only=True)
class CostCode:
    cost_code_id: str
    title: str  # often carries the number: "03-110 - Rough Carpentry"
    number: str = ""
    category_name: str = ""
    is_active: bool = True
    is_deleted: bool = False
    updated_at: datetime | None = None
    raw: JSON = None


@dataclass(frozen=True, kw_only=True)
class CostType:
    cost_type_id: str
    name: str
    is_deleted: bool = False
    updated_at: datetime | None = None
    raw: JSON = None


@dataclass(frozen=True, kw_only=True)
class LineItem:
    """2.4: a line of a purchase order or a bill. A feed may have none of them (A4)."""

    line_item_id: str
    builder_cost: Decimal
    item_title: str = ""
    description: str = ""
    cost_code_id: str = ""  # "" where only the title is known
    cost_code_title: str = ""
    cost_types: tuple[str, ...] = ()  # names; what the integers mean is not known (12)


@dataclass(frozen=True, kw_only=True)
class PurchaseOrder:
    purchase_order_id: str
    job_id: str
    po_number: str  # numbered per job
    cost: Decimal
    title: str = ""
    approval_status_text: str = ""
    performing_user_id: str = ""  # "" where nobody, or somebody inside, performs it
    date_added: date | None = None
    cost_codes: tuple[str, ...] = ()  # titles
    line_items: tuple[LineItem, ...] = ()
    is_recalled: bool = False
    is_deleted: bool = False
    updated_at: datetime | None = None
    raw: JSON = None


@dataclass(frozen=True, kw_only=True)
class Bill:
    bill_id: str
    job_id: str
    amount: Decimal  # negative for a refund
    bill_number: str = ""  # the vendor's own, often blank
    title: str = ""
    status: str = ""  # of 3, bill status; "" in files that have no such column
    payment_status: str = ""
    pay_to_id: str = ""  # the vendor; "" where nobody is named
    invoice_date: date | None = None
    due_date: date | None = None
    created_date: date | None = None
    related_purchase_order_ids: tuple[str, ...] = ()
    cost_codes: tuple[str, ...] = ()  # titles
    line_items: tuple[LineItem, ...] = ()
    is_originated_from_accounting: bool = False
    is_deleted: bool = False
    updated_at: datetime | None = None
    raw: JSON = None
