"""The envelope of the gateway, taken apart and put together. Source: the sheet, 3.2, 4 and 5."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from xml.etree.ElementTree import Element, ParseError, SubElement, tostring

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.sage_intacct.sandbox_refusals import Complaint, malformed

CONTROL = {
    "senderid", "password", "controlid", "uniqueid", "dtdversion", "policyid",
    "includewhitespace", "showadditionalerrorinfo",
}  # fmt: skip
LONGEST_CONTROL_ID = 256
LOGIN = {"userid", "companyid", "password", "locationid", "clientid"}


@dataclass(frozen=True)
class Asked:
    """A request, its envelope checked."""

    control: dict[str, str]
    is_transaction: bool
    authentication: Element
    functions: list[Element]

    @property
    def is_unique(self) -> bool:
        return self.control.get("uniqueid", "true") != "false"


@dataclass(frozen=True)
class Result:
    """What one function came to."""

    status: str  # success, failure or aborted
    function: str
    controlid: str
    data: Element | None = None
    complaints: tuple[Complaint, ...] = ()


def taken_apart(body: bytes) -> Asked:
    """Raises ControlRefusal: no XML, or not the gateway's."""
    try:
        root = fromstring(body, forbid_dtd=True)
    except (ParseError, DefusedXmlException, UnicodeDecodeError, ValueError, LookupError) as error:
        raise malformed("XML parse error: the document is not well formed.") from error
    if root.tag != "request" or [child.tag for child in root] != ["control", "operation"]:
        raise malformed("A request holds one control and one operation.")
    control = _control(root[0])
    operation = root[1]
    if [child.tag for child in operation] != ["authentication", "content"]:
        raise malformed("An operation holds one authentication and one content.")
    functions = list(operation[1])
    if not functions or any(f.tag != "function" or len(f) != 1 for f in functions):
        raise malformed("The content holds functions, each with exactly one call.")
    if any(not 1 <= len(f.get("controlid", "")) <= LONGEST_CONTROL_ID for f in functions):
        raise malformed("A function needs a control ID of 1 to 256 characters.")
    return Asked(control, operation.get("transaction") == "true", operation[0], functions)


def _control(element: Element) -> dict[str, str]:
    names = [child.tag for child in element]
    if set(names) - CONTROL or len(names) != len(set(names)):
        raise malformed("The control holds an element that is not in the schema.")
    control = {child.tag: text_of(child) for child in element}
    for name in ("senderid", "password", "controlid", "dtdversion"):
        if not control.get(name):
            raise malformed(f"The control lacks {name}.")
    if len(control["controlid"]) > LONGEST_CONTROL_ID:
        raise malformed("The control ID is longer than 256 characters.")
    if control["dtdversion"] != "3.0":
        raise malformed("The DTD version has to be 3.0.")
    for name in ("uniqueid", "includewhitespace", "showadditionalerrorinfo"):
        if control.get(name, "true").lower() not in {"true", "false"}:
            raise malformed(f"{name} is true or false.")
    return {**control, "uniqueid": control.get("uniqueid", "true").lower()}


def text_of(element: Element | None) -> str:
    return (element.text or "").strip() if element is not None else ""


def child_texts(element: Element) -> dict[str, str]:
    return {child.tag: text_of(child) for child in element}


# --- Putting together -------------------------------------------------------------------------


def made(tag: str, *children: Element, text: str = "", **attributes: str) -> Element:
    element = Element(tag, attributes)
    element.text = text or None
    element.extend(children)
    return element


def texts(**values: str) -> Iterator[Element]:
    for tag, text in values.items():
        yield made(tag, text=text)


def response(control: dict[str, str], *rest: Element, status: str = "success") -> bytes:
    head = made("control", made("status", text=status))
    for name in ("senderid", "controlid", "uniqueid", "dtdversion"):
        SubElement(head, name).text = control.get(name, "")
    answer: bytes = tostring(made("response", head, *rest), encoding="UTF-8", xml_declaration=True)
    return answer


def authentication(
    status: str, user: str, company: str, entity: str = "", until: datetime | None = None,
    lasts: timedelta = timedelta(0),
) -> Element:  # fmt: skip
    element = made("authentication", *texts(status=status, userid=user, companyid=company))
    if until is not None:
        element.extend(
            texts(
                locationid=entity,
                sessiontimestamp=(until - lasts).isoformat(timespec="seconds"),
                sessiontimeout=until.isoformat(timespec="seconds"),
            )
        )
    return element


def error_message(complaints: Iterable[Complaint], support: str = "") -> Element:
    """`support` is hung behind each sentence, as the real one does (4.3)."""
    message = Element("errormessage")
    for complaint in complaints:
        mark = f" [Support ID: {support}]" if support else ""
        error = SubElement(message, "error")
        error.extend(
            texts(
                errorno=complaint.errorno,
                description="",
                description2=complaint.description2 + mark,
                correction=complaint.correction,
            )
        )
    return message


def result(one: Result, support: str) -> Element:
    element = made(
        "result", *texts(status=one.status, function=one.function, controlid=one.controlid)
    )
    if one.data is not None:
        element.append(one.data)
    if one.complaints:
        element.append(error_message(one.complaints, support))
    return element
