"""The rules of the lists: vendors, customers, items and accounts. Source: section 7.1 to 7.8."""

from connectors.quickbooks_online import sandbox_faults as faults
from connectors.quickbooks_online.sandbox_books import NAME_OF, PEOPLE, TREES, Books
from connectors.quickbooks_online.sandbox_faults import Refusal, business
from connectors.quickbooks_online.sandbox_shapes import (
    ACCOUNT,
    CUSTOMER,
    ITEM,
    VENDOR,
    Shape,
    cleaned,
)
from connectors.sandboxing import Doc

WRITABLE: dict[str, Shape] = {
    "Vendor": VENDOR,
    "Customer": CUSTOMER,
    "Item": ITEM,
    "Account": ACCOUNT,
}
# Account type to classification, and the sub type that is meant when none is named (7.5).
ACCOUNT_TYPES = {
    "Bank": ("Asset", "Checking"),
    "Accounts Receivable": ("Asset", "AccountsReceivable"),
    "Other Current Asset": ("Asset", "OtherCurrentAssets"),
    "Fixed Asset": ("Asset", "OtherFixedAssets"),
    "Other Asset": ("Asset", "OtherLongTermAssets"),
    "Accounts Payable": ("Liability", "AccountsPayable"),
    "Credit Card": ("Liability", "CreditCard"),
    "Other Current Liability": ("Liability", "OtherCurrentLiabilities"),
    "Long Term Liability": ("Liability", "OtherLongTermLiabilities"),
    "Equity": ("Equity", "OpeningBalanceEquity"),
    "Income": ("Revenue", "ServiceFeeIncome"),
    "Other Income": ("Revenue", "OtherMiscellaneousIncome"),
    "Expense": ("Expense", "OtherMiscellaneousServiceCost"),
    "Other Expense": ("Expense", "OtherMiscellaneousExpense"),
    "Cost of Goods Sold": ("Expense", "SuppliesMaterialsCogs"),
}
DEEPEST = {"Customer": 4, "Item": 4, "Account": 4, "Class": 4, "Department": 4}
DELETED = " (deleted)"


def checked(books: Books, entity: str, body: Doc, *, old: Doc | None = None) -> Doc:
    """A new row, or a new version of `old`, as it will be kept.

    Raises:
        Refusal: one of the rules of the lists is broken.
    """
    doc = cleaned(WRITABLE[entity], body)
    if old is not None:
        doc = _next_version(entity, doc, old, sparse=body.get("sparse") is True)
    if "TaxIdentifier" in doc:
        doc["TaxIdentifier"] = masked(doc["TaxIdentifier"])
    return obeyed(books, entity, doc)


def obeyed(books: Books, entity: str, doc: Doc) -> Doc:
    """A row as the screens would keep it. Raises Refusal as `checked` does."""
    _name(entity, doc)
    _check_references(books, entity, doc)
    if entity == "Account":
        _classify(doc)
    if entity == "Item":
        doc.setdefault("Type", "Service")
    doc.setdefault("Active", True)
    if entity in PEOPLE:
        doc.setdefault("CurrencyRef", {"value": books.company["currency"]})
    if doc["Active"] and books.name_is_taken(entity, doc):
        raise business(
            6240,
            "Duplicate Name Exists Error",
            "The name supplied already exists. Another customer, vendor or employee is already"
            " using this name. Please use a different name."
            if entity in PEOPLE
            else "The name supplied already exists.",
        )
    return doc


def inactivated(entity: str, doc: Doc) -> Doc:
    """Its name gets a mark and is free again (7.2)."""
    prop = NAME_OF[entity]
    marked = doc[prop] if doc[prop].lower().endswith(DELETED) else doc[prop] + DELETED
    return {**doc, "Active": False, prop: marked}


def reactivated(entity: str, doc: Doc) -> Doc:
    prop = NAME_OF[entity]
    name = doc[prop]
    if name.lower().endswith(DELETED):
        name = name[: -len(DELETED)]
    return {**doc, "Active": True, prop: name}


def masked(tax_id: str) -> str:
    """Only the last four digits are ever shown again (7.6)."""
    digits = "".join(sign for sign in tax_id if sign.isalnum())
    return "X" * max(len(digits) - 4, 0) + digits[-4:]


def _next_version(entity: str, doc: Doc, old: Doc, *, sparse: bool) -> Doc:
    """A full update forgets what it does not name, a sparse one keeps it (5.1, 5.2)."""
    kept = {**old, **doc} if sparse else {**doc, "Id": old["Id"]}
    for own in ("IsProject", "AccountType", "AccountSubType"):
        if own in old:
            kept.setdefault(own, old[own])
    if doc.get("Active") is False and old.get("Active", True):
        return inactivated(entity, kept)
    return kept


def _name(entity: str, doc: Doc) -> None:
    prop = NAME_OF[entity]
    if prop not in doc and entity in PEOPLE:
        parts = ("Title", "GivenName", "MiddleName", "FamilyName", "Suffix")
        doc[prop] = " ".join(doc[part] for part in parts if part in doc)
    if not doc.get(prop):
        raise faults.missing(prop)


def _check_references(books: Books, entity: str, doc: Doc) -> None:
    for prop, target in (
        ("TermRef", "Term"),
        ("PrefVendorRef", "Vendor"),
        ("IncomeAccountRef", "Account"),
        ("ExpenseAccountRef", "Account"),
        ("ParentRef", entity),
    ):
        if prop not in doc:
            continue
        found = books.get(target, doc[prop]["value"])
        if found is None or found["Id"] == doc.get("Id"):
            raise faults.invalid_reference(f"{target}s", doc[prop]["value"], prop)
        if not found.get("Active", True):
            raise faults.inactive_reference(prop)
    if entity in TREES:
        if doc.get(TREES[entity]) and "ParentRef" not in doc:
            raise business(6150, "Sub-entity without parent", "Name its parent.", "ParentRef")
        if books.depth(entity, doc) > DEEPEST[entity]:
            raise business(6180, "Too many levels", "At most five levels are allowed.", "ParentRef")


def _classify(doc: Doc) -> None:
    """One of type and sub type has to be named; the other follows (7.5)."""
    if "AccountType" not in doc and "AccountSubType" in doc:
        doc["AccountType"] = next(
            (kind for kind, (_c, sub) in ACCOUNT_TYPES.items() if sub == doc["AccountSubType"]), ""
        )
    kind = doc.get("AccountType")
    if not kind:
        raise faults.missing("AccountType")
    if kind not in ACCOUNT_TYPES:
        raise Refusal(
            2170, "Invalid Enumeration", f"Invalid Enumeration: {kind}", element="AccountType"
        )
    classification, sub_type = ACCOUNT_TYPES[kind]
    doc["Classification"] = classification
    doc.setdefault("AccountSubType", sub_type)
