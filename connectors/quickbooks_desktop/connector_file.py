"""The .qwc file that an admin adds to the Web Connector. Source: 1.7 of the reference sheet."""

from urllib.parse import urlsplit
from uuid import UUID, uuid5
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from django.conf import settings
from django.urls import reverse
from django.utils.text import slugify

from connectors.models import Connection
from connectors.packages import ConnectorFile

# Of this product, for ever: QuickBooks keeps under it what it remembers of us.
OWNER_ID = UUID("d3c5b0c1-4a0e-4f6a-8a37-2c9f2b8e6d10")
RUNS_EVERY_MINUTES = 15
LONGEST_NAME = 60

STEPS = (
    "On the computer that has QuickBooks, open the company as its Admin in single-user mode.",
    "Open the downloaded file with the QuickBooks Web Connector: File, Add an Application.",
    (
        "When QuickBooks asks whether Tieout may read and change this company, choose “Yes, always;"
        " allow access even if QuickBooks is not running”."
    ),
    (
        "In the Web Connector, type the password shown here into the line of Tieout and let it be"
        " remembered."
    ),
    "Tick that line, choose Update Selected, and turn on Auto-Run.",
)


def user_name(connection: Connection) -> str:
    """Unique for each connection (1.7)."""
    return f"tieout-{connection.row_key.hex[:12]}"


def file_id(connection: Connection) -> str:
    """Made of the connection's own key, so the same connection always has the same."""
    return _guid(uuid5(OWNER_ID, str(connection.row_key)))


def address(connection: Connection) -> str:
    """Where the Web Connector calls us. It takes https only, but for localhost (1.2)."""
    return f"{settings.PUBLIC_URL.rstrip('/')}{reverse('qbwc', args=[connection.row_key])}"


def connector_file(connection: Connection) -> ConnectorFile:
    # Two with one name cannot be in one Web Connector (1.7), so the company's is in it.
    name = f"Tieout - {connection.company.name}"[:LONGEST_NAME]
    root = Element("QBWCXML")
    called = address(connection)
    for tag, text in (
        ("AppName", name),
        ("AppID", ""),
        ("AppURL", called),
        ("AppDescription", "Posts the bills whose mappings your team published"),
        ("AppSupport", f"{urlsplit(called).scheme}://{urlsplit(called).netloc}/"),
        ("UserName", user_name(connection)),
        ("OwnerID", _guid(OWNER_ID)),
        ("FileID", file_id(connection)),
        ("QBType", "QBFS"),
        ("Style", "Document"),
    ):
        SubElement(root, tag).text = text
    SubElement(SubElement(root, "Scheduler"), "RunEveryNMinutes").text = str(RUNS_EVERY_MINUTES)
    for tag, text in (
        ("IsReadOnly", "false"),
        ("PersonalDataPref", "pdpOptional"),  # the tax number by which a vendor is found
        ("UnattendedModePref", "umpOptional"),
        ("AuthFlags", "0xF"),
    ):
        SubElement(root, tag).text = text
    indent(root)
    return ConnectorFile(
        name=f"tieout-{slugify(connection.company.name) or 'company'}.qwc",
        content=tostring(root, encoding="utf-8", xml_declaration=True),
        content_type="application/x-qwc",
        user=user_name(connection),
        steps=STEPS,
    )


def _guid(value: UUID) -> str:
    return f"{{{value}}}".lower()
