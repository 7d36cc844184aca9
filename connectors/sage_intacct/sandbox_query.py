"""The `query` function: select, filter by label, order, pages. Source: the sheet, 5.3."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from xml.etree.ElementTree import Element

from connectors.sage_intacct.sandbox_books import Books
from connectors.sage_intacct.sandbox_objects import KINDS, Column
from connectors.sage_intacct.sandbox_refusals import bad_question, unknown_object
from connectors.sage_intacct.sandbox_shapes import held, read, written
from connectors.sage_intacct.sandbox_xml import made, text_of
from connectors.sandboxing import Doc

PARTS = {"object", "select", "filter", "orderby", "options", "pagesize", "offset"}
DEFAULT_PAGE, LARGEST_PAGE, LARGEST_IN = 100, 2000, 1000
AGGREGATES = {"count", "sum", "min", "max", "avg"}
Test = Callable[[Doc], bool]


@dataclass
class Reader:
    """Reads the columns of one object's rows, dot paths too."""

    books: Books
    kind: str
    now: datetime
    ignores_case: bool = False

    def column(self, path: str) -> Column:
        """Raises Refusal (DL02000001): there is no such column."""
        kind = KINDS[self.kind]
        if path in kind.columns:
            return kind.columns[path]
        related, _, rest = path.partition(".")
        if related in kind.relations and rest in KINDS[related].columns:
            return KINDS[related].columns[rest]
        raise bad_question(f"The field '{path}' does not exist on {self.kind}.")

    def held(self, row: Doc, path: str) -> Any:
        kind = KINDS[self.kind]
        if path in kind.columns:
            return held(self.books, self.kind, row, path, self.now)
        related, _, rest = path.partition(".")
        here, there = kind.relations[related]
        key = row.get(here, "")
        other = (
            self.books.get(related, key) if there == "RECORDNO" else self.books.named(related, key)
        )
        return held(self.books, related, other, rest, self.now) if other else None

    def shown(self, row: Doc, path: str) -> str:
        return written(self.column(path).type, self.held(row, path))

    def comparable(self, path: str, value: Any) -> Any:
        """Numbers as numbers, texts in one case where that was asked for."""
        if value is None:
            return None
        if self.column(path).type in {"currency", "integer"}:
            return Decimal(value)
        return str(value).casefold() if self.ignores_case else str(value)

    def wanted(self, path: str, text: str) -> Any:
        try:
            return self.comparable(path, read(self.column(path).type, text))
        except ValueError:
            raise bad_question(f"'{text}' is not valid for the field '{path}'.") from None


def query(books: Books, element: Element, rows: list[Doc], kind: str, now: datetime) -> Element:
    """`rows` are those of `kind` that the asker may see."""
    if {part.tag for part in element} - PARTS:
        raise bad_question("The query holds an element that is not in the schema.")
    options = element.find("options")
    reader = Reader(
        books,
        kind,
        now,
        ignores_case=text_of(options.find("caseinsensitive")) == "true"
        if options is not None
        else False,
    )
    columns = _select(reader, element.find("select"))
    found = _filtered(reader, element.find("filter"), rows)
    found = _ordered(reader, element.find("orderby"), found)
    if any(aggregate for aggregate, _path in columns):
        return _aggregated(reader, columns, found)
    size = number(element, "pagesize", DEFAULT_PAGE, 1, LARGEST_PAGE)
    offset = number(element, "offset", 0, 0, None)
    page = found[offset : offset + size]
    data = made(
        "data",
        listtype=kind,
        totalcount=str(len(found)),
        offset=str(offset),
        count=str(len(page)),
        numremaining=str(max(0, len(found) - offset - len(page))),
    )
    for row in page:
        shown = [made(path, text=reader.shown(row, path)) for _aggregate, path in columns]
        data.append(made(kind, *shown))
    return data


def object_named(element: Element) -> str:
    """Raises Refusal: there is no such object."""
    name = text_of(element.find("object"))
    if name not in KINDS:
        raise unknown_object(name)
    return name


def number(element: Element, name: str, default: int, least: int, most: int | None) -> int:
    part = element.find(name)
    if part is None:
        return default
    text = text_of(part)
    if not text.isdecimal() or int(text) < least or (most is not None and int(text) > most):
        raise bad_question(f"{name} is a number from {least} to {most or 'any'}.")
    return int(text)


def _select(reader: Reader, element: Element | None) -> list[tuple[str, str]]:
    """(aggregate or blank, path) of each column asked for."""
    if element is None or not len(element):
        raise bad_question("The query selects no field.")
    columns = []
    for part in element:
        aggregate = part.tag if part.tag in AGGREGATES else ""
        if not aggregate and part.tag != "field":
            raise bad_question(f"'{part.tag}' cannot be selected.")
        reader.column(text_of(part))
        columns.append((aggregate, text_of(part)))
    return columns


def _filtered(reader: Reader, element: Element | None, rows: list[Doc]) -> list[Doc]:
    if element is None:
        return rows
    if len(element) != 1:
        raise bad_question("A filter holds exactly one operator.")
    test = _test(reader, element[0])
    return [row for row in rows if test(row)]


def _test(reader: Reader, element: Element) -> Test:
    if element.tag in {"and", "or"}:
        if len(element) < 2:
            raise bad_question(f"'{element.tag}' joins two operators or more.")
        tests = [_test(reader, child) for child in element]
        joined = all if element.tag == "and" else any
        return lambda row: joined(test(row) for test in tests)
    fields = element.findall("field")
    if len(fields) != 1 or {child.tag for child in element} - {"field", "value"}:
        raise bad_question(f"'{element.tag}' compares one field.")
    path = text_of(fields[0])
    values = _values(reader, element, path)
    compare = COMPARISONS.get(element.tag)
    if compare is None:
        raise bad_question(f"'{element.tag}' is no operator.")

    def test(row: Doc) -> bool:
        return compare(reader.comparable(path, reader.held(row, path)), values)

    return test


COUNTS = {
    "isnull": (0, 0),
    "isnotnull": (0, 0),
    "between": (2, 2),
    "in": (1, LARGEST_IN),
    "notin": (1, LARGEST_IN),
}


def _values(reader: Reader, element: Element, path: str) -> list[Any]:
    least, most = COUNTS.get(element.tag, (1, 1))
    texts = [text_of(value) for value in element.findall("value")]
    if not least <= len(texts) <= most:
        raise bad_question(f"'{element.tag}' takes {least} to {most} values.")
    reader.column(path)
    if element.tag in {"like", "notlike"}:
        return [text.casefold() if reader.ignores_case else text for text in texts]
    return [reader.wanted(path, text) for text in texts]


def like(held: Any, pattern: str) -> bool:
    """SQL's: % is any text, _ any one character."""
    expression = "".join(
        {"%": ".*", "_": "."}.get(character, re.escape(character)) for character in pattern
    )
    return held is not None and re.fullmatch(expression, str(held), re.S) is not None


COMPARISONS: dict[str, Callable[[Any, list[Any]], bool]] = {
    "equalto": lambda held, values: bool(held == values[0]),
    "notequalto": lambda held, values: bool(held != values[0]),
    "lessthan": lambda held, values: held is not None and held < values[0],
    "lessthanorequalto": lambda held, values: held is not None and held <= values[0],
    "greaterthan": lambda held, values: held is not None and held > values[0],
    "greaterthanorequalto": lambda held, values: held is not None and held >= values[0],
    "like": lambda held, values: like(held, values[0]),
    "notlike": lambda held, values: not like(held, values[0]),
    "isnull": lambda held, _values: held is None,
    "isnotnull": lambda held, _values: held is not None,
    "between": lambda held, values: held is not None and values[0] <= held <= values[1],
    "in": lambda held, values: held in values,
    "notin": lambda held, values: held not in values,
}


def _ordered(reader: Reader, element: Element | None, rows: list[Doc]) -> list[Doc]:
    """Without an order there is none to rely on: the real one promises nothing, so we reverse."""
    if element is None:
        return rows[::-1]
    for order in reversed(element.findall("order")):
        path = text_of(order.find("field"))
        reader.column(path)

        def key(row: Doc, path: str = path) -> tuple[bool, Any]:
            value = reader.comparable(path, reader.held(row, path))
            return value is not None, value if value is not None else ""

        rows = sorted(rows, key=key, reverse=order.find("descending") is not None)
    return rows


def _aggregated(reader: Reader, columns: list[tuple[str, str]], rows: list[Doc]) -> Element:
    row = Element(reader.kind)
    for aggregate, path in columns:
        if not aggregate:
            raise bad_question("A field beside an aggregate is not supported here.")
        values = [
            v for r in rows if (v := reader.comparable(path, reader.held(r, path))) is not None
        ]
        row.append(made(f"{aggregate.upper()}.{path}", text=_summed(aggregate, values)))
    return made(
        "data", row, listtype=reader.kind, totalcount="1", offset="0", count="1", numremaining="0"
    )


def _summed(aggregate: str, values: list[Any]) -> str:
    match aggregate:
        case "count":
            return str(len(values))
        case "min" | "max":
            return str((min if aggregate == "min" else max)(values)) if values else ""
    total = sum(values, Decimal(0))
    return str(total if aggregate == "sum" else total / len(values) if values else 0)
