"""What people do on Buildertrend's own screens, for tests and demos: it changes the books and tells
the subscribers.

Source: Buildertrend fact sheet, 2.4 to 2.6, 3 and 8.4.
"""

import json
from typing import TYPE_CHECKING, ClassVar

from werkzeug.wrappers import Request, Response

from connectors.buildertrend.sandbox_books import HEADERS, TABLES, cost
from connectors.buildertrend.sandbox_hooks import Mischief
from connectors.sandboxing import Doc, Sandbox, json_response

if TYPE_CHECKING:
    from connectors.buildertrend.sandbox_books import Books
    from connectors.buildertrend.sandbox_hooks import Hooks

RESOURCES = {"jobs": "job", "vendors": "vendor", "bills": "bill"}


class Screens(Sandbox):
    """Mixed into the sandbox. Every method may be called by a test as well as over HTTP."""

    hooks: "Hooks"

    screen_routes: ClassVar = [
        ("POST", "/_sandbox/rows/<table>", "write_rows"),
        ("DELETE", "/_sandbox/rows/<table>/<int:number>", "delete_row"),
        ("POST", "/_sandbox/purchase_orders/<int:number>/approve", "approve_order"),
        ("POST", "/_sandbox/change_orders/<int:number>/sign", "sign_change"),
        ("POST", "/_sandbox/bills/<int:number>", "edit_bill"),
        ("POST", "/_sandbox/vendors/<int:number>/rename", "rename_vendor"),
        ("POST", "/_sandbox/vendors/<int:number>/re-create", "recreate_vendor"),
        ("POST|DELETE", "/_sandbox/mischief", "edit_mischief"),
        ("PUT|DELETE", "/_sandbox/closed", "close_account"),
    ]

    @property
    def books(self) -> "Books":
        raise NotImplementedError

    @property
    def account(self) -> Doc:
        raise NotImplementedError

    def write_rows(self, request: Request, table: str) -> Response:
        """Rows as they would stand in a seed; nobody is told, as when a webhook is lost."""
        if table not in TABLES:
            return json_response({"message": f"There is no table {table}."}, 404)
        rows = json.loads(request.get_data())
        return json_response([self.books.write(table, row, self.now()) for row in rows])

    def delete_row(self, request: Request, table: str, number: int) -> Response:
        """8.1: deleted rows stay listed. A line goes for good, with `?of=` its document."""
        if of := request.args.get("of"):
            self.store.delete(f"{table}/{of}", number)
            self.books.write(HEADERS[table], {"id": of}, self.now())
            return json_response({})
        return self._changed(table, {"id": number, "deleted": "true"})

    def approve_order(self, _request: Request, number: int) -> Response:
        row = self._existing("purchase_orders", number)
        if row is None:
            return self._missing()
        vendor = self.store.get("vendors", row.get("vendor_id") or 0)
        who = vendor["company_name"] if vendor else ""
        word = "Sub/Vendor Approved" if vendor else "Internally Approved"
        now = f"{self.now():%Y-%m-%dT%H:%M:%SZ}"
        changes = {"approval_status": word, "approved_by": who, "approved_at": now}
        self.books.write("purchase_orders", {"id": number, **changes}, self.now())
        self._tell("purchase_order.approved", number, row, self._sample(row, who))
        return json_response(self._existing("purchase_orders", number))

    def sign_change(self, request: Request, number: int) -> Response:
        row = self._existing("change_orders", number)
        if row is None:
            return self._missing()
        said = json.loads(request.get_data() or b"{}")
        now = f"{self.now():%Y-%m-%dT%H:%M:%SZ}"
        changes = {"status": "Approved", "signed_at": now, "signed_by": said.get("by", "Client")}
        self.books.write("change_orders", {"id": number, **changes}, self.now())
        self._tell("change_order.signed", number, row)
        return json_response(self._existing("change_orders", number))

    def edit_bill(self, request: Request, number: int) -> Response:
        """Columns of the seed's bills; `line`, if given, is one row of its lines."""
        row = self._existing("bills", number)
        if row is None:
            return self._missing()
        said = json.loads(request.get_data())
        line = said.pop("line", None)
        if line is not None:
            self.books.write("bill_lines", {"bill_id": number, **line}, self.now())
        self.books.write("bills", {"id": number, **said}, self.now())
        word = {"Approved": "approved", "Paid": "paid"}.get(said.get("status", ""), "updated")
        self._tell(f"bill.{word}", number, row)
        return json_response(self._existing("bills", number))

    def rename_vendor(self, request: Request, number: int) -> Response:
        name = json.loads(request.get_data())["name"]
        return self._changed("vendors", {"id": number, "company_name": name})

    def recreate_vendor(self, _request: Request, number: int) -> Response:
        """Deleted and entered again: the same vendor under another id. Documents keep the old."""
        row = self._existing("vendors", number)
        if row is None:
            return self._missing()
        self._changed("vendors", {"id": number, "deleted": "true"})
        highest = max(one["id"] for one in self.store.all("vendors"))
        return self._changed("vendors", {**row, "id": highest + 1, "updated_at": ""}, is_new=True)

    def edit_mischief(self, request: Request) -> Response:
        """How the next webhooks are to be sent badly: see Mischief."""
        if request.method == "POST":
            self.hooks.mischief.append(Mischief(**json.loads(request.get_data())))
        else:
            self.hooks.mischief.clear()
        return json_response([vars(one) for one in self.hooks.mischief])

    def close_account(self, request: Request) -> Response:
        """Buildertrend, or its customer, takes the app's access away; DELETE gives it back."""
        key = str(self.account["id"])
        if request.method == "PUT":
            self.store.put("closed", key, {"id": key})
        else:
            self.store.delete("closed", key)
        return json_response({"closed": request.method == "PUT"})

    def _changed(self, table: str, row: Doc, *, is_new: bool = False) -> Response:
        if not is_new and self._existing(table, row["id"]) is None:
            return self._missing()
        written = self.books.write(table, row, self.now())
        if resource := RESOURCES.get(table):
            self._tell(f"{resource}.updated", written["id"], written)
        return json_response(written)

    def _existing(self, table: str, number: int) -> Doc | None:
        return self.store.get(table, number)

    def _missing(self) -> Response:
        return json_response({"message": "There is no such row."}, 404)

    def _tell(self, event: str, number: int, row: Doc, sample: Doc | None = None) -> None:
        data: Doc = {"resource": event.partition(".")[0], "id": number}
        if row.get("job_id"):
            data["jobId"] = row["job_id"]
        self.hooks.emit(event, self.account["id"], data, sample)

    def _sample(self, row: Doc, vendor_name: str) -> Doc:
        """8.4: it mirrors a seed's payload, and whoever is wise does not read it."""
        lines = self.books.of("purchase_order_lines", row["id"])
        code = self.store.get("cost_codes", lines[0].get("cost_code_id") or 0) if lines else None
        return {
            "projectId": row["job_id"],
            "costCode": code.get("number") if code else None,
            "amount": str(sum(cost(line) for line in lines)),
            "vendorName": vendor_name,
            "date": f"{self.now():%Y-%m-%d}",
        }
