"""What somebody does in Procore by hand, on order: rows written and deleted, projects closed."""

import json
from decimal import Decimal
from typing import Any

from werkzeug.wrappers import Request, Response

from connectors.procore.sandbox_books import TABLES
from connectors.procore.sandbox_hooks import Hooks
from connectors.sandboxing import Doc, json_response

SOFT = {"commitments"}  # of those that lists can show when asked for (2.3)
STAMP = "%Y-%m-%dT%H:%M:%SZ"
TOOLS = {"subcontracts", "purchase_orders", "requisitions", "direct_costs"}


class Controls(Hooks):
    """The endpoints under /_sandbox/ that tests and checks use. They know no faults."""

    control_routes = [
        ("GET", "/_sandbox/rows/<table>", "read_rows"),
        ("POST", "/_sandbox/rows/<table>", "write_rows"),
        ("DELETE", "/_sandbox/rows/<table>/<key>", "delete_row"),
        ("GET|PUT|DELETE", "/_sandbox/closed_projects/<int:project_id>", "close_project"),
        ("GET|PUT|DELETE", "/_sandbox/closed_projects/<int:project_id>/<tool>", "close_tool"),
    ]

    def read_rows(self, request: Request, table: str) -> Response:
        """Every row of a table that stands by itself, as the books have it."""
        return json_response([row | _texts(row) for row in self.store.all(table)])

    def write_rows(self, request: Request, table: str) -> Response:
        """Add or change rows: a list of objects in the columns of that seed file.

        Columns that a row does not name stay as they are, so `{"id": 7, "name": "New"}` renames
        and `{"id": 7, "active": false}` makes inactive.
        """
        if table not in TABLES:
            return json_response({"message": f"There is no table {table}."}, 404)
        rows: Any = json.loads(request.get_data(), parse_float=Decimal)
        shape = TABLES[table]
        needed = [column for column in (shape.key, shape.parent) if column]
        if not all(column in row for row in rows for column in needed):
            return json_response({"message": f"Each row needs {' and '.join(needed)}."}, 400)
        written = []
        for row in rows:
            is_new = self.books.known(table, row) is None
            written.append(self.books.write(table, row, self.now()))
            self.tell(table, written[-1], "create" if is_new else "update")
            self.books.touch_header(table, row, self.now())
        return json_response(written)

    def delete_row(self, request: Request, table: str, key: str) -> Response:
        """Delete a row: for good where Procore keeps no deleted ones (13)."""
        if table not in TABLES or TABLES[table].parent:
            return json_response({"message": f"Rows of {table} cannot be deleted alone."}, 404)
        if row := self.store.get(table, key):
            self.tell(table, row, "delete")
        if table in SOFT:
            self.books.write(table, {"id": key, "deleted_at": f"{self.now():{STAMP}}"}, self.now())
        else:
            self.books.delete(table, key)
        return json_response({"deleted": key})

    def close_project(self, request: Request, project_id: int) -> Response:
        """PUT closes a project to our user (403), DELETE opens it again."""
        return self._close(request, "closed_projects", str(project_id))

    def close_tool(self, request: Request, project_id: int, tool: str) -> Response:
        """The same for one tool of a project, named as its list is."""
        if tool not in TOOLS:
            return json_response({"message": f"There is no tool {tool}."}, 404)
        return self._close(request, "closed_tools", f"{project_id}/{tool}")

    def _close(self, request: Request, closed: str, key: str) -> Response:
        if request.method == "PUT":
            self.store.put(closed, key, {"id": key})
        elif request.method == "DELETE":
            self.store.delete(closed, key)
        return json_response({"closed": self.store.get(closed, key) is not None})


def _texts(row: Doc) -> Doc:
    """Amounts as text, so that a check compares cents."""
    return {name: str(value) for name, value in row.items() if isinstance(value, Decimal)}
