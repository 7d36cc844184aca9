"""One line of a bill: its account and the dimensions beside it. Source: the sheet, 7, 9 and 10."""

from xml.etree.ElementTree import Element

from connectors.sage_intacct import sandbox_refusals as refusals
from connectors.sage_intacct.sandbox_books import Books
from connectors.sage_intacct.sandbox_lists import Asker, is_kept_from, written_columns
from connectors.sage_intacct.sandbox_objects import KINDS, REQUIREMENTS
from connectors.sandboxing import Doc

LINE = KINDS["APBILLITEM"]
# Column to (object, how the refusal says it). The texts are those that integrators match (7).
DIMENSIONS = {
    "LOCATIONID": ("LOCATION", "Location '{}' is not valid"),
    "DEPARTMENTID": ("DEPARTMENT", "Department '{}' is not valid"),
    "PROJECTID": ("PROJECT", "Project '{}' specified is not valid."),
    "CUSTOMERID": ("CUSTOMER", "Invalid Customer '{}' specified."),
    "VENDORID": ("VENDOR", "Invalid Vendor '{}' specified."),
    "ITEMID": ("ITEM", "Invalid Item '{}' specified."),
    "CLASSID": ("CLASS", "Invalid Class '{}' specified."),
}


def checked_line(books: Books, bill: Doc, element: Element, asker: Asker) -> Doc:
    """The line as it is kept. Raises Refusal."""
    line = {k: v for k, v in written_columns(LINE, element).items() if v != ""}
    if "TRX_AMOUNT" not in line:
        raise refusals.missing("TRX_AMOUNT", "Bill")
    account = _account(books, line)
    _check_location(books, line, asker)
    for column, (kind, sentence) in DIMENSIONS.items():
        if line.get(column):
            _check_dimension(books, kind, line, column, sentence)
    _check_task(books, line)
    _check_demands(account, {"VENDORID": bill.get("VENDORID", ""), **line})
    return line


def _account(books: Books, line: Doc) -> Doc:
    """The GL account of a line, named or behind its label, as the company is set up (10)."""
    number, label = line.get("ACCOUNTNO", ""), line.get("ACCOUNTLABEL", "")
    if bool(number) == bool(label):
        raise refusals.missing("ACCOUNTNO or ACCOUNTLABEL", "Bill")
    if books.company["uses_labels"]:
        if number:
            raise refusals.invalid(
                "GL account override is not allowed: use an account label.", "Bill"
            )
        found = books.named("APACCOUNTLABEL", label)
        if found is None or found["STATUS"] != "active":
            raise refusals.invalid(f"Invalid Account Label '{label}' specified.", "Bill")
        number = found["GLACCOUNTNO"]
    elif label:
        raise refusals.invalid("Account labels are not enabled: use an account number.", "Bill")
    account = books.named("GLACCOUNT", number)
    if account is None or account["STATUS"] != "active":
        raise refusals.invalid(f"Invalid Account Number '{number}' specified.", "Bill")
    return account


def _check_location(books: Books, line: Doc, asker: Asker) -> None:
    """Each line of a multi-entity company says where; inside an entity, somewhere in it (9)."""
    location = line.get("LOCATIONID", "")
    if books.is_multi_entity and not location:
        raise refusals.refused(
            "BL03000018",
            "This transaction is missing the Location dimension for the Account"
            f" {line.get('ACCOUNTNO') or line.get('ACCOUNTLABEL')}.",
            "Bill",
        )
    if asker.entity and location and books.entity_of(location) != asker.entity:
        raise refusals.invalid(f"Location '{location}' is not valid", "Bill")


def _check_dimension(books: Books, kind: str, line: Doc, column: str, sentence: str) -> None:
    row = books.named(kind, line[column])
    kept_from = row is not None and is_kept_from(books, row, line.get("LOCATIONID", ""))
    if row is None or row["STATUS"] != "active" or kept_from:
        raise refusals.invalid(sentence.format(line[column]), "Bill")


def _check_task(books: Books, line: Doc) -> None:
    """A task lies in its project and a cost type in its task (9)."""
    project, task, cost_type = (line.get(c, "") for c in ("PROJECTID", "TASKID", "COSTTYPEID"))
    if task and not project:
        raise refusals.refused("BL03000018", "A Task needs the Project it belongs to.", "Bill")
    if cost_type and not task:
        raise refusals.refused("BL03000018", "A Cost Type needs the Task it belongs to.", "Bill")
    if task:
        _check_in_project(books.named("TASK", project, task), "Task", task)
    if cost_type:
        _check_in_project(books.named("COSTTYPE", project, task, cost_type), "Cost Type", cost_type)


def _check_in_project(row: Doc | None, called: str, key: str) -> None:
    if row is None or row["STATUS"] != "active":
        raise refusals.invalid(f"Invalid {called} '{key}' specified.", "Bill")


def _check_demands(account: Doc, line: Doc) -> None:
    for flag, (column, called) in REQUIREMENTS.items():
        if account.get(flag) == "true" and not line.get(column):
            raise refusals.refused(
                "BL03000018",
                f"This transaction is missing the {called} dimension for the Account"
                f" {account['ACCOUNTNO']}.",
                "Bill",
            )
