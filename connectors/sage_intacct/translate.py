"""What the rows of Sage Intacct's lists mean for us. Pure functions.

Bills are in `posted.py`, payments in `payments.py`, and what goes out in `writing.py`.

A row is a flat dict of the columns that hold something: {"VENDORID": "V-1042", …}. Sections named
here are those of the project's reference sheet of Sage Intacct. Documents refer to natural ids
(9), so those are our external ids; the record number stays in the payload.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from common import money
from common.choices import RecordKind
from connectors.records import DIMENSIONS, PulledRecord, Unreadable

Row = Mapping[str, str]
LABEL = "label/"  # before the name of an AP account label, to tell it from an account's number
LABEL_TYPE = "AP account label"
DAY, MOMENT = "%m/%d/%Y", "%m/%d/%Y %H:%M:%S"  # 5.1; moments are in GMT

# What an account may demand of a line, in our words (10). A cost type is not among the flags.
DEMANDS = {
    "REQUIREPROJECT": "project",
    "REQUIRETASK": "task",
    "REQUIRELOC": "location",
    "REQUIREDEPT": "department",
    "REQUIRECLASS": "class",
    "REQUIREVENDOR": "vendor",
}
# How we call an account that names no category, by its statement and normal balance (10).
SIDES = {
    ("incomestatement", "debit"): "Cost or expense",
    ("incomestatement", "credit"): "Revenue",
    ("balancesheet", "debit"): "Asset",
    ("balancesheet", "credit"): "Liability",
}
OWN_LEDGERS = {"Payables account", "Receivables account"}


@dataclass(frozen=True)
class Listed:
    """Where a list lies, which columns are asked for, and what a row of it means."""

    object: str
    key: tuple[str, ...]  # the columns of its natural id
    columns: tuple[str, ...]
    translated: Callable[[Row], PulledRecord]

    @property
    def fields(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(("RECORDNO", *self.key, *self.columns)))


# --- Ids --------------------------------------------------------------------------------------


def joined(*parts: str) -> str:
    """The id of a task or cost type: PROJECTID/TASKID/COSTTYPEID. A slash within is %2F."""
    return "/".join(part.replace("%", "%25").replace("/", "%2F") for part in parts)


def parted(external_id: str) -> tuple[str, ...]:
    return tuple(part.replace("%2F", "/").replace("%25", "%") for part in external_id.split("/"))


# --- Lists ------------------------------------------------------------------------------------


def vendor(row: Row) -> PulledRecord:
    return _party(RecordKind.VENDOR, row, row["VENDORID"], term_id=row.get("TERMNAME", ""))


def customer(row: Row) -> PulledRecord:
    """Whom a project is for. Costs go to projects (9), so a line names no customer."""
    return _party(
        RecordKind.CUSTOMER, row, row["CUSTOMERID"], path=row["NAME"], is_selectable=False
    )


def project(row: Row) -> PulledRecord:
    return _record(
        RecordKind.PROJECT,
        row,
        external_id=row["PROJECTID"],
        name=row["NAME"],
        code=row["PROJECTID"],
        type=row.get("PROJECTCATEGORY", ""),
        parent_external_id=row.get("PARENTID", ""),
        other_names=_others(row["NAME"], row.get("DESCRIPTION", "")),
    )


def task(row: Row) -> PulledRecord:
    """A cost code of one project (9, 10)."""
    return _record(
        RecordKind.TASK,
        row,
        external_id=joined(row["PROJECTID"], row["TASKID"]),
        name=row["NAME"],
        code=row["TASKID"],
        parent_external_id=row["PROJECTID"],
    )


def cost_type(row: Row) -> PulledRecord:
    return _record(
        RecordKind.COST_TYPE,
        row,
        external_id=joined(row["PROJECTID"], row["TASKID"], row["COSTTYPEID"]),
        name=row.get("NAME") or row["COSTTYPEID"],
        code=row["COSTTYPEID"],
        type=row.get("ACCUMULATIONTYPENAME", ""),
        parent_external_id=joined(row["PROJECTID"], row["TASKID"]),
    )


def item(row: Row) -> PulledRecord:
    """A dimension beside the account on a bill's line, never instead of it (11.1)."""
    return _record(
        RecordKind.ITEM,
        row,
        external_id=row["ITEMID"],
        name=row["NAME"],
        code=row["ITEMID"],
        type=row.get("ITEMTYPE", ""),
        is_selectable=False,
    )


def account(row: Row) -> PulledRecord:
    """Only other things may post to the account of the payables itself."""
    side = (row.get("ACCOUNTTYPE", ""), row.get("NORMALBALANCE", ""))
    return _record(
        RecordKind.ACCOUNT,
        row,
        external_id=row["ACCOUNTNO"],
        name=row["TITLE"],
        code=row["ACCOUNTNO"],
        type=row.get("CATEGORY") or SIDES.get(side, side[0]),
        is_selectable=row.get("ALTERNATIVEACCOUNT", "") not in OWN_LEDGERS
        and row.get("CLOSINGTYPE", "") != "closing account",
        requires=tuple(ours for flag, ours in DEMANDS.items() if row.get(flag) == "true"),
    )


def label(row: Row) -> PulledRecord:
    """Where a company enters bills by labels, they stand for accounts (10)."""
    return _record(
        RecordKind.ACCOUNT,
        row,
        external_id=LABEL + row["ACCOUNTLABEL"],
        name=row.get("DESCRIPTION") or row["ACCOUNTLABEL"],
        code=row["ACCOUNTLABEL"],
        type=LABEL_TYPE,
    )


def ledger_class(row: Row) -> PulledRecord:
    return _tree(RecordKind.CLASS, row, row["CLASSID"], row["NAME"])


def department(row: Row) -> PulledRecord:
    return _tree(RecordKind.DEPARTMENT, row, row["DEPARTMENTID"], row["TITLE"])


def location(row: Row) -> PulledRecord:
    return _tree(RecordKind.LOCATION, row, row["LOCATIONID"], row["NAME"])


def term(row: Row) -> PulledRecord:
    return _record(RecordKind.TERM, row, external_id=row["NAME"], name=row["NAME"])


_CONTACT = "DISPLAYCONTACT."
_PARTY_COLUMNS = (
    "NAME", "STATUS", "WHENMODIFIED", "PARENTID", "TAXID", "TERMNAME",
    "DISPLAYCONTACT.PRINTAS", "DISPLAYCONTACT.COMPANYNAME", "DISPLAYCONTACT.PHONE1",
    "DISPLAYCONTACT.EMAIL1", "DISPLAYCONTACT.MAILADDRESS.ADDRESS1",
    "DISPLAYCONTACT.MAILADDRESS.CITY", "DISPLAYCONTACT.MAILADDRESS.STATE",
    "DISPLAYCONTACT.MAILADDRESS.ZIP",
)  # fmt: skip
_TREE_COLUMNS = ("STATUS", "WHENMODIFIED", "PARENTID")

LISTS: Mapping[RecordKind, Listed] = {
    RecordKind.VENDOR: Listed(
        "VENDOR", ("VENDORID",), (*_PARTY_COLUMNS, "ONHOLD"), vendor
    ),
    RecordKind.CUSTOMER: Listed("CUSTOMER", ("CUSTOMERID",), _PARTY_COLUMNS, customer),
    RecordKind.PROJECT: Listed(
        "PROJECT",
        ("PROJECTID",),
        ("NAME", "STATUS", "WHENMODIFIED", "DESCRIPTION", "PROJECTCATEGORY", "PARENTID",
         "CUSTOMERID", "LOCATIONID", "DEPARTMENTID"),
        project,
    ),
    RecordKind.TASK: Listed(
        "TASK", ("PROJECTID", "TASKID"), ("NAME", "STATUS", "WHENMODIFIED", "STANDARDTASKID"), task
    ),
    RecordKind.COST_TYPE: Listed(
        "COSTTYPE",
        ("PROJECTID", "TASKID", "COSTTYPEID"),
        ("NAME", "STATUS", "WHENMODIFIED", "ACCOUNTNO", "ACCUMULATIONTYPENAME"),
        cost_type,
    ),
    RecordKind.ITEM: Listed(
        "ITEM", ("ITEMID",), ("NAME", "ITEMTYPE", "STATUS", "WHENMODIFIED"), item
    ),
    RecordKind.ACCOUNT: Listed(
        "GLACCOUNT",
        ("ACCOUNTNO",),
        ("TITLE", "CATEGORY", "ACCOUNTTYPE", "NORMALBALANCE", "CLOSINGTYPE", "ALTERNATIVEACCOUNT",
         "STATUS", "WHENMODIFIED", *DEMANDS),
        account,
    ),
    RecordKind.CLASS: Listed("CLASS", ("CLASSID",), ("NAME", *_TREE_COLUMNS), ledger_class),
    RecordKind.LOCATION: Listed("LOCATION", ("LOCATIONID",), ("NAME", *_TREE_COLUMNS), location),
    RecordKind.DEPARTMENT: Listed(
        "DEPARTMENT", ("DEPARTMENTID",), ("TITLE", *_TREE_COLUMNS), department
    ),
    # The sheet names terms only where a bill refers to one: the object is our assumption.
    RecordKind.TERM: Listed("APTERM", ("NAME",), ("STATUS", "WHENMODIFIED", "DUEDATE"), term),
}  # fmt: skip
LABELS = Listed(
    "APACCOUNTLABEL",
    ("ACCOUNTLABEL",),
    ("DESCRIPTION", "GLACCOUNTNO", "STATUS", "WHENMODIFIED"),
    label,
)


def record(kind: RecordKind, listed: Listed, row: Row) -> PulledRecord | Unreadable:
    """One row of a list."""
    try:
        return listed.translated(row)
    except (KeyError, ValueError) as error:
        return Unreadable(
            sentence=f"Sage Intacct sent a row of {listed.object} that cannot be understood"
            f" (record {row.get('RECORDNO', 'without a number')}): {type(error).__name__} at"
            f" {error}.",
            payload=dict(row),
            kind=kind,
            external_id=joined(*(row[column] for column in listed.key))
            if all(column in row for column in listed.key)
            else "",
        )


@dataclass(frozen=True)
class AccountRules:
    """How this company enters bills, which no account says by itself (9, 10)."""

    by_labels: bool
    always: frozenset[str] = frozenset()  # what every line has to name besides
    never: frozenset[str] = frozenset()  # what we always say by ourselves

    def applied(self, found: PulledRecord, demands: Mapping[str, tuple[str, ...]]) -> PulledRecord:
        """An account or a label: one of them may be chosen, and a label demands what its account
        does. `demands` are those of the accounts, by number.
        """
        is_label = found.type == LABEL_TYPE
        requires = set(found.requires) | self.always
        if is_label:
            requires |= set(demands.get((found.payload or {}).get("GLACCOUNTNO", ""), ()))
        return replace(
            found,
            is_selectable=found.is_selectable and is_label == self.by_labels,
            requires=tuple(name for name in DIMENSIONS if name in requires - self.never),
        )


def _party(kind: RecordKind, row: Row, external_id: str, **more: Any) -> PulledRecord:
    contact = {
        name.removeprefix(_CONTACT): text for name, text in row.items() if name.startswith(_CONTACT)
    }
    return _record(
        kind,
        row,
        external_id=external_id,
        name=row["NAME"],
        code=external_id,
        parent_external_id=row.get("PARENTID", ""),
        other_names=_others(
            row["NAME"], contact.get("PRINTAS", ""), contact.get("COMPANYNAME", "")
        ),
        address=contact.get("MAILADDRESS.ADDRESS1", ""),
        city=contact.get("MAILADDRESS.CITY", ""),
        state=contact.get("MAILADDRESS.STATE", ""),
        postcode=contact.get("MAILADDRESS.ZIP", ""),
        email=contact.get("EMAIL1", ""),
        phone=contact.get("PHONE1", ""),
        tax_id=row.get("TAXID", ""),
        **more,
    )


def _tree(kind: RecordKind, row: Row, external_id: str, name: str) -> PulledRecord:
    return _record(
        kind,
        row,
        external_id=external_id,
        name=name,
        code=external_id,
        parent_external_id=row.get("PARENTID", ""),
    )


def _record(kind: RecordKind, row: Row, **more: Any) -> PulledRecord:
    return PulledRecord(
        kind=kind,
        # "active non-posting" is for reports only (9).
        is_active=row.get("STATUS", "active") == "active",
        changed_at=moment(row["WHENMODIFIED"]) if row.get("WHENMODIFIED") else None,
        # The tax number has its column; a copy here would be shown unmasked.
        payload={name: text for name, text in row.items() if name != "TAXID"},
        **more,
    )


def _others(name: str, *spellings: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(each for each in spellings if each and each != name))


# --- Values -----------------------------------------------------------------------------------


def day(text: str) -> date:
    return datetime.strptime(text, DAY).replace(tzinfo=UTC).date()


def moment(text: str) -> datetime:
    return datetime.strptime(text, MOMENT).replace(tzinfo=UTC)


def amount(text: str) -> Decimal:
    return money.parse(text).quantize(money.CENT)
