"""SOAP 1.1, document/literal wrapped, as the Web Connector speaks it. Source: 1.2 of the sheet."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from connectors.safe_xml import BadXml, read

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
SERVICE = "http://developer.intuit.com/"
CONTENT_TYPE = "text/xml; charset=utf-8"

Value = str | int | Sequence[str]


@dataclass(frozen=True)
class Called:
    operation: str
    arguments: Mapping[str, str]


def read_call(body: bytes) -> Called:
    """The operation and its arguments; "" for those that came empty.

    Raises:
        BadXml: it is no SOAP 1.1 call in the Web Connector's namespace.
    """
    root = read(body)
    inside = root.find(f"{{{ENVELOPE}}}Body") if root.tag == f"{{{ENVELOPE}}}Envelope" else None
    if inside is None or len(inside) != 1:
        raise BadXml("it is no SOAP 1.1 envelope with one call")
    space, _, operation = inside[0].tag.rpartition("}")
    if space != f"{{{SERVICE}":
        raise BadXml(f"its call is not in the namespace {SERVICE}")
    return Called(
        operation, {child.tag.rpartition("}")[2]: child.text or "" for child in inside[0]}
    )


def write_result(operation: str, result: Value | None) -> bytes:
    """The answer in the very names and namespace that it wants (1.2). None: no result at all."""
    response = Element(f"{operation}Response", {"xmlns": SERVICE})
    if result is not None:
        holder = SubElement(response, f"{operation}Result")
        if isinstance(result, str | int):
            holder.text = str(result)
        else:
            for text in result:
                SubElement(holder, "string").text = text
    return _enveloped(response)


def write_fault(sentence: str) -> bytes:
    """To a call that is none of ours. Never more than a sentence: it shows in a log there."""
    fault = Element("soap:Fault")
    SubElement(fault, "faultcode").text = "soap:Client"
    SubElement(fault, "faultstring").text = sentence
    return _enveloped(fault)


def _enveloped(content: Element) -> bytes:
    # Prefixes are spelled out: what reads this takes names literally.
    envelope = Element("soap:Envelope", {"xmlns:soap": ENVELOPE})
    SubElement(envelope, "soap:Body").append(content)
    written: bytes = tostring(envelope, encoding="utf-8", xml_declaration=True)
    return written
