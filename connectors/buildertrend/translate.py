"""Buildertrend's values to records of ours. Pure, and the same for both routes.

`payloads` makes the values from the assumed contract's JSON, `files` makes them from exports.
Sections named below are those of the Buildertrend fact sheet.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

from common import money
from common.choices import RecordKind
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
from connectors.records import (
    PulledBill,
    PulledBillLine,
    PulledCommitment,
    PulledCommitmentLine,
    PulledRecord,
)

CLOSED_JOB = "closed"  # 2.1; any other word, known or not, is a job that still runs
CURRENCY = "USD"  # nothing in 2 names a currency


@dataclass(frozen=True, kw_only=True)
class Coding:
    """What titles mean where a line names no id: external ids by plain title.

    A title that two codes share means neither (2.2: the same number for two trades).
    """

    cost_codes: Mapping[str, str] = field(default_factory=dict)
    cost_types: Mapping[str, str] = field(default_factory=dict)

    def code_of(self, line: LineItem) -> str:
        """ "" for what no cost code of the list is called, and for what is a payment."""
        if words.is_payment(line.cost_code_title):
            return ""
        return line.cost_code_id or self.cost_codes.get(_title_key(line.cost_code_title), "")

    def type_of(self, line: LineItem) -> str:
        """ "" where a line names several types, or one that the list does not have."""
        found = {self.cost_types.get(words.plain(name), "") for name in line.cost_types}
        return found.pop() if len(found) == 1 else ""


def coding(codes: Iterable[CostCode], types: Iterable[CostType]) -> Coding:
    """Deleted ones too: a document may name what was deleted since."""
    titles: dict[str, set[str]] = {}
    for code in codes:
        number, name = _number_and_name(code)
        for key in {_title_key(code.title), words.plain(f"{number} {name}")}:
            titles.setdefault(key, set()).add(code.cost_code_id)
    return Coding(
        cost_codes={key: ids.pop() for key, ids in titles.items() if len(ids) == 1},
        cost_types={words.plain(one.name): one.cost_type_id for one in types},
    )


# --- Lists --------------------------------------------------------------------------------------


def vendor(value: Vendor) -> PulledRecord:
    """2.3. A sole trader may be known by the contact's name only."""
    name = value.company_name or value.contact_name
    if not name:
        raise _unclear("vendor", value.vendor_id, value.raw, "has no name. Name it there.")
    return PulledRecord(
        kind=RecordKind.VENDOR,
        external_id=value.vendor_id,
        name=name,
        is_active=value.is_active,
        other_names=(value.contact_name,) if value.contact_name not in {"", name} else (),
        address=value.street,
        city=value.city,
        state=value.state,
        postcode=value.zip,
        email=value.email,
        phone=value.phone,
        tax_id=value.tax_id,
        changed_at=value.updated_at,
        payload=value.raw,
    )


def project(value: Job) -> PulledRecord:
    """2.1. Its number is written before its name, "24-017 Lot 17 Aspen Ridge"."""
    if not value.job_name.strip():
        raise _unclear("job", value.job_id, value.raw, "has no name. Name it there.")
    number, name = words.split_number(value.job_name)
    return PulledRecord(
        kind=RecordKind.PROJECT,
        external_id=value.job_id,
        name=name,
        code=number,
        other_names=(value.job_name.strip(),) if number else (),
        is_active=words.plain(value.job_status) != CLOSED_JOB,
        address=value.street,
        city=value.city,
        state=value.state,
        postcode=value.zip,
        changed_at=value.updated_at,
        payload=value.raw,
    )


def cost_code(value: CostCode) -> PulledRecord | None:
    """2.2. Known by its id: titles are dirty, and two trades may share a number.

    None for a payment that is kept among the codes: there is nothing in it to map.
    """
    if words.is_payment(value.title):
        return None
    number, name = _number_and_name(value)
    if not name:
        raise _unclear("cost code", value.cost_code_id, value.raw, "has no title. Name it there.")
    category = value.category_name.strip().rstrip(" :")
    return PulledRecord(
        kind=RecordKind.COST_CODE,
        external_id=value.cost_code_id,
        name=name,
        code=number,
        path=f"{category}:{name}" if category else "",
        is_active=value.is_active,
        changed_at=value.updated_at,
        payload=value.raw,
    )


def cost_type(value: CostType) -> PulledRecord:
    """2.2: the list of types is our assumption."""
    return PulledRecord(
        kind=RecordKind.COST_TYPE,
        external_id=value.cost_type_id,
        name=value.name,
        changed_at=value.updated_at,
        payload=value.raw,
    )


# --- Documents ----------------------------------------------------------------------------------


def commitment(value: PurchaseOrder, coding: Coding) -> PulledCommitment:
    """2.4. What it is worth is `cost`: a change of it that the owner pays becomes a purchase order
    of its own (2.6), so nothing of a change order is added here.
    """
    state = words.purchase_order_state(value.approval_status_text, is_recalled=value.is_recalled)
    lines = value.line_items or _whole(
        value.purchase_order_id, value.title, value.cost, value.cost_codes
    )
    return PulledCommitment(
        kind=PulledCommitment.Kind.PURCHASE_ORDER,
        external_id=value.purchase_order_id,
        number=value.po_number,
        title=value.title,
        vendor_id=value.performing_user_id,
        project_id=value.job_id,
        status=value.approval_status_text,
        is_approved=state in words.COMMITTED and not value.is_deleted,
        commitment_date=value.date_added,
        original_amount=money.to_cents(value.cost),
        revised_amount=money.to_cents(value.cost),
        currency=CURRENCY,
        lines=tuple(
            PulledCommitmentLine(
                external_id=line.line_item_id,
                position=position,
                description=_words_of(line),
                cost_code_id=coding.code_of(line),
                cost_type_id=coding.type_of(line),
                amount=money.to_cents(line.builder_cost),
            )
            for position, line in enumerate(_that_cost(lines), start=1)
        ),
        payload=value.raw,
    )


def bill(value: Bill, coding: Coding) -> PulledBill:
    """2.5. Nothing is held back from it: retainage is a bill of its own there (5).

    One kind for all: whether a purchase order is named may change at any time, and a bill that
    changed its kind would come as another bill, and be posted twice.
    """
    state = words.bill_state(value.status or value.payment_status)
    is_approved = state in words.TO_BE_PAID and not value.is_deleted
    # A draft may have no date yet. What is to be posted belongs to a period, which is not guessed.
    billed_on = value.invoice_date or (None if is_approved else value.created_date)
    if billed_on is None:
        raise _unclear("bill", value.bill_id, value.raw, "has no invoice date. Enter it there.")
    lines = value.line_items or _whole(value.bill_id, value.title, value.amount, value.cost_codes)
    return PulledBill(
        kind=PulledBill.Kind.BILL,
        external_id=value.bill_id,
        number=value.bill_number,
        vendor_id=value.pay_to_id,
        project_id=value.job_id,
        commitment_id=_only(value.related_purchase_order_ids),
        bill_date=billed_on,
        due_date=value.due_date,
        period_start=None,
        period_end=None,
        description=value.title,
        status=value.status or value.payment_status,
        is_approved=is_approved,
        currency=CURRENCY,
        total=money.to_cents(value.amount),
        lines=tuple(
            PulledBillLine(
                external_id=line.line_item_id,
                position=position,
                description=_words_of(line),
                cost_code_id=coding.code_of(line),
                cost_type_id=coding.type_of(line),
                amount=money.to_cents(line.builder_cost),
                retainage=money.ZERO,
            )
            for position, line in enumerate(_that_cost(lines), start=1)
        ),
        not_ours=_not_ours(value),
        changed_at=value.updated_at,
        payload=value.raw,
    )


def _not_ours(value: Bill) -> PulledBill.NotOurs | None:
    """9.2: what came from the accounting system never goes back; a payment is no cost; and what is
    paid already would be paid a second time.
    """
    if value.is_originated_from_accounting:
        return PulledBill.NotOurs.FROM_LEDGER
    titles = [line.cost_code_title for line in value.line_items] or list(value.cost_codes)
    if titles and all(words.is_payment(title) for title in titles):
        return PulledBill.NotOurs.NO_BILL
    if words.BillState.PAID in map(words.bill_state, (value.status, value.payment_status)):
        return PulledBill.NotOurs.PAID_THERE
    return None


def _whole(
    external_id: str, title: str, amount: Decimal, cost_codes: Iterable[str]
) -> tuple[LineItem, ...]:
    """9.2: a document without lines is one line. With several codes it names none of them: how
    much goes to each is not told, so the line lacks a code and its document is held.
    """
    codes = words.real_codes(cost_codes)
    if len(codes) > 1:
        title = f"Several cost codes, and no amount for each: {'; '.join(codes)}"
    return (
        LineItem(
            line_item_id=external_id,
            item_title=title,
            builder_cost=amount,
            cost_code_title=codes[0] if len(codes) == 1 else "",
        ),
    )


def _that_cost(lines: tuple[LineItem, ...]) -> list[LineItem]:
    """5: the flat rate rides along beside real codes without an amount."""
    return [
        line
        for line in lines
        if not (words.is_flat_rate(line.cost_code_title) and line.builder_cost == 0)
    ] or list(lines)


def _words_of(line: LineItem) -> str:
    both = (line.item_title.strip(), line.description.strip())
    return ": ".join(dict.fromkeys(text for text in both if text))


def _number_and_name(value: CostCode) -> tuple[str, str]:
    number, name = words.split_number(value.title)
    if value.number and number not in {"", value.number}:
        return value.number, value.title.strip().rstrip(" :")
    return value.number or number, name.rstrip(" :")


def _title_key(title: str) -> str:
    return words.plain(" ".join(words.split_number(title)))


def _only(ids: tuple[str, ...]) -> str:
    """Which of several purchase orders a bill belongs to is not told."""
    return ids[0] if len(set(ids)) == 1 else ""


def _unclear(what: str, external_id: str, raw: object, problem: str) -> UnexpectedPayload:
    return UnexpectedPayload(f"Buildertrend's {what} {external_id} {problem}", payload=raw)
