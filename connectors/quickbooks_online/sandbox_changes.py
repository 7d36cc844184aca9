"""What a bookkeeper does to a row of a list in QuickBooks' own screens, as strictly as there.

Source: sections 5.5, 7.1, 7.2, 7.5, 7.7 and 7.8 of the reference sheet. QuickBooks deletes no row
of a list: who presses "delete" makes it inactive, and a new row may take its name, under a new id.
What a merge leaves of the loser, that a customer can be made a project, and that a company put
back to an older backup loses rows for good, is not in the sheet: assumptions, kept to here.
"""

from collections.abc import Callable, Iterator
from typing import Any

from connectors.quickbooks_online import sandbox_lists as lists
from connectors.quickbooks_online.sandbox_books import NAME_OF, REFERENCES, TREES, Books
from connectors.quickbooks_online.sandbox_faults import Refusal, business
from connectors.sandboxing import Doc

# An inventory item carries stock, and a category holds items: neither becomes anything else.
ITEM_TYPES = {"Service", "NonInventory"}
SYSTEM_TYPES = {"Accounts Payable", "Accounts Receivable"}
HOLDERS = ("Bill", "VendorCredit", "BillPayment", "Item", "Vendor", "Customer", "Account", "Class")

Change = Callable[[Books, str, Doc, Doc], Doc]


def renamed(books: Books, entity: str, doc: Doc, said: Doc) -> Doc:
    return lists.obeyed(books, entity, {**doc, NAME_OF[entity]: said["name"]})


def moved(books: Books, entity: str, doc: Doc, said: Doc) -> Doc:
    """Below another row, or to the top where `parent` is blank."""
    if entity not in TREES:
        raise _not_there(f"A {entity.lower()} stands in no tree.")
    rest = {name: value for name, value in doc.items() if name != "ParentRef"}
    parent = said.get("parent", "")
    if not parent:
        return lists.obeyed(books, entity, {**rest, TREES[entity]: False})
    if parent in _branch(books, entity, doc["Id"]):
        raise _not_there("A row cannot stand below itself.")
    below = {**rest, "ParentRef": {"value": parent}, TREES[entity]: True}
    return lists.obeyed(books, entity, below)


def inactivated(_books: Books, entity: str, doc: Doc, _said: Doc) -> Doc:
    return lists.inactivated(entity, doc)


def reactivated(books: Books, entity: str, doc: Doc, _said: Doc) -> Doc:
    return lists.obeyed(books, entity, lists.reactivated(entity, doc))


def merged(books: Books, entity: str, doc: Doc, said: Doc) -> Doc:
    """It gets the winner's name, its bills go to the winner, and it is inactive from then on."""
    winner = books.get(entity, said["into"])
    if winner is None or winner["Id"] == doc["Id"] or not winner.get("Active", True):
        raise _not_there("Name another active row of the same list to merge into.")
    if doc.get("IsProject") or winner.get("IsProject"):
        raise _not_there("Projects cannot be merged.")
    for prop in ("AccountType", "AccountSubType", "Type", "CurrencyRef"):
        if doc.get(prop) != winner.get(prop):
            raise _not_there(f"Both have to have the same {prop}.")
    if len(_branch(books, entity, doc["Id"])) > 1:
        raise _not_there("Move or delete what stands below it first.")
    for holder, row in list(_holders(books, entity, doc["Id"])):
        books.replace(holder, _pointed(row, entity, doc["Id"], winner["Id"]))
    name = winner[NAME_OF[entity]]
    place = {key: winner[key] for key in ("ParentRef",) if key in winner}
    rest = {key: value for key, value in doc.items() if key != "ParentRef"}
    return lists.inactivated(entity, {**rest, **place, NAME_OF[entity]: name})


def retyped(books: Books, entity: str, doc: Doc, said: Doc) -> Doc:
    """Another type of account or item (7.5, 7.8)."""
    if entity == "Account":
        if {doc["AccountType"], said["type"]} & SYSTEM_TYPES:
            raise _not_there("This type of account cannot be changed.")
        rest = {name: value for name, value in doc.items() if name != "AccountSubType"}
        return lists.obeyed(books, entity, {**rest, "AccountType": said["type"]})
    if entity == "Item" and {doc["Type"], said["type"]} <= ITEM_TYPES:
        return lists.obeyed(books, entity, {**doc, "Type": said["type"]})
    raise _not_there("Its type cannot be changed to this.")


def no_longer_bought(_books: Books, entity: str, doc: Doc, _said: Doc) -> Doc:
    """ "I purchase this from a vendor" is unticked: no bill takes it any more (7.8)."""
    if entity != "Item":
        raise _not_there("Only items are bought or not.")
    return {name: value for name, value in doc.items() if name != "ExpenseAccountRef"}


def made_project(_books: Books, entity: str, doc: Doc, _said: Doc) -> Doc:
    if entity != "Customer" or "ParentRef" not in doc or doc.get("IsProject"):
        raise _not_there("Only a sub-customer can be made a project.")
    return {**doc, "IsProject": True}


def rolled_back(books: Books, entity: str, doc: Doc) -> None:
    """The company was put back to a backup from before this row: it was never there."""
    if len(_branch(books, entity, doc["Id"])) > 1 or any(_holders(books, entity, doc["Id"])):
        raise business(800, "Operation not allowed", "Something depends on it.")
    books.drop(entity, doc["Id"])


CHANGES: dict[str, Change] = {
    "rename": renamed,  # {"name": …}
    "move": moved,  # {"parent": id or ""}
    "inactivate": inactivated,
    "reactivate": reactivated,
    "merge": merged,  # {"into": id}
    "retype": retyped,  # {"type": …}
    "stop_buying": no_longer_bought,
    "make_project": made_project,
}


def _branch(books: Books, entity: str, key: str) -> set[str]:
    """A row and everything below it."""
    found = {key}
    while more := {
        row["Id"]
        for row in books.all(entity)
        if (row.get("ParentRef") or {}).get("value") in found and row["Id"] not in found
    }:
        found |= more
    return found


def _holders(books: Books, entity: str, key: str) -> Iterator[tuple[str, Doc]]:
    """Every row that refers to this one, but those that only stand below it."""
    for holder in HOLDERS:
        for row in books.all(holder):
            if _pointed(row, entity, key, "") != row:
                yield holder, row


def _pointed(value: Any, entity: str, key: str, to: str) -> Any:
    """The same document with references to one row turned to another."""
    if isinstance(value, list):
        return [_pointed(each, entity, key, to) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: {**each, "value": to}
        if REFERENCES.get(name) == entity and each["value"] == key
        else _pointed(each, entity, key, to)
        for name, each in value.items()
    }


def _not_there(sentence: str) -> Refusal:
    return business(6000, "A business validation error has occurred", sentence)
