"""Procore payloads to records. Pure: nothing here asks Procore anything.

Sections named below are those of the Procore fact sheet. The bills of subcontracts have their own
module, `pay_applications`, because they take arithmetic and not only translation.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import wraps
from typing import Concatenate, ParamSpec, TypeVar

from common import money
from common.choices import RecordKind
from connectors.errors import UnexpectedPayload
from connectors.records import (
    JSON,
    PulledBill,
    PulledBillLine,
    PulledCommitment,
    PulledCommitmentLine,
    PulledCompany,
    PulledRecord,
)

P = ParamSpec("P")
T = TypeVar("T")

# 5.1: what may be billed against. The sheet says that Approved and Complete freeze a commitment;
# that a received or closed purchase order was approved before is our assumption.
APPROVED_COMMITMENTS = {
    PulledCommitment.Kind.SUBCONTRACT: {"Approved", "Complete"},
    PulledCommitment.Kind.PURCHASE_ORDER: {
        "Approved",
        "Partially Received",
        "Received",
        "Closed",
    },
}

# 8.4: what a vendor is owed for. Type "subcontractor_invoice" is there only where Procore enabled
# it; that such an invoice comes as a requisition all the same is our assumption, so it is held.
COSTS_TO_PAY = {"invoice", "expense"}
COSTS_NOT_OURS = {"subcontractor_invoice": PulledBill.NotOurs.COMES_TWICE}

_AT_ONCE = re.compile(r"(due|payable)\s+(up)?on\s+receipt", re.IGNORECASE)
# Also behind a discount: "2% 10, net 30".
_NET = re.compile(r"(.*\W)?net\s*(?P<days>\d{1,3})(\s*days?)?", re.IGNORECASE)


def understood(
    what: str,
) -> Callable[[Callable[Concatenate[JSON, P], T]], Callable[Concatenate[JSON, P], T]]:
    """Turn whatever a payload lacks or garbles into one sentence that names the record."""

    def decorate(
        translate: Callable[Concatenate[JSON, P], T],
    ) -> Callable[Concatenate[JSON, P], T]:
        @wraps(translate)
        def translated(payload: JSON, /, *args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return translate(payload, *args, **kwargs)
            except (AttributeError, KeyError, TypeError, ValueError) as error:
                known = payload if isinstance(payload, dict) else {}
                raise UnexpectedPayload(
                    f"Procore's {what} {known.get('id', 'without an id')} cannot be read "
                    f"({type(error).__name__}: {error}). Tell support which record it is.",
                    payload=payload,
                ) from error

        return translated

    return decorate


@understood("company")
def company(payload: JSON) -> PulledCompany:
    """3.1."""
    return PulledCompany(external_id=identifier(payload), name=required_text(payload, "name"))


@understood("vendor")
def vendor(payload: JSON, *, is_active: bool) -> PulledRecord:
    """3.2. The list a vendor came from says whether it is active; its own flag says so better."""
    name = required_text(payload, "name")
    spellings = (text(payload, key) for key in ("trade_name", "legal_name", "abbreviated_name"))
    own_flag = payload.get("is_active")
    return PulledRecord(
        kind=RecordKind.VENDOR,
        external_id=identifier(payload),
        name=name,
        code=text(payload, "origin_code"),
        is_active=is_active if own_flag is None else bool(own_flag),
        other_names=tuple(dict.fromkeys(other for other in spellings if other not in {"", name})),
        address=text(payload, "address"),
        city=text(payload, "city"),
        state=text(payload, "state_code"),
        postcode=text(payload, "zip"),
        email=text(payload, "email_address"),
        phone=text(payload, "business_phone"),
        tax_id=text(payload.get("business_register") or {}, "identifier"),
        changed_at=moment(payload.get("updated_at")),
        payload=payload,
    )


@understood("project")
def project(payload: JSON) -> PulledRecord:
    """3.3."""
    return PulledRecord(
        kind=RecordKind.PROJECT,
        external_id=identifier(payload),
        name=required_text(payload, "name"),
        code=text(payload, "project_number"),
        is_active=bool(payload.get("active", True)),
        address=text(payload, "address"),
        city=text(payload, "city"),
        state=text(payload, "state_code"),
        postcode=text(payload, "zip"),
        changed_at=moment(payload.get("updated_at")),
        payload=payload,
    )


@understood("cost type")
def cost_type(payload: JSON) -> PulledRecord:
    """4.2: a cost type is called line item type there, and its base type may be null."""
    return PulledRecord(
        kind=RecordKind.COST_TYPE,
        external_id=identifier(payload),
        name=required_text(payload, "name"),
        code=text(payload, "code"),
        type=text(payload, "base_type"),
        payload=payload,
    )


@understood("cost code")
def cost_code(payload: JSON, by_id: Mapping[str, JSON]) -> PulledRecord:
    """4.1, 4.2. Known by its joined code, because the ids change when a list is edited (4.3).

    `by_id` is the whole list, in which the codes above this one are found.
    """
    above: list[JSON] = []
    parent = by_id.get(_parent_id(payload))
    while parent is not None and parent is not payload and parent not in above:
        above.insert(0, parent)
        parent = by_id.get(_parent_id(parent))
    full_code, name = required_text(payload, "full_code"), required_text(payload, "name")
    return PulledRecord(
        kind=RecordKind.COST_CODE,
        external_id=full_code,
        name=name,
        code=full_code,
        path=":".join([*(text(row, "name") for row in above), name]),
        parent_external_id=text(above[-1], "full_code") if above else "",
        is_active=payload.get("deleted_at") is None,
        changed_at=moment(payload.get("updated_at")),
        payload=payload,
    )


@understood("commitment")
def commitment(
    payload: JSON, lines: Iterable[JSON], *, kind: PulledCommitment.Kind, project_id: str
) -> PulledCommitment:
    """5.1, 5.2: `grand_total` is the original sum there, `revised_contract` the sum to date."""
    status = text(payload, "status")
    return PulledCommitment(
        kind=kind,
        external_id=identifier(payload),
        number=text(payload, "number"),
        title=text(payload, "title"),
        vendor_id=text(payload.get("vendor") or {}, "id"),
        project_id=project_id,
        status=status,
        is_approved=status in APPROVED_COMMITMENTS[kind] and payload.get("deleted_at") is None,
        commitment_date=day(payload.get("contract_date")),
        original_amount=required_amount(payload, "grand_total"),
        revised_amount=required_amount(payload, "revised_contract"),
        currency=currency(payload),
        lines=tuple(commitment_line(line) for line in lines),
        payload=payload,
    )


@understood("commitment line")
def commitment_line(payload: JSON) -> PulledCommitmentLine:
    """5.2."""
    return PulledCommitmentLine(
        external_id=identifier(payload),
        position=int(payload.get("position") or 0),
        description=text(payload, "description"),
        cost_code_id=line_cost_code(payload),
        cost_type_id=line_cost_type(payload),
        amount=required_amount(payload, "amount"),
    )


@understood("direct cost")
def direct_cost(payload: JSON, lines: Sequence[JSON], *, project_id: str) -> PulledBill:
    """8.4. Nothing is held back from a direct cost."""
    status = text(payload, "status")
    billed_on = day(payload.get("direct_cost_date")) or day(payload["received_date"])
    if billed_on is None:
        raise ValueError("no date")
    days = days_to_pay(text(payload, "terms"))
    return PulledBill(
        kind=PulledBill.Kind.DIRECT_COST,
        external_id=identifier(payload),
        number=text(payload, "invoice_number"),
        vendor_id=text(payload, "vendor_id"),
        project_id=project_id,
        commitment_id="",
        bill_date=billed_on,
        due_date=None if days is None else billed_on + timedelta(days=days),
        period_start=None,
        period_end=None,
        description=text(payload, "description"),
        status=status,
        is_approved=status == "approved" and payload.get("deleted_at") is None,
        currency=currency(payload),
        total=required_amount(payload, "grand_total"),
        # The list that they come from names no order.
        lines=tuple(sorted((direct_cost_line(line) for line in lines), key=_place)),
        not_ours=_cost_not_ours(payload) or sent_by_another(payload),
        changed_at=moment(payload.get("updated_at")),
        payload={**payload, "line_items": list(lines)},
    )


def days_to_pay(terms: str) -> int | None:
    """8.4: terms are free text. None where they name no plain number of days ("Net 30 EOM")."""
    if _AT_ONCE.fullmatch(terms):
        return 0
    found = _NET.fullmatch(terms)
    return int(found["days"]) if found else None


def _cost_not_ours(payload: JSON) -> PulledBill.NotOurs | None:
    kind = text(payload, "direct_cost_type")
    if kind in COSTS_TO_PAY:
        return None
    return COSTS_NOT_OURS.get(kind, PulledBill.NotOurs.NO_BILL)


@understood("direct cost line")
def direct_cost_line(payload: JSON) -> PulledBillLine:
    """8.4: shaped as a commitment line, 5.2."""
    return PulledBillLine(
        external_id=identifier(payload),
        position=int(payload.get("position") or 0),
        description=text(payload, "description"),
        cost_code_id=line_cost_code(payload),
        cost_type_id=line_cost_type(payload),
        amount=required_amount(payload, "amount"),
        retainage=money.ZERO,
    )


def sent_by_another(payload: JSON) -> PulledBill.NotOurs | None:
    """2.10, 12 (gotcha 24): the mark that an integration puts on what it has exported. We put none
    there, so whatever stands there is somebody else's.
    """
    return PulledBill.NotOurs.SENT_BY_ANOTHER if text(payload, "origin_id") else None


def _place(line: PulledBillLine) -> tuple[int, int, str]:
    return line.position, len(line.external_id), line.external_id


@understood("direct cost line")
def holder_id(payload: JSON) -> str:
    """5.2: the direct cost that a line belongs to."""
    return identifier(payload["holder"])


def line_cost_code(line: JSON) -> str:
    """The joined code, which is how our cost code records are known; "" when there is none."""
    code = line.get("cost_code")
    return required_text(code, "full_code") if code else ""


def line_cost_type(line: JSON) -> str:
    """12, gotcha 6: amount-only lines may have no type."""
    return text(line.get("line_item_type") or {}, "id")


# --- Values (2.8) -------------------------------------------------------------------------------


def identifier(payload: JSON) -> str:
    """Ids are integers in one version and text in the next (2.1): we keep text."""
    return required_text(payload, "id")


def text(payload: JSON, key: str) -> str:
    value = payload.get(key)
    return "" if value is None else str(value).strip()


def required_text(payload: JSON, key: str) -> str:
    value = text(payload, key)
    if not value:
        raise ValueError(f"no {key}")
    return value


def amount(payload: JSON, key: str) -> Decimal:
    return money.to_cents(money.parse(payload.get(key)))


def required_amount(payload: JSON, key: str) -> Decimal:
    """An amount that may be zero but not absent: nothing is not the same as nothing owed."""
    if payload.get(key) in (None, ""):
        raise ValueError(f"no {key}")
    return amount(payload, key)


def day(value: str | None) -> date | None:
    return date.fromisoformat(value[:10]) if value else None


def moment(value: str | None) -> datetime | None:
    if not value:
        return None
    parsed = datetime.fromisoformat(value)
    return parsed.replace(tzinfo=UTC) if parsed.tzinfo is None else parsed.astimezone(UTC)


def currency(payload: JSON) -> str:
    """2.8. A company without multicurrency may not name it; United States dollars are assumed."""
    return text(payload.get("currency_configuration") or {}, "currency_iso_code") or "USD"


def _parent_id(row: JSON) -> str:
    """The company list says `parent_id`, a project's list `parent{id}`; "" above the top."""
    parent = row.get("parent")
    return text(parent, "id") if isinstance(parent, dict) else text(row, "parent_id")
