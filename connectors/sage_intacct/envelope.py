"""How the XML gateway is written to and read: envelopes, answers, and bodies without secrets.

Sections are those of the reference sheet of Sage Intacct, here 3 and 4. Written with a writer of
the standard library, which escapes what it must; read hardened against entities.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from xml.etree.ElementTree import Element, SubElement, tostring

from connectors import safe_xml
from connectors.http import LOGGED_BODY, SECRET_NAMES

# What XML 1.0 cannot hold, not even escaped.
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_SUPPORT_ID = re.compile(r"\s*\[Support ID: [^\]]*\]\s*$")


@dataclass(frozen=True)
class Sender:
    """Who we are as a vendor of Sage's: the same for every company (3.2)."""

    id: str
    password: str

    def __repr__(self) -> str:
        return f"Sender({self.id})"


@dataclass(frozen=True)
class Login:
    """The company's web-services user (3.3); a blank entity is the top level."""

    company_id: str
    user_id: str
    password: str
    entity_id: str = ""

    def __repr__(self) -> str:
        return f"Login({self.company_id}, {self.user_id})"


@dataclass(frozen=True)
class Complaint:
    """One error of an answer (4.3)."""

    number: str
    sentence: str
    correction: str


# --- Writing ----------------------------------------------------------------------------------


def made(tag: str, *children: Element, text: str = "", **attributes: str) -> Element:
    element = Element(tag, attributes)
    element.text = clean(text) or None
    element.extend(children)
    return element


def texts(values: Mapping[str, str]) -> Iterator[Element]:
    """An element each, the blank ones left out."""
    return (made(tag, text=text) for tag, text in values.items() if text)


def clean(text: str) -> str:
    """Without the control characters that no XML document can hold."""
    return _NOT_XML.sub("", text)


def function(controlid: str, call: Element) -> Element:
    return made("function", call, controlid=controlid)


def request(
    sender: Sender,
    who: Login | str,
    content: Element,
    *,
    is_unique: bool = False,
    is_transaction: bool = False,
) -> bytes:
    """A whole request (3.2). `who` is a login, or the id of a session."""
    control = made(
        "control",
        made("senderid", text=sender.id),
        made("password", text=sender.password),
        made("controlid", text=content.get("controlid", "")),
        made("uniqueid", text=_flag(is_unique)),
        made("dtdversion", text="3.0"),
        made("includewhitespace", text="false"),
    )
    operation = made("operation", transaction=_flag(is_transaction))
    SubElement(operation, "authentication").append(_who(who))
    SubElement(operation, "content").append(content)
    return written(made("request", control, operation))


def _who(who: Login | str) -> Element:
    if isinstance(who, str):
        return made("sessionid", text=who)
    login = made(
        "login",
        made("userid", text=who.user_id),
        made("companyid", text=who.company_id),
        made("password", text=who.password),
    )
    login.extend(texts({"locationid": who.entity_id}))
    return login


def written(element: Element) -> bytes:
    body: bytes = tostring(element, encoding="UTF-8", xml_declaration=True)
    return body


def _flag(value: bool) -> str:
    return "true" if value else "false"


# --- Reading ----------------------------------------------------------------------------------


def parsed(body: bytes) -> Element | None:
    """None when it is no XML, or tries what no honest answer does."""
    try:
        return safe_xml.read(body)
    except safe_xml.BadXml:
        return None


def complaints(holder: Element | None) -> list[Complaint]:
    """The errors directly in a response, an operation or a result; the specific ones first."""
    message = holder.find("errormessage") if holder is not None else None
    return [
        Complaint(
            number=_text(error, "errorno"),
            sentence=_SUPPORT_ID.sub(
                "", _text(error, "description2") or _text(error, "description")
            ),
            correction=_SUPPORT_ID.sub("", _text(error, "correction")),
        )
        for error in (message.findall("error") if message is not None else [])
    ]


def support_id(holder: Element | None) -> str:
    """What Sage's support finds the call by."""
    said = (
        error.text or "" for error in (holder.iter("description2") if holder is not None else [])
    )
    found = next((m[0] for text in said if (m := _SUPPORT_ID.search(text))), "")
    return found.strip(" []").removeprefix("Support ID: ")


def row(element: Element) -> dict[str, str]:
    """The columns of a row that hold something, nested ones with a dot, names in upper case.

    Lists within it (the lines of a bill) are left out: see `rows_in`.
    """
    return dict(_columns(element, ""))


def _columns(element: Element, prefix: str) -> Iterator[tuple[str, str]]:
    for child in element:
        name = prefix + child.tag.upper()
        if any(len(grandchild) for grandchild in child) and _is_list(child):
            continue
        if len(child):
            yield from _columns(child, f"{name}.")
        elif child.text and child.text.strip():
            yield name, child.text.strip()


def _is_list(element: Element) -> bool:
    """APBILLITEMS holds apbillitem: as many rows as there are (4.1)."""
    return all(f"{child.tag}S".upper() == element.tag.upper() for child in element)


def rows_in(element: Element, name: str) -> list[dict[str, str]]:
    """The rows of the list `name` within a row."""
    holder = next((child for child in element if child.tag.upper() == name), None)
    return [row(child) for child in holder] if holder is not None else []


def text_in(element: Element | None, path: str) -> str:
    return _text(element, path) if element is not None else ""


def _text(element: Element, path: str) -> str:
    return (element.findtext(path) or "").strip()


def redacted(body: bytes) -> str:
    """A body fit to be stored: no password, session or tax number, cut to a sensible length."""
    if not body:
        return ""
    root = parsed(body)
    if root is None:
        return f"({len(body)} bytes that are not XML)"
    for element in root.iter():
        if element.text and _is_secret(element.tag):
            element.text = "…"
    return tostring(root, encoding="unicode")[:LOGGED_BODY]


def _is_secret(tag: str) -> bool:
    return tag.lower() == "sessionid" or SECRET_NAMES.search(tag) is not None


def first(elements: Iterable[Element]) -> Element | None:
    return next(iter(elements), None)
