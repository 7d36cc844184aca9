"""The vocabulary that several apps share."""

from django.db.models import TextChoices


class System(TextChoices):
    PROCORE = "procore", "Procore"
    BUILDERTREND = "buildertrend", "Buildertrend"
    QUICKBOOKS_ONLINE = "quickbooks_online", "QuickBooks Online"
    QUICKBOOKS_DESKTOP = "quickbooks_desktop", "QuickBooks Desktop"
    SAGE_INTACCT = "sage_intacct", "Sage Intacct"


class Way(TextChoices):
    """How a company is tied to a system."""

    CONSENT = "consent", "Sign-in on its own page"
    CREDENTIALS = "credentials", "Credentials"
    CONNECTOR_FILE = "connector_file", "Connector file"  # the system calls us
    FILES = "files", "Exported files"


class Side(TextChoices):
    SOURCE = "source", "Source"
    LEDGER = "ledger", "Ledger"


class RecordKind(TextChoices):
    """What a mirrored row is. The connection says on which side it lives."""

    VENDOR = "vendor", "Vendor"
    PROJECT = "project", "Project"
    COST_CODE = "cost_code", "Cost code"
    COST_TYPE = "cost_type", "Cost type"
    CUSTOMER = "customer", "Customer"
    ITEM = "item", "Item"
    ACCOUNT = "account", "Account"
    CLASS = "class", "Class"
    LOCATION = "location", "Location"
    DEPARTMENT = "department", "Department"
    TERM = "term", "Term"
    TASK = "task", "Task"  # a ledger's own cost code, which it keeps project by project
    # Put together by us from records of the source, which lists none of them: mapping/combining.py.
    PAIR = "pair", "Pair"
    OVERRIDE = "override", "Project override"
    DEFAULT = "default", "Company default"


COMBINED = (RecordKind.PAIR, RecordKind.OVERRIDE, RecordKind.DEFAULT)

# The ledger's records that may go along with a mapping's target, by the mapping's field.
RIDERS = {
    "ledger_class": RecordKind.CLASS,
    "location": RecordKind.LOCATION,
    "department": RecordKind.DEPARTMENT,
}
