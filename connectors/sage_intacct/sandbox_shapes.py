"""What a column of a row holds, and how it is written. Source: the sheet, 5.1, 9 and 11.3."""

from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.sage_intacct.sandbox_books import Books
from connectors.sage_intacct.sandbox_objects import KINDS
from connectors.sandboxing import Doc

DAY = "%m/%d/%Y"
MOMENT = "%m/%d/%Y %H:%M:%S"
ZERO = Decimal(0)

# Columns that another row says: (object, column) to the columns that name it, its object, its own.
_SAID_ELSEWHERE: dict[tuple[str, str], tuple[tuple[str, ...], str, str]] = {
    ("VENDOR", "PARENTKEY"): (("PARENTID",), "VENDOR", "RECORDNO"),
    ("VENDOR", "PARENTNAME"): (("PARENTID",), "VENDOR", "NAME"),
    ("VENDOR", "APACCOUNTTITLE"): (("APACCOUNT",), "GLACCOUNT", "TITLE"),
    ("CUSTOMER", "PARENTKEY"): (("PARENTID",), "CUSTOMER", "RECORDNO"),
    ("CUSTOMER", "PARENTNAME"): (("PARENTID",), "CUSTOMER", "NAME"),
    ("PROJECT", "PARENTKEY"): (("PARENTID",), "PROJECT", "RECORDNO"),
    ("PROJECT", "PARENTNAME"): (("PARENTID",), "PROJECT", "NAME"),
    ("PROJECT", "CUSTOMERKEY"): (("CUSTOMERID",), "CUSTOMER", "RECORDNO"),
    ("PROJECT", "CUSTOMERNAME"): (("CUSTOMERID",), "CUSTOMER", "NAME"),
    ("PROJECT", "DEPARTMENTNAME"): (("DEPARTMENTID",), "DEPARTMENT", "TITLE"),
    ("PROJECT", "LOCATIONNAME"): (("LOCATIONID",), "LOCATION", "NAME"),
    ("TASK", "PROJECTKEY"): (("PROJECTID",), "PROJECT", "RECORDNO"),
    ("TASK", "PROJECTNAME"): (("PROJECTID",), "PROJECT", "NAME"),
    ("TASK", "ITEMNAME"): (("ITEMID",), "ITEM", "NAME"),
    ("TASK", "ITEMKEY"): (("ITEMID",), "ITEM", "RECORDNO"),
    ("TASK", "CLASSNAME"): (("CLASSID",), "CLASS", "NAME"),
    ("TASK", "CLASSKEY"): (("CLASSID",), "CLASS", "RECORDNO"),
    ("COSTTYPE", "PROJECTKEY"): (("PROJECTID",), "PROJECT", "RECORDNO"),
    ("COSTTYPE", "PROJECTNAME"): (("PROJECTID",), "PROJECT", "NAME"),
    ("COSTTYPE", "TASKKEY"): (("PROJECTID", "TASKID"), "TASK", "RECORDNO"),
    ("COSTTYPE", "TASKNAME"): (("PROJECTID", "TASKID"), "TASK", "NAME"),
    ("CLASS", "PARENTKEY"): (("PARENTID",), "CLASS", "RECORDNO"),
    ("DEPARTMENT", "PARENTKEY"): (("PARENTID",), "DEPARTMENT", "RECORDNO"),
    ("APBILL", "VENDORNAME"): (("VENDORID",), "VENDOR", "NAME"),
}
_SAME_AMOUNT = {
    "TRX_TOTALENTERED": "TOTALENTERED",
    "TRX_TOTALPAID": "TOTALPAID",
    "TRX_TOTALSELECTED": "TOTALSELECTED",
    "PAYMENTAMOUNT": "TRX_PAYMENTAMOUNT",
}


def held(books: Books, kind: str, row: Doc, column: str, now: datetime) -> Any:
    """The value of a column: text or Decimal, None when there is none. Enums are labels."""
    if (elsewhere := _SAID_ELSEWHERE.get((kind, column))) is not None:
        names, other, its = elsewhere
        said = books.named(other, *(row.get(name, "") for name in names))
        return said.get(its) if said else row.get(column)
    if column == "MEGAENTITYNAME":
        entity = books.named("LOCATIONENTITY", row.get("MEGAENTITYID", ""))
        return entity["NAME"] if entity else None
    if column == "RECORD_URL":
        return f"/ia/acct/ur.phtml?.r={kind.lower()}-{row['RECORDNO']}"
    if kind == "APBILL" and column in _OF_A_BILL:
        return _OF_A_BILL[column](row, now)
    if kind == "APPYMT" and column == "STATE":
        return KINDS[kind].labels["STATE"][row["STATE"]]
    value = row.get(_SAME_AMOUNT.get(column, column))
    return None if value == "" else value


def code(kind: str, row: Doc, column: str, label: Any) -> Any:
    """The stored code behind an enum's label: what readByQuery compares (5.2)."""
    if column == "STATE":
        return row["STATE"]
    for stored, shown in KINDS[kind].labels.get(column, {}).items():
        if shown == label:
            return stored
    return label


def written(type_: str, value: Any) -> str:
    """As the gateway writes it; blank for nothing."""
    if value is None:
        return ""
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if type_ == "date":
        return date.fromisoformat(value).strftime(DAY)
    if type_ == "timestamp":
        return datetime.fromisoformat(value).strftime(MOMENT)
    return str(value)


def read(type_: str, text: str) -> Any:
    """A value as it is kept, from how the gateway takes it.

    Raises:
        ValueError: it is not written that way.
    """
    match type_:
        case "currency":
            return _amount(text)
        case "date":
            return _moment(text, DAY).date().isoformat()
        case "timestamp":
            return _moment(text, MOMENT if " " in text else DAY).strftime("%Y-%m-%d %H:%M:%S")
        case "boolean":
            if text not in {"true", "false"}:
                raise ValueError(text)
        case "integer":
            return str(int(text))
    return text


def _amount(text: str) -> Decimal:
    try:
        amount = Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None
    if not amount.is_finite():
        raise ValueError(text)
    return amount


def _moment(text: str, form: str) -> datetime:
    return datetime.strptime(text, form).replace(tzinfo=UTC)


def _state(row: Doc, _now: datetime) -> str:
    """The label of a posted bill follows from its amounts."""
    entered, paid, selected = row["TOTALENTERED"], row["TOTALPAID"], row["TOTALSELECTED"]
    if row["STATE"] != "A":
        return KINDS["APBILL"].labels["STATE"][row["STATE"]]
    if entered == 0:
        return "No Value"
    if not paid and not selected:
        return "Posted"
    if entered == paid:
        return "Paid"
    return "Selected" if selected else "Partially Paid"


def _due(row: Doc, _now: datetime) -> Decimal:
    due: Decimal = row["TOTALENTERED"] - row["TOTALPAID"]
    return due


def _days_left(row: Doc, now: datetime) -> str | None:
    if not row.get("WHENDUE"):
        return None
    return str((date.fromisoformat(row["WHENDUE"]) - now.date()).days)


_OF_A_BILL: dict[str, Any] = {
    "STATE": _state,
    "RAWSTATE": lambda row, _now: row["STATE"],
    "TOTALDUE": _due,
    "TRX_TOTALDUE": _due,
    "DUE_IN_DAYS": _days_left,
}
