"""What somebody does in QuickBooks by hand, on order: rename, merge, make inactive, close books."""

from typing import ClassVar

from werkzeug.wrappers import Request, Response

from connectors.http import parse_json
from connectors.marks import key_in
from connectors.quickbooks_online import sandbox_lists as lists
from connectors.quickbooks_online.sandbox_books import NAME_OF
from connectors.quickbooks_online.sandbox_changes import CHANGES, rolled_back
from connectors.quickbooks_online.sandbox_faults import Refusal
from connectors.quickbooks_online.sandbox_paying import Paying
from connectors.sandboxing import Doc, json_response

CHANGEABLE = {
    "name",
    "book_close_date",
    "warn_duplicate_bill_number",
    "class_tracking",
    "track_locations",
    "is_subscribed",
}


class Controls(Paying):
    """The endpoints under /_sandbox/ that tests and checks use. They know no faults."""

    is_throttling: bool

    control_routes: ClassVar = [
        *Paying.hook_routes,
        ("GET", "/_sandbox/bills", "posted_bills"),
        ("GET", "/_sandbox/payments", "payments_made"),
        ("POST", "/_sandbox/pay", "pay_by_hand"),
        ("POST", "/_sandbox/billpayment/<key>/<action>", "undo_payment"),
        ("POST", "/_sandbox/company", "change_company"),
        ("POST", "/_sandbox/throttle", "throttle"),
        ("POST", "/_sandbox/<entity>", "add_row"),
        ("POST", "/_sandbox/<entity>/<key>/<action>", "change_row"),
    ]

    def posted_bills(self, request: Request) -> Response:
        """Every bill, oldest first: id, vendor, number, date, total, balance, our key."""
        return json_response([self._posted(bill) for bill in self.entities.all("Bill")])

    def change_company(self, request: Request) -> Response:
        """JSON with any of CHANGEABLE; a blank `book_close_date` opens the books."""
        changes = parse_json(request.get_data())
        if not isinstance(changes, dict) or changes.keys() - CHANGEABLE:
            return json_response({"error": f"Send any of {', '.join(sorted(CHANGEABLE))}."}, 400)
        self.entities.change_company(**changes)
        return json_response(self.entities.company)

    def throttle(self, request: Request) -> Response:
        """JSON {"on": true} keeps the published limits from now on."""
        self.is_throttling = bool(parse_json(request.get_data())["on"])
        return json_response({"on": self.is_throttling})

    def add_row(self, request: Request, entity: str) -> Response:
        """A new row of a list, as the API's own create takes it."""
        kind = {name.lower(): name for name in lists.WRITABLE}.get(entity.lower(), "")
        if not kind:
            return json_response({"error": "There is no such list."}, 404)
        try:
            doc = lists.checked(self.entities, kind, parse_json(request.get_data()))
        except Refusal as refusal:
            return _refused(refusal)
        kept = self.entities.put(kind, doc, self.now())
        return json_response(self.entities.shown(kind, kept))

    def change_row(self, request: Request, entity: str, key: str, action: str) -> Response:
        """One of CHANGES, done to one row of a list; or `roll_back`, after which it never was."""
        kind = {name.lower(): name for name in NAME_OF}.get(entity.lower(), "")
        doc = self.entities.get(kind, key) if kind else None
        if doc is None:
            return json_response({"error": "There is no such row."}, 404)
        if action == "delete":
            sentence = "QuickBooks deletes no row of a list. Inactivate it."
            return json_response({"error": sentence}, 400)
        if action not in CHANGES and action != "roll_back":
            return json_response({"error": f"Do one of {', '.join(CHANGES)}."}, 404)
        said = parse_json(request.get_data() or b"{}") or {}
        try:
            if action == "roll_back":
                rolled_back(self.entities, kind, doc)
                return json_response({"Id": key})
            changed = CHANGES[action](self.entities, kind, doc, said)
        except Refusal as refusal:
            return _refused(refusal)
        kept = self.entities.put(kind, changed, self.now())
        return json_response(self.entities.shown(kind, kept))

    def _posted(self, bill: Doc) -> Doc:
        vendor_id = bill["VendorRef"]["value"]
        vendor = self.entities.get("Vendor", vendor_id)
        return {
            "id": bill["Id"],
            "vendor_id": vendor_id,
            "vendor": vendor["DisplayName"] if vendor else "",
            "number": bill.get("DocNumber", ""),
            "date": bill["TxnDate"],
            # Text, so that a check compares cents and not floats.
            "total": f"{bill['TotalAmt']:.2f}",
            "balance": f"{bill['Balance']:.2f}",
            "key": key_in(bill.get("PrivateNote", "")),
        }


def _refused(refusal: Refusal) -> Response:
    return json_response({"error": str(refusal)}, 400)
