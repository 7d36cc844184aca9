"""The books of one company: every list and bill, its references, versions and balances."""

from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date, datetime
from decimal import Decimal
from functools import cached_property

from common.money import ZERO
from connectors.quickbooks_online.sandbox_faults import stamp
from connectors.sandboxing import Doc, Sandbox, Store

# The property that names a row of a list. Vendors, customers and employees share one name space.
NAME_OF = {
    "Vendor": "DisplayName",
    "Customer": "DisplayName",
    "Employee": "DisplayName",
    "Item": "Name",
    "Account": "Name",
    "Class": "Name",
    "Department": "Name",
    "Term": "Name",
}
DOCUMENTS = ("Bill", "VendorCredit", "BillPayment")
PEOPLE = ("Vendor", "Customer", "Employee")
# The lists that are trees, and the flag that says "I have a parent".
TREES = {
    "Customer": "Job",
    "Item": "SubItem",
    "Account": "SubAccount",
    "Class": "SubClass",
    "Department": "SubDepartment",
}
FIRST_CLASS = 5_000_000_000_000_000_001  # 19 digits (7.9)
DEBIT_CLASSES = {"Asset", "Expense"}

DEFAULT_COMPANY: Doc = {
    "realm": "9130350000000001",
    "name": "Sandbox Company",
    "book_close_date": "",
    "warn_duplicate_bill_number": True,
    "class_tracking": "line",
    "track_locations": True,
    "projects_enabled": True,
    "use_account_numbers": True,
    "is_subscribed": True,
    "currency": "USD",
}

REFERENCES = {
    "VendorRef": "Vendor",
    "APAccountRef": "Account",
    "AccountRef": "Account",
    "IncomeAccountRef": "Account",
    "ExpenseAccountRef": "Account",
    "ItemRef": "Item",
    "CustomerRef": "Customer",
    "ClassRef": "Class",
    "DepartmentRef": "Department",
    "SalesTermRef": "Term",
    "TermRef": "Term",
    "PrefVendorRef": "Vendor",
    "BankAccountRef": "Account",
    "CCAccountRef": "Account",
}
# Kept of what was deleted, so that one may ask what changed (6.2).
TOMBSTONES = "deleted"


class Books:
    """Keeps every row in memory beside the store, so that 2,000 vendors are listed at once.

    Rows are never changed in place: `put` takes a new one.
    """

    def __init__(
        self, store: Store, tell: Callable[[str, str, str], None] = lambda *_said: None
    ) -> None:
        """`tell` is told of each change: entity, id, operation."""
        self._store = store
        self._tell = tell
        self._rows: dict[str, dict[str, Doc]] = {}
        self._moved: dict[str, Decimal] | None = None
        self._owed: dict[str, Decimal] | None = None

    def forget(self) -> None:
        """Drop what is in memory: the store went back to an earlier state."""
        self._rows.clear()
        self._moved = self._owed = None

    # --- Rows ---------------------------------------------------------------------------------

    def get(self, entity: str, key: str) -> Doc | None:
        return self._all(entity).get(key)

    def all(self, entity: str) -> list[Doc]:
        return list(self._all(entity).values())

    def put(self, entity: str, doc: Doc, now: datetime) -> Doc:
        """Keep a new row or a new version of one; give it an id, a version and its stamps."""
        old = self.get(entity, doc["Id"]) if "Id" in doc else None
        created = old["MetaData"]["CreateTime"] if old else stamp(now)
        kept = {
            **doc,
            "Id": doc.get("Id") or self._next_id(entity),
            "SyncToken": str(int(old["SyncToken"]) + 1) if old else "0",
            "MetaData": {"CreateTime": created, "LastUpdatedTime": stamp(now)},
        }
        self._keep(entity, kept)
        if entity in TREES:
            self._name_branch(entity, kept, is_new=old is None)
        self._tell(entity, kept["Id"], "Update" if old else "Create")
        return self._all(entity)[kept["Id"]]

    def drop(self, entity: str, key: str) -> None:
        """Take a row away as if it had never been: who asks what changed is not told."""
        self._all(entity).pop(key)
        self._store.delete(entity, key)
        self._moved = self._owed = None

    def delete(self, entity: str, key: str, now: datetime) -> None:
        self.drop(entity, key)
        stub = {"status": "Deleted", "Id": key, "MetaData": {"LastUpdatedTime": stamp(now)}}
        self._store.put(f"{TOMBSTONES}/{entity}", key, stub)
        self._tell(entity, key, "Delete")

    def deleted(self, entity: str) -> list[Doc]:
        """What is left of deleted rows: id and moment, in the order of their deletion."""
        stubs = self._store.all(f"{TOMBSTONES}/{entity}")
        return [{"domain": "QBO", **stub} for stub in stubs]

    def replace(self, entity: str, doc: Doc) -> None:
        """Keep a row whose references were turned to another; its version stays."""
        self._keep(entity, doc)

    def _keep(self, entity: str, doc: Doc) -> None:
        self._all(entity)[doc["Id"]] = doc
        self._store.put(entity, doc["Id"], doc)
        if entity in DOCUMENTS:
            self._moved = self._owed = None

    def _all(self, entity: str) -> dict[str, Doc]:
        if entity not in self._rows:
            self._rows[entity] = {doc["Id"]: doc for doc in self._store.all(entity)}
        return self._rows[entity]

    def _next_id(self, entity: str) -> str:
        taken = max((int(key) for key in self._all(entity)), default=0)
        first = FIRST_CLASS if entity == "Class" and not taken else taken + 1
        return str(self._store.next_number(f"{entity} id", first))

    # --- Names --------------------------------------------------------------------------------

    def name(self, entity: str, doc: Doc) -> str:
        """As references show it: with the path where the list is a tree."""
        return str(doc.get("FullyQualifiedName") or doc[NAME_OF[entity]])

    def name_is_taken(self, entity: str, doc: Doc) -> bool:
        """Is there another row with this name? Inactive rows count until renamed (7.1)."""
        prop = NAME_OF[entity]
        wanted = doc[prop].casefold()
        for other_entity in PEOPLE if entity in PEOPLE else (entity,):
            for other in self._all(other_entity).values():
                if other_entity == entity and other["Id"] == doc.get("Id"):
                    continue
                if other[prop].casefold() != wanted:
                    continue
                if entity != other_entity or other.get("ParentRef") == doc.get("ParentRef"):
                    return True
        return False

    def depth(self, entity: str, doc: Doc) -> int:
        depth = 0
        while parent := (doc.get("ParentRef") or {}).get("value"):
            doc, depth = self._all(entity)[parent], depth + 1
        return depth

    def _name_branch(self, entity: str, doc: Doc, *, is_new: bool = False) -> None:
        """Say the full path of a row, and of everything below it."""
        parent = (doc.get("ParentRef") or {}).get("value")
        above = self._all(entity)[parent]["FullyQualifiedName"] + ":" if parent else ""
        named = {
            **doc,
            "FullyQualifiedName": above + doc[NAME_OF[entity]],
            TREES[entity]: parent is not None,
        }
        self._keep(entity, named)
        for child in [] if is_new else self.all(entity):
            if (child.get("ParentRef") or {}).get("value") == doc["Id"]:
                self._name_branch(entity, child)

    # --- What is shown ------------------------------------------------------------------------

    def shown(self, entity: str, doc: Doc) -> Doc:
        """A row as an answer carries it: names beside the ids, balances worked out."""
        said = self._with_names(doc)
        if entity == "Vendor":
            said["Balance"] = self.owed(doc["Id"])
        if entity == "Account":
            # Only what stands in the balance sheet has a balance there; credits are negative.
            stands = doc["Classification"] not in {"Expense", "Revenue"}
            said["CurrentBalance"] = self.moved(doc["Id"]) if stands else 0
        return {**said, "domain": "QBO", "sparse": False}

    def _with_names(self, doc: Doc) -> Doc:
        said: Doc = {}
        for prop, value in doc.items():
            if prop in REFERENCES:
                entity = REFERENCES[prop]
                target = self._all(entity).get(value["value"])
                said[prop] = {**value, "name": self.name(entity, target)} if target else value
            elif isinstance(value, dict):
                said[prop] = self._with_names(value)
            elif isinstance(value, list):
                said[prop] = [self._with_names(row) for row in value]
            else:
                said[prop] = value
        return said

    # --- Balances -----------------------------------------------------------------------------

    def owed(self, vendor_id: str) -> Decimal:
        if self._owed is None:
            self._owed = defaultdict(lambda: ZERO)
            for bill in self.all("Bill"):
                self._owed[bill["VendorRef"]["value"]] += bill["Balance"]
            for credit in self.all("VendorCredit"):
                self._owed[credit["VendorRef"]["value"]] -= credit["Balance"]
        return self._owed.get(vendor_id, ZERO)

    def moved(self, account_id: str) -> Decimal:
        """What bills, credits and payments did to an account, debits positive."""
        if self._moved is None:
            self._moved = defaultdict(lambda: ZERO)
            for account, amount in self._postings():
                self._moved[account] += amount
        return self._moved.get(account_id, ZERO)

    def _postings(self) -> Iterator[tuple[str, Decimal]]:
        for entity, sign in (("Bill", 1), ("VendorCredit", -1)):
            for bill in self.all(entity):
                yield bill["APAccountRef"]["value"], -sign * bill["TotalAmt"]
                for line in bill["Line"]:
                    yield self.account_of(line), sign * line["Amount"]
        for payment in self.all("BillPayment"):
            payable = next(iter(self._payables(payment)), "")
            yield payable, payment["TotalAmt"]
            yield self._paid_from(payment), -payment["TotalAmt"]

    def _payables(self, payment: Doc) -> Iterator[str]:
        """The payable account of the first thing it pays; all have the one in a small company."""
        for line in payment["Line"]:
            for link in line["LinkedTxn"]:
                if (doc := self.get(link["TxnType"], link["TxnId"])) is not None:
                    yield doc["APAccountRef"]["value"]

    def _paid_from(self, payment: Doc) -> str:
        check, card = payment.get("CheckPayment", {}), payment.get("CreditCardPayment", {})
        return str((check.get("BankAccountRef") or card["CCAccountRef"])["value"])

    def account_of(self, line: Doc) -> str:
        """Where a line of a bill posts; an item posts to its expense account."""
        detail = line[line["DetailType"]]
        if "AccountRef" in detail:
            return str(detail["AccountRef"]["value"])
        item = self._all("Item")[detail["ItemRef"]["value"]]
        return str(item["ExpenseAccountRef"]["value"])

    # --- The company --------------------------------------------------------------------------

    @property
    def company(self) -> Doc:
        return self._store.get("company", "1") or DEFAULT_COMPANY

    def change_company(self, **changes: object) -> None:
        self._store.put("company", "1", {**self.company, **changes})

    @property
    def closed_through(self) -> date | None:
        closed = self.company["book_close_date"]
        return date.fromisoformat(closed) if closed else None


class BooksSandbox(Sandbox):
    """Base of the parts of the sandbox: they share one set of books."""

    @cached_property
    def entities(self) -> Books:
        return Books(self.store, self.tell)

    def tell(self, entity: str, key: str, operation: str) -> None:
        """Something changed: whoever sends webhooks says so."""
