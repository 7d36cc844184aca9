"""The window of the machine: a person adds our connector file here and sees what happens."""

from collections.abc import Sequence
from typing import ClassVar

from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.quickbooks_desktop.sandbox_controls import Controls, bill_shown
from connectors.quickbooks_desktop.sandbox_qwc import NotAnApplication

NEWEST = 30  # rows of a table
STYLE = """
:root { color-scheme: light; font: 16px/1.5 system-ui, sans-serif; }
body { margin: 0; color: #1c2b23; background: #f5f7f5; }
header { background: #14532d; color: #fff; padding: .75rem 1.5rem; }
main { max-width: 68rem; margin: 0 auto; padding: 1rem 1.5rem 3rem; }
table { border-collapse: collapse; width: 100%; background: #fff; }
.scroll { overflow-x: auto; }
th, td { text-align: left; padding: .4rem .6rem; border-bottom: 1px solid #d5ddd7; }
td.amount { text-align: right; font-variant-numeric: tabular-nums; }
label { display: block; margin-top: .5rem; }
button, input { font: inherit; max-width: 100%; }
:is(button, input, .scroll):focus-visible { outline: 3px solid #b45309; }
[role=alert] { background: #fff; border-left: 4px solid #b45309; padding: .5rem 1rem; }
"""
PAGE = Markup("""<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>QuickBooks Desktop sandbox</title>
<link rel="stylesheet" href="/style.css"></head>
<body><header><strong>QuickBooks Desktop sandbox</strong> · an imitation for trying things out.
No real books.</header>
<main><h1>{company}</h1>
{problem}
<p>Open on this machine: {path}</p>
<section aria-labelledby="add"><h2 id="add">Web Connector: add an application</h2>
<form method="post" action="/applications" enctype="multipart/form-data">
<label for="qwc">Connector file (.qwc)</label><input type="file" id="qwc" name="qwc" required>
<label for="password">Its password</label>
<input type="password" id="password" name="password" autocomplete="off" required>
<p><button>Add</button></p></form></section>
<section aria-labelledby="applications"><h2 id="applications">Applications</h2>
{applications}</section>
{runs}
{bills}
</main></body></html>
""")
PROBLEM = Markup('<p role="alert">{}</p>')
APPLICATION = Markup("""<form method="post" action="/run"><p>{name}
<input type="hidden" name="application" value="{name}">
<button>Update {name} now</button></p></form>""")
TABLE = Markup("""<section aria-labelledby="{id}"><h2 id="{id}">{title}</h2>
<div class="scroll" role="region" aria-labelledby="{id}" tabindex="0">
<table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div></section>""")
HEAD = Markup('<th scope="col">{}</th>')
ROW = Markup("<tr>{}</tr>\n")
CELL, AMOUNT = Markup("<td>{}</td>"), Markup('<td class="amount">{}</td>')
NOBODY = Markup("<p>None yet. Download the connector file from the product and add it here.</p>")


class Page(Controls):
    """One page without scripts, and the two forms on it."""

    page_routes: ClassVar = [
        ("GET", "/", "page"),
        ("GET", "/style.css", "style"),
    ]
    calling_routes: ClassVar = {
        **Controls.calling_routes,
        ("POST", "/applications"): "add_by_hand",
        ("POST", "/run"): "run_by_hand",
    }

    def page(self, request: Request) -> Response:
        return self._page()

    def style(self, request: Request) -> Response:
        return Response(STYLE, mimetype="text/css")

    def add_by_hand(self, request: Request) -> Response:
        """The form: a connector file, and the password that was shown beside it."""
        file, password = request.files.get("qwc"), request.form.get("password", "")
        try:
            self.connector.install(
                file.read().decode(errors="replace") if file else "", password.strip()
            )
        except NotAnApplication as refused:
            return self._page(str(refused), status=400)
        return redirect("/", 303)

    def run_by_hand(self, request: Request) -> Response:
        name = request.form.get("application", "")
        if name not in [doc["name"] for doc in self.connector.applications]:
            return self._page("This application is not there any more.", status=404)
        self.connector.run_once(name)
        return redirect("/", 303)

    def _page(self, problem: str = "", status: int = 200) -> Response:
        with self._books:
            books = self.company_books
            bills = [bill_shown(books, bill) for bill in books.all("Bill")[-NEWEST:]]
        names = [APPLICATION.format(name=doc["name"]) for doc in self.connector.applications]
        runs = [
            (f"{run.started_at:%H:%M:%S}", run.application, run.outcome, run.problem)
            for run in list(self.connector.runs)[-NEWEST:]
        ]
        body = PAGE.format(
            company=books.company["name"],
            problem=PROBLEM.format(problem) if problem else "",
            path=self.machine.path or "nothing, QuickBooks is closed",
            applications=Markup().join(names) or NOBODY,
            runs=_table("runs", "Last runs", ("Time", "Application", "Outcome", "Said"), runs),
            bills=_table(
                "bills",
                "Newest bills",
                ("Number", "Vendor", "Date", "Total", "Open"),
                [
                    (bill["number"], bill["vendor"], bill["date"], bill["total"], bill["balance"])
                    for bill in reversed(bills)
                ],
                amounts=2,
            ),
        )
        response = Response(body, status=status, mimetype="text/html")
        response.headers["Content-Security-Policy"] = (
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
            " frame-ancestors 'none'"
        )
        return response


def _table(
    key: str,
    title: str,
    heads: tuple[str, ...],
    rows: Sequence[tuple[str, ...]],
    *,
    amounts: int = 0,
) -> Markup:
    """The last `amounts` columns are money."""
    first = len(heads) - amounts
    written = [
        ROW.format(
            Markup().join(
                (AMOUNT if place >= first else CELL).format(value)
                for place, value in enumerate(row)
            )
        )
        for row in rows
    ]
    return TABLE.format(
        id=key,
        title=title,
        heads=Markup().join(HEAD.format(head) for head in heads),
        rows=Markup().join(written),
    )
