"""What a company file says of itself: host, company, preferences. Source: section 3, company info.

`questions` is what the Web Connector asks to hand the answers over with the first request of a
session (1.3). That the answers hold the FileID, and beside it the lock of the Web Connector that
runs (1.5), is as public samples of such a hand-over have it.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element, ProcessingInstruction, SubElement, tostring

from connectors.quickbooks_desktop.sandbox_books import CompanyBooks
from connectors.quickbooks_desktop.sandbox_shapes import written
from connectors.sandboxing import Doc

SUPPORTED = ("1.0", "1.1", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "6.0", "7.0", "8.0", "9.0",
             "10.0", "11.0", "12.0", "13.0", "14.0", "15.0", "16.0")  # fmt: skip
DAYS_BILLS_ARE_DUE = 10
LOCKED_BY = "OFFICE-PC:639000000000000000"


def host(books: CompanyBooks, said: Doc) -> Element:
    element = Element("HostRet")
    _all(
        element,
        said,
        ProductName="QuickBooks Premier Contractor Edition 2024",
        MajorVersion=34,
        MinorVersion=0,
        Country="US",
        SupportedQBXMLVersion=list(SUPPORTED),
        IsAutomaticLogin=False,
        QBFileMode=books.company["file_mode"],
    )
    return element


def company(books: CompanyBooks, said: Doc) -> Element:
    """With what applications stamped into the file, for the OwnerIDs asked for (1.5)."""
    element = Element("CompanyRet")
    known = books.company
    _all(
        element,
        said,
        IsSampleCompany=False,
        CompanyName=known["name"],
        LegalCompanyName=known["name"],
        FirstMonthFiscalYear="January",
    )
    copy = SubElement(element, "AccountantCopy")
    written(copy, "AccountantCopyExists", False)  # noqa: FBT003 - it is what the element says
    for owner in said.get("OwnerID", []):
        if stamp := known["stamps"].get(owner.upper()):
            for name, value in (("AppLock", f"LOCKED:{LOCKED_BY}"), ("FileID", stamp)):
                _all(
                    SubElement(element, "DataExtRet"),
                    {},
                    OwnerID=owner,
                    DataExtName=name,
                    DataExtType="STR255TYPE",
                    DataExtValue=value,
                )
    return element


def preferences(books: CompanyBooks, said: Doc) -> Element:
    element = Element("PreferencesRet")
    known = books.company
    accounting = {
        "IsUsingAccountNumbers": known["uses_account_numbers"],
        "IsRequiringAccounts": known["requires_accounts"],
        "IsUsingClassTracking": known["tracks_classes"],
        "AssignClassesTo": "Items",
        "IsUsingAuditTrail": True,
        "IsAssigningJournalEntryNumbers": True,
        **({"ClosingDate": known["closing_date"]} if known["closing_date"] else {}),
    }
    groups: dict[str, dict[str, object]] = {
        "AccountingPreferences": accounting,
        "MultiCurrencyPreferences": {"IsMultiCurrencyOn": False},
        "PurchasesAndVendorsPreferences": {
            "IsUsingInventory": False,
            "DaysBillsAreDue": DAYS_BILLS_ARE_DUE,
            "IsAutomaticallyUsingDiscounts": False,
        },
        "ReportsPreferences": {
            "AgingReportBasis": "AgeFromDueDate",
            "SummaryReportBasis": "Accrual",
        },
    }
    only = said.get("IncludeRetElement", [])
    for name, values in groups.items():
        if not only or name in only:
            _all(SubElement(element, name), {}, **values)
    return element


ABOUT: dict[str, Callable[[CompanyBooks, Doc], Element]] = {
    "HostQuery": host,
    "CompanyQuery": company,
    "PreferencesQuery": preferences,
}


def questions(owner: str) -> str:
    """The three questions of a Web Connector, with the stamp of its application."""
    root = Element("QBXML")
    messages = SubElement(root, "QBXMLMsgsRq", onError="continueOnError")
    SubElement(messages, "HostQueryRq", requestID="0")
    asked = SubElement(messages, "CompanyQueryRq", requestID="1")
    SubElement(asked, "OwnerID").text = owner
    SubElement(messages, "PreferencesQueryRq", requestID="2")
    version: str = tostring(ProcessingInstruction("qbxml", 'version="13.0"'), encoding="unicode")
    return '<?xml version="1.0"?>' + version + str(tostring(root, encoding="unicode"))


def _all(parent: Element, said: Doc, **values: object) -> None:
    only = said.get("IncludeRetElement", [])
    for prop, value in values.items():
        if not only or prop in only:
            for each in value if isinstance(value, list) else [value]:
                written(parent, prop, each)
