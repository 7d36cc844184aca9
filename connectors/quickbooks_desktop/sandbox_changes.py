"""What a bookkeeper does to a row of a list in QuickBooks' own screens, as strictly as there.

Source: sections 3 and 5 of the reference sheet. That a merge takes the loser out of its list and
turns everything to the winner, which the deletion log then shows, is how the screens do it and not
in the sheet: assumed, like what "re-create" stands for, a second row under the same name.
"""

from collections.abc import Callable
from datetime import datetime

from connectors.quickbooks_desktop import sandbox_lists as lists
from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.quickbooks_desktop.sandbox_books import PEOPLE, TREES, CompanyBooks, pointed
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.sandboxing import Doc

# An inventory item carries stock, and a group holds items: neither becomes anything else.
ITEM_TYPES = {"ItemService", "ItemNonInventory", "ItemOtherCharge"}
SYSTEM_TYPES = {"AccountsPayable", "AccountsReceivable"}
NAME_LENGTHS = {**dict.fromkeys(PEOPLE, 41), **dict.fromkeys(("Account", "Item", "Class"), 31)}

Change = Callable[[CompanyBooks, str, Doc, Doc], Doc]


def changed(books: CompanyBooks, kind: str, key: str, action: str, said: Doc, now: datetime) -> Doc:
    """Do one of ACTIONS to one row; what it is now, or was.

    Raises:
        Refusal: the row is not there, or QuickBooks would not do this.
        KeyError: there is no such action.
    """
    doc = books.get(kind, key)
    if doc is None:
        raise refusals.not_found(key)
    if action in DEPARTURES:
        return DEPARTURES[action](books, kind, doc, said, now)
    after = CHANGES[action](books, kind, doc, said)
    row = {name: value for name, value in after.items() if value not in (None, "")}
    books.check_name(kind, row)
    return books.put(kind, row, now)


def _renamed(_books: CompanyBooks, kind: str, doc: Doc, said: Doc) -> Doc:
    name = said["name"].strip()
    if len(name) > NAME_LENGTHS.get(kind, 31):
        raise refusals.too_long("Name", NAME_LENGTHS.get(kind, 31))
    return {**doc, "Name": name}


def _moved(books: CompanyBooks, kind: str, doc: Doc, said: Doc) -> Doc:
    """Below another row, or to the top where `parent` is blank. A customer becomes a job."""
    if kind not in TREES:
        raise _not_there(f"A {kind.lower()} stands in no tree.")
    parent = said.get("parent", "")
    if parent and (books.get(kind, parent) is None or parent in books.branch(kind, doc["ListID"])):
        raise _not_there("A row stands below another row of its list, and not below itself.")
    return {**doc, "ParentRef": parent}


def _inactivated(_books: CompanyBooks, _kind: str, doc: Doc, _said: Doc) -> Doc:
    return {**doc, "IsActive": False}


def _reactivated(_books: CompanyBooks, _kind: str, doc: Doc, _said: Doc) -> Doc:
    return {**doc, "IsActive": True}


def _retyped(_books: CompanyBooks, kind: str, doc: Doc, said: Doc) -> Doc:
    """Another type of account or item."""
    if kind == "Account" and not {doc["AccountType"], said["type"]} & SYSTEM_TYPES:
        return {**doc, "AccountType": said["type"]}
    if kind == "Item" and {doc["Type"], said["type"]} <= ITEM_TYPES:
        return {**doc, "Type": said["type"]}
    raise _not_there("Its type cannot be changed to this.")


def _no_longer_bought(_books: CompanyBooks, kind: str, doc: Doc, _said: Doc) -> Doc:
    """The box for a subcontractor is unticked: only the income account is left."""
    if kind != "Item" or "SalesAndPurchase" not in doc:
        raise _not_there("Only an item that is bought and sold can stop being bought.")
    income = doc["SalesAndPurchase"]["IncomeAccountRef"]
    return {**doc, "SalesAndPurchase": None, "SalesOrPurchase": {"AccountRef": income}}


def _merged(books: CompanyBooks, kind: str, doc: Doc, said: Doc, now: datetime) -> Doc:
    """The loser is gone, under no name; whatever named it names the winner."""
    key, winner = doc["ListID"], books.get(kind, said["into"])
    if winner is None or winner["ListID"] == key:
        raise _not_there("Name another row of the same list to merge into.")
    for prop in ("AccountType", "Type", "ParentRef"):
        if doc.get(prop) != winner.get(prop):
            raise _not_there(f"Both have to have the same {prop}.")
    if len(books.branch(kind, key)) > 1:
        raise _not_there("Move or delete what stands below it first.")
    for holder, row in list(books.holders(key)):
        books.replace(holder, pointed(row, key, winner["ListID"]))
    return books.delete(kind, key, now)


def _deleted(books: CompanyBooks, kind: str, doc: Doc, _said: Doc, now: datetime) -> Doc:
    return lists.deleted(books, kind, doc["ListID"], now)


def _recreated(books: CompanyBooks, kind: str, doc: Doc, _said: Doc, now: datetime) -> Doc:
    """The old row is put away under another name; a new one has its name and all it said."""
    room = NAME_LENGTHS.get(kind, 31) - len(" (old)")
    away = {**doc, "Name": f"{doc['Name'][:room].rstrip()} (old)", "IsActive": False}
    books.check_name(kind, away)
    books.put(kind, away, now)
    fresh = {name: value for name, value in doc.items() if name not in ("ListID", "ExternalGUID")}
    return books.put(kind, {**fresh, "IsActive": True}, now)


def _rolled_back(books: CompanyBooks, kind: str, doc: Doc, _said: Doc, now: datetime) -> Doc:
    """The file was put back to a backup from before this row: not even its deletion is known."""
    if any(books.holders(doc["ListID"])):
        raise refusals.cannot_delete(doc["ListID"])
    return books.delete(kind, doc["ListID"], now, is_logged=False)


CHANGES: dict[str, Change] = {
    "rename": _renamed,  # {"name": …}
    "move": _moved,  # {"parent": id or ""}
    "inactivate": _inactivated,
    "reactivate": _reactivated,
    "retype": _retyped,  # {"type": …}
    "stop_buying": _no_longer_bought,
}
# After these the row is not what it was: gone, or another one.
DEPARTURES: dict[str, Callable[[CompanyBooks, str, Doc, Doc, datetime], Doc]] = {
    "merge": _merged,  # {"into": id}
    "delete": _deleted,
    "recreate": _recreated,
    "roll_back": _rolled_back,
}
ACTIONS = (*CHANGES, *DEPARTURES)


def _not_there(sentence: str) -> Refusal:
    return Refusal(3500, sentence)
