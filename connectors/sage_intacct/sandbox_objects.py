"""The objects of a Sage Intacct company: their columns, what is required, and their codes.

Sections are those of the project's reference sheet of Sage Intacct, here 9 to 12. A column is
written `NAME[:type][*|!]`: `*` must be given on create, `!` cannot be written.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

TYPES = {
    "text": "TEXT",
    "integer": "INTEGER",
    "currency": "CURRENCY",
    "date": "DATE",
    "timestamp": "TIMESTAMP",
    "boolean": "BOOLEAN",
    "enum": "ENUM",
}


@dataclass(frozen=True)
class Column:
    name: str
    type: str
    is_required: bool
    is_read_only: bool


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One object. `key` is its natural id; `labels` holds, by enum column, stored code to label."""

    name: str
    title: str  # as its errors call it
    key: tuple[str, ...]
    columns: Mapping[str, Column]
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    lengths: Mapping[str, int] = field(default_factory=dict)
    lines: str = ""  # the object of its lines
    lines_in: str = ""  # the element that holds them
    # Where a dot path leads: object name to (column here, column there).
    relations: Mapping[str, tuple[str, str]] = field(default_factory=dict)


def _columns(*texts: str) -> dict[str, Column]:
    found = {}
    for word in " ".join(texts).split():
        bare = word.rstrip("*!")
        name, _, kind = bare.partition(":")
        found[name] = Column(name, kind or "text", "*" in word, "!" in word)
    return found


STATUS = {"STATUS": {"T": "active", "F": "inactive"}}
RESTRICTION = {
    "OBJECTRESTRICTION": {name: name for name in ("Unrestricted", "RootOnly", "Restricted")}
}
PROJECT_CATEGORY = {
    "PROJECTCATEGORY": {
        name: name
        for name in ("Contract", "Capitalized", "Internal Non-Billable", "Internal Billable")
    }
}
TASK_STATUS = {
    "TASKSTATUS": {
        "N": "Not Started", "P": "Planned", "L": "In Progress", "C": "Completed", "H": "On Hold",
    }
}  # fmt: skip
# Stored, then shown. The labels of a posted bill are worked out from its amounts (11.3).
BILL_STATE = {
    "STATE": {
        "D": "Draft", "S": "Submitted", "PA": "Partially Approved", "U": "Declined",
        "A": "Posted", "V": "Reversal",
    }
}  # fmt: skip
PAYMENT_STATE = {
    "STATE": {"D": "Draft", "S": "Submitted", "A": "Approved", "C": "Posted", "V": "Voided"}
}

OWN = "RECORDNO:integer! MEGAENTITYID! MEGAENTITYNAME! RECORD_URL!"
STAMPS = "WHENCREATED:timestamp! WHENMODIFIED:timestamp! STATUS:enum"
MAIL = " ".join(
    f"DISPLAYCONTACT.{name}"
    for name in (
        "CONTACTNAME", "COMPANYNAME", "TAXABLE", "FIRSTNAME", "LASTNAME", "INITIAL", "PHONE1",
        "PHONE2", "CELLPHONE", "FAX", "EMAIL1", "EMAIL2", "URL1", "MAILADDRESS.ADDRESS1",
        "MAILADDRESS.ADDRESS2", "MAILADDRESS.ADDRESS3", "MAILADDRESS.CITY", "MAILADDRESS.STATE",
        "MAILADDRESS.ZIP", "MAILADDRESS.COUNTRY", "MAILADDRESS.ISOCOUNTRYCODE",
    )
)  # fmt: skip
RESTRICTED = "OBJECTRESTRICTION:enum RESTRICTEDLOCATIONS"
DIMENSIONS = (
    "LOCATIONID DEPARTMENTID PROJECTID TASKID COSTTYPEID CUSTOMERID VENDORID EMPLOYEEID ITEMID"
    " CLASSID CONTRACTID WAREHOUSEID"
)
REQUIREMENTS = {
    "REQUIREDEPT": ("DEPARTMENTID", "Department"),
    "REQUIRELOC": ("LOCATIONID", "Location"),
    "REQUIREPROJECT": ("PROJECTID", "Job"),
    "REQUIRETASK": ("TASKID", "Cost Code"),
    "REQUIRECUSTOMER": ("CUSTOMERID", "Customer"),
    "REQUIREVENDOR": ("VENDORID", "Vendor"),
    "REQUIREEMPLOYEE": ("EMPLOYEEID", "Employee"),
    "REQUIREITEM": ("ITEMID", "Item"),
    "REQUIRECLASS": ("CLASSID", "Class"),
    "REQUIRECONTRACT": ("CONTRACTID", "Contract"),
    "REQUIREWAREHOUSE": ("WAREHOUSEID", "Warehouse"),
}

_PARTY = (
    "NAME* PARENTID PARENTKEY:integer! PARENTNAME! GLGROUP TAXID CREDITLIMIT:currency"
    " RETAINAGEPERCENTAGE:currency ONHOLD:boolean COMMENTS CURRENCY PAYMETHODKEY BILLINGTYPE"
    " TERMNAME SUPDOCID ONETIME:boolean TOTALDUE:currency! ENTITY! DISPLAYCONTACT.PRINTAS*"
)

_ALL = (
    Kind(
        name="VENDOR",
        title="Vendor",
        key=("VENDORID",),
        columns=_columns(
            OWN, STAMPS, RESTRICTED, "VENDORID", _PARTY, MAIL,
            "VENDTYPE NAME1099 FORM1099TYPE FORM1099BOX APACCOUNT APACCOUNTTITLE! ACCOUNTLABEL"
            " OFFSETGLACCOUNTNO DONOTCUTCHECK:boolean PAYMENTPRIORITY VENDORACCOUNTNO"
            " ISINDIVIDUAL:boolean MERGEPAYMENTREQ:boolean CONTACTINFO.CONTACTNAME"
            " PAYTO.CONTACTNAME RETURNTO.CONTACTNAME",
        ),
        labels={**STATUS, **RESTRICTION},
        lengths={"VENDORID": 20, "NAME": 100},
    ),
    Kind(
        name="CUSTOMER",
        title="Customer",
        key=("CUSTOMERID",),
        columns=_columns(
            OWN, STAMPS, RESTRICTED, "CUSTOMERID", _PARTY, MAIL,
            "CUSTTYPE CUSTREPID CUSTREPNAME! ARACCOUNT GLGRPKEY:integer! CREATEDBY:integer!"
            " MODIFIEDBY:integer!",
        ),
        labels={**STATUS, **RESTRICTION},
        lengths={"CUSTOMERID": 20, "NAME": 100},
    ),
    Kind(
        name="PROJECT",
        title="Project",
        key=("PROJECTID",),
        columns=_columns(
            OWN, STAMPS, RESTRICTED,
            "PROJECTID NAME* PROJECTCATEGORY:enum* DESCRIPTION PARENTID PARENTKEY:integer!"
            " PARENTNAME! PROJECTTYPE PROJECTSTATUS CUSTOMERID CUSTOMERKEY:integer! CUSTOMERNAME!"
            " MANAGERID BEGINDATE:date ENDDATE:date DEPARTMENTID DEPARTMENTNAME! LOCATIONID"
            " LOCATIONNAME! CLASSID BILLINGTYPE TERMNAME CURRENCY DOCNUMBER"
            " CONTRACTAMOUNT:currency BUDGETAMOUNT:currency BUDGETEDCOST:currency BUDGETQTY"
            " BUDGETID PONUMBER POAMOUNT:currency BILLABLEAPPODEFAULT:boolean"
            " BILLABLEEXPDEFAULT:boolean SCHEDULEDSTARTDATE:date ACTUALSTARTDATE:date"
            " SCHEDULEDCOMPLETIONDATE:date REVISEDCOMPLETIONDATE:date SCOPE INCLUSIONS EXCLUSIONS"
            " TERMS SUPDOCID",
        ),
        labels={
            **STATUS, **RESTRICTION,
            **PROJECT_CATEGORY,
        },
        lengths={"PROJECTID": 20, "NAME": 100},
    ),
    Kind(
        name="TASK",
        title="Task",
        key=("PROJECTID", "TASKID"),
        columns=_columns(
            OWN, STAMPS,
            "TASKID NAME* PROJECTID* PROJECTKEY:integer! PROJECTNAME! STANDARDTASKID"
            " TASKSTATUS:enum* TASKNO PARENTKEY:integer PARENTID! PARENTTASKNAME! DESCRIPTION"
            " PBEGINDATE:date PENDDATE:date CLASSID CLASSNAME! CLASSKEY:integer! ITEMID ITEMNAME!"
            " ITEMKEY:integer! BILLABLE:boolean UTILIZED:boolean ISMILESTONE:boolean PRIORITY"
            " BUDGETQTY ESTQTY PRODUCTIONUNITDESC SUPDOCID ROOTPARENTKEY:integer! ROOTPARENTID!"
            " ROOTPARENTNAME!",
        ),
        labels={**STATUS, **TASK_STATUS},
        lengths={"TASKID": 20, "PRODUCTIONUNITDESC": 30, "NAME": 100},
        relations={"PROJECT": ("PROJECTID", "PROJECTID")},
    ),
    Kind(
        name="COSTTYPE",
        title="Cost type",
        key=("PROJECTID", "TASKID", "COSTTYPEID"),
        columns=_columns(
            OWN, STAMPS,
            "COSTTYPEID! STANDARDCOSTTYPEID* PROJECTID PROJECTKEY:integer! PROJECTNAME! TASKID"
            " TASKKEY:integer TASKNAME! NAME DESCRIPTION ACCUMULATIONTYPENAME"
            " COSTUNITDESCRIPTION ACCOUNTNO ITEMID PLANNEDBEGINDATE:date PLANNEDENDDATE:date"
            " PARENTID",
        ),
        labels=STATUS,
        lengths={"NAME": 200, "DESCRIPTION": 1000, "COSTUNITDESCRIPTION": 30},
        relations={"PROJECT": ("PROJECTID", "PROJECTID")},
    ),
    Kind(
        name="STANDARDTASK",
        title="Standard task",
        key=("STANDARDTASKID",),
        columns=_columns(
            OWN, STAMPS,
            "STANDARDTASKID* NAME* DESCRIPTION PRODUCTIONUNITDESC ITEMID BILLABLE:boolean"
            " TIMETYPENAME TASKNO PARENTKEY:integer CLASSID"
            " STANDARDTASKSTANDARDCOSTTYPES!",
        ),
        labels=STATUS,
        lengths={"STANDARDTASKID": 20, "TASKNO": 8},
    ),
    Kind(
        name="STANDARDCOSTTYPE",
        title="Standard cost type",
        key=("STANDARDCOSTTYPEID",),
        columns=_columns(
            OWN, STAMPS,
            "STANDARDCOSTTYPEID* NAME* DESCRIPTION ACCUMULATIONTYPENAME COSTUNITDESCRIPTION"
            " ACCOUNTNO ITEMID PARENTID",
        ),
        labels=STATUS,
        lengths={"STANDARDCOSTTYPEID": 12, "NAME": 200},
    ),
    Kind(
        name="GLACCOUNT",
        title="Account",
        key=("ACCOUNTNO",),
        columns=_columns(
            OWN, STAMPS,
            "ACCOUNTNO* TITLE* CATEGORY ACCOUNTTYPE:enum NORMALBALANCE:enum CLOSINGTYPE"
            " CLOSINGACCOUNTNO ALTERNATIVEACCOUNT:enum",
            " ".join(f"{name}:boolean" for name in REQUIREMENTS),
        ),
        labels={
            **STATUS,
            "ACCOUNTTYPE": {"B": "balancesheet", "I": "incomestatement"},
            "NORMALBALANCE": {"1": "debit", "-1": "credit"},
            "ALTERNATIVEACCOUNT": {
                "N": "None", "V": "Payables account", "C": "Receivables account",
            },
        },
    ),
    Kind(
        name="APACCOUNTLABEL",
        title="AP account label",
        key=("ACCOUNTLABEL",),
        columns=_columns(
            OWN, STAMPS, "ACCOUNTLABEL* DESCRIPTION* GLACCOUNTNO* OFFSETGLACCOUNTNO"
        ),
        labels=STATUS,
    ),
    Kind(
        name="ITEM",
        title="Item",
        key=("ITEMID",),
        columns=_columns(
            OWN, STAMPS,
            "ITEMID* NAME* ITEMTYPE:enum* GLGROUP PRODUCTLINEID EXTENDED_DESCRIPTION BASEUOM"
            " MRR:boolean",
        ),
        labels={
            **STATUS,
            "ITEMTYPE": {
                "I": "Inventory", "NI": "Non-Inventory", "NP": "Non-Inventory (Purchase only)",
                "NS": "Non-Inventory (Sales only)", "K": "Kit", "SK": "Stockable Kit",
            },
        },
    ),
    Kind(
        name="CLASS",
        title="Class",
        key=("CLASSID",),
        columns=_columns(
            OWN, STAMPS, "CLASSID* NAME* DESCRIPTION PARENTID PARENTKEY:integer!"
            " CREATEDBY:integer! MODIFIEDBY:integer! MEGAENTITYKEY:integer!",
        ),
        labels=STATUS,
    ),
    Kind(
        name="DEPARTMENT",
        title="Department",
        key=("DEPARTMENTID",),
        columns=_columns(
            OWN, STAMPS, "DEPARTMENTID* TITLE* PARENTID PARENTKEY:integer! SUPERVISORID"
            " SUPERVISORNAME! CUSTTITLE",
        ),
        labels=STATUS,
    ),
    Kind(
        name="LOCATION",
        title="Location",
        key=("LOCATIONID",),
        columns=_columns(
            OWN, STAMPS, "LOCATIONID* NAME* PARENTID SUPERVISORID STARTDATE:date ENDDATE:date"
            " CUSTTITLE CURRENCY",
        ),
        labels=STATUS,
    ),
    Kind(
        name="LOCATIONENTITY",
        title="Entity",
        key=("LOCATIONID",),
        columns=_columns(OWN, STAMPS, "LOCATIONID* NAME* CURRENCY"),
        labels=STATUS,
    ),
    Kind(  # not in the sheet but for TERMNAME: its name and columns are our assumption
        name="APTERM",
        title="Term",
        key=("NAME",),
        columns=_columns(OWN, STAMPS, "NAME* DESCRIPTION DUEDATE:integer"),
        labels=STATUS,
    ),
    Kind(
        name="REPORTINGPERIOD",
        title="Reporting period",
        key=("NAME",),
        columns=_columns(OWN, STAMPS, "NAME* START_DATE:date END_DATE:date"),
        labels=STATUS,
    ),
    Kind(
        name="APBILL",
        title="Bill",
        key=(),
        columns=_columns(
            OWN,
            "RECORDTYPE! RECORDID STATE:enum! RAWSTATE! VENDORID* VENDORNAME! DOCNUMBER"
            " DESCRIPTION TERMNAME WHENCREATED:date* WHENDUE:date* WHENPOSTED:date"
            " RECPAYMENTDATE:date PAYMENTPRIORITY:enum ONHOLD:boolean PRBATCH SUPDOCID CURRENCY"
            " BASECURR EXCH_RATE_DATE:date EXCH_RATE_TYPE_ID EXCHANGE_RATE INCLUSIVETAX:boolean"
            " TAXSOLUTIONID BILLTOPAYTOCONTACTNAME SHIPTORETURNTOCONTACTNAME"
            " TOTALENTERED:currency! TRX_TOTALENTERED:currency! TOTALPAID:currency!"
            " TRX_TOTALPAID:currency! TOTALSELECTED:currency! TRX_TOTALSELECTED:currency!"
            " TOTALDUE:currency! TRX_TOTALDUE:currency! WHENPAID:date! DUE_IN_DAYS:integer!"
            " DOCSOURCE! MODULEKEY! RETAINAGEPERCENTAGE:currency! TRX_TOTALRETAINED:currency!"
            " TRX_TOTALRELEASED:currency! TOTALRETAINED:currency! AUWHENCREATED:timestamp!"
            " WHENMODIFIED:timestamp!",
        ),
        labels={
            **BILL_STATE,
            "PAYMENTPRIORITY": {name: name for name in ("urgent", "high", "normal", "low")},
        },
        lengths={"RECORDID": 40, "DOCNUMBER": 40, "DESCRIPTION": 1000},
        lines="APBILLITEM",
        lines_in="APBILLITEMS",
        relations={"VENDOR": ("VENDORID", "VENDORID")},
    ),
    Kind(
        name="APBILLITEM",
        title="Bill",
        key=(),
        columns=_columns(
            OWN,
            "RECORDKEY:integer! LINE_NO:integer ACCOUNTNO ACCOUNTLABEL TRX_AMOUNT:currency*"
            " AMOUNT:currency! TOTALTRXAMOUNT:currency ENTRYDESCRIPTION OFFSETGLACCOUNTNO"
            " BILLABLE:boolean ALLOCATION FORM1099:boolean FORM1099TYPE FORM1099BOX"
            " TOTALPAID:currency! RELEASETOPAY:boolean! RETAINAGEPERCENTAGE:currency!"
            " TRX_AMOUNTRETAINED:currency! AMOUNTRETAINED:currency! TRX_AMOUNTRELEASED:currency!"
            " PRIMARYDOCKEY:integer! PRIMARYDOCLINEKEY:integer! STATE! ENTRY_DATE:date!"
            " WHENMODIFIED:timestamp!",
            DIMENSIONS,
        ),
        lengths={"ENTRYDESCRIPTION": 1000},
        relations={"APBILL": ("RECORDKEY", "RECORDNO")},
    ),
    Kind(
        name="APPYMT",
        title="Payment",
        key=(),
        columns=_columns(
            OWN,
            "FINANCIALENTITY PAYMENTMETHOD PAYMENTREQUESTMETHOD VENDORID* DOCNUMBER DESCRIPTION"
            " PAYMENTDATE:date* CURRENCY* BASECURR AMOUNTTOPAY:currency STATE:enum!"
            " WHENCREATED:timestamp! WHENMODIFIED:timestamp!",
        ),
        labels=PAYMENT_STATE,
        lines="APPYMTDETAIL",
        lines_in="APPYMTDETAILS",
        relations={"VENDOR": ("VENDORID", "VENDORID")},
    ),
    Kind(
        name="APPYMTDETAIL",
        title="Payment detail",
        key=(),
        columns=_columns(
            OWN,
            "PAYMENTKEY:integer! RECORDKEY:integer ENTRYKEY:integer TRX_PAYMENTAMOUNT:currency*"
            " PAYMENTAMOUNT:currency! DISCOUNTDATE:date ADJUSTMENTKEY:integer"
            " TRX_ADJUSTMENTAMOUNT:currency ADVANCEKEY:integer TRX_POSTEDADVANCEAMOUNT:currency"
            " JOINTPAYEEPRINTAS STATE! WHENMODIFIED:timestamp!",
        ),
    ),
)  # fmt: skip

KINDS: Mapping[str, Kind] = {kind.name: kind for kind in _ALL}
# Lists whose rows we let the gateway create; the bill has rules of its own.
MASTERS = tuple(
    name
    for name in KINDS
    if name not in {"APBILL", "APBILLITEM", "APPYMT", "APPYMTDETAIL", "REPORTINGPERIOD"}
)
