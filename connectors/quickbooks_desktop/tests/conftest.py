"""A connection that waits for its Web Connector, and a hand that calls us as one would."""

from xml.etree.ElementTree import Element, SubElement, tostring

import pytest
from defusedxml.ElementTree import fromstring

from common.choices import System
from connectors import waiting
from connectors.quickbooks_desktop.connector_file import user_name
from connectors.quickbooks_desktop.soap import ENVELOPE, SERVICE

FILE = r"C:\Books\Acme Builders.qbw"


def said_of_itself(name="Acme Builders Inc", *, closing_date="2026-06-30", stamp=""):
    """What comes with the first call for work: the sheet, 1.3 and 3."""
    root = Element("QBXML")
    messages = SubElement(root, "QBXMLMsgsRs")
    status = {"statusCode": "0", "statusSeverity": "Info", "statusMessage": "Status OK"}
    host = SubElement(SubElement(messages, "HostQueryRs", status), "HostRet")
    SubElement(host, "ProductName").text = "QuickBooks Premier 2026"
    SubElement(host, "Country").text = "US"
    company = SubElement(SubElement(messages, "CompanyQueryRs", status), "CompanyRet")
    SubElement(company, "IsSampleCompany").text = "false"
    SubElement(company, "CompanyName").text = name
    SubElement(company, "EIN").text = "98-7654321"
    if stamp:
        extension = SubElement(company, "DataExtRet")
        SubElement(extension, "OwnerID").text = stamp[0]
        SubElement(extension, "DataExtName").text = "FileID"
        SubElement(extension, "DataExtValue").text = stamp[1]
    preferences = SubElement(SubElement(messages, "PreferencesQueryRs", status), "PreferencesRet")
    accounting = SubElement(preferences, "AccountingPreferences")
    SubElement(accounting, "IsUsingAccountNumbers").text = "true"
    SubElement(accounting, "IsUsingClassTracking").text = "true"
    if closing_date:
        SubElement(accounting, "ClosingDate").text = closing_date
    return tostring(root, encoding="unicode")


def answer_to(body, *rows, code="0", severity="Info", message="Status OK"):
    """A well-formed answer to the qbXML `body`, with these rows in its first reply."""
    asked = fromstring(body.encode()).find("QBXMLMsgsRq")
    root = Element("QBXML")
    own = {"newMessageSetID": asked.get("newMessageSetID"), "messageSetStatusCode": "0"}
    messages = SubElement(root, "QBXMLMsgsRs", own if own["newMessageSetID"] else {})
    for number, request in enumerate(asked):
        status = {
            "requestID": request.get("requestID"),
            "statusCode": code,
            "statusSeverity": severity,
            "statusMessage": message,
        }
        reply = SubElement(messages, request.tag[:-2] + "Rs", status)
        reply.extend(rows if number == 0 else ())
    return tostring(root, encoding="unicode")


class Hand:
    """Calls the service of one connection, operation by operation, through Django's own client."""

    def __init__(self, client, connection, password):
        self.client, self.connection, self.password = client, connection, password
        self.ticket = ""

    def call(self, operation, **arguments):
        envelope = Element("soap:Envelope", {"xmlns:soap": ENVELOPE})
        called = SubElement(SubElement(envelope, "soap:Body"), operation, {"xmlns": SERVICE})
        for name, value in arguments.items():
            SubElement(called, name).text = str(value)
        answer = self.post(tostring(envelope, encoding="utf-8"))
        assert answer.status_code == 200, answer.content
        inside = fromstring(answer.content).find(f"{{{ENVELOPE}}}Body")[0]
        assert inside.tag == f"{{{SERVICE}}}{operation}Response"
        (result,) = inside
        assert result.tag == f"{{{SERVICE}}}{operation}Result"
        return [each.text or "" for each in result] if len(result) else result.text or ""

    def post(self, body):
        self.connection.refresh_from_db(fields=["row_key"])
        return self.client.post(
            f"/qbwc/{self.connection.row_key}/", body, content_type="text/xml; charset=utf-8"
        )

    def authenticate(self, password=None, user=None):
        self.ticket, *rest = self.call(
            "authenticate",
            strUserName=user or user_name(self.connection),
            strPassword=password or self.password,
        )
        return rest[0]

    def ask_for_work(self, said="", *, file=FILE, version=16):
        return self.call(
            "sendRequestXML",
            ticket=self.ticket,
            strHCPResponse=said,
            strCompanyFileName=file,
            qbXMLCountry="US",
            qbXMLMajorVers=version,
            qbXMLMinorVers=0,
        )

    def bring(self, response="", *, hresult="", message="", ticket=None):
        return int(
            self.call(
                "receiveResponseXML",
                ticket=ticket or self.ticket,
                response=response,
                hresult=hresult,
                message=message,
            )
        )

    def last_error(self):
        return self.call("getLastError", ticket=self.ticket)

    def close(self):
        return self.call("closeConnection", ticket=self.ticket)


@pytest.fixture
def hand(transactional_db, client, company, admin, settings):
    """Waits for its first call; nothing in it takes longer than a moment."""
    settings.QUICKBOOKS_DESKTOP = {
        **settings.QUICKBOOKS_DESKTOP,
        "taken_within": 0.3,
        "answered_within": 0.3,
        "holds_call": 0,
    }
    connection, password = waiting.begin(company, System.QUICKBOOKS_DESKTOP, by=admin)
    return Hand(client, connection, password)
