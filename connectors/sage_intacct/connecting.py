"""How a company is tied to Sage Intacct. Sections are those of its reference sheet."""

from collections.abc import Callable, Mapping

from django.conf import settings

from common.choices import RecordKind, Side, System, Way
from connectors import calls
from connectors.errors import AccessDenied, Refused
from connectors.http import CallMade
from connectors.models import Connection
from connectors.packages import Check, Field, Package, SignedIn
from connectors.sage_intacct import asking, checking
from connectors.sage_intacct.client import SageIntacctClient
from connectors.sage_intacct.envelope import Login, Sender
from connectors.sage_intacct.gateway import Gateway, HeldSession, Sessions
from connectors.sage_intacct.sessions import PASSWORD, ConnectionSessions
from connectors.sage_intacct.writing import Defaults

Options = Mapping[str, str]
LABELS = {"labels": True, "accounts": False}  # what an admin may say; anything else: find out
BY_BILL = "by_bill"


def gateway(sessions: Sessions, record: Callable[[CallMade], None] = lambda _call: None) -> Gateway:
    registration = settings.SAGE_INTACCT
    return Gateway(
        url=registration["api_url"],
        sender=Sender(registration["sender_id"], registration["sender_password"]),
        sessions=sessions,
        record=record,
    )


def client(
    through: Gateway, options: Options, term_days: Mapping[str, int] | None = None
) -> SageIntacctClient:
    entity = options.get("entity_id", "")
    return SageIntacctClient(
        gateway=through,
        company_id=options["company_id"],
        entity_id=entity,
        app_url=settings.SAGE_INTACCT["app_url"],
        defaults=Defaults(
            # An entity is a location itself (1): what is entered inside it is at least there.
            location_id=options.get("default_location", "") or entity,
            department_id=options.get("default_department", ""),
            project_category=options.get("project_category", "") or "Contract",
        ),
        account_labels=LABELS.get(options.get("enter_bills_by", "").strip().lower()),
        payments_by_bill=options.get("payments") == BY_BILL,
        term_days=term_days,
    )


def open_connection(connection: Connection) -> SageIntacctClient:
    through = gateway(ConnectionSessions(connection), calls.recorder(connection))
    return client(through, connection.options, term_days(connection))


def term_days(connection: Connection) -> dict[str, int]:
    """The days of each payment term, from our mirror: a bill is written without asking anybody."""
    rows = connection.records.filter(kind=RecordKind.TERM, gone_at=None)
    found = {}
    for name, payload in rows.values_list("external_id", "payload"):
        days = (payload or {}).get("DUEDATE", "")
        if days.isdecimal():
            found[name] = int(days)
    return found


def sign_in(typed: Mapping[str, str]) -> SignedIn:
    """Tries what an admin typed in, step by step; the error names the step and the screen (2)."""
    said = {name: (typed.get(name) or "").strip() for name in NAMES}
    login = Login(said["company_id"], said["user_id"], typed.get(PASSWORD, ""), said["entity_id"])
    through = gateway(HeldSession(login))
    through.sign_in()
    if not _may_read_payments(through):
        said["payments"] = BY_BILL
    pulled = client(through, said).company()
    return SignedIn(
        company=pulled,
        secret={PASSWORD: login.password},
        options={name: value for name, value in said.items() if value},
    )


def _may_read_payments(through: Gateway) -> bool:
    try:
        asking.newest(through, "APPYMT", ("RECORDNO",))
    except (AccessDenied, Refused):
        return False
    return True


def check(connection: Connection) -> list[Check]:
    through = gateway(ConnectionSessions(connection), calls.recorder(connection))
    return checking.check(through, entity_id=connection.options.get("entity_id", ""))


FIELDS = (
    Field(
        name="company_id",
        label="Company ID",
        help="Under Company › Company Information › General Information.",
    ),
    Field(
        name="user_id",
        label="Web-services user ID",
        help="Of the user under Company › Admin › Web Services Users, not of a person.",
    ),
    Field(
        name=PASSWORD,
        label="Its password",
        help="Sage mails the first one to the address of that user.",
        is_secret=True,
    ),
    Field(
        name="entity_id",
        label="Entity ID",
        help="Only if Tieout is to work inside one entity. Blank is the top level.",
        is_required=False,
    ),
    Field(
        name="default_location",
        label="Location of lines that name none",
        help="Its ID. In a company with several entities each line needs a location.",
        is_required=False,
    ),
    Field(
        name="default_department",
        label="Department of lines that name none",
        help="Its ID. Blank leaves it out.",
        is_required=False,
    ),
    Field(
        name="project_category",
        label="Category of new projects",
        help="As Sage Intacct spells it. Blank is Contract.",
        is_required=False,
    ),
    Field(
        name="enter_bills_by",
        label="Bills are entered by",
        help="Say accounts or labels. Blank: Tieout looks at the newest bill.",
        is_required=False,
    ),
)
NAMES = tuple(field.name for field in FIELDS if not field.is_secret)

PACKAGE = Package(
    system=System.SAGE_INTACCT,
    side=Side.LEDGER,
    client=SageIntacctClient,
    ways=(Way.CREDENTIALS,),
    open=open_connection,
    fields=FIELDS,
    sign_in=sign_in,
    check=check,
    reads=(
        "Vendors, customers, projects, tasks and cost types, accounts and account labels, items",
        "Classes, locations, departments and payment terms",
        "The bills that we look for before we send one, and the payments of bills",
    ),
    writes="Bills, as drafts or submitted, each one only after a person published its mappings. "
    "A vendor, customer or project only when a person creates it. Nothing is changed or deleted.",
    creating={
        RecordKind.VENDOR: "Its number becomes the vendor ID. Leave it blank where Sage Intacct "
        "numbers vendors by itself.",
        RecordKind.PROJECT: "Its number becomes the project ID. Leave it blank where Sage Intacct "
        "numbers projects by itself. Category, location and department are those of the "
        "connection.",
    },
    scopes=checking.SCOPES,
)
