"""What a company file says of itself: host, company, preferences. Source: section 3, company info.

`hcp` is what the Web Connector hands over with the first request of a session (1.3). That it holds
the FileID, as public samples of such a hand-over do, is beyond the sheet.
"""

from collections.abc import Callable
from xml.etree.ElementTree import Element, SubElement

from connectors.quickbooks_desktop.sandbox_books import CompanyBooks
from connectors.quickbooks_desktop.sandbox_shapes import written
from connectors.sandboxing import Doc

SUPPORTED = ("1.0", "1.1", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "6.0", "7.0", "8.0", "9.0",
             "10.0", "11.0", "12.0", "13.0", "14.0", "15.0", "16.0")  # fmt: skip
DAYS_BILLS_ARE_DUE = 10


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
        if owner.upper() in known["stamps"]:
            stamp = SubElement(element, "DataExtRet")
            _all(
                stamp,
                {},
                OwnerID=owner,
                DataExtName="FileID",
                DataExtType="STR255TYPE",
                DataExtValue=known["stamps"][owner.upper()],
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


def _all(parent: Element, said: Doc, **values: object) -> None:
    only = said.get("IncludeRetElement", [])
    for prop, value in values.items():
        if not only or prop in only:
            for each in value if isinstance(value, list) else [value]:
                written(parent, prop, each)
