"""AP bills: what one may say, and the states it goes through. Source: the sheet, 7, 9 and 11."""

from collections.abc import Iterator
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from common.money import to_cents
from connectors.sage_intacct import sandbox_refusals as refusals
from connectors.sage_intacct.sandbox_books import Books
from connectors.sage_intacct.sandbox_lines import checked_line
from connectors.sage_intacct.sandbox_lists import Asker, is_kept_from, written_columns
from connectors.sage_intacct.sandbox_objects import KINDS
from connectors.sage_intacct.sandbox_refusals import Complaint, Refusal
from connectors.sage_intacct.sandbox_xml import made, text_of
from connectors.sandboxing import Doc

BILL, LINE = KINDS["APBILL"], KINDS["APBILLITEM"]
NOT_COLUMNS = frozenset({"ACTION", "APBILLITEMS"})
WANTED = {"VENDORID": "Vendor", "WHENCREATED": "Date Created", "WHENDUE": "Date Due"}


def create(books: Books, element: Element, asker: Asker, now: datetime) -> Doc:
    action = _action(element)
    bill = {k: v for k, v in written_columns(BILL, element, besides=NOT_COLUMNS).items() if v != ""}
    if bill.pop("RECORDNO", None):
        raise refusals.refused("BL03000018", "RECORDNO is given out by Intacct.", "Bill")
    lines = [checked_line(books, bill, line, asker) for line in _lines(element)]
    if action != "Draft":
        _check_complete(bill)
    _check_head(books, bill, asker)
    _check_number(books, bill)
    bill |= {
        "RECORDTYPE": "pi",
        "MODULEKEY": "3.AP",
        "MEGAENTITYID": asker.entity,
        "BASECURR": books.company["base_currency"],
        "CURRENCY": bill.get("CURRENCY") or books.company["base_currency"],
        "TOTALPAID": Decimal(0),
        "TOTALSELECTED": Decimal(0),
        "TOTALENTERED": _total(lines),
        "STATE": "D",
    }
    if bill.get("WHENCREATED"):
        bill.setdefault("WHENPOSTED", bill["WHENCREATED"])
    if action != "Draft":
        _submit(books, bill)
    kept = books.put("APBILL", bill, now)
    _put_lines(books, kept, lines, now)
    return kept


def update(books: Books, element: Element, asker: Asker, now: datetime) -> Doc:
    """Lines that are sent replace all lines (11.3)."""
    changes = written_columns(BILL, element, besides=NOT_COLUMNS)
    old = books.get("APBILL", changes.get("RECORDNO", ""))
    if old is None:
        raise _cannot("Cannot find bill with key", "update")
    if not changes.get("WHENDUE"):
        raise refusals.missing("Date Due", "Bill")
    if old["STATE"] not in {"D", "A"} or old["TOTALPAID"]:
        raise _cannot("The bill cannot be edited in its state.", "update")
    bill = {name: value for name, value in {**old, **changes}.items() if value != ""}
    bill.setdefault("MEGAENTITYID", "")
    _check_head(books, bill, asker)
    _check_number(books, bill)
    if element.find("APBILLITEMS") is not None:
        lines = [checked_line(books, bill, line, asker) for line in _lines(element)]
        for line in list(books.lines("APBILL", old["RECORDNO"])):
            books.delete("APBILLITEM", line["RECORDNO"])
        bill["TOTALENTERED"] = _total(lines)
        _put_lines(books, bill, lines, now)
    if old["STATE"] == "D" and _action(element, default="Draft") == "Submit":
        _submit(books, bill)
    return books.put("APBILL", bill, now)


def submit(books: Books, recordno: str, now: datetime) -> Doc:
    """What a person does on the screen of a draft."""
    bill = dict(_known(books, recordno, "submit"))
    if bill["STATE"] != "D":
        raise _cannot("Only a draft can be submitted.", "submit")
    _submit(books, bill)
    return books.put("APBILL", bill, now)


def approve(books: Books, recordno: str, now: datetime, *, declined: bool = False) -> Doc:
    bill = _known(books, recordno, "approve")
    if bill["STATE"] != "S":
        raise _cannot("Only a submitted bill can be approved.", "approve")
    return books.put("APBILL", {**bill, "STATE": "U" if declined else "A"}, now)


def recall(books: Books, recordno: str, now: datetime) -> Doc:
    bill = _known(books, recordno, "recall")
    if bill["STATE"] != "S":
        raise _cannot("Only a submitted bill can be recalled.", "recall")
    return books.put("APBILL", {**bill, "STATE": "D"}, now)


def reverse(books: Books, element: Element, now: datetime) -> Doc:
    bill = _known(books, element.get("key", ""), "reverse")
    if bill["STATE"] != "A" or bill["TOTALPAID"]:
        raise _cannot("Only a posted bill without payments can be reversed.", "reverse")
    day = _legacy_date(element.find("datereversed"), "datereversed")
    _check_open(books, day)
    return books.put("APBILL", {**bill, "STATE": "V"}, now)


def delete(books: Books, recordno: str) -> None:
    bill = _known(books, recordno, "delete")
    if bill["STATE"] not in {"D", "A"} or bill["TOTALPAID"]:
        raise _cannot("The bill cannot be deleted in its state.", "delete")
    for line in list(books.lines("APBILL", recordno)):
        books.delete("APBILLITEM", line["RECORDNO"])
    books.delete("APBILL", recordno)


# --- Checks -----------------------------------------------------------------------------------


def _check_complete(bill: Doc) -> None:
    """Only a draft may lack them (11.1)."""
    for column, called in WANTED.items():
        if not bill.get(column):
            raise refusals.missing(called, "Bill")


def _check_head(books: Books, bill: Doc, asker: Asker) -> None:
    if bill.get("VENDORID"):
        _check_vendor(books, bill["VENDORID"], asker)
    if bill.get("TERMNAME") and books.named("APTERM", bill["TERMNAME"]) is None:
        raise refusals.invalid(f"Invalid Term '{bill['TERMNAME']}' specified.", "Bill")
    currency = bill.get("CURRENCY")
    if currency and currency != books.company["base_currency"]:
        raise refusals.invalid(f"Currency '{currency}' is not valid.", "Bill")


def _check_vendor(books: Books, vendor_id: str, asker: Asker) -> None:
    vendor = books.named("VENDOR", vendor_id)
    if vendor is None or is_kept_from(books, vendor, asker.entity):
        raise refusals.invalid(f"Invalid Vendor '{vendor_id}' specified.", "Bill")
    if vendor["STATUS"] != "active":
        raise refusals.invalid(f"Activate the vendor {vendor_id}, then try again.", "Bill")


def _check_number(books: Books, bill: Doc) -> None:
    number = bill.get("RECORDID", "").casefold()
    if not number or not books.company["unique_bill_numbers"]:
        return
    for other in books.all("APBILL"):
        if (
            other.get("RECORDID", "").casefold() == number
            and other.get("VENDORID", "").casefold() == bill.get("VENDORID", "").casefold()
            and other["RECORDNO"] != bill.get("RECORDNO")
        ):
            raise refusals.already_exists("Bill", bill["RECORDID"])


def _submit(books: Books, bill: Doc) -> None:
    _check_complete(bill)
    _check_open(books, bill.get("WHENPOSTED") or bill["WHENCREATED"])
    bill["STATE"] = "S" if books.company["approvals"] else "A"


def _check_open(books: Books, day: str) -> None:
    """The number is assumed: it was not found (7)."""
    if any(first <= day <= last for first, last in books.company["closed"]):
        shown = date.fromisoformat(day).strftime("%m/%d/%Y")
        raise refusals.invalid(
            f"Periods are closed. The transaction date {shown} is in a closed period.", "Bill"
        )


def _action(element: Element, default: str = "Submit") -> str:
    action = text_of(element.find("ACTION")) or default
    if action not in {"Submit", "Draft"}:
        raise refusals.illegal("ACTION", action, "Bill")
    return action


# --- Lines ------------------------------------------------------------------------------------


def _lines(element: Element) -> list[Element]:
    holder = element.find("APBILLITEMS")
    lines = list(holder) if holder is not None else []
    if not lines:
        raise refusals.missing("APBILLITEMS", "Bill")
    if any(line.tag != "APBILLITEM" for line in lines):
        raise refusals.wrong_schema("APBILLITEMS holds APBILLITEM.")
    return lines


def _total(lines: list[Doc]) -> Decimal:
    return sum((line["TRX_AMOUNT"] for line in lines), Decimal(0))


def _put_lines(books: Books, bill: Doc, lines: list[Doc], now: datetime) -> None:
    for position, line in enumerate(lines, start=1):
        amount = to_cents(line["TRX_AMOUNT"])
        row = {
            **line,
            "RECORDKEY": bill["RECORDNO"],
            "LINE_NO": str(position),
            "TRX_AMOUNT": amount,
            "AMOUNT": amount,
            "ENTRY_DATE": bill.get("WHENCREATED", ""),
            "MEGAENTITYID": bill["MEGAENTITYID"],
        }
        row.pop("RECORDNO", None)
        books.put("APBILLITEM", row, now)


def _known(books: Books, recordno: str, verb: str) -> Doc:
    bill = books.get("APBILL", recordno)
    if bill is None:
        raise _cannot("Cannot find bill with key", verb)
    return bill


def _cannot(sentence: str, verb: str) -> Refusal:
    return Refusal(Complaint("BL01001973", sentence), refusals.general("Bill", verb))


# --- The old function -------------------------------------------------------------------------

ORDER = (
    "vendorid", "datecreated", "dateposted", "datedue", "termname", "action", "batchkey", "billno",
    "ponumber", "onhold", "description", "externalid", "payto", "returnto", "basecurr", "currency",
    "exchratedate", "exchratetype", "exchrate", "nogl", "supdocid", "customfields",
    "inclusivetax", "taxsolutionid", "billitems",
)  # fmt: skip
LINE_ORDER = (
    "glaccountno", "accountlabel", "offsetglaccountno", "amount", "allocationid", "memo",
    "locationid", "departmentid", "item1099", "form1099type", "form1099box", "key", "totalpaid",
    "totaldue", "customfields", "projectid", "taskid", "costtypeid", "customerid", "vendorid",
    "employeeid", "itemid", "classid", "contractid", "warehouseid", "billable", "totaltrxamount",
    "taxentries",
)  # fmt: skip
HEAD_NAMES = {
    "vendorid": "VENDORID", "termname": "TERMNAME", "action": "ACTION", "billno": "RECORDID",
    "ponumber": "DOCNUMBER", "description": "DESCRIPTION", "currency": "CURRENCY",
}  # fmt: skip
DATES = {"datecreated": "WHENCREATED", "dateposted": "WHENPOSTED", "datedue": "WHENDUE"}
LINE_NAMES = {"glaccountno": "ACCOUNTNO", "amount": "TRX_AMOUNT", "memo": "ENTRYDESCRIPTION"}


def from_legacy(element: Element) -> Element:
    """create_bill said as create APBILL. Raises Refusal: its strict order is broken (5.1)."""
    _check_order(element, ORDER)
    bill = made("APBILL")
    for child in element:
        if child.tag in DATES:
            day = datetime.fromisoformat(_legacy_date(child, child.tag))
            bill.append(made(DATES[child.tag], text=day.strftime("%m/%d/%Y")))
        elif child.tag in HEAD_NAMES:
            bill.append(made(HEAD_NAMES[child.tag], text=text_of(child)))
    items = element.find("billitems")
    lines = [_line_from_legacy(line) for line in (items if items is not None else [])]
    bill.append(made("APBILLITEMS", *lines))
    return bill


def _line_from_legacy(element: Element) -> Element:
    _check_order(element, LINE_ORDER)
    return made("APBILLITEM", *_renamed(element))


def _renamed(element: Element) -> Iterator[Element]:
    for child in element:
        name = LINE_NAMES.get(child.tag, child.tag.upper())
        if name in LINE.columns and not LINE.columns[name].is_read_only:
            yield made(name, text=text_of(child))


def _check_order(element: Element, order: tuple[str, ...]) -> None:
    tags = [child.tag for child in element]
    if any(tag not in order for tag in tags) or tags != sorted(tags, key=order.index):
        raise refusals.wrong_schema(f"The elements of {element.tag} are not in their order.")


def _legacy_date(element: Element | None, name: str) -> str:
    said = element if element is not None else made(name)
    year, month, day = (text_of(said.find(part)) for part in ("year", "month", "day"))
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        raise refusals.wrong_schema(f"{name} holds year, month and day.") from None
