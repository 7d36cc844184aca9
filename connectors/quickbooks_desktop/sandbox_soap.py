"""The Web Connector's side of SOAP 1.1, document/literal, as strict as .NET reads it (1.2, 1.3).

What a service answers has to be named exactly; a result in another namespace, or an array with too
few or too many entries, ends the run as the real one does: QBWC1012.
"""

import re
from collections.abc import Mapping
from xml.etree.ElementTree import Element, ParseError, SubElement, register_namespace, tostring

import requests
from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
INTUIT = "http://developer.intuit.com/"
SECONDS_TO_ANSWER = 100  # about the .NET default (1.2)
MOST_ENTRIES = 4  # of an authenticate result (1.4)
register_namespace("soap", SOAP)


class ServiceFailed(Exception):
    """The service did not answer as it must. The run ends; the next one is on schedule."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def call(url: str, operation: str, arguments: Mapping[str, object]) -> Element:
    """The result element of one operation. The arguments go in the order they are given in.

    Raises:
        ServiceFailed: QBWC1039 for the transport, QBWC1012 for an answer that is not one.
    """
    try:
        response = requests.post(
            url,
            data=_envelope(operation, arguments),
            headers={
                "Content-Type": "text/xml; charset=utf-8",
                "SOAPAction": f'"{INTUIT}{operation}"',
                "User-Agent": "Mozilla/4.0 (compatible; MSIE 6.0; MS Web Services Client Protocol"
                " 2.0.50727.9174)",
            },
            timeout=SECONDS_TO_ANSWER,
            allow_redirects=False,
        )
    except requests.RequestException as error:
        raise ServiceFailed("QBWC1039", f"{operation} got no answer: {error}") from error
    if response.status_code != 200:
        raise ServiceFailed("QBWC1039", f"{operation} was answered with {response.status_code}.")
    media = response.headers.get("Content-Type", "").partition(";")[0].strip()
    if media != "text/xml":
        raise ServiceFailed("QBWC1012", f"{operation} was answered as {media or 'nothing'}.")
    return _result(operation, response.content)


def text_in(result: Element) -> str:
    """What a string result says."""
    if len(result):
        raise ServiceFailed("QBWC1012", f"{result.tag} holds elements, and is a string.")
    return result.text or ""


def number_in(result: Element) -> int:
    text = text_in(result).strip()
    if not re.fullmatch(r"-?[0-9]{1,9}", text):
        raise ServiceFailed("QBWC1012", f"{result.tag} is not a whole number: {text!r}.")
    return int(text)


def strings_in(result: Element) -> list[str]:
    """Two to four strings, each in the one namespace (1.4)."""
    if any(child.tag != f"{{{INTUIT}}}string" for child in result):
        raise ServiceFailed("QBWC1012", "Index was outside the bounds of the array.")
    if not 2 <= len(result) <= MOST_ENTRIES:
        raise ServiceFailed("QBWC1012", f"An array of {len(result)} strings is out of bounds.")
    return [child.text or "" for child in result]


def _envelope(operation: str, arguments: Mapping[str, object]) -> bytes:
    envelope = Element(f"{{{SOAP}}}Envelope")
    called = SubElement(SubElement(envelope, f"{{{SOAP}}}Body"), operation, xmlns=INTUIT)
    for name, value in arguments.items():
        SubElement(called, name).text = str(value)
    body: bytes = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return body


def _result(operation: str, content: bytes) -> Element:
    try:
        envelope = fromstring(content, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ServiceFailed("QBWC1012", f"{operation} was not answered in XML.") from error
    body = envelope.find(f"{{{SOAP}}}Body")
    if envelope.tag != f"{{{SOAP}}}Envelope" or body is None or len(body) != 1:
        raise ServiceFailed("QBWC1012", f"{operation} was not answered with a SOAP body.")
    if body[0].tag == f"{{{SOAP}}}Fault":
        said = body[0].findtext("faultstring") or "no reason given"
        raise ServiceFailed("QBWC1039", f"{operation} was answered with a fault: {said}")
    wanted = f"{{{INTUIT}}}{operation}Response", f"{{{INTUIT}}}{operation}Result"
    result: Element | None = body[0].find(wanted[1])
    if body[0].tag != wanted[0] or result is None or len(body[0]) != 1:
        raise ServiceFailed("QBWC1012", f"{operation} was answered with {body[0].tag}.")
    return result
