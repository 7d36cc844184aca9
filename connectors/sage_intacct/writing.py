"""How we say a bill or a new record to Sage Intacct. Pure functions.

Sections named here are those of the project's reference sheet of Sage Intacct.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from xml.etree.ElementTree import Element

from common import money
from common.choices import RecordKind
from connectors.errors import Refused
from connectors.limits import cut, short_number
from connectors.records import NewRecord, OutgoingBill, OutgoingLine
from connectors.sage_intacct.envelope import function, made, texts
from connectors.sage_intacct.limits import LIMITS
from connectors.sage_intacct.translate import DAY, LABEL

# Asked to write more, Intacct would take longer than a call may (3.1 gives no limit of lines).
LINE_LIMIT = 1000


@dataclass(frozen=True, kw_only=True)
class Defaults:
    """What an admin chose for what a bill or a project does not say: `Connection.options`."""

    location_id: str = ""
    department_id: str = ""
    project_category: str = "Contract"


def note(memo: str, key: str) -> str:
    """The memo with our key behind it, as the bill's description.

    The description and not the reference number: people look for a commitment's number there, and
    it is the longer of the two fields that can be written and read back (11.1).
    """
    mark = f"[tieout:{key}]"
    return f"{cut(memo.strip(), LIMITS.memo.longest - len(mark) - 1)} {mark}".strip()


def bill_function(
    bill: OutgoingBill, defaults: Defaults, *, term_days: int | None = None
) -> Element:
    """Source: 11.1 and 11.2. Our key is the control id, which Intacct takes once (6).

    Retainage is a line like any other, only negative: whether a plain bill accepts the retainage
    columns is not established, they are documented on purchasing lines alone (11.1).

    Raises:
        Refused: Intacct would not take it, or would not store what it says.
    """
    _check(bill)
    header = {
        "VENDORID": bill.vendor_id,
        "RECORDID": short_number(bill.number, LIMITS.bill_number.longest),
        "WHENCREATED": _day(bill.bill_date),
        "WHENPOSTED": _day(bill.bill_date),
        "WHENDUE": _day(_due(bill, term_days)),
        "DESCRIPTION": note(bill.memo, bill.key),
        "TERMNAME": bill.term_id,
        # Named even where the company has one currency, so that a bill in another is refused.
        "CURRENCY": bill.currency,
        "ACTION": "Draft" if bill.is_draft else "Submit",
    }
    place = bill.location_id or defaults.location_id
    lines = [made("APBILLITEM", *texts(_line(line, place, defaults))) for line in bill.lines]
    call = made("create", made("APBILL", *texts(header), made("APBILLITEMS", *lines)))
    return function(bill.key, call)


def _line(line: OutgoingLine, place: str, defaults: Defaults) -> dict[str, str]:
    is_label = line.account_id.startswith(LABEL)
    return {
        "ACCOUNTNO": "" if is_label else line.account_id,
        "ACCOUNTLABEL": line.account_id.removeprefix(LABEL) if is_label else "",
        "TRX_AMOUNT": f"{line.amount.quantize(money.CENT):f}",
        "ENTRYDESCRIPTION": cut(line.description.strip(), LIMITS.line_description.longest),
        "LOCATIONID": place,
        "DEPARTMENTID": line.department_id or defaults.department_id,
        "PROJECTID": line.customer_id,
        # A task lies in a project and a cost type in a task (9): alone they would be refused.
        "TASKID": line.task_id if line.customer_id else "",
        "COSTTYPEID": line.cost_type_id if line.customer_id and line.task_id else "",
        "CLASSID": line.class_id,
    }


def _due(bill: OutgoingBill, term_days: int | None) -> date:
    """Intacct wants a day (11.1): the bill's own, or what its term comes to, or at once."""
    return bill.due_date or bill.bill_date + timedelta(days=term_days or 0)


def _day(value: date) -> str:
    return value.strftime(DAY)


def _check(bill: OutgoingBill) -> None:
    amounts = [line.amount for line in bill.lines]
    if not amounts:
        raise Refused("This bill has no lines, and Sage Intacct takes none without.", field="lines")
    if len(amounts) > LINE_LIMIT:
        raise Refused(
            f"This bill has {len(amounts)} lines. More than {LINE_LIMIT:,} are not sent: split it.",
            field="lines",
        )
    if any(each != money.to_cents(each) for each in amounts):
        raise Refused("A line of this bill has a fraction of a cent. Correct it.", field="amount")
    if sum(amounts) != bill.total:
        raise Refused(
            f"The lines of this bill add up to {sum(amounts):,.2f}, not to {bill.total:,.2f}.",
            field="total",
        )
    if bill.total < 0:
        raise Refused(
            "A bill below zero is entered in Sage Intacct as an AP adjustment, by hand.",
            field="total",
        )
    for line in bill.lines:
        if line.item_id or not line.account_id:
            raise Refused(
                "A line of a bill in Sage Intacct posts to an account or an account label. Map its"
                " cost code to one.",
                field="account",
            )


# --- A new record -----------------------------------------------------------------------------

OWN_ID = {
    RecordKind.VENDOR: ("VENDOR", "VENDORID"),
    RecordKind.CUSTOMER: ("CUSTOMER", "CUSTOMERID"),
    RecordKind.PROJECT: ("PROJECT", "PROJECTID"),
}


def record_function(new: NewRecord, defaults: Defaults, *, key: str) -> Element:
    """Source: 10. Without a code the id is left to Intacct, which gives one out if it numbers by
    itself and refuses otherwise.

    Raises:
        Refused: no such record can be made, or a limit is broken.
    """
    if new.kind not in OWN_ID:
        raise Refused(f"A {new.kind.label.lower()} cannot be created in Sage Intacct from here.")
    _check_record(new)
    name, own_id = OWN_ID[new.kind]
    own = {own_id: new.code, "NAME": new.name}
    if new.kind == RecordKind.PROJECT:
        project = {
            **own,
            "PROJECTCATEGORY": defaults.project_category,
            "CUSTOMERID": new.parent_id,
            "LOCATIONID": defaults.location_id,
            "DEPARTMENTID": defaults.department_id,
            "STATUS": "active",
        }
        return function(key, made("create", made(name, *texts(project))))
    mail = texts(
        {
            "ADDRESS1": new.address,
            "CITY": new.city,
            "STATE": new.state,
            "ZIP": new.postcode,
        }
    )
    contact = made(
        "DISPLAYCONTACT",
        *texts({"PRINTAS": new.name, "PHONE1": new.phone, "EMAIL1": new.email}),
    )
    if (address := made("MAILADDRESS", *mail)) is not None and len(address):
        contact.append(address)
    rest = texts({"TAXID": new.tax_id, "STATUS": "active"})
    return function(key, made("create", made(name, *texts(own), contact, *rest)))


def _check_record(new: NewRecord) -> None:
    if not new.name.strip():
        raise Refused("It needs a name.", field="name")
    said = [("name", "The name", LIMITS.names[new.kind])]
    if new.code:
        said.append(("code", "The ID", LIMITS.codes[new.kind]))
    said += [
        (field, f"The {field.replace('_', ' ')}", limit) for field, limit in LIMITS.fields.items()
    ]
    for field, what, limit in said:
        if complaint := limit.complaint(what, getattr(new, field)):
            raise Refused(complaint, field=field)
