"""Shows in Procore what the ledger has paid. Sections are those of the Procore fact sheet.

An invoice of a subcontract knows no status "paid". Each payment of it becomes a contract payment
that names the invoice, which feeds what is paid and open on the commitment; when the invoice is
paid in full, it gets the day as well (11). A direct cost has nothing but that day (8.4).

Our mark on a contract payment is its `origin_id`: one integration an object, unique in a company
(2.9, 2.10). Procore promises nothing of a repeated request (2.7), so every telling lists the
contract's payments first and adds only what is not there.
"""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

from connectors.errors import RateLimited, Refused
from connectors.http import Http
from connectors.procore import translate
from connectors.records import JSON, PaidBill, PulledBill, ToldPayment

MARK = "tieout:"
TAKEN_BACK = "tieout: void in the ledger"  # in `origin_data`, of one about to be deleted
BUSY = timedelta(seconds=15)
PAYMENTS = "/rest/v1.0/contract_payments"
Rows = Callable[..., Iterator[JSON]]


def tell(http: Http, rows: Rows, paid: PaidBill) -> None:
    """Make Procore say of a bill what the ledger says.

    Raises:
        Refused: the invoice, or a payment of it, is locked there by another integration.
    """
    if paid.kind == PulledBill.Kind.DIRECT_COST:
        _tell_direct_cost(http, paid)
        return
    _tell_payments(http, rows, paid)
    _tell_invoice(http, paid)


def _tell_payments(http: Http, rows: Rows, paid: PaidBill) -> None:
    where = {"project_id": paid.project_id, "contract_id": paid.commitment_id}
    known = list(rows(PAYMENTS, **where))
    for row in known:
        if translate.text(row, "origin_data") == TAKEN_BACK:
            http.delete(f"{PAYMENTS}/{translate.identifier(row)}", where)
    known = [row for row in known if translate.text(row, "origin_data") != TAKEN_BACK]
    marked = {translate.text(row, "origin_id"): row for row in known}
    by_hand = [
        row
        for row in known
        if not translate.text(row, "origin_id")
        and translate.text(row, "requisition_id") == paid.external_id
    ]
    for payment in paid.payments:
        there = marked.get(MARK + payment.key)
        if there is not None and (payment.is_void or not _says(there, payment)):
            _take_back(http, there, where)
            there = None
        if there is not None or payment.is_void:
            continue
        if entered := next((row for row in by_hand if _is_same(row, payment)), None):
            by_hand.remove(entered)  # somebody was faster than we: not to be entered twice
            continue
        _enter(http, paid, payment)


def _enter(http: Http, paid: PaidBill, payment: ToldPayment) -> None:
    said = {
        "date": payment.payment_date.isoformat(),
        "amount": f"{payment.amount:.2f}",
        "check_number": payment.number,
        "invoice_number": paid.number,
        "requisition_id": int(paid.external_id),
        "notes": f"Paid in {paid.ledger}",
        "origin_id": MARK + payment.key,
        "origin_data": paid.ledger_bill_id,
    }
    body = {**_scope(paid), "contract_payment": {name: v for name, v in said.items() if v != ""}}
    try:
        http.post(PAYMENTS, _written(body))
    except Refused as error:
        # It was on its way while we looked, and arrived before us.
        if error.field == "origin_id" and "taken" in str(error):
            return
        raise


def _take_back(http: Http, row: JSON, where: dict[str, str]) -> None:
    """A marked payment is locked: the mark goes first. That this unlocks it is an assumption (11).

    When the second call does not get through, the next telling finds by `origin_data` what is left.
    """
    path = f"{PAYMENTS}/{translate.identifier(row)}"
    scope = {name: int(value) for name, value in where.items()}
    unmarked = {"origin_id": None, "origin_data": TAKEN_BACK}
    http.patch(path, _written({**scope, "contract_payment": unmarked}))
    http.delete(path, where)


def _tell_invoice(http: Http, paid: PaidBill) -> None:
    path = f"/rest/v1.1/requisitions/{paid.external_id}"
    invoice = http.get(path, {"project_id": paid.project_id}).data
    wanted = _day(paid)
    if wanted == (translate.text(invoice, "payment_date") or None):
        return
    if wanted is None and not any(payment.is_void for payment in paid.payments):
        return  # a part is paid, and the day that is there is a person's
    body = {
        "project_id": int(paid.project_id),
        "commitment_id": int(paid.commitment_id),
        "requisition": {"payment_date": wanted},
    }
    http.patch(path, _written(body))


def _tell_direct_cost(http: Http, paid: PaidBill) -> None:
    """By the documented bulk write (2.9); that it takes `payment_date` is an assumption."""
    path = f"/rest/v1.0/projects/{paid.project_id}/direct_costs"
    cost = http.get(f"{path}/{paid.external_id}").data
    wanted = _day(paid)
    if wanted == (translate.text(cost, "payment_date") or None):
        return
    if wanted is None and not any(payment.is_void for payment in paid.payments):
        return
    update = {"id": int(paid.external_id), "payment_date": wanted}
    try:
        answer = http.patch(f"{path}/sync", _written({"updates": [update]}))
    except Refused as error:
        if error.code != "409":
            raise
        # 8.4: somebody else's bulk write is under way.
        raise RateLimited(
            "Procore is busy with another change of direct costs.",
            wait=BUSY,
            request_id=error.request_id,
        ) from error
    # 2.9: always 200, with what went wrong inside.
    if errors := answer.data.get("errors") if isinstance(answer.data, dict) else None:
        raise Refused(
            f"Procore did not take the day on which a direct cost was paid: {_said(errors)}.",
            field="payment_date",
            request_id=answer.request_id,
        )


def _day(paid: PaidBill) -> str | None:
    return paid.paid_date.isoformat() if paid.is_paid_in_full and paid.paid_date else None


def _says(row: JSON, payment: ToldPayment) -> bool:
    return (
        translate.amount(row, "amount") == payment.amount
        and translate.day(row.get("date")) == payment.payment_date
    )


def _is_same(row: JSON, payment: ToldPayment) -> bool:
    """Entered by hand: the same amount, on the same day or with the same number."""
    number = translate.text(row, "check_number")
    return translate.amount(row, "amount") == payment.amount and (
        translate.day(row.get("date")) == payment.payment_date
        or (number != "" and number == payment.number)
    )


def _scope(paid: PaidBill) -> dict[str, int]:
    return {"project_id": int(paid.project_id), "contract_id": int(paid.commitment_id)}


def _written(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _said(errors: JSON) -> str:
    texts = [
        f"{name} {text}"
        for row in errors
        for name, said in (row.get("errors") or {}).items()
        for text in said
    ]
    return "; ".join(texts) or "no reason given"
