"""The operations of a Web Connector's service, as it calls them. Source: 1.3 of the sheet."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Operation:
    name: str
    arguments: tuple[tuple[str, type], ...] = ()
    result: type = str  # str, int, or list for an array of strings


_TICKET = ("ticket", str)
OPERATIONS = (
    Operation("serverVersion"),
    Operation("clientVersion", (("strVersion", str),)),
    Operation("authenticate", (("strUserName", str), ("strPassword", str)), list),
    Operation(
        "sendRequestXML",
        (
            _TICKET,
            ("strHCPResponse", str),
            ("strCompanyFileName", str),
            ("qbXMLCountry", str),
            ("qbXMLMajorVers", int),
            ("qbXMLMinorVers", int),
        ),
    ),
    Operation(
        "receiveResponseXML",
        (_TICKET, ("response", str), ("hresult", str), ("message", str)),
        int,
    ),
    Operation("connectionError", (_TICKET, ("hresult", str), ("message", str))),
    Operation("getLastError", (_TICKET,)),
    Operation("closeConnection", (_TICKET,)),
    Operation("getInteractiveURL", (("wcTicket", str), ("sessionID", str))),
    # Two names for one thing; which one a Web Connector uses is not established (9).
    Operation("isInteractiveDone", (("wcTicket", str),)),
    Operation("interactiveDone", (("wcTicket", str),)),
    Operation("interactiveRejected", (("wcTicket", str), ("reason", str))),
)
