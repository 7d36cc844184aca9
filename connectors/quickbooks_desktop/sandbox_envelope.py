"""Reads a message set: its encoding, version, attributes and order. Source: section 2.1."""

import codecs
import re
from dataclasses import dataclass
from xml.etree.ElementTree import Element, ParseError, TreeBuilder

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser

from connectors.quickbooks_desktop.sandbox_order import GRAMMAR, ITERATES, OPERATIONS, WRAPPED
from connectors.quickbooks_desktop.sandbox_refusals import cannot_parse

NEWEST = 16
VERSION = re.compile(r'version\s*=\s*"(?P<major>[0-9]{1,2})\.[0-9]"')
DECLARATION = re.compile(r"<\?xml\b(?P<inside>[^?]*)\?>")
ENCODING = re.compile(r"encoding\s*=\s*[\"'](?P<name>[^\"']+)[\"']")
METADATA = {"NoMetaData", "MetaDataOnly", "MetaDataAndResponseData"}


@dataclass
class MessageSet:
    """A message set as it came, its order and names checked."""

    version: int
    attributes: dict[str, str]
    requests: list[Element]


class _Tree(TreeBuilder):
    """Keeps the processing instructions that stand before the root."""

    def __init__(self) -> None:
        super().__init__()
        self.instructions: list[tuple[str, str]] = []
        self.begun = False

    def start(self, tag: str, attrs: dict[str, str]) -> Element:
        self.begun = True
        return super().start(tag, attrs)

    def pi(self, target: str, data: str | None = None) -> None:  # type: ignore[override]
        if not self.begun:
            self.instructions.append((target, data or ""))


def read(text: str) -> MessageSet:
    """Raises CannotRun for anything that is not exactly as the tables have it."""
    tree = _Tree()
    parser = DefusedXMLParser(target=tree, forbid_dtd=True)
    try:
        parser.feed(_encoded(text))
        root = parser.close()
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise cannot_parse(str(error)) from error
    version = _version(tree.instructions)
    is_whole = root.tag == "QBXML" and [child.tag for child in root] == ["QBXMLMsgsRq"]
    if not is_whole or root.attrib or (root.text or "").strip() or (root[0].tail or "").strip():
        raise cannot_parse("A QBXML element holds exactly one QBXMLMsgsRq.")
    attributes = _checked_attributes(root[0])
    for request in root[0]:
        _check_request(request, version)
    return MessageSet(version, attributes, list(root[0]))


def _encoded(text: str) -> bytes:
    """As bytes in the encoding the text declares. Without one it has to be plain ASCII (2.1)."""
    declaration = DECLARATION.match(text)
    encoding = ENCODING.search(declaration["inside"]) if declaration else None
    name = encoding["name"] if encoding else "ascii"
    try:
        codecs.lookup(name)
        return text.encode(name)
    except (LookupError, UnicodeEncodeError) as error:
        raise cannot_parse(f"A character is not in the encoding: {name}.") from error


def _version(instructions: list[tuple[str, str]]) -> int:
    for target, data in instructions:
        match = VERSION.fullmatch(data.strip()) if target == "qbxml" else None
        if match and 1 <= int(match["major"]) <= NEWEST:
            return int(match["major"])
    raise cannot_parse("The qbxml processing instruction with a supported version is missing.")


def _checked_attributes(messages: Element) -> dict[str, str]:
    said = dict(messages.attrib)
    known = {"onError", "responseData", "newMessageSetID", "oldMessageSetID"}
    if said.keys() - known or said.get("onError") not in {"stopOnError", "continueOnError"}:
        raise cannot_parse("QBXMLMsgsRq wants onError to be stopOnError or continueOnError.")
    if said.get("responseData", "includeAll") not in {"includeAll", "includeNone"}:
        raise cannot_parse("responseData is includeAll or includeNone.")
    if (messages.text or "").strip() or any((child.tail or "").strip() for child in messages):
        raise cannot_parse("QBXMLMsgsRq holds text between its requests.")
    return said


def _check_request(request: Element, version: int) -> None:
    name = request.tag.removesuffix("Rq")
    if not request.tag.endswith("Rq") or name not in OPERATIONS:
        raise cannot_parse(f"{request.tag} is unknown.")
    known = {"requestID"}
    if name.endswith("Query") and name not in {"HostQuery", "CompanyQuery", "PreferencesQuery"}:
        known |= {"metaData"}
    if name in ITERATES:
        known |= {"iterator", "iteratorID"}
    if request.attrib.keys() - known:
        raise cannot_parse(f"{request.tag} has an attribute that it does not know.")
    if request.get("metaData", "NoMetaData") not in METADATA:
        raise cannot_parse("metaData is not one of its words.")
    if request.get("iterator", "Start") not in {"Start", "Continue", "Stop"}:
        raise cannot_parse("iterator is Start, Continue or Stop.")
    body = request
    if name in WRAPPED:
        if len(request) != 1 or request[0].tag != name or request[0].attrib:
            raise cannot_parse(f"{request.tag} holds exactly one {name}.")
        body = request[0]
    GRAMMAR.check(name, body, version)
