"""The console of the sandbox under /_sandbox/: what tests, checks and a demo order over HTTP."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from werkzeug.wrappers import Request, Response

from common.money import ZERO
from connectors.http import parse_json
from connectors.quickbooks_desktop import sandbox_bills as bills
from connectors.quickbooks_desktop import sandbox_changes as changes
from connectors.quickbooks_desktop import sandbox_commitments as commitments
from connectors.quickbooks_desktop import sandbox_payments as payments
from connectors.quickbooks_desktop.sandbox_books import (
    LISTS,
    PAYMENTS,
    TRANSACTIONS,
    CompanyBooks,
)
from connectors.quickbooks_desktop.sandbox_machine import Machine
from connectors.quickbooks_desktop.sandbox_payments import Applied
from connectors.quickbooks_desktop.sandbox_qwc import NotAnApplication
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.quickbooks_desktop.sandbox_troubles import Trouble
from connectors.quickbooks_desktop.sandbox_web_connector import WebConnector
from connectors.sandboxing import Doc, Sandbox, json_response

CHANGEABLE = {
    "name", "closing_date", "requires_accounts", "tracks_classes", "uses_account_numbers",
    "file_mode",
}  # fmt: skip
HOW = {"check": "BillPaymentCheck", "card": "BillPaymentCreditCard"}


class Controls(Sandbox):
    """Endpoints that know no faults. Those that make the Web Connector call us hold no lock."""

    machine: Machine
    connector: WebConnector

    @property
    def company_books(self) -> CompanyBooks:
        raise NotImplementedError

    control_routes: ClassVar = [
        ("GET", "/_sandbox/state", "state"),
        ("GET", "/_sandbox/bills", "posted_bills"),
        ("GET", "/_sandbox/payments", "payments_made"),
        ("GET", "/_sandbox/runs", "runs"),
        ("POST", "/_sandbox/pay", "pay_by_hand"),
        ("POST", "/_sandbox/company", "change_company"),
        ("POST", "/_sandbox/machine", "change_machine"),
        ("POST|DELETE", "/_sandbox/troubles", "edit_troubles"),
        ("POST", "/_sandbox/lock", "lock_row"),
        ("POST", "/_sandbox/<kind>/<key>/<action>", "change_row"),
    ]
    # Our service may ask things of this sandbox while it is called, so nothing is held meanwhile.
    calling_routes: ClassVar = {
        ("POST", "/_sandbox/applications"): "add_application",
        ("POST", "/_sandbox/run"): "run_now",
    }

    def _work(self, request: Request) -> Response:
        name = self.calling_routes.get((request.method, request.path.rstrip("/")))
        if name is None:
            return super()._work(request)
        calling: Callable[[Request], Response] = getattr(self, name)
        return calling(request)

    # --- The Web Connector --------------------------------------------------------------------

    def add_application(self, request: Request) -> Response:
        """JSON {"qwc": the connector file's text, "password": …}."""
        said = parse_json(request.get_data())
        try:
            application = self.connector.install(said["qwc"], said["password"])
        except NotAnApplication as refused:
            return json_response({"error": str(refused)}, 400)
        return json_response(application.kept())

    def run_now(self, request: Request) -> Response:
        """JSON {"application": name} or nothing for the first; answers when the run is over."""
        said = parse_json(request.get_data() or b"{}") or {}
        names = [doc["name"] for doc in self.connector.applications]
        name = said.get("application") or (names[0] if names else "")
        if name not in names:
            return json_response({"error": "Add this application first."}, 404)
        return json_response(self.connector.run_once(name).shown())

    def runs(self, request: Request) -> Response:
        """The last conversations, oldest first."""
        return json_response([run.shown() for run in self.connector.runs])

    def edit_troubles(self, request: Request) -> Response:
        """POST a trouble as `sandbox_troubles.Trouble` has it; DELETE clears them."""
        if request.method == "DELETE":
            self.connector.troubles.clear()
        else:
            self.connector.troubles.order(Trouble(**parse_json(request.get_data())))
        return json_response([vars(trouble) for trouble in self.connector.troubles.ordered])

    def change_machine(self, request: Request) -> Response:
        """JSON {"is_on": …, "open": path of a file on the machine, "" closes QuickBooks}."""
        said = parse_json(request.get_data())
        self.machine.is_on = bool(said.get("is_on", self.machine.is_on))
        if "open" in said:
            if said["open"] and said["open"] not in self.machine.files:
                return json_response({"error": "There is no such file on the machine."}, 404)
            self.machine.show(said["open"])
        return self.state(request)

    # --- The company file ---------------------------------------------------------------------

    def state(self, request: Request) -> Response:
        """The machine, its applications, and how many rows each list has."""
        books = self.company_books
        counts = {kind: len(books.all(kind)) for kind in (*LISTS, *TRANSACTIONS)}
        return json_response(
            {
                **books.company,
                "rows": counts,
                "is_on": self.machine.is_on,
                "open": self.machine.path,
                "applications": self.connector.applications,
            }
        )

    def change_company(self, request: Request) -> Response:
        """JSON with any of CHANGEABLE; a blank `closing_date` opens the books."""
        said = parse_json(request.get_data())
        if not isinstance(said, dict) or said.keys() - CHANGEABLE:
            return json_response({"error": f"Send any of {', '.join(sorted(CHANGEABLE))}."}, 400)
        self.company_books.change_company(**said)
        return json_response(self.company_books.company)

    def posted_bills(self, request: Request) -> Response:
        """Every bill, oldest first; amounts are text, so that a check compares cents."""
        books = self.company_books
        return json_response([bill_shown(books, bill) for bill in books.all("Bill")])

    def payments_made(self, request: Request) -> Response:
        books = self.company_books
        return json_response(
            [
                {
                    "id": doc["TxnID"],
                    "how": kind,
                    "vendor_id": doc["PayeeEntityRef"],
                    "number": doc.get("RefNumber", ""),
                    "date": doc["TxnDate"],
                    "total": f"{doc['Amount']:.2f}",
                    "bills": {
                        part["TxnID"]: f"{part['Amount']:.2f}" for part in doc["AppliedToTxnRet"]
                    },
                }
                for kind in PAYMENTS
                for doc in books.all(kind)
            ]
        )

    def pay_by_hand(self, request: Request) -> Response:
        """JSON {"bills": {id: amount}}; an amount may be null, all that is open. And `discounts`
        likewise, `credits` (set against the first bill), `how` check or card, `number`, `date`.
        """
        said = parse_json(request.get_data())
        try:
            kept = payments.paid(
                self.company_books,
                self._parts(said),
                self.now(),
                kind=HOW[said.get("how", "check")],
                number=said.get("number", ""),
                day=said.get("date", ""),
            )
        except Refusal as refusal:
            return _refused(refusal)
        return json_response({"id": kept["TxnID"], "total": f"{kept['Amount']:.2f}"})

    def _parts(self, said: Doc) -> list[Applied]:
        discounts, credit = said.get("discounts", {}), dict(said.get("credits", {}))
        parts = []
        for key, given in said["bills"].items():
            taken, amount = credit.popitem() if credit else ("", ZERO)
            bill = self.company_books.get("Bill", key) or {}
            discount = Decimal(str(discounts.get(key, 0)))
            credited = Decimal(str(amount))
            still = bill.get("OpenAmount", ZERO) - discount - credited
            paid = Decimal(str(given)) if given is not None else still
            parts.append(Applied(key, paid, discount, taken, credited))
        return parts

    def lock_row(self, request: Request) -> Response:
        """JSON {"id": …, "times": …}: another user has this row open."""
        said = parse_json(request.get_data())
        self.company_books.locked[said["id"]] = said.get("times", 1)
        return json_response(self.company_books.locked)

    def change_row(self, request: Request, kind: str, key: str, action: str) -> Response:
        """Void, delete or close a transaction; or one of `sandbox_changes.ACTIONS` for a list."""
        known = {name.lower(): name for name in (*LISTS, *TRANSACTIONS)}
        name = known.get(kind.lower(), "")
        said = parse_json(request.get_data() or b"{}") or {}
        try:
            done = self._done(name, key, action, said)
        except Refusal as refusal:
            return _refused(refusal)
        if done is None:
            return json_response({"error": f"Nobody can {action} a {kind}."}, 404)
        return json_response({"id": done.get("ListID") or done.get("TxnID") or key})

    def _done(self, kind: str, key: str, action: str, said: Doc) -> Doc | None:
        books, now = self.company_books, self.now()
        if kind in LISTS:
            known = action in changes.ACTIONS
            return changes.changed(books, kind, key, action, said, now) if known else None
        if kind in PAYMENTS:
            undo: Any = {"void": payments.voided, "delete": payments.deleted}.get(action)
            return undo(books, key, now) if undo else None
        if kind == "PurchaseOrder":
            do: Any = {"close": commitments.closed, "delete": commitments.deleted}.get(action)
            return do(books, key, now) if do else None
        change: Any = {"void": bills.voided, "delete": bills.deleted}.get(action)
        return change(books, kind, key, now) if kind and change else None


def bill_shown(books: CompanyBooks, bill: Doc) -> Doc:
    vendor = books.get("Vendor", bill["VendorRef"])
    return {
        "id": bill["TxnID"],
        "vendor_id": bill["VendorRef"],
        "vendor": vendor["Name"] if vendor else "",
        "number": bill.get("RefNumber", ""),
        "date": bill["TxnDate"],
        "total": f"{bill['AmountDue']:.2f}",
        "balance": f"{bill['OpenAmount']:.2f}",
        "memo": bill.get("Memo", ""),
        "guid": bill.get("ExternalGUID", ""),
    }


def _refused(refusal: Refusal) -> Response:
    return json_response({"error": str(refusal)}, 400)
