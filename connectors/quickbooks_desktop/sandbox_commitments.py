"""Purchase orders, and how bills draw on them. Source: section 4, purchase orders and links."""

from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal

from common.money import ZERO, to_cents
from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.quickbooks_desktop.sandbox_books import CompanyBooks
from connectors.quickbooks_desktop.sandbox_lists import check_enabled
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.sandboxing import Doc

HEAD = {
    "TxnDate", "RefNumber", "VendorAddress", "ShipAddress", "DueDate", "ExpectedDate", "FOB",
    "Memo", "VendorMsg", "IsToBePrinted", "IsToBeEmailed", "Other1", "Other2", "ExternalGUID",
}  # fmt: skip


def added(books: CompanyBooks, said: Doc, now: datetime) -> Doc:
    """A new purchase order. It posts nothing, so a closing date does not stop it (assumed)."""
    check_enabled(said)
    doc = {name: value for name, value in said.items() if name in HEAD}
    doc.setdefault("TxnDate", now.astimezone(books.zone).date().isoformat())
    for name, value in said.items():
        if name.endswith("Ref"):
            doc[name] = books.used(name, value, "PurchaseOrder")["ListID"]
    lines = [_line(books, line, now) for line in said["PurchaseOrderLineAdd"]]
    return books.put(
        "PurchaseOrder",
        {
            **doc,
            "PurchaseOrderLineRet": lines,
            "TotalAmount": sum((line["Amount"] for line in lines), ZERO),
            "IsManuallyClosed": False,
            "IsFullyReceived": False,
        },
        now,
    )


def deleted(books: CompanyBooks, key: str, now: datetime) -> Doc:
    doc = books.get("PurchaseOrder", key)
    if doc is None:
        raise refusals.not_found(key)
    books.check_unlocked(key)
    if doc.get("LinkedTxn"):
        raise refusals.cannot_delete(key)
    return books.delete("PurchaseOrder", key, now)


def closed(books: CompanyBooks, key: str, now: datetime) -> Doc:
    """What the "Closed" box of the screen does."""
    doc = books.get("PurchaseOrder", key)
    if doc is None:
        raise refusals.not_found(key)
    return books.put("PurchaseOrder", {**doc, "IsManuallyClosed": True}, now)


def pulled(books: CompanyBooks, head: Doc, orders: list[str]) -> Iterator[Doc]:
    """A bill's lines for everything that is open on these orders."""
    for key in orders:
        order = _order(books, head, key)
        still = [line for line in order["PurchaseOrderLineRet"] if _is_open(line)]
        if not still:
            raise _cannot_link(key)
        for line in still:
            yield {"LinkToTxn": {"TxnID": key, "TxnLineID": line["TxnLineID"]}}


def linked(books: CompanyBooks, head: Doc, said: Doc) -> Doc:
    """A bill's line that takes one line of an order: what it does not say, the order says."""
    key, line_key = said["LinkToTxn"]["TxnID"], said["LinkToTxn"]["TxnLineID"]
    order = _order(books, head, key)
    lines = {line["TxnLineID"]: line for line in order["PurchaseOrderLineRet"]}
    line = lines.get(line_key)
    if line is None:
        raise refusals.not_found(line_key)
    if not _is_open(line):
        raise _cannot_link(key)
    taken = {
        name: {"ListID": line[name]} if name.endswith("Ref") else line[name]
        for name in ("ItemRef", "Desc", "CustomerRef", "ClassRef")
        if name in line
    }
    quantity = said.get("Quantity", line["UnbilledQuantity"])
    price = {} if {"Cost", "Amount"} & said.keys() else {"Cost": line["Rate"]}
    return {**taken, **price, "Quantity": quantity, **said}


def bill(books: CompanyBooks, doc: Doc, now: datetime) -> None:
    """Write what a kept bill drew on its orders, on both sides of the link."""
    drawn: dict[str, list[Doc]] = {}
    for line in doc.get("ItemLineRet", []):
        if "LinkToTxn" in line:
            drawn.setdefault(line["LinkToTxn"]["TxnID"], []).append(line)
    links = []
    for key, lines in drawn.items():
        order = books.get("PurchaseOrder", key) or {}
        amount = sum((line["Amount"] for line in lines), ZERO)
        rows = [_received(row, lines) for row in order["PurchaseOrderLineRet"]]
        books.put(
            "PurchaseOrder",
            {
                **order,
                "PurchaseOrderLineRet": rows,
                "IsFullyReceived": not any(_is_open(row) for row in rows),
                "LinkedTxn": [*order.get("LinkedTxn", []), link_to("Bill", doc, -amount)],
            },
            now,
        )
        links.append(link_to("PurchaseOrder", order, amount))
    if links:
        books.replace("Bill", {**doc, "LinkedTxn": [*doc.get("LinkedTxn", []), *links]})


def link_to(kind: str, doc: Doc, amount: Decimal) -> Doc:
    """One end of a link; what lowers the balance of the row that holds it is negative (assumed)."""
    return {
        "TxnID": doc["TxnID"],
        "TxnType": kind,
        "TxnDate": doc["TxnDate"],
        "RefNumber": doc.get("RefNumber"),
        "LinkType": "AMTTYPE",
        "Amount": amount,
    }


def _line(books: CompanyBooks, said: Doc, now: datetime) -> Doc:
    line: Doc = {"TxnLineID": books.new_id("line", now)}
    for name, value in said.items():
        if name == "DataExt":
            raise refusals.not_found(value[0]["DataExtName"])
        if name.endswith("Ref"):
            line[name] = books.used(name, value, "PurchaseOrder")["ListID"]
        else:
            line[name] = value
    quantity, rate = line.get("Quantity", Decimal(1)), line.get("Rate")
    if "Amount" not in line:
        line["Amount"] = to_cents(quantity * (rate or ZERO))
    rate = (line["Amount"] / quantity).quantize(Decimal("0.00001")) if quantity else ZERO
    return {
        **line,
        "Rate": rate,
        "ReceivedQuantity": Decimal(0),
        "UnbilledQuantity": quantity,
        "IsBilled": False,
        "IsManuallyClosed": False,
    }


def _order(books: CompanyBooks, head: Doc, key: str) -> Doc:
    order = books.get("PurchaseOrder", key)
    if order is None:
        raise refusals.not_found(key)
    if order.get("VendorRef") != head["VendorRef"]:
        raise refusals.wrong_value(key, "LinkToTxnID")
    if order["IsManuallyClosed"]:
        raise _cannot_link(key)
    return order


def _is_open(line: Doc) -> bool:
    return not line["IsBilled"] and not line["IsManuallyClosed"]


def _received(row: Doc, lines: list[Doc]) -> Doc:
    taken = sum(
        (line["Quantity"] for line in lines if line["LinkToTxn"]["TxnLineID"] == row["TxnLineID"]),
        Decimal(0),
    )
    unbilled = row["UnbilledQuantity"] - taken
    return {
        **row,
        "ReceivedQuantity": row["ReceivedQuantity"] + taken,
        "UnbilledQuantity": max(unbilled, Decimal(0)),
        "IsBilled": unbilled <= 0,
    }


def _cannot_link(key: str) -> Refusal:
    return Refusal(3180, f'Cannot link to the transaction "{key}": it is closed or empty.')
