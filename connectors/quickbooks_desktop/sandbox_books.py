"""The books of one company file: every row of its lists, every transaction, what is owed.

A row is kept as its answer shows it, by the names of qbXML; a reference is kept as its ListID.
Source: sections 2.3, 3 and 5 of the reference sheet.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from common.money import ZERO
from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.sandboxing import Doc, Store

PEOPLE = ("Vendor", "Customer", "Employee", "OtherName")  # they share one name space (3)
LISTS = (*PEOPLE, "Account", "Item", "Class", "Terms")
TREES = {"Customer": 209, "Account": 159, "Item": 159, "Class": 159}  # longest full name
TRANSACTIONS = (
    "Bill",
    "VendorCredit",
    "PurchaseOrder",
    "BillPaymentCheck",
    "BillPaymentCreditCard",
)
PAYMENTS = ("BillPaymentCheck", "BillPaymentCreditCard")

# The lists a reference may lead to. One to a list that the sandbox does not keep finds nothing.
REFERENCES: dict[str, tuple[str, ...]] = {
    "VendorRef": ("Vendor",),
    "PayeeEntityRef": ("Vendor",),
    "PrefVendorRef": ("Vendor",),
    "CustomerRef": ("Customer",),
    "ShipToEntityRef": PEOPLE,
    "APAccountRef": ("Account",),
    "AccountRef": ("Account",),
    "BankAccountRef": ("Account",),
    "CreditCardAccountRef": ("Account",),
    "DiscountAccountRef": ("Account",),
    "PrefillAccountRef": ("Account",),
    "OverrideItemAccountRef": ("Account",),
    "IncomeAccountRef": ("Account",),
    "ExpenseAccountRef": ("Account",),
    "COGSAccountRef": ("Account",),
    "AssetAccountRef": ("Account",),
    "ItemRef": ("Item",),
    "ClassRef": ("Class",),
    "TermsRef": ("Terms",),
}
DEFAULT_COMPANY: Doc = {
    "name": "Sandbox Company",
    "path": r"C:\Users\Public\Documents\Intuit\QuickBooks\Company Files\Sandbox Company.qbw",
    "closing_date": "",
    "uses_account_numbers": True,
    "requires_accounts": True,
    "tracks_classes": True,
    "time_zone": "America/Los_Angeles",
    "file_mode": "MultiUser",
    "stamps": {},  # OwnerID to the FileID that a Web Connector left here
}


class CompanyBooks:
    """Rows are held in memory beside the store. They are never changed in place: `put` takes one.

    A row of a tree keeps its full name and its depth; both follow when something above it moves.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._rows: dict[str, dict[str, Doc]] = {}
        self._names: dict[str, dict[str, str]] = {}
        self._owed: dict[str, Decimal] | None = None
        self._moved: dict[str, Decimal] | None = None
        # Ids that another user has open, and for how many requests still.
        self.locked: dict[str, int] = {}

    def forget(self) -> None:
        """Drop what is in memory: the store went back to an earlier state."""
        self._rows.clear()
        self._names.clear()
        self._owed = self._moved = None

    # --- The company --------------------------------------------------------------------------

    @property
    def company(self) -> Doc:
        return self._store.get("company", "1") or DEFAULT_COMPANY

    def change_company(self, **changes: object) -> None:
        self._store.put("company", "1", {**self.company, **changes})

    @property
    def zone(self) -> ZoneInfo:
        return ZoneInfo(self.company["time_zone"])

    def check_open(self, day: str) -> None:
        """Raises Refusal 3171 on or before the closing date (5)."""
        closing = self.company["closing_date"]
        if closing and date.fromisoformat(day) <= date.fromisoformat(closing):
            raise refusals.closed()

    def check_unlocked(self, key: str) -> None:
        """Raises Refusal 3175 while another user has this row open."""
        if self.locked.get(key, 0) > 0:
            self.locked[key] -= 1
            raise refusals.locked()

    # --- Rows ---------------------------------------------------------------------------------

    def get(self, kind: str, key: str) -> Doc | None:
        return self._all(kind).get(key)

    def all(self, kind: str) -> list[Doc]:
        return list(self._all(kind).values())

    def put(self, kind: str, doc: Doc, now: datetime) -> Doc:
        """Keep a new row, or a new version of one: its id, its stamps and its edit sequence."""
        key_name = "ListID" if kind in LISTS else "TxnID"
        old = self.get(kind, doc[key_name]) if key_name in doc else None
        kept = {
            key_name: doc.get(key_name) or self.new_id(kind, now),
            "TimeCreated": old["TimeCreated"] if old else _stamp(now),
            "TimeModified": _stamp(now),
            "EditSequence": self._next_sequence(old, now),
        }
        if kind in TRANSACTIONS:
            number = doc.get("TxnNumber")
            kept["TxnNumber"] = number or self._store.next_number("transaction number")
        kept = {**doc, **kept}
        if kind in TREES:
            kept = self._placed(kind, kept)
        self._keep(kind, kept)
        if kind in TREES and old is not None:
            self._name_below(kind, kept)
        return kept

    def replace(self, kind: str, doc: Doc) -> None:
        """Keep a row that only follows another: what it refers to, or its place in a tree."""
        self._keep(kind, doc)

    def delete(self, kind: str, key: str, now: datetime, *, is_logged: bool = True) -> Doc:
        """Take a row out, and write it down as deleted (kept 90 days)."""
        doc = self._all(kind).pop(key)
        self._store.delete(kind, key)
        self._names.pop(kind, None)
        self._owed = self._moved = None
        gone = {
            "kind": doc.get("Type", kind) if kind in LISTS else kind,
            "id": key,
            "TimeCreated": doc["TimeCreated"],
            "TimeDeleted": _stamp(now),
            "name": self.full_name(kind, doc) if kind in LISTS else doc.get("RefNumber", ""),
        }
        if is_logged:
            place = self._store.next_number("deletion")
            self._store.put("deleted", f"{kind} {key} {place}", gone)
        return gone

    @property
    def deleted(self) -> list[Doc]:
        return self._store.all("deleted")

    def new_id(self, kind: str, now: datetime) -> str:
        """`80000024-1702310455` for a list, `1A7F3-1772215331` for a transaction or its line."""
        seconds = int(now.timestamp())
        if kind in LISTS:
            return f"8{self._store.next_number('list id', 0x100):07X}-{seconds}"
        return f"{self._store.next_number('transaction id', 0x1A000):X}-{seconds}"

    def _next_sequence(self, old: Doc | None, now: datetime) -> str:
        seconds = int(now.timestamp())
        return str(max(seconds, int(old["EditSequence"]) + 1) if old else seconds)

    def _keep(self, kind: str, doc: Doc) -> None:
        key = doc["ListID" if kind in LISTS else "TxnID"]
        self._all(kind)[key] = doc
        self._store.put(kind, key, doc)
        self._names.pop(kind, None)
        self._owed = self._moved = None

    def _all(self, kind: str) -> dict[str, Doc]:
        if kind not in self._rows:
            key_name = "ListID" if kind in LISTS else "TxnID"
            self._rows[kind] = {doc[key_name]: doc for doc in self._store.all(kind)}
        return self._rows[kind]

    # --- Names --------------------------------------------------------------------------------

    def full_name(self, kind: str, doc: Doc) -> str:
        return str(doc["FullName"] if kind in TREES else doc["Name"])

    def named(self, kind: str, full_name: str) -> Doc | None:
        """The row with this full name, upper and lower case alike."""
        if kind not in self._names:
            rows = self._all(kind).items()
            self._names[kind] = {self.full_name(kind, d).casefold(): key for key, d in rows}
        key = self._names[kind].get(full_name.strip().casefold())
        return self._all(kind)[key] if key else None

    def check_name(self, kind: str, doc: Doc) -> None:
        """No colon; and nobody else may have it: in one's own list, and at the top among people.

        Inactive rows keep their names (3).
        """
        if ":" in doc["Name"]:
            raise refusals.bad_name(doc["Name"])
        above = self.get(kind, doc["ParentRef"]) if doc.get("ParentRef") else None
        full_name = f"{above['FullName']}:{doc['Name']}" if above else doc["Name"]
        if len(full_name) > TREES.get(kind, len(full_name)):
            raise refusals.too_long("FullName", TREES[kind])
        for other in PEOPLE if kind in PEOPLE and above is None else (kind,):
            found = self.named(other, full_name)
            if found and (other, found["ListID"]) != (kind, doc.get("ListID")):
                raise refusals.name_in_use(doc["Name"])

    def _placed(self, kind: str, doc: Doc) -> Doc:
        above = self.get(kind, doc["ParentRef"]) if doc.get("ParentRef") else None
        if above is None:
            return {**doc, "FullName": doc["Name"], "Sublevel": 0}
        return {
            **doc,
            "FullName": f"{above['FullName']}:{doc['Name']}",
            "Sublevel": above["Sublevel"] + 1,
        }

    def _name_below(self, kind: str, doc: Doc) -> None:
        for child in self.all(kind):
            if child.get("ParentRef") == doc["ListID"]:
                self._keep(kind, placed := self._placed(kind, child))
                self._name_below(kind, placed)

    def branch(self, kind: str, key: str) -> set[str]:
        """A row and everything below it."""
        found = {key}
        while more := {
            row["ListID"]
            for row in self.all(kind)
            if row.get("ParentRef") in found and row["ListID"] not in found
        }:
            found |= more
        return found

    # --- References ---------------------------------------------------------------------------

    def found(self, kinds: tuple[str, ...], said: Doc) -> tuple[str, Doc] | None:
        """What a reference names. Where it has both, the id wins and the name is ignored (2.5)."""
        for kind in kinds:
            if "ListID" in said:
                doc = self.get(kind, said["ListID"])
            else:
                doc = self.named(kind, said["FullName"])
            if doc is not None:
                return kind, doc
        return None

    def used(self, prop: str, said: Doc, holder: str, *, own: str = "") -> Doc:
        """The row a reference names, which must be there and active.

        `own` is the list of the row that holds a ParentRef.

        Raises:
            Refusal: 3140.
        """
        kinds = (own,) if prop == "ParentRef" else REFERENCES.get(prop, ())
        match = self.found(kinds, said)
        if match is None or not match[1].get("IsActive", True):
            list_name = kinds[0] if kinds else prop.removesuffix("Ref")
            named = said.get("ListID") or said["FullName"]
            raise refusals.invalid_reference(list_name, named, holder)
        return match[1]

    def holders(self, key: str) -> Iterator[tuple[str, Doc]]:
        """Every row that refers to this one, those that stand below it among them."""
        for kind in (*LISTS, *TRANSACTIONS):
            for doc in self.all(kind):
                if pointed(doc, key, "") != doc:
                    yield kind, doc

    # --- What is owed -------------------------------------------------------------------------

    def owed(self, vendor: str) -> Decimal:
        """Open bills less open credits."""
        if self._owed is None:
            self._owed = defaultdict(lambda: ZERO)
            for bill in self.all("Bill"):
                self._owed[bill["VendorRef"]] += bill["OpenAmount"]
            for credit in self.all("VendorCredit"):
                self._owed[credit["VendorRef"]] -= credit["OpenAmount"]
        return self._owed.get(vendor, ZERO)

    def moved(self, account: str) -> Decimal:
        """What bills and credits did to an account, debits positive."""
        if self._moved is None:
            self._moved = defaultdict(lambda: ZERO)
            for kind, sign in (("Bill", 1), ("VendorCredit", -1)):
                for doc in self.all(kind):
                    for key, amount in self.postings(doc):
                        self._moved[key] += sign * amount
        return self._moved.get(account, ZERO)

    def postings(self, doc: Doc) -> Iterator[tuple[str, Decimal]]:
        total = ZERO
        for line in [*doc.get("ExpenseLineRet", []), *doc.get("ItemLineRet", [])]:
            total += line["Amount"]
            account = line.get("AccountRef") or self.cost_account(line)
            if account:
                yield account, line["Amount"]
        yield doc["APAccountRef"], -total

    def cost_account(self, line: Doc) -> str:
        """Where a line with an item posts; blank where the item has no account (3)."""
        if line.get("OverrideItemAccountRef"):
            return str(line["OverrideItemAccountRef"])
        item = self.get("Item", line.get("ItemRef", "")) or {}
        sold = item.get("SalesOrPurchase") or {}
        bought = item.get("SalesAndPurchase") or item
        return str(
            sold.get("AccountRef")
            or bought.get("ExpenseAccountRef")
            or bought.get("COGSAccountRef")
            or ""
        )


def pointed(value: Any, key: str, to: str) -> Any:
    """The same row with references to one id turned to another."""
    if isinstance(value, list):
        return [pointed(each, key, to) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: to if name.endswith("Ref") and each == key else pointed(each, key, to)
        for name, each in value.items()
    }


def _stamp(now: datetime) -> str:
    return now.astimezone(UTC).isoformat(timespec="seconds")
