"""Payments of bills, entered by the API and by a bookkeeper in QuickBooks' own screens."""

from decimal import Decimal

from werkzeug.wrappers import Request, Response

from connectors.http import parse_json
from connectors.quickbooks_online import sandbox_bills as bills
from connectors.quickbooks_online import sandbox_payments as payments
from connectors.quickbooks_online.sandbox_faults import Refusal, business
from connectors.quickbooks_online.sandbox_hooks import Hooks
from connectors.sandboxing import Doc, json_response

HOW = {"check": "Check", "card": "CreditCard"}


class Paying(Hooks):
    """What both ways in have in common, and the console's own endpoints."""

    def pay(self, body: Doc, old: Doc | None, *, is_void: bool = False) -> Doc:
        """Keep a payment, a new version of one, or one that is void.

        Raises:
            Refusal: one of the rules of a payment is broken; nothing has changed.
        """
        now = self.now()
        if is_void:
            if old is None:
                raise business(6450, "Void failed", "There is no such payment.")
            bills.check_open(self.entities, old["TxnDate"])
            payments.take_back(self.entities, old, now)
            return self.entities.put("BillPayment", payments.voided(old), now)
        doc = payments.checked(self.entities, body, now, old=old)
        if old is not None:
            payments.take_back(self.entities, old, now)
        kept = self.entities.put("BillPayment", {**doc, **({"Id": old["Id"]} if old else {})}, now)
        payments.apply(self.entities, kept, now)
        return kept

    def take_away(self, entity: str, doc: Doc) -> None:
        """Delete a document. What others are linked to has to be unlinked first (5.5)."""
        bills.check_open(self.entities, doc["TxnDate"])
        if doc.get("LinkedTxn"):
            raise business(800, "Operation not allowed", "A payment is linked to it.")
        if entity == "BillPayment":
            payments.take_back(self.entities, doc, self.now())
        self.entities.delete(entity, doc["Id"], self.now())

    # --- What a bookkeeper does ---------------------------------------------------------------

    def pay_by_hand(self, request: Request) -> Response:
        """JSON {"bills": {id: amount}}; `credits` likewise, `how` check or card, `number`, `date`.

        An amount may be null: all that is open.
        """
        said = parse_json(request.get_data())
        try:
            kept = self.pay(self._payment(said), None)
        except Refusal as refusal:
            return json_response({"error": str(refusal)}, 400)
        return json_response(self.entities.shown("BillPayment", kept))

    def undo_payment(self, request: Request, key: str, action: str) -> Response:
        """`void` or `delete` one payment."""
        doc = self.entities.get("BillPayment", key)
        if doc is None or action not in {"void", "delete"}:
            return json_response({"error": "Void or delete a payment that is there."}, 404)
        try:
            if action == "void":
                doc = self.pay({}, doc, is_void=True)
            else:
                self.take_away("BillPayment", doc)
        except Refusal as refusal:
            return json_response({"error": str(refusal)}, 400)
        return json_response(self.entities.shown("BillPayment", doc))

    def payments_made(self, request: Request) -> Response:
        """Every payment, oldest first; amounts are text, so that a check compares cents."""
        return json_response([_shown(doc) for doc in self.entities.all("BillPayment")])

    def _payment(self, said: Doc) -> Doc:
        lines: list[Doc] = []
        vendor: Doc = {}
        total = Decimal(0)
        for entity, column, sign in (("Bill", "bills", 1), ("VendorCredit", "credits", -1)):
            for key, given in said.get(column, {}).items():
                doc = self.entities.get(entity, str(key)) or {}
                amount = Decimal(str(given)) if given is not None else doc.get("Balance")
                lines.append(
                    {"Amount": amount, "LinkedTxn": [{"TxnId": str(key), "TxnType": entity}]}
                )
                vendor = doc.get("VendorRef", vendor)
                total += sign * (amount or 0)
        kind = HOW[said.get("how", "check")]
        detail, prop, wanted = payments.PAID_FROM[kind]
        account = next((a for a in self.entities.all("Account") if _takes(a, wanted)), None)
        if account is None:
            raise business(6000, "A business validation error", f"There is no {wanted} account.")
        return {
            "VendorRef": vendor,
            "PayType": kind,
            detail: {prop: {"value": account["Id"]}},
            "TotalAmt": total,
            "DocNumber": said.get("number", ""),
            "TxnDate": said.get("date", ""),
            "Line": lines,
        }


def _takes(account: Doc, wanted: str) -> bool:
    return bool(account["AccountType"] == wanted and account.get("Active", True))


def _shown(doc: Doc) -> Doc:
    return {
        "id": doc["Id"],
        "vendor_id": doc["VendorRef"]["value"],
        "number": doc.get("DocNumber", ""),
        "date": doc["TxnDate"],
        "total": f"{doc['TotalAmt']:.2f}",
        "note": doc.get("PrivateNote", ""),
        "applied": {
            f"{entity} {key}": f"{amount:.2f}" for entity, key, amount in payments.linked(doc)
        },
    }
