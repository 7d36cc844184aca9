"""The rules of vendors and customers as they are added and changed. Source: section 3.

What the sandbox cannot do it refuses and does not swallow: an opening balance makes a transaction
there, and a currency is only for companies that keep several (5).
"""

from datetime import datetime

from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.quickbooks_desktop.sandbox_books import CompanyBooks
from connectors.quickbooks_desktop.sandbox_refusals import Refusal
from connectors.sandboxing import Doc

# Kept nowhere: their answers have forms of their own that nobody asked the sandbox for.
NOT_SHOWN = ("Contacts", "ContactsMod", "AdditionalNotes", "AdditionalNotesMod", "CreditCardInfo")
NOT_ENABLED = ("OpenBalance", "OpenBalanceDate", "CurrencyRef", "ExchangeRate")


def added(books: CompanyBooks, kind: str, said: Doc, now: datetime) -> Doc:
    """A new vendor or customer. Raises Refusal."""
    doc = {"IsActive": True, **kept(books, kind, said)}
    if kind == "Customer":
        doc.setdefault("JobStatus", "None")
    books.check_name(kind, doc)
    return books.put(kind, doc, now)


def modified(books: CompanyBooks, kind: str, said: Doc, now: datetime) -> Doc:
    """A new version of one; what came empty is cleared. Raises Refusal."""
    key, sequence = said["ListID"], said["EditSequence"]
    old = books.get(kind, key)
    if old is None:
        raise refusals.not_found(key)
    check_version(books, old, key, sequence)
    if said.get("Name", old["Name"]) is None:
        raise refusals.missing("Name")
    changes = kept(books, kind, said)
    doc = {name: value for name, value in {**old, **changes}.items() if value is not None}
    if doc.get("ParentRef") in books.branch(kind, key):
        raise Refusal(3130, "There was an error: a record cannot be its own parent.")
    books.check_name(kind, doc)
    return books.put(kind, doc, now)


def deleted(books: CompanyBooks, kind: str, key: str, now: datetime) -> Doc:
    """Only what nothing refers to can be deleted (4, ListDel)."""
    doc = books.get(kind, key)
    if doc is None:
        raise refusals.not_found(key)
    books.check_unlocked(key)
    if any(books.holders(key)):
        raise refusals.cannot_delete(key)
    return books.delete(kind, key, now)


def check_version(books: CompanyBooks, old: Doc, key: str, sequence: str) -> None:
    """Raises Refusal 3175 while another user has it open, 3200 when it moved on."""
    books.check_unlocked(key)
    if sequence != old["EditSequence"]:
        raise refusals.stale(sequence)


def kept(books: CompanyBooks, kind: str, said: Doc) -> Doc:
    """What was said, with every reference turned to the id of a row that is there and active."""
    check_enabled(said)
    doc: Doc = {}
    for name, value in said.items():
        if name in NOT_SHOWN:
            continue
        if name.endswith("Ref") and isinstance(value, dict):
            doc[name] = books.used(name, value, kind, own=kind)["ListID"]
        elif name == "PrefillAccountRef":
            doc[name] = [books.used(name, each, kind)["ListID"] for each in value]
        else:
            doc[name] = value
    return doc


def check_enabled(said: Doc) -> None:
    """Raises Refusal 3250 for what this company file is not set up for."""
    for name in NOT_ENABLED:
        if said.get(name) is not None:
            raise Refusal(3250, f"The feature behind {name} is not enabled in this company file.")
