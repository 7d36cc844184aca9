"""What a person sees in the sandbox: its bills, one bill, its vendors and its accounts."""

from collections.abc import Callable
from decimal import Decimal
from typing import ClassVar
from urllib.parse import urlencode

from markupsafe import Markup
from werkzeug.utils import redirect
from werkzeug.wrappers import Request, Response

from connectors.quickbooks_online.sandbox_books import DEBIT_CLASSES, BooksSandbox
from connectors.quickbooks_online.sandbox_html import page, stylesheet
from connectors.sandboxing import Doc

ROWS = 50
PLACES = (("/app/", "Bills"), ("/app/vendors", "Vendors"), ("/app/accounts", "Accounts"))

NAVIGATION = Markup('<nav aria-label="Books"><ul>{}</ul></nav>')
PLACE = Markup('<li><a href="{}"{}>{}</a></li>')
SEARCH = Markup("""<form class="search" role="search" method="get">
<div><label for="q">{label}</label>
<input type="search" id="q" name="q" value="{value}"></div>
<button>Search</button></form>""")
TABLE = Markup("""<div class="scroll" role="region" aria-label="{caption}" tabindex="0">
<table><caption>{caption}</caption>
<thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>""")
HEAD = Markup('<th scope="col"{}>{}</th>')
AMOUNT = Markup(' class="amount"')
BILL_ROW = Markup("""<tr><th scope="row"><a href="{url}">{number}</a></th><td>{vendor}</td>
<td>{date}</td><td>{due}</td><td class="amount">{total}</td><td class="amount">{balance}</td></tr>
""")
VENDOR_ROW = Markup("""<tr><th scope="row">{name}</th><td>{city}</td><td>{state}</td>
<td class="amount">{balance}</td></tr>
""")
ACCOUNT_ROW = Markup("""<tr><td>{number}</td><th scope="row">{name}</th><td>{type}</td>
<td>{state}</td><td class="amount">{balance}</td></tr>
""")
BILL = Markup("""<dl>
<dt>Vendor</dt><dd>{vendor}</dd><dt>Bill date</dt><dd>{date}</dd><dt>Due date</dt><dd>{due}</dd>
<dt>Total</dt><dd>{total} {currency}</dd><dt>Open balance</dt><dd>{balance}</dd>
<dt>Private note</dt><dd>{note}</dd><dt>Posted to</dt><dd>{payable}</dd>
<dt>Id and version</dt><dd>{id}, version {version}</dd></dl>""")
LINE_ROW = Markup("""<tr><td>{n}</td><th scope="row">{target}</th><td>{description}</td>
<td>{customer}</td><td>{kind}</td><td class="amount">{amount}</td></tr>
""")
PAGES = Markup('<nav class="pages" aria-label="Pages">{}</nav>')
PAGE_LINK = Markup('<a href="{}">{}</a>')


class Pages(BooksSandbox):
    """The read-only app in which a person checks what arrived."""

    page_routes: ClassVar = [
        ("GET", "/", "front_page"),
        ("GET", "/app/", "bills_page"),
        ("GET", "/app/bill", "bill_page"),
        ("GET", "/app/vendors", "vendors_page"),
        ("GET", "/app/accounts", "accounts_page"),
        ("GET", "/app/style.css", "style"),
    ]

    def front_page(self, request: Request) -> Response:
        return redirect("/app/")

    def style(self, request: Request) -> Response:
        return stylesheet()

    def bills_page(self, request: Request) -> Response:
        def said(bill: Doc) -> str:
            return f"{bill.get('DocNumber', '')} {self._vendor(bill)}"

        bills = sorted(
            self._found(request, self.entities.all("Bill"), said),
            key=lambda bill: (bill["TxnDate"], int(bill["Id"])),
            reverse=True,
        )
        heads = _heads("Number", "Vendor", "Bill date", "Due date", "Total", "Open balance", last=2)
        return self._list(
            request, "Bills", "Number or vendor", "bill", bills, heads, self._bill_row
        )

    def vendors_page(self, request: Request) -> Response:
        vendors = sorted(
            self._found(request, self.entities.all("Vendor"), lambda doc: str(doc["DisplayName"])),
            key=lambda doc: doc["DisplayName"].casefold(),
        )
        heads = _heads("Vendor", "City", "State", "Open balance", last=1)
        return self._list(request, "Vendors", "Name", "vendor", vendors, heads, self._vendor_row)

    def accounts_page(self, request: Request) -> Response:
        def said(account: Doc) -> str:
            return f"{account.get('AcctNum', '')} {account['FullyQualifiedName']}"

        accounts = sorted(
            self._found(request, self.entities.all("Account"), said),
            key=lambda doc: (doc.get("AcctNum", ""), doc["FullyQualifiedName"]),
        )
        heads = _heads("Number", "Account", "Type", "State", "Balance from bills", last=1)
        return self._list(
            request, "Accounts", "Number or name", "account", accounts, heads, self._account_row
        )

    def bill_page(self, request: Request) -> Response:
        doc = self.entities.get("Bill", request.args.get("txnId", ""))
        if doc is None:
            missing = Markup("<p>No bill has this id. It may have been deleted.</p>")
            return page("No such bill", missing, 404, navigation=_navigation(request))
        bill = self.entities.shown("Bill", doc)
        head = BILL.format(
            vendor=bill["VendorRef"].get("name", ""),
            date=bill["TxnDate"],
            due=bill["DueDate"],
            total=_money(bill["TotalAmt"]),
            currency=bill["CurrencyRef"]["value"],
            balance=_money(bill["Balance"]),
            note=bill.get("PrivateNote", "none"),
            payable=bill["APAccountRef"].get("name", ""),
            id=bill["Id"],
            version=bill["SyncToken"],
        )
        heads = _heads("Line", "Posted to", "Description", "Customer", "Kind", "Amount", last=1)
        lines = TABLE.format(
            caption="Lines", heads=heads, rows=Markup().join(map(_line_row, bill["Line"]))
        )
        title = f"Bill {bill.get('DocNumber') or 'without number'}"
        return page(title, head + lines, navigation=_navigation(request))

    def _list(
        self,
        request: Request,
        title: str,
        label: str,
        noun: str,
        found: list[Doc],
        heads: Markup,
        row: Callable[[Doc], Markup],
    ) -> Response:
        """A searchable list, fifty rows a page."""
        number = max(1, request.args.get("page", 1, type=int))
        start = (number - 1) * ROWS
        shown = found[start : start + ROWS]
        plural = noun if len(found) == 1 else f"{noun}s"
        caption = f"{len(found):,} {plural}"
        if len(shown) < len(found):
            caption += f", rows {start + 1:,} to {start + len(shown):,}" if shown else ", none here"
        body = SEARCH.format(label=label, value=request.args.get("q", ""))
        body += TABLE.format(caption=caption, heads=heads, rows=Markup().join(map(row, shown)))
        links = []
        if number > 1:
            links.append(_page_link(request, number - 1, "Previous page"))
        if start + ROWS < len(found):
            links.append(_page_link(request, number + 1, "Next page"))
        if links:
            body += PAGES.format(Markup(" ").join(links))
        return page(title, body, navigation=_navigation(request))

    def _found(self, request: Request, docs: list[Doc], said: Callable[[Doc], str]) -> list[Doc]:
        wanted = request.args.get("q", "").strip().casefold()
        return [doc for doc in docs if wanted in said(doc).casefold()] if wanted else docs

    def _vendor(self, bill: Doc) -> str:
        vendor = self.entities.get("Vendor", bill["VendorRef"]["value"])
        return str(vendor["DisplayName"]) if vendor else ""

    def _bill_row(self, bill: Doc) -> Markup:
        return BILL_ROW.format(
            url=f"/app/bill?txnId={bill['Id']}",
            number=bill.get("DocNumber") or "no number",
            vendor=self._vendor(bill),
            date=bill["TxnDate"],
            due=bill["DueDate"],
            total=_money(bill["TotalAmt"]),
            balance=_money(bill["Balance"]),
        )

    def _vendor_row(self, vendor: Doc) -> Markup:
        return VENDOR_ROW.format(
            name=vendor["DisplayName"],
            city=vendor.get("BillAddr", {}).get("City", ""),
            state=_state(vendor),
            balance=_money(self.entities.owed(vendor["Id"])),
        )

    def _account_row(self, account: Doc) -> Markup:
        moved = self.entities.moved(account["Id"])
        sign = 1 if account["Classification"] in DEBIT_CLASSES else -1
        return ACCOUNT_ROW.format(
            number=account.get("AcctNum", ""),
            name=account["FullyQualifiedName"],
            type=account["AccountType"],
            state=_state(account),
            balance=_money(sign * moved),
        )


def _line_row(line: Doc) -> Markup:
    detail = line[line["DetailType"]]
    is_item = "ItemRef" in detail
    return LINE_ROW.format(
        n=line["LineNum"],
        target=detail["ItemRef" if is_item else "AccountRef"].get("name", ""),
        description=line.get("Description", ""),
        customer=detail.get("CustomerRef", {}).get("name", ""),
        kind="Item" if is_item else "Account",
        amount=_money(line["Amount"]),
    )


def _heads(*names: str, last: int) -> Markup:
    """Column heads; the `last` ones stand over amounts."""
    first_amount = len(names) - last
    return Markup().join(
        HEAD.format(AMOUNT if n >= first_amount else "", name) for n, name in enumerate(names)
    )


def _navigation(request: Request) -> Markup:
    here = Markup(' aria-current="page"')
    return NAVIGATION.format(
        Markup().join(
            PLACE.format(url, here if request.path == url else "", name) for url, name in PLACES
        )
    )


def _page_link(request: Request, number: int, label: str) -> Markup:
    query = urlencode({"q": request.args.get("q", ""), "page": number})
    return PAGE_LINK.format(f"?{query}", label)


def _state(doc: Doc) -> str:
    return "Active" if doc.get("Active", True) else "Inactive"


def _money(amount: Decimal) -> str:
    return f"{amount:,.2f}"
