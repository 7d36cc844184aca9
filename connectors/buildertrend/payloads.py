"""The assumed contract's JSON to Buildertrend's values. Pure: nothing here asks anything.

Every shape here is our assumption: Buildertrend fact sheet, 8.1 and 8.2, with the names of 2.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import wraps
from typing import TypeVar

from common import money
from connectors.buildertrend import words
from connectors.buildertrend.values import (
    Bill,
    CostCode,
    CostType,
    Job,
    LineItem,
    PurchaseOrder,
    Vendor,
)
from connectors.errors import UnexpectedPayload
from connectors.records import JSON

T = TypeVar("T")

# 2.3: of those who perform or are paid, only this type is in the list of vendors.
SUB_OR_VENDOR = 2
LARGEST_SCALE = 9


def understood(what: str, key: str) -> Callable[[Callable[[JSON], T]], Callable[[JSON], T]]:
    """Turn whatever a payload lacks or garbles into one sentence that names the record."""

    def decorate(read: Callable[[JSON], T]) -> Callable[[JSON], T]:
        @wraps(read)
        def reading(payload: JSON) -> T:
            try:
                return read(payload)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                known = payload if isinstance(payload, dict) else {}
                raise UnexpectedPayload(
                    f"Buildertrend's {what} {known.get(key, 'without an id')} cannot be read "
                    f"({type(error).__name__}: {error}). Tell support which record it is.",
                    payload=payload,
                ) from error

        return reading

    return decorate


@understood("job", "jobId")
def job(payload: JSON) -> Job:
    """2.1."""
    return Job(
        job_id=required(payload, "jobId"),
        job_name=text(payload, "jobName"),
        job_status=text(payload, "jobStatus"),
        street=text(payload, "street"),
        city=text(payload, "city"),
        state=text(payload, "state"),
        zip=text(payload, "zip"),
        is_deleted=flag(payload, "isDeleted"),
        updated_at=moment(payload, "updatedAt"),
        raw=payload,
    )


@understood("vendor", "vendorId")
def vendor(payload: JSON) -> Vendor:
    """2.3, 8.2."""
    return Vendor(
        vendor_id=required(payload, "vendorId"),
        company_name=text(payload, "companyName"),
        contact_name=text(payload, "contactName"),
        email=text(payload, "email"),
        phone=text(payload, "phone"),
        street=text(payload, "street"),
        city=text(payload, "city"),
        state=text(payload, "state"),
        zip=text(payload, "zip"),
        tax_id=text(payload, "taxId"),
        is_active=flag(payload, "isActive", unless_said=True),
        is_deleted=flag(payload, "isDeleted"),
        updated_at=moment(payload, "updatedAt"),
        raw=payload,
    )


@understood("cost code", "costCodeId")
def cost_code(payload: JSON) -> CostCode:
    """2.2, 8.2."""
    return CostCode(
        cost_code_id=required(payload, "costCodeId"),
        title=text(payload, "title"),
        number=text(payload, "number"),
        category_name=text(payload, "categoryName"),
        is_active=flag(payload, "isActive", unless_said=True),
        is_deleted=flag(payload, "isDeleted"),
        updated_at=moment(payload, "updatedAt"),
        raw=payload,
    )


@understood("cost type", "costTypeId")
def cost_type(payload: JSON) -> CostType:
    """8.2."""
    return CostType(
        cost_type_id=required(payload, "costTypeId"),
        name=required(payload, "name"),
        is_deleted=flag(payload, "isDeleted"),
        updated_at=moment(payload, "updatedAt"),
        raw=payload,
    )


@understood("purchase order", "purchaseOrderId")
def purchase_order(payload: JSON) -> PurchaseOrder:
    """2.4, 8.3."""
    return PurchaseOrder(
        purchase_order_id=required(payload, "purchaseOrderId"),
        job_id=required(payload, "jobId"),
        po_number=text(payload, "poNumber"),
        cost=amount(payload, "cost"),
        title=text(payload, "title"),
        approval_status_text=text(payload, "approvalStatusText"),
        performing_user_id=performer(payload),
        date_added=day(payload, "dateAdded"),
        cost_codes=texts(payload, "costCodes"),
        line_items=line_items(payload),
        is_recalled=flag(payload, "isRecalled"),
        is_deleted=flag(payload, "isDeleted"),
        updated_at=moment(payload, "updatedAt"),
        raw=payload,
    )


@understood("bill", "billId")
def bill(payload: JSON) -> Bill:
    """2.5, 8.2. That it names its vendor as a purchase order does is an assumption more: 2.5 has
    only `payTo`, a name.
    """
    return Bill(
        bill_id=required(payload, "billId"),
        job_id=required(payload, "jobId"),
        amount=amount(payload, "amount"),
        bill_number=text(payload, "billNumber"),
        title=text(payload, "title"),
        status=text(payload, "status"),
        payment_status=text(payload, "paymentStatus"),
        pay_to_id=performer(payload, "payTo"),
        invoice_date=day(payload, "invoiceDate"),
        due_date=day(payload, "dueDate"),
        created_date=day(payload, "createdDate"),
        related_purchase_order_ids=texts(payload, "relatedPurchaseOrderIds"),
        cost_codes=texts(payload, "costCodes"),
        line_items=line_items(payload),
        is_originated_from_accounting=flag(payload, "isOriginatedFromAccounting"),
        is_deleted=flag(payload, "isDeleted"),
        updated_at=moment(payload, "updatedAt"),
        raw=payload,
    )


def line_items(payload: JSON) -> tuple[LineItem, ...]:
    return tuple(_line_item(line) for line in listed(payload, "lineItems"))


def _line_item(payload: JSON) -> LineItem:
    """2.4."""
    return LineItem(
        line_item_id=required(payload, "lineItemId"),
        builder_cost=_builder_cost(payload),
        item_title=text(payload, "itemTitle"),
        description=text(payload, "description"),
        cost_code_id=text(payload, "costCodeId"),
        cost_code_title=text(payload, "costCodeTitle"),
        # 12: what the integers mean is not known, so only names count.
        cost_types=tuple(one for one in listed(payload, "costTypes") if isinstance(one, str)),
    )


def _builder_cost(payload: JSON) -> Decimal:
    """2.4: it is the unit's cost times the quantity, where it is not given itself."""
    if payload.get("builderCost") not in (None, ""):
        return amount(payload, "builderCost")
    return money.to_cents(amount(payload, "unitCost") * amount(payload, "quantity"))


def performer(payload: JSON, name_key: str = "performingUserName") -> str:
    """2.3: the vendor's id; "" for nobody and for somebody inside the company."""
    kind = payload.get("performingUserType", SUB_OR_VENDOR)
    if kind != SUB_OR_VENDOR or words.is_nobody(text(payload, name_key)):
        return ""
    return text(payload, "performingUserId")


# --- Values (2.1, 8.1) --------------------------------------------------------------------------


def text(payload: JSON, key: str) -> str:
    value = payload.get(key)
    if isinstance(value, dict | list):
        raise TypeError(f"{key} is no text")
    return "" if value is None else str(value).strip()


def required(payload: JSON, key: str) -> str:
    value = text(payload, key)
    if not value:
        raise ValueError(f"no {key}")
    return value


def listed(payload: JSON, key: str) -> list[JSON]:
    value = payload.get(key)
    if value is None:
        return []
    if not isinstance(value, list):
        raise TypeError(f"{key} is no list")
    return value


def texts(payload: JSON, key: str) -> tuple[str, ...]:
    return tuple(str(value).strip() for value in listed(payload, key) if value is not None)


def flag(payload: JSON, key: str, *, unless_said: bool = False) -> bool:
    value = payload.get(key)
    if value is None:
        return unless_said
    if not isinstance(value, bool):
        raise TypeError(f"{key} is neither true nor false")
    return value


def amount(payload: JSON, key: str) -> Decimal:
    """An amount that may be zero but not absent.

    8.1 says decimal text. 2.1 has seen numbers and `{value, scale}` as well, which we take to be
    digits and how many of them stand behind the point.
    """
    value = payload[key]
    if isinstance(value, dict):
        digits, scale = value["value"], value["scale"]
        if type(digits) is not int or type(scale) is not int or not 0 <= scale <= LARGEST_SCALE:
            raise ValueError(f"{key} is no amount")
        return money.parse(Decimal(digits).scaleb(-scale))
    if value in (None, ""):
        raise ValueError(f"no {key}")
    return money.parse(value)


def day(payload: JSON, key: str) -> date | None:
    """A day alone, or the day of a moment as it is written there (A12)."""
    value = text(payload, key)
    return date.fromisoformat(value[:10]) if value else None


def moment(payload: JSON, key: str) -> datetime | None:
    value = text(payload, key)
    if not value:
        return None
    parsed = datetime.fromisoformat(value)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)
