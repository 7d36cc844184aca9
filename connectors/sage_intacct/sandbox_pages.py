"""Two plain pages of the sandbox, for a person who follows a link from the product: the bills, and
one bill with its lines, its state and what was paid of it.
"""

from collections.abc import Iterable, Sequence
from html import escape
from typing import ClassVar

from werkzeug.wrappers import Request, Response

from connectors.sage_intacct.sandbox_books import BooksSandbox
from connectors.sage_intacct.sandbox_shapes import held, written
from connectors.sandboxing import Doc

RECORD = "/ia/acct/ur.phtml"
LINE = ("ACCOUNTNO", "ACCOUNTLABEL", "PROJECTID", "TASKID", "COSTTYPEID", "LOCATIONID",
        "DEPARTMENTID", "CLASSID", "ENTRYDESCRIPTION", "TRX_AMOUNT")  # fmt: skip
HEAD = ("RECORDID", "VENDORID", "VENDORNAME", "STATE", "WHENCREATED", "WHENDUE", "DESCRIPTION",
        "TOTALENTERED", "TOTALPAID", "TOTALDUE")  # fmt: skip


class Pages(BooksSandbox):
    page_routes: ClassVar = [
        ("GET", "/", "bills_page"),
        ("GET", RECORD, "record_page"),
    ]

    def bills_page(self, request: Request) -> Response:
        rows = [
            [_link(bill["RECORDNO"]), *(escape(self._shown(bill, name)) for name in HEAD)]
            for bill in reversed(self.entities.all("APBILL"))
        ]
        return _page("Bills", _table(["", *HEAD], rows))

    def record_page(self, request: Request) -> Response:
        """The address that a row's RECORD_URL names: ?.r=apbill-12."""
        kind, _, number = request.args.get(".r", "").partition("-")
        bill = self.entities.get("APBILL", number) if kind == "apbill" else None
        if bill is None:
            return _page("No such record", "<p>There is no bill at this address.</p>", status=404)
        head = _table(("", ""), [[name, escape(self._shown(bill, name))] for name in HEAD])
        lines = [
            [escape(str(line.get(name, ""))) for name in LINE]
            for line in self.entities.lines("APBILL", number)
        ]
        return _page(f"Bill {bill.get('RECORDID', number)}", head + _table(LINE, lines))

    def _shown(self, bill: Doc, name: str) -> str:
        return written("text", held(self.entities, "APBILL", bill, name, self.now()))


def _link(number: str) -> str:
    return f'<a href="{RECORD}?.r=apbill-{escape(number)}">{escape(number)}</a>'


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Cells of `rows` are HTML already."""
    columns = "".join(f'<th scope="col">{escape(name)}</th>' for name in head)
    body = "".join(f"<tr>{''.join(f'<td>{cell}</td>' for cell in row)}</tr>" for row in rows)
    return f"<table border><thead><tr>{columns}</tr></thead><tbody>{body}</tbody></table>"


def _page(title: str, body: str, *, status: int = 200) -> Response:
    shown = (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<h1>{escape(title)}</h1><p>Sage Intacct sandbox: an imitation.</p>{body}</html>"
    )
    return Response(shown, status=status, mimetype="text/html")
