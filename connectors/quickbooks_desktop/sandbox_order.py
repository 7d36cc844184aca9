"""Every request the sandbox takes: its elements in their order, as sections 2.4, 3 and 4 give them.

The inside of a contact, of a note and of an item's two ways of being sold, which the sheet only
names, is as Intuit's own schema of version 14.0 has it.
"""

from connectors.quickbooks_desktop.sandbox_grammar import Grammar


def words(text: str) -> set[str]:
    return set(text.split())


# How long the full name in a reference may be (4). Lists the sandbox does not keep have 31.
REFERENCE_LENGTHS = {
    **dict.fromkeys(
        words(
            "AdditionalContactRef BillingRateRef SalesRepRef CustomerTypeRef JobTypeRef"
            " PriceLevelRef VendorTypeRef SalesTaxCodeRef ItemSalesTaxRef UnitOfMeasureSetRef"
            " PreferredPaymentMethodRef OverrideUOMSetRef TemplateRef InventorySiteRef"
            " InventorySiteLocationRef TermsRef"
        ),
        31,
    ),
    **dict.fromkeys(
        words(
            "ClassRef APAccountRef AccountRef BankAccountRef DiscountAccountRef ItemRef"
            " PrefillAccountRef OverrideItemAccountRef"
        ),
        159,
    ),
    "CurrencyRef": 64,
    "ShipMethodRef": 15,
    "VendorRef": 41,
    "ParentRef": 209,
    "CustomerRef": 209,
    "PayeeEntityRef": 209,
    "ShipToEntityRef": 209,
}
ACCOUNT_TYPES = words(
    "AccountsPayable AccountsReceivable Bank CostOfGoodsSold CreditCard Equity Expense FixedAsset"
    " Income LongTermLiability NonPosting OtherAsset OtherCurrentAsset OtherCurrentLiability"
    " OtherExpense OtherIncome"
)
ITEM_TYPES = words(
    "ItemService ItemNonInventory ItemOtherCharge ItemInventory ItemInventoryAssembly"
    " ItemFixedAsset ItemSubtotal ItemDiscount ItemPayment ItemSalesTax ItemSalesTaxGroup"
    " ItemGroup"
)
_PEOPLE = words("Customer Employee OtherName Vendor")
ENUMS = {
    "Active": words("ActiveOnly InactiveOnly All"),
    "Match": words("StartsWith Contains EndsWith"),
    "Compared": words("LessThan LessThanEqual Equal GreaterThan GreaterThanEqual"),
    "Paid": words("All PaidOnly NotPaidOnly"),
    "Billable": words("Billable NotBillable HasBeenBilled"),
    "Job": words("Awarded Closed InProgress None NotAwarded Pending"),
    "Delivery": words("None Email Fax"),
    "AccountKind": ACCOUNT_TYPES,
    "Macro": words("All Today"),  # the two the sandbox understands of the schema's long list
    "ListKind": ITEM_TYPES | _PEOPLE | words("Account Class DateDrivenTerms StandardTerms"),
    "TxnKind": words("Bill BillPaymentCheck BillPaymentCreditCard PurchaseOrder VendorCredit"),
    "VoidKind": words("Bill BillPaymentCheck BillPaymentCreditCard VendorCredit"),
}

_ADDRESS = "Addr1(41)? Addr2(41)? Addr3(41)? Addr4(41)? Addr5(41)?@6"
_PLACE = "City(31)? State(21)? PostalCode(13)? Country(31)? Note(41)?@6"
_PERSON = "Salutation(15)? FirstName(25)? MiddleName(5)? LastName(25)? JobTitle(41)?@12"
_CONTACT = "Salutation(15)? FirstName(25) MiddleName(5)? LastName(25)? JobTitle(41)?"
_REACHED = (
    "Phone(21)? AltPhone(21)? Fax(21)? Email(1023)? Cc(1023)?@12 Contact(41)? AltContact(41)?"
    " AdditionalContactRef:AnotherContact*@12"
)

# --- Lists ----------------------------------------------------------------------------------------


def _vendor(head: str, contacts: str, notes: str, opening: str, guid: str) -> str:
    return (
        f"{head} IsActive:bool? ClassRef?@12 CompanyName(41)? {_PERSON} VendorAddress:Address?"
        f" ShipAddress:Address?@11 {_REACHED} {contacts} NameOnCheck(41)? AccountNumber(99)?"
        f" Notes(4095)? {notes} VendorTypeRef? TermsRef? CreditLimit:amount? VendorTaxIdent(15)?"
        f" IsVendorEligibleFor1099:bool? {opening} BillingRateRef?@6 {guid} PrefillAccountRef*@8"
        " CurrencyRef?@8"
    )


def _customer(head: str, contacts: str, notes: str, opening: str, guid: str) -> str:
    return (
        f"{head} IsActive:bool? ClassRef?@12 ParentRef? CompanyName(41)? {_PERSON}"
        f" BillAddress:Address? ShipAddress:Address? ShipToAddress:NamedAddress*@12 {_REACHED}"
        f" {contacts} CustomerTypeRef? TermsRef? SalesRepRef? {opening} SalesTaxCodeRef?"
        " ItemSalesTaxRef? ResaleNumber(15)? AccountNumber(99)? CreditLimit:amount?"
        " PreferredPaymentMethodRef?@3 CreditCardInfo:Card?@3 JobStatus:Job? JobStartDate:date?"
        " JobProjectedEndDate:date? JobEndDate:date? JobDesc(99)? JobTypeRef? Notes(4095)?@3"
        f" {notes} PreferredDeliveryMethod:Delivery?@12 PriceLevelRef?@4 {guid} CurrencyRef?@8"
    )


_ADDED = (
    "Contacts:Contacts*@12",
    "AdditionalNotes:AdditionalNotes*@12",
    "OpenBalance:amount? OpenBalanceDate:date?",
    "ExternalGUID:guid?@8",
)
_MODIFIED = ("ContactsMod:ContactsMod*@12", "AdditionalNotesMod:AdditionalNotesMod*@12", "", "")
_MOD_HEAD = "ListID:id EditSequence(16) Name(41)?"

LISTS = {
    "Address": f"{_ADDRESS} {_PLACE}",
    "NamedAddress": f"Name(41) {_ADDRESS} {_PLACE} DefaultShipTo:bool?",
    "AnotherContact": "ContactName(40) ContactValue(255)",
    "Contacts": f"{_CONTACT} AdditionalContactRef:AnotherContact*",
    "ContactsMod": f"ListID:id EditSequence(16) {_CONTACT} AdditionalContactRef:AnotherContact*",
    "AdditionalNotes": "Note(4095)",
    "AdditionalNotesMod": "NoteID:int Note(4095)",
    "Card": "CreditCardNumber(25)? ExpirationMonth:int? ExpirationYear:int? NameOnCard(41)?"
    " CreditCardAddress(41)? CreditCardPostalCode(41)?",
    "VendorAdd": _vendor("Name(41)", *_ADDED),
    "VendorMod": _vendor(_MOD_HEAD, *_MODIFIED),
    "CustomerAdd": _customer("Name(41)", *_ADDED),
    "CustomerMod": _customer(_MOD_HEAD, *_MODIFIED),
}

# --- Transactions ---------------------------------------------------------------------------------

_SERIAL = "InventorySiteRef?@10 InventorySiteLocationRef?@12 (SerialNumber(4095) | LotNumber(40))?"
_CHARGED = "CustomerRef? ClassRef? BillableStatus:Billable?"
_EXPENSE = f"AccountRef? Amount:amount? Memo(4095)? {_CHARGED} SalesRepRef?@13"
_BILL = (
    "VendorAddress:Address?@13 APAccountRef? TxnDate:date? DueDate:date? RefNumber(20)? TermsRef?"
    " Memo(4095)? ExchangeRate:float?@8"
)

TRANSACTIONS = {
    "DataExt": "OwnerID:guid DataExtName(31) DataExtValue",
    "LinkToTxn": "TxnID:id TxnLineID:id",
    "ExpenseLineAdd": f"{_EXPENSE} DataExt:DataExt*@13",
    "ItemLineAdd": f"ItemRef? {_SERIAL} Desc(4095)? Quantity:quantity? UnitOfMeasure(31)?@7"
    f" Cost:price? Amount:amount? {_CHARGED} OverrideItemAccountRef? LinkToTxn:LinkToTxn?@4"
    " SalesRepRef?@13 DataExt:DataExt*@13",
    "ExpenseLineMod": f"TxnLineID:line {_EXPENSE}",
    "ItemLineMod": f"TxnLineID:line ItemRef? {_SERIAL} Desc(4095)? Quantity:quantity?"
    " UnitOfMeasure(31)?@7 OverrideUOMSetRef?@7 Cost:price? Amount:amount?"
    f" {_CHARGED} OverrideItemAccountRef? SalesRepRef?@13",
    "BillAdd": f"VendorRef {_BILL} ExternalGUID:guid?@9 LinkToTxnID:id*@4"
    " ExpenseLineAdd:ExpenseLineAdd* ItemLineAdd:ItemLineAdd*",
    "BillMod": f"TxnID:id EditSequence(16) VendorRef? {_BILL} ClearExpenseLines:bool?"
    " ExpenseLineMod:ExpenseLineMod* ClearItemLines:bool? ItemLineMod:ItemLineMod*",
    "VendorCreditAdd": "VendorRef APAccountRef? TxnDate:date? RefNumber(20)? Memo(4095)?"
    " ExchangeRate:float?@8 ExternalGUID:guid?@9 ExpenseLineAdd:ExpenseLineAdd*"
    " ItemLineAdd:ItemLineAdd*",
    "PurchaseOrderAdd": "VendorRef? ClassRef? (InventorySiteRef | ShipToEntityRef)? TemplateRef?@3"
    " TxnDate:date? RefNumber(11)? VendorAddress:Address? ShipAddress:Address? TermsRef?"
    " DueDate:date? ExpectedDate:date? ShipMethodRef? FOB(13)? Memo(4095)? VendorMsg(99)?"
    " IsToBePrinted:bool? IsToBeEmailed:bool?@6 Other1(25)?@6 Other2(29)?@6"
    " ExchangeRate:float?@8 ExternalGUID:guid?@9 PurchaseOrderLineAdd:PurchaseOrderLineAdd+",
    "PurchaseOrderLineAdd": "ItemRef? ManufacturerPartNumber(31)?@7 Desc(4095)?"
    " Quantity:quantity? UnitOfMeasure(31)?@7 Rate:price? ClassRef? Amount:amount?"
    " InventorySiteLocationRef?@12 CustomerRef? ServiceDate:date? OverrideItemAccountRef?"
    " Other1(29)?@6 Other2(29)?@6 DataExt:DataExt*@5",
}

# --- Questions ------------------------------------------------------------------------------------

_SAID = "IncludeRetElement(50)*@4"
_MODIFIED_BETWEEN = "FromModifiedDate:moment? ToModifiedDate:moment?"
_NAMED = "(NameFilter:NameFilter | NameRangeFilter:NameRangeFilter)?"


def _list_query(more: str = "", *, owner: bool = True) -> str:
    return (
        f"(ListID:id+ | FullName(209)+ | MaxReturned:int? ActiveStatus:Active? {_MODIFIED_BETWEEN}"
        f" {_NAMED} {more}) {_SAID} {'OwnerID:guid*@2' if owner else ''}"
    )


def _transaction_query(paid: str = "", linked: str = "") -> str:
    return (
        "(TxnID:id+ | RefNumber(20)+ | RefNumberCaseSensitive(20)+@4 | MaxReturned:int?"
        " (ModifiedDateRangeFilter:ModifiedBetween | TxnDateRangeFilter:DatedBetween)?"
        " EntityFilter:Among? AccountFilter:Among?"
        " (RefNumberFilter:NumberFilter | RefNumberRangeFilter:NumberRangeFilter)?"
        f" CurrencyFilter:Currencies?@8 {paid})"
        f" IncludeLineItems:bool? {linked} {_SAID} OwnerID:guid*@2"
    )


QUERIES = {
    "NameFilter": "MatchCriterion:Match Name",
    "NameRangeFilter": "FromName? ToName?",
    "NumberFilter": "MatchCriterion:Match RefNumber",
    "NumberRangeFilter": "FromRefNumber? ToRefNumber?",
    "ModifiedBetween": _MODIFIED_BETWEEN,
    "DatedBetween": "(FromTxnDate:date? ToTxnDate:date? | DateMacro:Macro)",
    "DeletedBetween": "FromDeletedDate:moment? ToDeletedDate:moment?",
    "Among": "(ListID:id+ | FullName(209)+ | ListIDWithChildren:id | FullNameWithChildren(209))",
    "Currencies": "(ListID:id+ | FullName(64)+)",
    "Total": "Operator:Compared Amount:amount",
    "Capacity": "IncludeMaxCapacity:bool",
    "HostQuery": f"IncludeListMetaData:Capacity?@6 {_SAID}",
    "CompanyQuery": f"{_SAID} OwnerID:guid*@2",
    "PreferencesQuery": _SAID,
    "VendorQuery": _list_query(
        "TotalBalanceFilter:Total? CurrencyFilter:Currencies?@8 ClassFilter:Among?@12"
    ),
    "CustomerQuery": _list_query(
        "TotalBalanceFilter:Total? CurrencyFilter:Currencies?@8 ClassFilter:Among?@12"
    ),
    "EmployeeQuery": _list_query(),
    "OtherNameQuery": _list_query(),
    "ItemQuery": _list_query(),
    "AccountQuery": _list_query("AccountType:AccountKind* CurrencyFilter:Currencies?@8"),
    "ClassQuery": _list_query(owner=False),
    "TermsQuery": _list_query(owner=False),
    "BillQuery": _transaction_query("PaidStatus:Paid?", "IncludeLinkedTxns:bool?@2"),
    "VendorCreditQuery": _transaction_query(linked="IncludeLinkedTxns:bool?@2"),
    "PurchaseOrderQuery": _transaction_query(linked="IncludeLinkedTxns:bool?@3"),
    "BillPaymentCheckQuery": _transaction_query(),
    "BillPaymentCreditCardQuery": _transaction_query(),
    "ListDeletedQuery": f"ListDelType:ListKind+ DeletedDateRangeFilter:DeletedBetween? {_SAID}",
    "TxnDeletedQuery": f"TxnDelType:TxnKind+ DeletedDateRangeFilter:DeletedBetween? {_SAID}",
}
# Which of them remember where they were (2.4): neither accounts, classes, terms nor what is gone.
ITERATES = words(
    "VendorQuery CustomerQuery EmployeeQuery ItemQuery BillQuery VendorCreditQuery"
    " PurchaseOrderQuery BillPaymentCheckQuery BillPaymentCreditCardQuery"
)

DELETIONS = {
    "ListDel": "ListDelType:ListKind ListID:id",
    "TxnDel": "TxnDelType:TxnKind TxnID:id",
    "TxnVoid": "TxnVoidType:VoidKind TxnID:id",
}
# These carry their one element (BillAddRq holds a BillAdd); the others hold their elements at once.
WRAPPED = words(
    "VendorAdd VendorMod CustomerAdd CustomerMod BillAdd BillMod VendorCreditAdd PurchaseOrderAdd"
)
OPERATIONS = WRAPPED | DELETIONS.keys() | {name for name in QUERIES if name.endswith("Query")}

GRAMMAR = Grammar(
    {
        **{
            f"ref {length}": f"(ListID:id FullName({length})? | FullName({length}))"
            for length in set(REFERENCE_LENGTHS.values())
        },
        **LISTS,
        **TRANSACTIONS,
        **QUERIES,
        **DELETIONS,
    },
    ENUMS,
    REFERENCE_LENGTHS,
)
