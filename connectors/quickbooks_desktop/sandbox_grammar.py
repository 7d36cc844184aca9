"""Reads the tables of `sandbox_order` and holds what arrives against them.

A table is written as the reference sheet writes it: names in their order, `(41)` the most
characters, `:bool` the type, `?` may be left out, `*` may repeat, `+` at least once, `@12` only
from that version of qbXML, `( … | … )` one or the other.

Source: sections 2.1 and 2.3. A wrong order, an unknown name or an empty element that must be there
spoils the whole set; a wrong value only its request.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from xml.etree.ElementTree import Element

from connectors.quickbooks_desktop import sandbox_refusals as refusals
from connectors.quickbooks_desktop.sandbox_refusals import cannot_parse
from connectors.sandboxing import Doc

MANY = 1_000_000
TOKENS = re.compile(r"[()|?*+]|[A-Za-z]\w*(?:\(\d+\))?(?::\w+)?|@\d+|(?P<unknown>\S)")
NAME = re.compile(r"(?P<name>\w+)(?:\((?P<length>\d+)\))?(?::(?P<type>\w+))?")
OCCURS = {"?": (0, 1), "*": (0, MANY), "+": (1, MANY)}

ID = re.compile(r"[0-9A-F]{1,16}-[0-9]{1,19}")
GUID = re.compile(r"\{[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\}|0")
NUMBERS = {  # type to (pattern, status of a wrong one)
    "amount": (re.compile(r"[+-]?[0-9]{1,13}(\.[0-9]{2})?"), 3040),
    "price": (re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]{1,5})?"), 3045),
    "percent": (re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]{1,5})?"), 3050),
    "quantity": (re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]{1,5})?"), 3060),
    "float": (re.compile(r"[+-]?[0-9]{1,10}(\.[0-9]+)?"), 3210),
}
DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
MOMENT = re.compile(
    r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
    r"(?:T([0-9]{2}(?::[0-9]{2}(?::[0-9]{2})?)?)(?:[+-][0-9]{2}:[0-9]{2})?)?"
)
CENTS = Decimal("0.01")
FIRST_DAY = date(1970, 1, 1)
LAST_DAY = date(2038, 1, 19)


@dataclass(frozen=True)
class Leaf:
    """One element: a value, a reference, or (where `kind` names a table) a group of them."""

    name: str
    kind: str
    length: int
    least: int = 1
    most: int = 1
    since: int = 0


@dataclass(frozen=True)
class Choice:
    """One of several sequences."""

    ways: "tuple[Model, ...]"
    least: int = 1
    most: int = 1


Model = tuple[Leaf | Choice, ...]


class Grammar:
    """Every table of one version of the sheet.

    `enums` are closed sets of words by type; `lengths` is how long the full name of a reference
    may be, by the reference's name.
    """

    def __init__(
        self, tables: dict[str, str], enums: dict[str, set[str]], lengths: dict[str, int]
    ) -> None:
        self._enums = enums
        self._lengths = lengths
        self._models = {name: self._compiled(text) for name, text in tables.items()}

    def __contains__(self, name: str) -> bool:
        return name in self._models

    def check(self, name: str, element: Element, version: int) -> None:
        """The order and the names of everything below `element`.

        Raises:
            CannotRun: 0x80040400.
        """
        if (element.text or "").strip() or any((child.tail or "").strip() for child in element):
            raise cannot_parse(f"{element.tag} holds text between its elements.")
        for leaf, child in self._pairs(name, element, version):
            if child.attrib:
                raise cannot_parse(f"{child.tag} has an attribute that it does not know.")
            if self._is_table(leaf):
                if len(child) == 0 and not (child.text or "").strip() and leaf.least == 0:
                    continue
                self.check(self._table(leaf), child, version)
            elif len(child):
                raise cannot_parse(f"{child.tag} holds elements, and is a value.")
            elif leaf.least and not (child.text or "").strip():
                raise cannot_parse(f"{child.tag} is empty, and has to be there.")

    def read(self, name: str, element: Element, version: int, *, clears: bool = False) -> Doc:
        """What a checked `element` says, by name; what may repeat comes as a list.

        Where it `clears`, an empty element is kept as None; elsewhere it was never there.

        Raises:
            Refusal: a value that is too long or not of its type.
        """
        said: Doc = {}
        for leaf, child in self._pairs(name, element, version):
            is_empty = len(child) == 0 and not (child.text or "").strip()
            value: object
            if is_empty and clears:
                value = None
            elif self._is_table(leaf):
                value = self.read(self._table(leaf), child, version, clears=clears)
                if not value and not clears:
                    continue
            elif is_empty and leaf.kind == "str":
                continue
            else:
                value = self._value(leaf, (child.text or "").strip())
            if leaf.most > 1:
                said.setdefault(leaf.name, []).append(value)
            else:
                said[leaf.name] = value
        return said

    # --- Order --------------------------------------------------------------------------------

    def _pairs(self, name: str, element: Element, version: int) -> Iterator[tuple[Leaf, Element]]:
        children = list(element)
        found: list[tuple[Leaf, Element]] = []
        end = self._follow(self._models[name], children, 0, version, found, element.tag)
        if end < len(children):
            tag = children[end].tag
            raise cannot_parse(f"{tag} is unknown in {element.tag}, or does not belong there.")
        yield from found

    def _follow(
        self,
        model: Model,
        children: list[Element],
        at: int,
        version: int,
        found: list[tuple[Leaf, Element]],
        holder: str,
    ) -> int:
        """How far `children` go along `model`, from the one at `at`."""
        for part in model:
            times = 0
            while times < part.most and at < len(children):
                way = _way(part, children[at].tag, version)
                if way is None:
                    break
                if isinstance(part, Leaf):
                    found.append((part, children[at]))
                    at += 1
                else:
                    at = self._follow(way, children, at, version, found, holder)
                times += 1
            if times < part.least and not (isinstance(part, Choice) and _may_be_empty(part)):
                raise cannot_parse(f"{holder} lacks {_named(part)}, or has it in the wrong place.")
        return at

    # --- Values -------------------------------------------------------------------------------

    def _is_table(self, leaf: Leaf) -> bool:
        return leaf.kind == "ref" or leaf.kind in self._models

    def _table(self, leaf: Leaf) -> str:
        return f"ref {leaf.length}" if leaf.kind == "ref" else leaf.kind

    def _value(self, leaf: Leaf, text: str) -> object:
        if leaf.kind in NUMBERS:
            return _number(leaf, text)
        if leaf.kind in READERS:
            return READERS[leaf.kind](leaf, text)
        if leaf.kind in self._enums and text not in self._enums[leaf.kind]:
            raise refusals.wrong_value(text, leaf.name)
        if leaf.length and len(text) > leaf.length:
            raise refusals.too_long(leaf.name, leaf.length)
        return text

    # --- Tables -------------------------------------------------------------------------------

    def _compiled(self, text: str) -> Model:
        tokens = [match.group() for match in TOKENS.finditer(text)]
        if strange := [m.group() for m in TOKENS.finditer(text) if m.group("unknown")]:
            raise ValueError(f"A table has {strange} in it: {text}")
        model, rest = self._sequence(tokens)
        if rest:
            raise ValueError(f"A table has a bracket too many: {text}")
        return model

    def _sequence(self, tokens: list[str]) -> tuple[Model, list[str]]:
        parts: list[Leaf | Choice] = []
        while tokens and tokens[0] not in {"|", ")"}:
            word, tokens = tokens[0], tokens[1:]
            ways: list[Model] = []
            if word == "(":
                while word != ")":
                    way, tokens = self._sequence(tokens)
                    ways.append(way)
                    word, tokens = tokens[0], tokens[1:]
            least, most, since = 1, 1, 0
            if tokens and tokens[0] in OCCURS:
                (least, most), tokens = OCCURS[tokens[0]], tokens[1:]
            if tokens and tokens[0].startswith("@"):
                since, tokens = int(tokens[0][1:]), tokens[1:]
            if ways:
                parts.append(Choice(tuple(ways), least, most))
            else:
                parts.append(self._leaf(word, least, most, since))
        return tuple(parts), tokens

    def _leaf(self, token: str, least: int, most: int, since: int) -> Leaf:
        match = NAME.fullmatch(token)
        if match is None:
            raise ValueError(f"{token} is not a name in a table.")
        name, length = match["name"], int(match["length"] or 0)
        kind = match["type"] or ("ref" if name.endswith("Ref") else "str")
        if kind == "ref":
            length = self._lengths[name]
        return Leaf(name, kind, length, least, most, since)


def _way(part: Leaf | Choice, tag: str, version: int) -> Model | None:
    """The sequence that begins with `tag`; for a leaf the leaf itself."""
    if isinstance(part, Leaf):
        return (part,) if part.name == tag and part.since <= version else None
    return next((way for way in part.ways if _begins(way, tag, version)), None)


def _begins(model: Model, tag: str, version: int) -> bool:
    for part in model:
        if _way(part, tag, version) is not None:
            return True
        if part.least and not (isinstance(part, Choice) and _may_be_empty(part)):
            return False
    return False


def _may_be_empty(choice: Choice) -> bool:
    return any(all(part.least == 0 for part in way) for way in choice.ways)


def _named(part: Leaf | Choice) -> str:
    if isinstance(part, Leaf):
        return part.name
    return " or ".join(_named(way[0]) for way in part.ways)


def _number(leaf: Leaf, text: str) -> Decimal:
    pattern, code = NUMBERS[leaf.kind]
    if not pattern.fullmatch(text):
        raise refusals.bad_format(code, leaf.kind, text, leaf.name)
    return Decimal(text).quantize(CENTS) if leaf.kind == "amount" else Decimal(text)


def _boolean(leaf: Leaf, text: str) -> bool:
    if text not in {"true", "false", "1", "0"}:
        raise refusals.bad_format(3010, "boolean value", text, leaf.name)
    return text in {"true", "1"}


def _whole(leaf: Leaf, text: str) -> int:
    if not re.fullmatch(r"[0-9]{1,9}", text):
        raise refusals.wrong_value(text, leaf.name)
    return int(text)


def _day(leaf: Leaf, text: str) -> str:
    said = _date_or_none(text) if DATE.fullmatch(text) else None
    if said is None:
        raise refusals.bad_format(3020, "date value", text, leaf.name)
    return said.date().isoformat()


def _moment(leaf: Leaf, text: str) -> str:
    """As the company's clock shows it: the offset is dropped (2.3). A day alone stays one."""
    match = MOMENT.fullmatch(text)
    day, hours = match.groups() if match else ("", "")
    said = _date_or_none(f"{day}T{(hours + ':00:00')[:8]}" if hours else day)
    if said is None or not FIRST_DAY <= said.date() <= LAST_DAY:
        raise refusals.bad_format(3020, "date value", text, leaf.name)
    return said.isoformat() if hours else day


def _date_or_none(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text)
    except ValueError:
        return None


def _id(leaf: Leaf, text: str) -> str:
    if not ID.fullmatch(text):
        raise refusals.bad_id("object ID", text, leaf.name)
    return text


def _line(leaf: Leaf, text: str) -> str:
    """The id of a line to keep or change; -1 is a new one (4, BillMod)."""
    return text if text == "-1" else _id(leaf, text)


def _guid(leaf: Leaf, text: str) -> str:
    if not GUID.fullmatch(text):
        raise refusals.bad_id("GUID", text, leaf.name)
    return text


READERS: dict[str, Callable[[Leaf, str], object]] = {
    "bool": _boolean,
    "int": _whole,
    "date": _day,
    "moment": _moment,
    "id": _id,
    "line": _line,
    "guid": _guid,
}
