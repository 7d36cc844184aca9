"""The functions of the gateway, one method each. Source: the sheet, section 5.2."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from xml.etree.ElementTree import Element

from connectors.sage_intacct import sandbox_bills as bills
from connectors.sage_intacct import sandbox_by_query as by_query
from connectors.sage_intacct import sandbox_lists as lists
from connectors.sage_intacct import sandbox_query as query
from connectors.sage_intacct import sandbox_refusals as refusals
from connectors.sage_intacct.sandbox_books import Books
from connectors.sage_intacct.sandbox_lists import Asker
from connectors.sage_intacct.sandbox_objects import KINDS, MASTERS, TYPES, Kind
from connectors.sage_intacct.sandbox_query import Reader
from connectors.sage_intacct.sandbox_refusals import Complaint, Refusal
from connectors.sage_intacct.sandbox_xml import made, text_of, texts
from connectors.sandboxing import Doc

MOST_KEYS = 100
DEFAULT_PAGE, LARGEST_PAGE = 100, 1000
# What each call is called where a right is missing, and the right it takes.
READING = {
    "query": ("QUERY", "list"),
    "readByQuery": ("READ_BY_QUERY", "list"),
    "read": ("READ", "view"),
    "readByName": ("READ_BY_NAME", "view"),
}


class Functions:
    def __init__(self, books: Books, now: Callable[[], datetime]) -> None:
        self.books = books
        self.now = now
        self._left: dict[str, tuple[str, list[str], list[str], int]] = {}
        self._calls: dict[str, Callable[[Element, Asker], Element | None]] = {
            "query": self.query,
            "readByQuery": self.read_by_query,
            "readMore": self.read_more,
            "read": self.read,
            "readByName": self.read,
            "create": self.create,
            "update": self.update,
            "delete": self.delete,
            "lookup": self.lookup,
            "inspect": self.inspect,
            "getFinancialSetup": self.financial_setup,
            "create_bill": self.create_bill,
            "recallApBill": self.recall,
            "reverse_bill": self.reverse,
        }

    def call(self, element: Element, asker: Asker) -> Element | None:
        """What the function answers: `data`, or `key` for the old ones. Raises Refusal."""
        function = self._calls.get(element.tag)
        if function is None:
            raise refusals.wrong_schema(f"The function '{element.tag}' is not in the schema.")
        return function(element, asker)

    # --- Reading ------------------------------------------------------------------------------

    def query(self, element: Element, asker: Asker) -> Element:
        kind = self._allowed(element, asker)
        options = element.find("options")
        private = options is not None and text_of(options.find("showprivate")).lower() == "true"
        rows = lists.visible(self.books, kind, asker, shows_private=private)
        return query.query(self.books, element, rows, kind, self.now())

    def read_by_query(self, element: Element, asker: Asker) -> Element:
        kind = self._allowed(element, asker)
        reader = Reader(self.books, kind, self.now())
        columns = _columns(reader, text_of(element.find("fields")))
        rows = lists.visible(self.books, kind, asker, shows_private=True)
        found = by_query.filtered(reader, text_of(element.find("query")), rows)
        size = query.number(element, "pagesize", DEFAULT_PAGE, 1, LARGEST_PAGE)
        keys = [row["RECORDNO"] for row in found]
        return self._page(kind, columns, keys, size, len(keys))

    def read_more(self, element: Element, asker: Asker) -> Element:
        result_id = text_of(element.find("resultId"))
        left = self._left.pop(result_id, None)
        if left is None:
            raise refusals.bad_question(f"The resultId '{result_id}' is not valid.")
        kind, columns, keys, size = left
        return self._page(kind, columns, keys, size, len(keys))

    def _page(
        self, kind: str, columns: list[str], keys: list[str], size: int, total: int
    ) -> Element:
        now, rest, result_id = keys[:size], keys[size:], ""
        if rest:
            result_id = f"7030{len(self._left)}{self.now().timestamp():.0f}{len(rest)}"
            self._left[result_id] = (kind, columns, rest, size)
        data = made(
            "data",
            listtype=kind.lower(),
            count=str(len(now)),
            totalcount=str(total),
            numremaining=str(len(rest)),
            resultId=result_id,
        )
        reader = Reader(self.books, kind, self.now())
        for key in now:
            if (row := self.books.get(kind, key)) is not None:
                data.append(_flat(reader, kind.lower(), row, columns))
        return data

    def read(self, element: Element, asker: Asker) -> Element:
        """By record numbers, or by natural ids when it is called readByName."""
        kind = self._allowed(element, asker)
        keys = [key.strip() for key in text_of(element.find("keys")).split(",") if key.strip()]
        if not 1 <= len(keys) <= MOST_KEYS:
            raise refusals.bad_question(f"Ask for 1 to {MOST_KEYS} keys.")
        reader = Reader(self.books, kind, self.now())
        columns = _columns(reader, text_of(element.find("fields")))
        seen = {
            row["RECORDNO"]: row
            for row in lists.visible(self.books, kind, asker, shows_private=True)
        }
        rows = [row for key in keys if (row := self._one(element.tag, kind, key))]
        shown = [self._nested(reader, row, columns) for row in rows if row["RECORDNO"] in seen]
        return made("data", *shown, listtype=kind, count=str(len(shown)))

    def _one(self, tag: str, kind: str, key: str) -> Doc | None:
        if tag == "read":
            return self.books.get(kind, key)
        return self.books.named(kind, *key.split("--") if len(KINDS[kind].key) > 1 else [key])

    def _nested(self, reader: Reader, row: Doc, columns: list[str]) -> Element:
        """A whole row: contacts within it, and the lines of a document."""
        kind = KINDS[reader.kind]
        element = _tree(kind.name, ((path, reader.shown(row, path)) for path in columns))
        if kind.lines:
            inner = Reader(self.books, kind.lines, self.now())
            names = list(KINDS[kind.lines].columns)
            lines = [
                _flat(inner, kind.lines.lower(), line, names)
                for line in self.books.lines(kind.name, row["RECORDNO"])
            ]
            element.append(made(kind.lines_in, *lines))
        return element

    def lookup(self, element: Element, asker: Asker) -> Element:
        kind = KINDS[query.object_named(element)]
        fields = [
            made(
                "Field",
                *texts(
                    ID=column.name,
                    LABEL=column.name.title(),
                    DESCRIPTION="",
                    REQUIRED=str(column.is_required).lower(),
                    READONLY=str(column.is_read_only).lower(),
                    DATATYPE=TYPES[column.type],
                    ISCUSTOM="false",
                ),
                made("VALIDVALUES", *_valid_values(kind, column.name)),
            )
            for column in kind.columns.values()
        ]
        relations = [
            made(
                "Relationship",
                *texts(
                    OBJECTPATH=name, OBJECTNAME=name, RELATIONSHIPTYPE="MANY2ONE", RELATEDBY=here
                ),
            )
            for name, (here, _there) in kind.relations.items()
        ]
        described = made(
            "Type", made("Fields", *fields), made("Relationships", *relations), Name=kind.name
        )
        return made("data", described, listtype="All", count="1")

    def inspect(self, element: Element, asker: Asker) -> Element:
        if text_of(element.find("object")) == "*":
            types = [made("type", text=kind.title, typename=kind.name) for kind in KINDS.values()]
            return made("data", *types, listtype="All", count=str(len(types)))
        kind = KINDS[query.object_named(element)]
        fields = made("Fields", *(made("Field", text=name) for name in kind.columns))
        return made("data", made("Type", fields, Name=kind.name), listtype="All", count="1")

    def financial_setup(self, element: Element, asker: Asker) -> Element:
        company = self.books.company
        setup = texts(
            baseCurrency=company["base_currency"],
            defaultBook="ACCRUAL",
            firstFiscalMonth="January",
            multiEntityShared=str(self.books.is_multi_entity).lower(),
            multiCurrency="false",
        )
        return made("data", made("FinancialSetup", *setup))

    # --- Writing ------------------------------------------------------------------------------

    def create(self, element: Element, asker: Asker) -> Element:
        names = {child.tag for child in element}
        if len(names) != 1:
            raise refusals.wrong_schema("A create holds objects of one type.")
        kind = _writable(names.pop())
        if not asker.may(kind.name, "add"):
            raise refusals.no_permission("CREATE", kind.name)
        data = made("data", listtype="objects", count=str(len(element)))
        for child in element:
            if kind.name == "APBILL":
                row = bills.create(self.books, child, asker, self.now())
            else:
                row = lists.create(self.books, kind, child, asker, self.now())
            data.append(_echo(kind, row))
        return data

    def update(self, element: Element, asker: Asker) -> Element:
        if len(element) != 1:
            raise refusals.wrong_schema("An update holds one object.")
        kind = _writable(element[0].tag)
        if not asker.may(kind.name, "edit"):
            raise refusals.no_permission("UPDATE", kind.name)
        if kind.name == "APBILL":
            row = bills.update(self.books, element[0], asker, self.now())
        else:
            row = lists.update(self.books, kind, element[0], self.now())
        return made("data", _echo(kind, row), listtype="objects", count="1")

    def delete(self, element: Element, asker: Asker) -> Element | None:
        kind = query.object_named(element)
        if not asker.may(kind, "delete"):
            raise refusals.no_permission("DELETE", kind)
        for key in text_of(element.find("keys")).split(","):
            if kind != "APBILL":
                raise refusals.wrong_schema(f"Only bills can be deleted here, not {kind}.")
            bills.delete(self.books, key.strip())
        return None

    def create_bill(self, element: Element, asker: Asker) -> Element:
        """The old twin of create, whose elements have one order (11.2)."""
        if not asker.may("APBILL", "add"):
            raise refusals.no_permission("CREATE", "APBILL")
        row = bills.create(self.books, bills.from_legacy(element), asker, self.now())
        return made("key", text=row["RECORDNO"])

    def recall(self, element: Element, asker: Asker) -> Element | None:
        bills.recall(self.books, text_of(element.find("recordno")), self.now())
        return None

    def reverse(self, element: Element, asker: Asker) -> Element:
        row = bills.reverse(self.books, element, self.now())
        return made("key", text=row["RECORDNO"])

    def _allowed(self, element: Element, asker: Asker) -> str:
        kind = query.object_named(element)
        if kind in self.books.company["absent"]:
            raise refusals.unknown_object(kind)
        operation, right = READING[element.tag]
        if not asker.may(kind, right):
            raise refusals.no_permission(operation, kind)
        return kind


def _writable(name: str) -> Kind:
    if name not in {*MASTERS, "APBILL"}:
        raise Refusal(Complaint("XL03000003", f"Objects of type {name} cannot be written here."))
    return KINDS[name]


def _echo(kind: Kind, row: Doc) -> Element:
    """In lower case, with its number and its natural id (4.1)."""
    own = kind.key[-1:] if kind.key else ()
    return made(
        kind.name.lower(),
        *(made(name, text=row.get(name, "")) for name in ("RECORDNO", *own)),
    )


def _columns(reader: Reader, asked: str) -> list[str]:
    if asked in {"", "*"}:
        return list(KINDS[reader.kind].columns)
    columns = [name.strip() for name in asked.split(",") if name.strip()]
    for name in columns:
        reader.column(name)
    return columns


def _flat(reader: Reader, tag: str, row: Doc, columns: Iterable[str]) -> Element:
    return made(tag, *(made(path, text=reader.shown(row, path)) for path in columns))


def _tree(tag: str, columns: Iterator[tuple[str, str]]) -> Element:
    """DISPLAYCONTACT.PRINTAS becomes an element within an element."""
    root = made(tag)
    for path, text in columns:
        at = root
        *holders, leaf = path.split(".")
        for holder in holders:
            inside = at.find(holder)
            if inside is None:
                inside = made(holder)
                at.append(inside)
            at = inside
        at.append(made(leaf, text=text))
    return root


def _valid_values(kind: Kind, column: str) -> list[Element]:
    return [made("VALIDVALUE", text=label) for label in kind.labels.get(column, {}).values()]
