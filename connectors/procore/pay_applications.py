"""A pay application is cumulative, a bill is what it adds to the application before it.

Source: Procore fact sheet, section 7 (Procore calls a pay application a requisition) and the
sheet on construction finance, section 2.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal

from common import money
from connectors.procore.translate import (
    amount,
    currency,
    day,
    identifier,
    moment,
    required_amount,
    sent_by_another,
    text,
    understood,
)
from connectors.records import JSON, PulledBill, PulledBillLine

# 7.2. There is no status "paid"; one that waits for the owner is not ours to pay yet.
APPROVED = {"approved", "approved_as_noted"}

# What makes an item the same line in the next application (7.4). An item's own id is new each time.
LINE_KEYS = (
    "item_type",
    "line_item_id",
    "detail_line_item_id",
    "commitment_line_item_id",
    "change_order_package_id",
)


@dataclass(frozen=True, kw_only=True)
class Codes:
    """What an item's ids mean in one project: items name a cost code by id and no cost type."""

    full_codes: Mapping[str, str]  # a project cost code's id: its joined code
    cost_types: Mapping[str, str]  # a cost type's code: its id

    def cost_code(self, item: JSON) -> str:
        """The joined code; "" when the item names none, or one that the project no longer has."""
        return self.full_codes.get(text(item, "cost_code_id"), "")

    def cost_type(self, item: JSON) -> str:
        """4.3: the budget code `03-300.S` ends in the cost type's code; "" when it has none."""
        cost_code = self.cost_code(item)
        flat_code = text(item.get("wbs_code") or {}, "flat_code")
        if not cost_code or cost_code not in flat_code:
            return ""
        # Which character joins the two is the company's choice.
        cost_type_code = flat_code.rpartition(cost_code)[2][1:]
        return self.cost_types.get(cost_type_code, "")


@understood("invoice")
def bill(payload: JSON, previous: JSON | None, *, project_id: str, codes: Codes) -> PulledBill:
    """What this application adds to `previous`, the one before it on the same commitment.

    The total is the source's own; whether the lines add up to it is for the product to notice.
    """
    status = text(payload, "status")
    billed_on = day(payload.get("billing_date")) or day(payload.get("requisition_end"))
    if billed_on is None:
        raise ValueError("no billing date")
    return PulledBill(
        kind=PulledBill.Kind.SUBCONTRACTOR_INVOICE,
        external_id=identifier(payload),
        number=text(payload, "invoice_number"),
        vendor_id=text(payload, "vendor_id"),
        project_id=project_id,
        commitment_id=text(payload, "commitment_id"),
        bill_date=billed_on,
        # A billing period's due date is the day by which the invoice had to be handed in (Procore's
        # help, "Edit a billing period"); no list is documented to show when one is to be paid.
        due_date=None,
        period_start=day(payload.get("requisition_start")),
        period_end=day(payload.get("requisition_end")),
        description=text(payload, "contract_name"),
        status=status,
        is_approved=status in APPROVED,
        currency=currency(payload),
        total=required_amount(payload["summary"], "current_payment_due"),
        lines=tuple(_lines(payload, previous, codes)),
        not_ours=sent_by_another(payload),
        changed_at=moment(payload.get("updated_at")),
        payload=payload,
    )


def _lines(payload: JSON, previous: JSON | None, codes: Codes) -> Iterator[PulledBillLine]:
    """Lines that bill, hold or release something; the other lines of the schedule are left out."""
    now, before = _items(payload), _items(previous) if previous else {}
    for key in dict.fromkeys([*now, *before]):
        item = now.get(key) or before[key]
        gross = _completed(now.get(key)) - _completed(before.get(key))
        retainage = _held(now.get(key)) - _held(before.get(key))
        if gross or retainage:
            yield PulledBillLine(
                # Items of contracts and of change orders are numbered apart, so both are named.
                external_id=f"{text(item, 'item_type')}:{identifier(item)}",
                position=int(item.get("position") or 0),
                description=text(item, "description_of_work"),
                cost_code_id=codes.cost_code(item),
                cost_type_id=codes.cost_type(item),
                amount=gross,
                retainage=retainage,
            )


def _items(requisition: JSON) -> dict[tuple[str, ...], JSON]:
    items: dict[tuple[str, ...], JSON] = {}
    for item in requisition["items"]:
        key = tuple(text(item, name) for name in LINE_KEYS)
        if key in items:
            raise ValueError(f"two items for the same line, {item['id']} and {items[key]['id']}")
        items[key] = item
    return items


def _completed(item: JSON | None) -> Decimal:
    """Completed and stored to date (7.4), so that stored material is billed once."""
    return required_amount(item, "total_completed_and_stored_to_date") if item else money.ZERO


def _held(item: JSON | None) -> Decimal:
    """Retainage held to date, on work and on stored material.

    7.4: held on work is what was held before, plus what is retained, less what is released. That
    the retainage of material moved into work is counted apart from these is an assumption.
    """
    if item is None:
        return money.ZERO
    return (
        amount(item, "work_completed_retainage_from_previous_application")
        + amount(item, "work_completed_retainage_retained_this_period")
        + amount(item, "materials_retainage_retained_moved")
        - amount(item, "work_completed_retainage_released_this_period")
        + amount(item, "materials_stored_retainage_currently_retained")
    )
