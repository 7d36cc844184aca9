"""What a body sent to QuickBooks may look like: the properties, their kinds and their limits.

Source: section 7 of the reference sheet. Blank strings and nulls count as not sent (2.3).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from common import money
from connectors.quickbooks_online import sandbox_faults as faults
from connectors.quickbooks_online.sandbox_faults import Refusal
from connectors.sandboxing import Doc


@dataclass(frozen=True)
class Text:
    limit: int
    forbidden: str = ""


@dataclass(frozen=True)
class Amount:
    places: int = 2


@dataclass(frozen=True)
class Day:
    pass


@dataclass(frozen=True)
class Flag:
    pass


@dataclass(frozen=True)
class Choice:
    values: frozenset[str]


@dataclass(frozen=True)
class Ref:
    entity: str


@dataclass(frozen=True)
class Ignored:
    """QuickBooks fills this in itself; what is sent is not looked at."""


@dataclass(frozen=True)
class Group:
    fields: "Shape"


@dataclass(frozen=True)
class Rows:
    fields: "Shape"


Kind = Text | Amount | Day | Flag | Choice | Ref | Ignored | Group | Rows
Shape = Mapping[str, Kind]

READ_ONLY: Shape = dict.fromkeys(("Id", "SyncToken", "MetaData", "domain", "sparse"), Ignored())
CURRENCY = Ref("Currency")

ADDRESS: Shape = {
    "Id": Ignored(),
    **dict.fromkeys(("Line1", "Line2", "Line3", "Line4", "Line5"), Text(500)),
    **dict.fromkeys(("City", "Country", "CountrySubDivisionCode"), Text(255)),
    "PostalCode": Text(30),
    **dict.fromkeys(("Lat", "Long", "Note"), Ignored()),
}
PERSON: Shape = {
    "DisplayName": Text(500, ":\t\n"),
    **dict.fromkeys(("Title", "Suffix"), Text(16)),
    **dict.fromkeys(("GivenName", "MiddleName", "FamilyName"), Text(100)),
    **dict.fromkeys(("CompanyName", "PrintOnCheckName"), Text(100)),
    "Active": Flag(),
    "BillAddr": Group(ADDRESS),
    **dict.fromkeys(
        ("PrimaryPhone", "AlternatePhone", "Mobile", "Fax"), Group({"FreeFormNumber": Text(30)})
    ),
    "PrimaryEmailAddr": Group({"Address": Text(100)}),
    "WebAddr": Group({"URI": Text(1000)}),
    "CurrencyRef": CURRENCY,
    "Balance": Ignored(),
}
TREE: Shape = {"FullyQualifiedName": Ignored(), "Level": Ignored(), "Active": Flag()}

VENDOR: Shape = {
    **READ_ONLY,
    **PERSON,
    "AcctNum": Text(100),
    "TaxIdentifier": Text(20),
    "Vendor1099": Flag(),
    "TermRef": Ref("Term"),
    "BillRate": Amount(places=7),
    "TaxReportingBasis": Text(20),
}
CUSTOMER: Shape = {
    **READ_ONLY,
    **PERSON,
    **TREE,
    "Job": Flag(),
    "ParentRef": Ref("Customer"),
    "BillWithParent": Flag(),
    "IsProject": Ignored(),
    "BalanceWithJobs": Ignored(),
    "Taxable": Flag(),
    "Notes": Text(2000),
    "PreferredDeliveryMethod": Text(20),
    "ClientEntityId": Ignored(),
}
ITEM: Shape = {
    **READ_ONLY,
    **TREE,
    "Name": Text(100, ":\t\n"),
    "Type": Choice(frozenset({"Service", "NonInventory", "Inventory", "Category", "Group"})),
    "SubItem": Flag(),
    "ParentRef": Ref("Item"),
    "Description": Text(4000),
    "PurchaseDesc": Text(1000),
    "UnitPrice": Amount(places=7),
    "PurchaseCost": Amount(places=7),
    "IncomeAccountRef": Ref("Account"),
    "ExpenseAccountRef": Ref("Account"),
    "TrackQtyOnHand": Flag(),
    "Taxable": Flag(),
    "Sku": Text(100),
    "PrefVendorRef": Ref("Vendor"),
}
ACCOUNT: Shape = {
    **READ_ONLY,
    **TREE,
    "Name": Text(100, ':"\t\n'),
    "AcctNum": Text(7),
    "Description": Text(100),
    "AccountType": Text(100),
    "AccountSubType": Text(100),
    "Classification": Ignored(),
    "SubAccount": Flag(),
    "ParentRef": Ref("Account"),
    "CurrencyRef": CURRENCY,
    **dict.fromkeys(("CurrentBalance", "CurrentBalanceWithSubAccounts"), Ignored()),
}

_DETAIL: Shape = {
    "CustomerRef": Ref("Customer"),
    "ClassRef": Ref("Class"),
    # HasBeenBilled is QuickBooks' own to set (7.10).
    "BillableStatus": Choice(frozenset({"Billable", "NotBillable"})),
    "TaxCodeRef": Ref("TaxCode"),
    "TaxAmount": Ignored(),
    "TaxInclusiveAmt": Ignored(),
    "MarkupInfo": Ignored(),
}
BILL: Shape = {
    **READ_ONLY,
    "VendorRef": Ref("Vendor"),
    "APAccountRef": Ref("Account"),
    "SalesTermRef": Ref("Term"),
    "DepartmentRef": Ref("Department"),
    "CurrencyRef": CURRENCY,
    "DocNumber": Text(21),
    "TxnDate": Day(),
    "DueDate": Day(),
    "PrivateNote": Text(4000),
    "Line": Rows(
        {
            **dict.fromkeys(("Id", "LineNum", "LinkedTxn", "CustomField"), Ignored()),
            "Description": Text(4000),
            "Amount": Amount(),
            "DetailType": Choice(
                frozenset({"AccountBasedExpenseLineDetail", "ItemBasedExpenseLineDetail"})
            ),
            "AccountBasedExpenseLineDetail": Group({**_DETAIL, "AccountRef": Ref("Account")}),
            "ItemBasedExpenseLineDetail": Group(
                {
                    **_DETAIL,
                    "ItemRef": Ref("Item"),
                    "Qty": Amount(places=7),
                    "UnitPrice": Amount(places=7),
                    "PriceLevelRef": Ignored(),
                }
            ),
        }
    ),
    **dict.fromkeys(
        ("TotalAmt", "Balance", "HomeBalance", "ExchangeRate", "LinkedTxn", "VendorAddr"), Ignored()
    ),
}
# 7.11: lines as a bill's, no terms; amounts above zero are credit.
VENDOR_CREDIT: Shape = {
    name: kind for name, kind in BILL.items() if name not in {"SalesTermRef", "DueDate"}
}
BILL_PAYMENT: Shape = {  # 7.15
    **READ_ONLY,
    "VendorRef": Ref("Vendor"),
    "APAccountRef": Ref("Account"),
    "DepartmentRef": Ref("Department"),
    "CurrencyRef": CURRENCY,
    "PayType": Choice(frozenset({"Check", "CreditCard"})),
    "CheckPayment": Group(
        {
            "BankAccountRef": Ref("Account"),
            "PrintStatus": Choice(frozenset({"NotSet", "NeedToPrint", "PrintComplete"})),
        }
    ),
    "CreditCardPayment": Group({"CCAccountRef": Ref("Account")}),
    "DocNumber": Text(21),
    "TxnDate": Day(),
    "PrivateNote": Text(4000),
    "TotalAmt": Amount(),
    "Line": Rows(
        {
            **dict.fromkeys(("Id", "LineNum"), Ignored()),
            "Amount": Amount(),
            "LinkedTxn": Rows(
                {
                    "TxnId": Text(30),
                    "TxnType": Choice(
                        frozenset({"Bill", "VendorCredit", "JournalEntry", "Deposit"})
                    ),
                    "TxnLineId": Ignored(),
                }
            ),
        }
    ),
    **dict.fromkeys(("ExchangeRate", "VendorAddr"), Ignored()),
}


def cleaned(shape: Shape, body: Any, path: str = "") -> Doc:
    """The body as the books would keep it: blanks and read-only properties gone.

    Raises:
        Refusal: an unknown property, or a value that its property does not take.
    """
    if not isinstance(body, dict):
        raise faults.unknown_property(path or "body")
    kept: Doc = {}
    for name, value in body.items():
        if name not in shape:
            raise faults.unknown_property(path + name)
        kind = shape[name]
        if value is None or value == "" or isinstance(kind, Ignored):
            continue
        kept[name] = _value(kind, value, path + name)
    return kept


def _value(kind: Kind, value: Any, path: str) -> Any:
    match kind:
        case Group():
            return cleaned(kind.fields, value, path + ".")
        case Rows():
            if not isinstance(value, list):
                raise faults.unknown_property(path)
            return [cleaned(kind.fields, row, path + ".") for row in value]
        case Ref():
            return {"value": _reference(value, path)}
        case Choice():
            if value not in kind.values:
                raise Refusal(
                    2170, "Invalid Enumeration", f"Invalid Enumeration: {value}", element=path
                )
            return value
    return _plain(kind, value, path)


def _plain(kind: Kind, value: Any, path: str) -> Any:
    match kind:
        case Text():
            return _text(kind, value, path)
        case Amount():
            return _amount(kind, value, path)
        case Day():
            return _day(value, path)
        case Flag():
            return _flag(value, path)
    raise AssertionError(f"{kind} does not get here")


def _text(kind: Text, value: Any, path: str) -> str:
    if not isinstance(value, str) or any(sign in value for sign in kind.forbidden):
        raise Refusal(
            2040, "Invalid String", f"Invalid String : {value!s} is not allowed here", element=path
        )
    if len(value) > kind.limit:
        raise faults.too_long(path, kind.limit, len(value))
    return value.strip()


def _amount(kind: Amount, value: Any, path: str) -> Decimal:
    try:
        amount = money.parse(value)
    except ValueError:
        amount = None
    if amount is None or amount != round(amount, kind.places):
        raise Refusal(2140, "Invalid Amount", f"Invalid Amount : {value!s}", element=path)
    return amount


def _day(value: Any, path: str) -> str:
    try:
        return date.fromisoformat(value).isoformat()
    except (TypeError, ValueError):
        raise Refusal(
            2060, "Invalid Date", f"Invalid Date : {value!s} is not yyyy-MM-dd", element=path
        ) from None


def _flag(value: Any, path: str) -> bool:
    if not isinstance(value, bool):
        raise Refusal(2040, "Invalid String", f"Invalid Boolean : {value!s}", element=path)
    return value


def _reference(value: Any, path: str) -> str:
    """Only the id counts on a write; a name beside it is decoration (2.5)."""
    key = value.get("value") if isinstance(value, dict) else None
    if not isinstance(key, str | int) or key == "" or isinstance(key, bool):
        raise Refusal(2030, "Invalid ID", f"Invalid Reference Id for {path}", element=path)
    if unknown := value.keys() - {"value", "name", "type"}:
        raise faults.unknown_property(f"{path}.{min(unknown)}")
    return str(key)
