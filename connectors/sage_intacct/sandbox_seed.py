"""Fills empty books from a folder of CSV files; its columns are in connectors/seeds/README.md."""

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from pathlib import Path

from connectors.sage_intacct.sandbox_books import Books
from connectors.sage_intacct.sandbox_objects import REQUIREMENTS
from connectors.sandboxing import Doc, read_csv

Row = dict[str, str]
# How the seed calls what an account may demand, in the words of connectors.records.DIMENSIONS.
DEMANDS = {
    "project": "REQUIREPROJECT",
    "task": "REQUIRETASK",
    "location": "REQUIRELOC",
    "department": "REQUIREDEPT",
    "class": "REQUIRECLASS",
    "vendor": "REQUIREVENDOR",
    "customer": "REQUIRECUSTOMER",
    "item": "REQUIREITEM",
}
EVERY = "*"


def load(books: Books, seed: Path, now: datetime) -> None:
    for row in read_csv(seed / "company.csv"):
        books.change_company(**_company(row), closed=_closed(seed))
    for row in read_csv(seed / "users.csv") or [{}]:
        books.put_user(_user(row))
    for row in read_csv(seed / "locations.csv"):
        books.put("LOCATION", _location(row), now)
        if _yes(row, "is_entity", blank=False):
            books.put("LOCATIONENTITY", _location(row), now)
    for kind, file, translated in LISTS:
        for row in read_csv(seed / file):
            books.put(kind, {**translated(row), **_status(row)}, now)
    _load_tasks(books, seed, now)
    for row in read_csv(seed / "bills.csv"):
        _put_bill(books, row, now)


def _load_tasks(books: Books, seed: Path, now: datetime) -> None:
    for row in read_csv(seed / "tasks.csv"):
        for project in _named_or_every(books, "PROJECT", "PROJECTID", row["project_id"]):
            books.put("TASK", {**_task(row), "PROJECTID": project, **_status(row)}, now)
    for row in read_csv(seed / "cost_types.csv"):
        for project, task in _tasks_of(books, row):
            where = {"PROJECTID": project, "TASKID": task}
            books.put("COSTTYPE", {**_cost_type(books, row), **where, **_status(row)}, now)


# --- One row each -----------------------------------------------------------------------------


def _company(row: Row) -> Doc:
    return {
        "id": row["id"],
        "name": row["name"],
        "base_currency": row.get("base_currency") or "USD",
        "uses_labels": _yes(row, "uses_account_labels", blank=False),
        "approvals": _yes(row, "ap_approvals", blank=False),
        "unique_bill_numbers": _yes(row, "unique_bill_numbers"),
        "auto_number": [name.upper() for name in row.get("auto_number", "").split()],
    }


def _closed(seed: Path) -> list[list[str]]:
    return [
        [row["start_date"], row["end_date"]]
        for row in read_csv(seed / "periods.csv")
        if _yes(row, "closed", blank=False)
    ]


def _user(row: Row) -> Doc:
    return {
        "user_id": row.get("user_id") or "xml_tieout",
        "password": row.get("password") or "tieout-sandbox",
        "entities": row.get("entities", "").split(),
        "denied": row.get("denied", "").split(),
    }


def _location(row: Row) -> Doc:
    return {**_texts(row, LOCATIONID="id", NAME="name", PARENTID="parent_id"), **_status(row)}


def _department(row: Row) -> Doc:
    return _texts(row, DEPARTMENTID="id", TITLE="title", PARENTID="parent_id")


def _class(row: Row) -> Doc:
    return _texts(row, CLASSID="id", NAME="name", PARENTID="parent_id")


def _term(row: Row) -> Doc:
    return _texts(row, NAME="name", DESCRIPTION="description", DUEDATE="due_days")


def _account(row: Row) -> Doc:
    demanded = {DEMANDS[word] for word in row.get("requires", "").split()}
    return {
        **{column: str(column in demanded).lower() for column in REQUIREMENTS},
        "ACCOUNTTYPE": row.get("type") or "incomestatement",
        "NORMALBALANCE": row.get("normal_balance") or "debit",
        "CLOSINGTYPE": "non-closing account",
        "ALTERNATIVEACCOUNT": row.get("alternative") or "None",
        **_texts(row, ACCOUNTNO="number", TITLE="title", CATEGORY="category"),
    }


def _label(row: Row) -> Doc:
    return _texts(
        row, ACCOUNTLABEL="label", DESCRIPTION="description", GLACCOUNTNO="account_number"
    )


def _item(row: Row) -> Doc:
    return {
        "ITEMTYPE": row.get("type") or "Non-Inventory (Purchase only)",
        **_texts(row, ITEMID="id", NAME="name", GLGROUP="gl_group"),
    }


def _standard_cost_type(row: Row) -> Doc:
    return _texts(
        row,
        STANDARDCOSTTYPEID="id",
        NAME="name",
        ACCOUNTNO="account_number",
        ACCUMULATIONTYPENAME="accumulation_type",
        ITEMID="item_id",
    )


def _standard_task(row: Row) -> Doc:
    return _texts(
        row,
        STANDARDTASKID="id",
        NAME="name",
        DESCRIPTION="description",
        STANDARDTASKSTANDARDCOSTTYPES="cost_types",
    )


def _party(row: Row) -> Doc:
    return {
        "DISPLAYCONTACT.PRINTAS": row.get("print_as") or row["name"],
        "OBJECTRESTRICTION": "Restricted" if row.get("restricted_to") else "Unrestricted",
        "ONHOLD": str(_yes(row, "on_hold", blank=False)).lower(),
        **_texts(
            row,
            **{
                "DISPLAYCONTACT.COMPANYNAME": "company_name",
                "DISPLAYCONTACT.MAILADDRESS.ADDRESS1": "address",
                "DISPLAYCONTACT.MAILADDRESS.CITY": "city",
                "DISPLAYCONTACT.MAILADDRESS.STATE": "state",
                "DISPLAYCONTACT.MAILADDRESS.ZIP": "zip",
                "DISPLAYCONTACT.PHONE1": "phone",
                "DISPLAYCONTACT.EMAIL1": "email",
            },
            NAME="name",
            TAXID="tax_id",
            TERMNAME="term",
            RESTRICTEDLOCATIONS="restricted_to",
            MEGAENTITYID="entity",
        ),
        **_amounts(row, RETAINAGEPERCENTAGE="retainage_percent"),
    }


def _vendor(row: Row) -> Doc:
    return {
        **_party(row),
        **_texts(
            row,
            VENDORID="id",
            VENDTYPE="type",
            APACCOUNT="account_number",
            ACCOUNTLABEL="label",
            VENDORACCOUNTNO="our_account_with_them",
        ),
    }


def _customer(row: Row) -> Doc:
    return {**_party(row), **_texts(row, CUSTOMERID="id", PARENTID="parent_id")}


def _project(row: Row) -> Doc:
    return {
        "PROJECTCATEGORY": row.get("category") or "Contract",
        **_texts(
            row,
            PROJECTID="id",
            NAME="name",
            DESCRIPTION="description",
            PARENTID="parent_id",
            CUSTOMERID="customer_id",
            LOCATIONID="location_id",
            DEPARTMENTID="department_id",
            CLASSID="class_id",
            BEGINDATE="begin_date",
            ENDDATE="end_date",
            MEGAENTITYID="entity",
        ),
        **_amounts(row, CONTRACTAMOUNT="contract_amount"),
    }


def _period(row: Row) -> Doc:
    return _texts(row, NAME="name", START_DATE="start_date", END_DATE="end_date")


def _task(row: Row) -> Doc:
    return {
        "TASKSTATUS": row.get("status") or "In Progress",
        "BILLABLE": "false",
        **_texts(
            row,
            TASKID="id",
            NAME="name",
            STANDARDTASKID="standard_task_id",
            ITEMID="item_id",
            CLASSID="class_id",
            DESCRIPTION="description",
        ),
    }


def _cost_type(books: Books, row: Row) -> Doc:
    """Name and account come from the standard cost type where the row says nothing (10)."""
    standard = books.named("STANDARDCOSTTYPE", row["id"]) or {}
    inherited = ("NAME", "ACCOUNTNO", "ACCUMULATIONTYPENAME", "ITEMID")
    return {
        **{column: standard[column] for column in inherited if column in standard},
        "COSTTYPEID": row["id"],
        "STANDARDCOSTTYPEID": row["id"],
        **_texts(row, NAME="name", ACCOUNTNO="account_number"),
    }


LISTS: tuple[tuple[str, str, Callable[[Row], Doc]], ...] = (
    ("DEPARTMENT", "departments.csv", _department),
    ("CLASS", "classes.csv", _class),
    ("APTERM", "terms.csv", _term),
    ("GLACCOUNT", "accounts.csv", _account),
    ("APACCOUNTLABEL", "labels.csv", _label),
    ("ITEM", "items.csv", _item),
    ("STANDARDCOSTTYPE", "standard_cost_types.csv", _standard_cost_type),
    ("STANDARDTASK", "standard_tasks.csv", _standard_task),
    ("VENDOR", "vendors.csv", _vendor),
    ("CUSTOMER", "customers.csv", _customer),
    ("PROJECT", "projects.csv", _project),
    ("REPORTINGPERIOD", "periods.csv", _period),
)


def _put_bill(books: Books, row: Row, now: datetime) -> None:
    """A bill of one line that was there before us."""
    total = Decimal(row["total"])
    bill = {
        "STATE": "D" if row.get("state") == "Draft" else "A",
        "RECORDTYPE": "pi",
        "MODULEKEY": "3.AP",
        "CURRENCY": row.get("currency") or books.company["base_currency"],
        "BASECURR": books.company["base_currency"],
        "TOTALENTERED": total,
        "TOTALPAID": Decimal(row.get("paid") or 0),
        "TOTALSELECTED": Decimal(0),
        "WHENPOSTED": row.get("posted_date") or row["date"],
        **_texts(
            row,
            VENDORID="vendor_id",
            RECORDID="number",
            DOCNUMBER="reference",
            WHENCREATED="date",
            WHENDUE="due_date",
            DESCRIPTION="description",
            TERMNAME="term",
        ),
    }
    kept = books.put("APBILL", bill, now)
    line = {
        "RECORDKEY": kept["RECORDNO"],
        "LINE_NO": "1",
        "TRX_AMOUNT": total,
        "AMOUNT": total,
        "ENTRY_DATE": row["date"],
        **_texts(
            row,
            ACCOUNTNO="account_number",
            ACCOUNTLABEL="label",
            LOCATIONID="location_id",
            PROJECTID="project_id",
            TASKID="task_id",
            COSTTYPEID="cost_type_id",
        ),
    }
    books.put("APBILLITEM", line, now)


# --- Reading cells ----------------------------------------------------------------------------


def _named_or_every(books: Books, kind: str, column: str, named: str) -> list[str]:
    if named != EVERY:
        return [named]
    return [row[column] for row in books.all(kind) if row["STATUS"] == "active"]


def _tasks_of(books: Books, row: Row) -> Iterator[tuple[str, str]]:
    """The tasks a row speaks of; `*` stands for every project, or every task of it."""
    if EVERY not in (row["project_id"], row["task_id"]):
        yield row["project_id"], row["task_id"]
        return
    for task in books.all("TASK"):
        if row["project_id"] in (EVERY, task["PROJECTID"]) and row["task_id"] in (
            EVERY,
            task["TASKID"],
        ):
            yield task["PROJECTID"], task["TASKID"]


def _status(row: Row) -> Doc:
    return {"STATUS": "active" if _yes(row, "active") else "inactive"}


def _texts(row: Row, **columns: str) -> Doc:
    return {name: row[column] for name, column in columns.items() if row.get(column)}


def _amounts(row: Row, **columns: str) -> Doc:
    return {name: Decimal(row[column]) for name, column in columns.items() if row.get(column)}


def _yes(row: Row, column: str, *, blank: bool = True) -> bool:
    return row[column].lower() == "true" if row.get(column) else blank
