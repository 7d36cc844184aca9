"""Reads a connector file as the Web Connector does when a person adds an application (1.7)."""

import re
from dataclasses import asdict, dataclass
from urllib.parse import urlsplit
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from connectors.sandboxing import Doc

REQUIRED = (
    "AppName", "AppID", "AppURL", "AppDescription", "AppSupport", "UserName", "OwnerID", "FileID",
    "QBType",
)  # fmt: skip
OPTIONAL = {
    "Style": {"Document", "DocWrapped", "RPC"},
    "IsReadOnly": {"true", "false"},
    "PersonalDataPref": {"pdpNotNeeded", "pdpOptional", "pdpRequired"},
    "UnattendedModePref": {"umpRequired", "umpOptional"},
    "Notify": {"true", "false"},
    "AuthFlags": set(),
    "CertURL": set(),
    "AppDisplayName": set(),
    "AppUniqueName": set(),
    "Scheduler": set(),
}  # fmt: skip
GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}")
FLAGS = re.compile(r"0x[0-9A-Fa-f]")
LONGEST_DESCRIPTION = 80
EVERY_MINUTES = 60


class NotAnApplication(Exception):
    """The file is refused when it is added. The message is for the person who adds it."""


@dataclass(frozen=True)
class Application:
    """One application in the Web Connector's list, on one company file."""

    name: str
    url: str
    user_name: str
    owner_id: str
    file_id: str
    every_seconds: int

    def kept(self) -> Doc:
        return asdict(self)


def read(text: str) -> Application:
    """Raises NotAnApplication."""
    try:
        root = fromstring(text.encode(), forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise NotAnApplication(f"The file is not XML: {error}.") from error
    said = _values(root)
    for name in ("OwnerID", "FileID"):
        if not GUID.fullmatch(said[name]):
            raise NotAnApplication(f"{name} is not a GUID in braces: {said[name]}.")
    if said["QBType"] not in {"QBFS", "QBPOS"}:
        raise NotAnApplication(f"QBType is QBFS or QBPOS, and not {said['QBType']}.")
    if len(said["AppDescription"]) > LONGEST_DESCRIPTION:
        raise NotAnApplication(f"AppDescription has more than {LONGEST_DESCRIPTION} characters.")
    _check_words(said)
    _check_addresses(said)
    return Application(
        name=said["AppName"],
        url=said["AppURL"],
        user_name=said["UserName"],
        owner_id=said["OwnerID"],
        file_id=said["FileID"],
        every_seconds=_interval(root),
    )


def _values(root: Element) -> dict[str, str]:
    if root.tag != "QBWCXML":
        raise NotAnApplication(f"The file begins with {root.tag} and not with QBWCXML.")
    said = {child.tag: (child.text or "").strip() for child in root}
    if len(said) < len(root):
        raise NotAnApplication("An element is there twice.")
    for name in REQUIRED:
        if not said.get(name) and not (name == "AppID" and name in said):
            raise NotAnApplication(f"{name} is missing.")
    if strange := said.keys() - set(REQUIRED) - OPTIONAL.keys():
        raise NotAnApplication(f"The file has elements nobody knows: {', '.join(sorted(strange))}.")
    return said


def _check_words(said: dict[str, str]) -> None:
    for name, words in OPTIONAL.items():
        if words and name in said and said[name] not in words:
            raise NotAnApplication(f"{name} is one of {', '.join(sorted(words))}.")
    if "AuthFlags" in said and not FLAGS.fullmatch(said["AuthFlags"]):
        raise NotAnApplication("AuthFlags is a mask of bits, like 0xF.")


def _check_addresses(said: dict[str, str]) -> None:
    """Https but on localhost, and support on the same host as the service."""
    url, support = urlsplit(said["AppURL"]), urlsplit(said["AppSupport"])
    if url.hostname == "localhost":
        return
    if url.scheme != "https":
        raise NotAnApplication(f"AppURL has to be https, and is {said['AppURL']}.")
    if url.hostname != support.hostname:
        raise NotAnApplication("AppSupport is on another host than AppURL.")


def _interval(root: Element) -> int:
    scheduler = root.find("Scheduler")
    if scheduler is None or not len(scheduler):
        return EVERY_MINUTES * 60
    first = scheduler[0]
    seconds = {"RunEveryNMinutes": 60, "RunEveryNSeconds": 1}.get(first.tag)
    if seconds is None or not re.fullmatch(r"[1-9][0-9]{0,5}", (first.text or "").strip()):
        raise NotAnApplication("Scheduler says RunEveryNMinutes or RunEveryNSeconds.")
    return int(first.text or "") * seconds
