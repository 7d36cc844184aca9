"""Is the company file that is open the one this connection belongs to?

The first call of a session brings what QuickBooks says of itself (1.3): the answers to HostQuery,
CompanyQuery and PreferencesQuery. A company file tells no id of its own, so it is known by its
name, and by the FileID of our own connector file where the answer carries it (1.5). Sections are
those of the reference sheet.
"""

from collections.abc import Mapping
from dataclasses import replace

from django.db import transaction

from common.errors import AppError
from connectors import waiting
from connectors.errors import UnexpectedPayload
from connectors.models import Connection
from connectors.quickbooks_desktop import qbxml, translate
from connectors.quickbooks_desktop.connector_file import OWNER_ID, file_id
from connectors.quickbooks_desktop.models import WebConnectorSession
from connectors.quickbooks_desktop.qbxml import several
from connectors.records import JSON, PulledCompany
from connectors.safe_xml import BadXml
from connectors.signals import connector_opened


class NotRecognised(AppError):
    """The open company file is not the one, or cannot be told. The sentence goes to its log."""


def recognise(
    session: WebConnectorSession, said: str, *, path: str, country: str, version: tuple[int, int]
) -> WebConnectorSession:
    """Tie the session to its company file; the session as it stands then.

    `said` is what QuickBooks says of itself, `version` the newest qbXML that it knows.

    Raises:
        NotRecognised: it must not be asked anything.
    """
    if version < qbxml.VERSION:
        raise NotRecognised(
            "This QuickBooks is too old: Tieout needs QuickBooks 2014 or newer. Update it there."
        )
    rows = _rows(said)
    pulled, connection = _company(rows, country), session.connection
    stamp = _stamp(rows)
    is_stamped = stamp == file_id(connection)
    if is_stamped:
        # Our own mark is in the file: it is the one, even where somebody renamed the company.
        # Before the first call it is known by nothing else yet.
        known_by = connection.external_company_id or pulled.external_id
        pulled = replace(pulled, external_id=known_by)
    elif stamp or (connection.options.get("is_stamped") and connection.external_company_id):
        raise NotRecognised(
            f"The open company file “{pulled.name}” does not carry our mark: it is another one, a"
            " copy, or an older backup. Open the one that is connected, or add the connector file"
            " to the Web Connector again."
        )
    try:
        row = waiting.heard(connection, pulled)
    except AppError as error:
        raise NotRecognised(str(error)) from error
    with transaction.atomic():
        row = Connection.objects.select_for_update(of=("self",), no_key=True).get(pk=row.pk)
        row.options |= {
            "currency": pulled.currency,
            "company_file": path,
            "is_stamped": is_stamped,
        }
        row.save(update_fields=["options"])
    with transaction.atomic():
        # Together, or a younger bill finds the line open before the oldest is due. The connection
        # may be another row by now: one that knew this company file before.
        WebConnectorSession.objects.filter(pk=session.pk).update(
            is_recognised=True,
            company_file=path,
            country=country[:8],
            qbxml_version=".".join(map(str, version)),
        )
        connector_opened.send(Connection, connection=row)
    session.refresh_from_db()
    return session


def _rows(said: str) -> Mapping[str, JSON]:
    try:
        replies = qbxml.read_answer(said).replies
    except BadXml as error:
        raise NotRecognised(
            "QuickBooks did not say which company is open. Run the Web Connector again."
        ) from error
    return {row.tag: qbxml.as_json(row) for reply in replies for row in reply.rows}


def _company(rows: Mapping[str, JSON], country: str) -> PulledCompany:
    try:
        return translate.company(rows, file_id="", country=country)
    except UnexpectedPayload as error:
        raise NotRecognised(
            "QuickBooks did not say which company is open. Run the Web Connector again."
        ) from error


def _stamp(rows: Mapping[str, JSON]) -> str:
    """The FileID that the Web Connector wrote into the company file under our OwnerID (1.5)."""
    owner = f"{{{OWNER_ID}}}"
    for extension in several(rows["CompanyRet"], "DataExtRet"):
        # The Web Connector keeps a lock of its own under the same OwnerID (1.5).
        if (
            isinstance(extension, dict)
            and extension.get("OwnerID", "").lower() == owner
            and extension.get("DataExtName") == "FileID"
        ):
            return str(extension.get("DataExtValue", "")).lower()
    return ""
