"""Who sees which row, and how rows of lists are made. Source: the sheet, 3.4, 9 and 10."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from xml.etree.ElementTree import Element

from connectors.sage_intacct import sandbox_refusals as refusals
from connectors.sage_intacct.sandbox_books import Books
from connectors.sage_intacct.sandbox_objects import Kind
from connectors.sage_intacct.sandbox_shapes import read
from connectors.sage_intacct.sandbox_xml import text_of
from connectors.sandboxing import Doc

# Where a row names another: column to (object, what the refusal calls it).
REFERENCES = {
    "CUSTOMERID": ("CUSTOMER", "Customer"),
    "DEPARTMENTID": ("DEPARTMENT", "Department"),
    "LOCATIONID": ("LOCATION", "Location"),
    "CLASSID": ("CLASS", "Class"),
    "ITEMID": ("ITEM", "Item"),
    "TERMNAME": ("APTERM", "Term"),
    "ACCOUNTNO": ("GLACCOUNT", "Account Number"),
    "GLACCOUNTNO": ("GLACCOUNT", "Account Number"),
    "APACCOUNT": ("GLACCOUNT", "Account Number"),
    "STANDARDTASKID": ("STANDARDTASK", "Standard Task"),
    "STANDARDCOSTTYPEID": ("STANDARDCOSTTYPE", "Standard Cost Type"),
}
OWN_ID = {"VENDOR": "VENDORID", "CUSTOMER": "CUSTOMERID", "PROJECT": "PROJECTID"}


@dataclass(frozen=True)
class Asker:
    """Who asks, and from where: blank is the top level."""

    user: Doc
    entity: str = ""

    def may(self, kind: str, right: str) -> bool:
        denied = self.user["denied"]
        return f"{kind}:{right}" not in denied and kind not in denied


def visible(books: Books, kind: str, asker: Asker, *, shows_private: bool) -> list[Doc]:
    """Rows of the top level are shared; an entity's own are seen inside it, and from above only
    when that is asked for (5.3).
    """
    rows = books.all(kind)
    if asker.entity:
        return [row for row in rows if _seen_inside(books, row, asker.entity)]
    return rows if shows_private else [row for row in rows if not row["MEGAENTITYID"]]


def _seen_inside(books: Books, row: Doc, entity: str) -> bool:
    return row["MEGAENTITYID"] in {"", entity} and not is_kept_from(books, row, entity)


def is_kept_from(books: Books, row: Doc, location_id: str) -> bool:
    """Restricted to other locations (9)."""
    if row.get("OBJECTRESTRICTION") == "RootOnly":
        return bool(location_id)
    if row.get("OBJECTRESTRICTION") != "Restricted" or not location_id:
        return False
    allowed = row.get("RESTRICTEDLOCATIONS", "").replace("#~#", " ").split()
    return location_id not in allowed and books.entity_of(location_id) not in allowed


# --- Taking a payload apart -------------------------------------------------------------------


def flattened(element: Element, prefix: str = "") -> Iterator[tuple[str, str]]:
    for child in element:
        if len(child):
            yield from flattened(child, f"{prefix}{child.tag}.")
        else:
            yield prefix + child.tag, text_of(child)


def written_columns(kind: Kind, element: Element, *, besides: frozenset[str] = frozenset()) -> Doc:
    """The columns of a create or update, read and measured; a blank one clears the column.

    Raises:
        Refusal: unknown or read-only column, wrong form, too long.
    """
    doc: Doc = {}
    for name, text in flattened(element):
        if name in besides or name.partition(".")[0] in besides:
            continue
        column = kind.columns.get(name)
        if column is None or (column.is_read_only and name != "RECORDNO"):
            raise refusals.refused(
                "BL03000018", f"The field '{name}' cannot be written on {kind.name}.", kind.title
            )
        if not text:
            doc[name] = ""
            continue
        try:
            doc[name] = read(column.type, text)
        except ValueError:
            raise refusals.illegal(name, text, kind.title) from None
        longest = kind.lengths.get(name)
        if longest is not None and len(text) > longest:
            raise refusals.refused(
                "BL03000018",
                f"The value of {name} has {len(text)} characters, the maximum is {longest}.",
                kind.title,
            )
        labels = kind.labels.get(name)
        if labels is not None and text not in labels.values():
            raise refusals.illegal(name, text, kind.title)
    return doc


# --- Creating and changing --------------------------------------------------------------------


def create(books: Books, kind: Kind, element: Element, asker: Asker, now: datetime) -> Doc:
    doc = {name: value for name, value in written_columns(kind, element).items() if value != ""}
    doc.pop("RECORDNO", None)
    _give_id(books, kind, doc)
    _complete(books, kind, doc)
    _check_required(kind, doc)
    _check_references(books, kind, doc)
    key = tuple(doc.get(column, "") for column in kind.key)
    if kind.key and books.named(kind.name, *key) is not None:
        raise refusals.already_exists(kind.title, key[-1])
    if books.is_multi_entity and kind.name == "PROJECT" and not doc.get("LOCATIONID"):
        raise refusals.missing("Location", kind.title)
    return books.put(kind.name, {"MEGAENTITYID": asker.entity, **doc}, now)


def update(books: Books, kind: Kind, element: Element, now: datetime) -> Doc:
    changes = written_columns(kind, element)
    old = _current(books, kind, changes)
    if old is None:
        raise refusals.Refusal(
            refusals.Complaint("BL01001973", f"Cannot find {kind.title.lower()} with key"),
            refusals.general(kind.title, "update"),
        )
    doc = {name: value for name, value in {**old, **changes}.items() if value != ""}
    doc["RECORDNO"] = old["RECORDNO"]
    doc.setdefault("MEGAENTITYID", "")
    _check_required(kind, doc)
    _check_references(books, kind, doc)
    return books.put(kind.name, doc, now)


def _current(books: Books, kind: Kind, changes: Doc) -> Doc | None:
    if changes.get("RECORDNO"):
        return books.get(kind.name, changes["RECORDNO"])
    return books.named(kind.name, *(changes.get(column, "") for column in kind.key))


def _give_id(books: Books, kind: Kind, doc: Doc) -> None:
    """Auto-numbering gives an id out; without it one must be said (10)."""
    column = OWN_ID.get(kind.name, "")
    if kind.name in books.company["auto_number"]:
        number = len(books.all(kind.name)) + 10_000
        while books.named(kind.name, f"{kind.name[0]}-{number}"):
            number += 1
        doc.setdefault(column, f"{kind.name[0]}-{number}")
    elif column and not doc.get(column):
        raise refusals.missing(f"{kind.title} ID", kind.title)


def _complete(books: Books, kind: Kind, doc: Doc) -> None:
    """What follows from the rest, or has a default."""
    if kind.name == "TASK" and not doc.get("TASKID"):
        doc["TASKID"] = f"T{len(books.all('TASK')) + 1}"
    if kind.name == "COSTTYPE":
        _complete_cost_type(books, doc)
    if "OBJECTRESTRICTION" in kind.columns:
        doc.setdefault("OBJECTRESTRICTION", "Unrestricted")


def _complete_cost_type(books: Books, doc: Doc) -> None:
    if doc.get("TASKKEY") and (task := books.get("TASK", doc["TASKKEY"])):
        doc |= {"PROJECTID": task["PROJECTID"], "TASKID": task["TASKID"]}
    doc["COSTTYPEID"] = doc.get("STANDARDCOSTTYPEID", "")
    standard = books.named("STANDARDCOSTTYPE", doc["COSTTYPEID"]) or {}
    for column in ("NAME", "ACCOUNTNO", "ITEMID", "ACCUMULATIONTYPENAME"):
        if column in standard:
            doc.setdefault(column, standard[column])


def _check_required(kind: Kind, doc: Doc) -> None:
    for column in kind.columns.values():
        if column.is_required and not doc.get(column.name):
            raise refusals.missing(column.name, kind.title)


def _check_references(books: Books, kind: Kind, doc: Doc) -> None:
    for column, (other, called) in REFERENCES.items():
        if column in kind.key or column not in kind.columns or not doc.get(column):
            continue
        if books.named(other, doc[column]) is None:
            raise refusals.invalid(f"Invalid {called} '{doc[column]}' specified.", kind.title)
    if kind.name in {"TASK", "COSTTYPE"} and books.named("PROJECT", doc["PROJECTID"]) is None:
        raise refusals.invalid(f"Invalid Project '{doc['PROJECTID']}' specified.", kind.title)
    if kind.name == "COSTTYPE" and not books.named("TASK", doc["PROJECTID"], doc.get("TASKID", "")):
        raise refusals.invalid(f"Invalid Task '{doc.get('TASKID', '')}' specified.", kind.title)
