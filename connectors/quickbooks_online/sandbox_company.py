"""CompanyInfo and Preferences, from what the books know of the company. Source: 7.3, 7.4."""

from connectors.sandboxing import Doc

_STAMPS = {
    "CreateTime": "2024-01-02T08:00:00-08:00",
    "LastUpdatedTime": "2024-01-02T08:00:00-08:00",
}


def info(company: Doc) -> Doc:
    return {
        "Id": "1",
        "SyncToken": "0",
        "CompanyName": company["name"],
        "LegalName": company["name"],
        "Country": "US",
        "FiscalYearStartMonth": "January",
        "NameValue": [
            {
                "Name": "SubscriptionStatus",
                "Value": "PAID" if company["is_subscribed"] else "EXPIRED",
            },
            {"Name": "OfferingSku", "Value": "QuickBooks Online Plus"},
        ],
        "domain": "QBO",
        "sparse": False,
        "MetaData": _STAMPS,
    }


def preferences(company: Doc) -> Doc:
    accounting = {
        "UseAccountNumbers": company["use_account_numbers"],
        "ClassTrackingPerTxn": company["class_tracking"] == "transaction",
        "ClassTrackingPerTxnLine": company["class_tracking"] == "line",
        "TrackDepartments": company["track_locations"],
        "DepartmentTerminology": "Location",
    }
    if company["book_close_date"]:
        accounting["BookCloseDate"] = company["book_close_date"]
    others = {
        "ProjectsEnabled": company["projects_enabled"],
        "WarnDuplicateBillNumber": company["warn_duplicate_bill_number"],
    }
    return {
        "Id": "1",
        "SyncToken": "0",
        "AccountingInfoPrefs": accounting,
        "CurrencyPrefs": {
            "MultiCurrencyEnabled": False,
            "HomeCurrency": {"value": company["currency"]},
        },
        "OtherPrefs": {
            "NameValue": [
                {"Name": name, "Value": "true" if value else "false"}
                for name, value in others.items()
            ]
        },
        "domain": "QBO",
        "sparse": False,
        "MetaData": _STAMPS,
    }
