"""What somebody does in Sage Intacct by hand, on order: submit, pay, close a month, take a right.

These endpoints under /_sandbox/ are for tests, the demo and checks. They know no faults.
"""

from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from connectors.http import parse_json
from connectors.sage_intacct import sandbox_bills as bills
from connectors.sage_intacct import sandbox_payments as payments
from connectors.sage_intacct.posted import key_in
from connectors.sage_intacct.sandbox_books import DEFAULT_COMPANY, BooksSandbox
from connectors.sage_intacct.sandbox_objects import KINDS
from connectors.sage_intacct.sandbox_refusals import Refusal
from connectors.sandboxing import Doc, json_response

CHANGEABLE = set(DEFAULT_COMPANY) - {"id"}


class Controls(BooksSandbox):
    control_routes: ClassVar = [
        ("GET", "/_sandbox/bills", "posted_bills"),
        ("POST", "/_sandbox/company", "change_company"),
        ("POST", "/_sandbox/user", "change_user"),
        ("POST", "/_sandbox/sessions/end", "end_sessions"),
        ("POST", "/_sandbox/row/<kind>", "change_row"),
        ("POST", "/_sandbox/bill/<recordno>/<action>", "move_bill"),
        ("POST", "/_sandbox/pay", "pay"),
        ("POST", "/_sandbox/void", "void"),
    ]

    def posted_bills(self, request: Request) -> Response:
        """Every bill, oldest first: id, vendor, number, date, total, balance, state, our key."""
        return json_response([self._posted(bill) for bill in self.entities.all("APBILL")])

    def change_company(self, request: Request) -> Response:
        """JSON with any setting of the books, e.g. {"closed": [["2026-01-01", "2026-01-31"]]}."""
        changes = parse_json(request.get_data())
        if not isinstance(changes, dict) or changes.keys() - CHANGEABLE:
            return _no(f"Send any of {', '.join(sorted(CHANGEABLE))}.")
        self.entities.change_company(**changes)
        return json_response(self.entities.company)

    def change_user(self, request: Request) -> Response:
        """JSON {"user_id": …, "password" | "entities" | "denied": …}: a new user, or changes."""
        said = parse_json(request.get_data())
        if not isinstance(said, dict) or not said.get("user_id"):
            return _no("Say which user.")
        self.entities.put_user({**(self.entities.user(said["user_id"]) or {}), **said})
        return json_response({"user_id": said["user_id"]})

    def end_sessions(self, request: Request) -> Response:
        """As when their hours are over."""
        sessions = self.store.all("session")
        for session in sessions:
            self.store.delete("session", session["id"])
        return json_response({"ended": len(sessions)})

    def change_row(self, request: Request, kind: str) -> Response:
        """JSON {"key": [natural id …], columns…}: a row changed by hand, or {"gone": true}."""
        said: Any = parse_json(request.get_data())
        row = self.entities.named(kind.upper(), *said.pop("key")) if kind.upper() in KINDS else None
        if row is None:
            return _no("There is no such row.", 404)
        if said.pop("gone", False):
            self.entities.delete(kind.upper(), row["RECORDNO"])
            return json_response({"gone": True})
        return json_response(self.entities.put(kind.upper(), {**row, **said}, self.now()))

    def move_bill(self, request: Request, recordno: str, action: str) -> Response:
        """submit, approve, decline, recall or delete, as a person does on the bill's screen."""
        books, now = self.entities, self.now()
        try:
            match action:
                case "submit":
                    bills.submit(books, recordno, now)
                case "approve" | "decline":
                    bills.approve(books, recordno, now, declined=action == "decline")
                case "recall":
                    bills.recall(books, recordno, now)
                case "delete":
                    bills.delete(books, recordno)
                case _:
                    return _no("Do one of submit, approve, decline, recall, delete.", 404)
        except Refusal as refusal:
            return _no(str(refusal))
        left = books.get("APBILL", recordno)
        return json_response(self._posted(left) if left else {"gone": True})

    def pay(self, request: Request) -> Response:
        """JSON {"bills": {recordno: "125.00"}, "date": …, "number": …}; amounts as text."""
        said: Any = parse_json(request.get_data())
        try:
            shares = {key: Decimal(amount) for key, amount in said["bills"].items()}
            day = date.fromisoformat(said["date"])
            paid = payments.pay(self.entities, shares, day, said.get("number", ""), self.now())
        except (InvalidOperation, ValueError, KeyError, TypeError) as error:
            return _no(str(error))
        return json_response({"id": paid["RECORDNO"]})

    def void(self, request: Request) -> Response:
        """JSON {"payment": recordno}."""
        said: Any = parse_json(request.get_data())
        try:
            payments.void(self.entities, str(said["payment"]), self.now())
        except (ValueError, KeyError, TypeError) as error:
            return _no(str(error))
        return json_response({"id": said["payment"]})

    def _posted(self, bill: Doc) -> Doc:
        vendor = self.entities.named("VENDOR", bill.get("VENDORID", ""))
        return {
            "id": bill["RECORDNO"],
            "vendor_id": bill.get("VENDORID", ""),
            "vendor": vendor["NAME"] if vendor else "",
            "number": bill.get("RECORDID", ""),
            "date": bill.get("WHENCREATED", ""),
            # Text, so that a check compares cents and not floats.
            "total": f"{bill['TOTALENTERED']:.2f}",
            "balance": f"{bill['TOTALENTERED'] - bill['TOTALPAID']:.2f}",
            "state": bill["STATE"],
            "key": key_in(bill.get("DESCRIPTION", "")),
        }


def _no(sentence: str, status: int = 400) -> Response:
    return json_response({"error": sentence}, status)
