"""Writes and reads qbXML, the envelope around everything QuickBooks Desktop is asked.

Sections are those of the reference sheet. Pure functions.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

from common import money
from connectors.quickbooks_desktop.orders import ORDER
from connectors.records import JSON
from connectors.safe_xml import BadXml, read

VERSION = (13, 0)  # 2.1: QuickBooks 2014 and newer, and every element that we write
LONGEST_MESSAGE_SET_ID = 23  # 2.1
# `?qbxml` has to stand before the root (2.1), where the standard library writes nothing.
_PROLOGUE = b'<?xml version="1.0" encoding="utf-8"?>\n<?qbxml version="13.0"?>\n'
# What XML cannot hold at all, and the control characters at which QuickBooks breaks off (2.1).
_UNSPEAKABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]+")

Content = Mapping[str, Any]  # element name to text, date, Decimal, bool, Content, or a list of them


@dataclass(frozen=True, kw_only=True)
class Request:
    """One question or order of a message set, e.g. VendorQueryRq."""

    name: str
    content: Content = field(default_factory=dict)
    attributes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What came back for one request. `code` 0 is good, 1 means that nothing was found (6)."""

    name: str
    code: int
    severity: str
    message: str
    attributes: Mapping[str, str]
    rows: Sequence[Element]


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole message set's answer. `recovery` is its messageSetStatusCode, "" when it has none."""

    replies: Sequence[Reply]
    recovery: str = ""


def write(
    requests: Sequence[Request], *, ref: str = "", message_set_id: str = "", stop: bool = False
) -> str:
    """One message set, in plain ASCII: other letters as numeric entities (2.1).

    `ref` names it in every requestID; a write names itself by `message_set_id` (7).
    """
    root = Element("QBXML")
    attributes = {"onError": "stopOnError" if stop else "continueOnError"}
    if message_set_id:
        attributes["newMessageSetID"] = message_set_id
    messages = SubElement(root, "QBXMLMsgsRq", attributes)
    for number, request in enumerate(requests, 1):
        named = {"requestID": f"{ref}{number}", **request.attributes}
        _fill(SubElement(messages, request.name, named), request.content)
    written: bytes = tostring(root, encoding="us-ascii", xml_declaration=False)
    return (_PROLOGUE + written).decode("ascii")


def _fill(parent: Element, content: Content) -> None:
    """Children in the order that QuickBooks wants; those without a value are left out."""
    order = ORDER[parent.tag]
    if unknown := content.keys() - set(order):
        raise LookupError(f"{parent.tag} has no {', '.join(sorted(unknown))} in orders.py")
    for name in order:
        value = content.get(name)
        for each in value if isinstance(value, list | tuple) else [value]:
            if isinstance(each, Mapping):
                if filled := {key: inner for key, inner in each.items() if _is_said(inner)}:
                    _fill(SubElement(parent, name), filled)
            elif _is_said(each):
                SubElement(parent, name).text = _text(each)


def _is_said(value: object) -> bool:
    return value not in (None, "", [], ())


def _text(value: object) -> str:
    """Source: 2.3. Amounts have two decimals exactly."""
    match value:
        case bool():
            return "true" if value else "false"
        case Decimal():
            return f"{value.quantize(money.CENT):f}"
        case date():
            return value.isoformat()
    return speakable(str(value))


def speakable(text: str) -> str:
    """Text without what would break a parser; a break between lines becomes a space."""
    return _UNSPEAKABLE.sub(" ", text).strip()


def read_answer(text: str) -> Answer:
    """Source: 2.2.

    Raises:
        BadXml: it is no qbXML.
    """
    root = read(text)
    messages = root.find("QBXMLMsgsRs")
    if root.tag != "QBXML" or messages is None:
        raise BadXml("it is no answer in qbXML")
    return Answer(
        replies=tuple(_reply(element) for element in messages),
        recovery=messages.get("messageSetStatusCode", ""),
    )


def marks(text: str) -> set[str]:
    """The names by which an answer says what it answers: its message set's, or its requests'."""
    messages = read(text).find("QBXMLMsgsRs")
    if messages is None:
        return set()
    if own := messages.get("newMessageSetID"):
        return {own}
    return {element.get("requestID", "") for element in messages} - {""}


def _reply(element: Element) -> Reply:
    code = element.get("statusCode", "")
    if not code.isdecimal():
        raise BadXml(f"{element.tag} has no status")
    return Reply(
        name=element.tag,
        code=int(code),
        severity=element.get("statusSeverity", ""),
        message=element.get("statusMessage", ""),
        attributes=dict(element.attrib),
        rows=[child for child in element if child.tag != "ErrorRecovery"],
    )


def as_json(element: Element) -> JSON:
    """A leaf is its text, anything else a dict; what repeats is a list: see `several`."""
    if not len(element):
        return (element.text or "").strip()
    found: dict[str, JSON] = {}
    for child in element:
        value = as_json(child)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found


def several(payload: JSON, name: str) -> list[JSON]:
    """What `as_json` made of an element that may repeat."""
    value = payload.get(name, [])
    return value if isinstance(value, list) else [value]
