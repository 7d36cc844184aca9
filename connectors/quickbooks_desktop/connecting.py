"""How a company is tied to QuickBooks Desktop. Sections are those of its reference sheet."""

from zoneinfo import ZoneInfo

from common.choices import Side, System, Way
from connectors import calls
from connectors.models import Connection
from connectors.packages import Package
from connectors.quickbooks_desktop.client import QuickBooksDesktopClient
from connectors.quickbooks_desktop.connector_file import connector_file
from connectors.quickbooks_desktop.line import Line, prune


def open_connection(connection: Connection) -> QuickBooksDesktopClient:
    return QuickBooksDesktopClient(
        Line(connection, calls.recorder(connection)),
        file_id=connection.external_company_id,
        currency=connection.options.get("currency", "USD"),
        zone=ZoneInfo(connection.company.settings.time_zone),
    )


PACKAGE: Package = Package(
    system=System.QUICKBOOKS_DESKTOP,
    side=Side.LEDGER,
    client=QuickBooksDesktopClient,
    ways=(Way.CONNECTOR_FILE,),
    open=open_connection,
    connector_file=connector_file,
    prune=prune,
    reads=(
        "Vendors, customers and jobs, items, accounts, classes and terms",
        (
            "The closing date of the books, the bills that we look for before we send one, and the "
            "payments of bills"
        ),
    ),
    writes="Bills, each one only after a person published its mappings, and a vendor or job where "
    "a person asks for it. Nothing is changed or deleted.",
)
