"""In which order each element of qbXML wants its children, as far as we write them.

A wrong order, like an unknown or an empty element, makes QuickBooks refuse the whole message set
(2.1), so the writer takes the order from here and from nowhere else. Sections are those of the
reference sheet; what it gives for newer versions than 13.0 is left out.
"""

from collections.abc import Mapping

# Of every list: 2.4. `FullName` and `ListID` are other ways to ask, never beside the filters.
_LIST_FILTERS = (
    "ListID", "FullName", "MaxReturned", "ActiveStatus", "FromModifiedDate", "ToModifiedDate",
    "NameFilter", "NameRangeFilter",
)  # fmt: skip
# Of every transaction: 2.4.
_TXN_FILTERS = (
    "TxnID", "RefNumber", "MaxReturned", "ModifiedDateRangeFilter", "TxnDateRangeFilter",
    "EntityFilter", "AccountFilter", "RefNumberFilter", "RefNumberRangeFilter", "CurrencyFilter",
    "PaidStatus", "IncludeLineItems", "IncludeLinkedTxns", "IncludeRetElement", "OwnerID",
)  # fmt: skip
_ADDRESS = (
    "Addr1", "Addr2", "Addr3", "Addr4", "Addr5", "City", "State", "PostalCode", "Country", "Note",
)  # fmt: skip
_LIST_QUERY = (*_LIST_FILTERS, "IncludeRetElement", "OwnerID")

ORDER: Mapping[str, tuple[str, ...]] = {
    "VendorQueryRq": _LIST_QUERY,
    "CustomerQueryRq": _LIST_QUERY,
    "EmployeeQueryRq": _LIST_QUERY,
    "OtherNameQueryRq": _LIST_QUERY,
    "ItemQueryRq": _LIST_QUERY,
    "ClassQueryRq": _LIST_QUERY,
    "TermsQueryRq": _LIST_QUERY,
    "AccountQueryRq": (*_LIST_FILTERS, "AccountType", "IncludeRetElement", "OwnerID"),  # 3
    "BillQueryRq": _TXN_FILTERS,
    "BillPaymentCheckQueryRq": _TXN_FILTERS,
    "BillPaymentCreditCardQueryRq": _TXN_FILTERS,
    "HostQueryRq": (),
    "CompanyQueryRq": ("IncludeRetElement", "OwnerID"),
    "PreferencesQueryRq": ("IncludeRetElement",),
    "ListDeletedQueryRq": ("ListDelType", "DeletedDateRangeFilter"),  # 4
    "TxnDeletedQueryRq": ("TxnDelType", "DeletedDateRangeFilter"),
    "DeletedDateRangeFilter": ("FromDeletedDate", "ToDeletedDate"),
    "ModifiedDateRangeFilter": ("FromModifiedDate", "ToModifiedDate"),
    "TxnDateRangeFilter": ("FromTxnDate", "ToTxnDate", "DateMacro"),
    "EntityFilter": ("ListID", "FullName", "ListIDWithChildren", "FullNameWithChildren"),
    "RefNumberRangeFilter": ("FromRefNumber", "ToRefNumber"),
    # 4
    "BillAddRq": ("BillAdd",),
    "BillAdd": (
        "VendorRef", "VendorAddress", "APAccountRef", "TxnDate", "DueDate", "RefNumber",
        "TermsRef", "Memo", "ExchangeRate", "ExternalGUID", "LinkToTxnID", "ExpenseLineAdd",
        "ItemLineAdd",
    ),
    "ExpenseLineAdd": (
        "AccountRef", "Amount", "Memo", "CustomerRef", "ClassRef", "BillableStatus",
        "SalesRepRef", "DataExt",
    ),
    "ItemLineAdd": (
        "ItemRef", "InventorySiteRef", "InventorySiteLocationRef", "SerialNumber", "LotNumber",
        "Desc", "Quantity", "UnitOfMeasure", "Cost", "Amount", "CustomerRef", "ClassRef",
        "BillableStatus", "OverrideItemAccountRef", "LinkToTxn", "SalesRepRef", "DataExt",
    ),
    # 3
    "VendorAddRq": ("VendorAdd",),
    "VendorAdd": (
        "Name", "IsActive", "ClassRef", "CompanyName", "Salutation", "FirstName", "MiddleName",
        "LastName", "JobTitle", "VendorAddress", "ShipAddress", "Phone", "AltPhone", "Fax",
        "Email", "Cc", "Contact", "AltContact", "NameOnCheck", "AccountNumber", "Notes",
        "VendorTypeRef", "TermsRef", "CreditLimit", "VendorTaxIdent",
        "IsVendorEligibleFor1099", "ExternalGUID", "CurrencyRef",
    ),
    "CustomerAddRq": ("CustomerAdd",),
    "CustomerAdd": (
        "Name", "IsActive", "ClassRef", "ParentRef", "CompanyName", "Salutation", "FirstName",
        "MiddleName", "LastName", "JobTitle", "BillAddress", "ShipAddress", "Phone", "AltPhone",
        "Fax", "Email", "Cc", "Contact", "AltContact", "CustomerTypeRef", "TermsRef",
        "AccountNumber", "CreditLimit", "JobStatus", "JobStartDate", "JobDesc", "JobTypeRef",
        "Notes", "ExternalGUID", "CurrencyRef",
    ),
    "VendorAddress": _ADDRESS,
    "BillAddress": _ADDRESS,
    **dict.fromkeys(
        (
            "VendorRef", "CustomerRef", "AccountRef", "APAccountRef", "ClassRef", "ItemRef",
            "TermsRef", "ParentRef",
        ),
        ("ListID", "FullName"),  # 2.5
    ),
}  # fmt: skip
