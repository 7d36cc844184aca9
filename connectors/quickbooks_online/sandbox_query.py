"""The query language of QuickBooks, as section 4 of the reference sheet describes it."""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.quickbooks_online.sandbox_faults import Refusal
from connectors.sandboxing import Doc

DEFAULT_PAGE = 100
LARGEST_PAGE = 1000

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:\\.|[^'\\])*')|(?P<word>[A-Za-z_][\w.]*)"
    r"|(?P<number>\d+)|(?P<sign><=|>=|[=<>(),*]))",
    re.S,
)
_NAMED = {"Id", "Active", "MetaData.CreateTime", "MetaData.LastUpdatedTime"}
_NAMES = {"DisplayName", "GivenName", "FamilyName", "CompanyName", "PrintOnCheckName"}
_TREE = {"Name", "FullyQualifiedName"}
# What may stand behind WHERE and ORDERBY; lines and most references may not.
FILTERABLE: dict[str, set[str]] = {
    "Vendor": _NAMED | _NAMES,
    "Customer": _NAMED | _NAMES | {"FullyQualifiedName"},
    "Employee": _NAMED | _NAMES,
    "Item": _NAMED | _TREE | {"Type", "Sku"},
    "Account": _NAMED | _TREE | {"AccountType", "AccountSubType", "Classification", "AcctNum"},
    "Class": _NAMED | _TREE,
    "Department": _NAMED | _TREE,
    "Term": _NAMED | {"Name"},
    "Bill": (_NAMED - {"Active"})
    | {"DocNumber", "TxnDate", "DueDate", "VendorRef", "TotalAmt", "Balance", "SalesTermRef"},
    **dict.fromkeys(
        ("VendorCredit", "BillPayment"),
        (_NAMED - {"Active"}) | {"DocNumber", "TxnDate", "VendorRef", "TotalAmt"},
    ),
    "CompanyInfo": {"Id"},
    "Preferences": {"Id"},
}
AMOUNTS = {"TotalAmt", "Balance"}
MOMENTS = {"MetaData.CreateTime", "MetaData.LastUpdatedTime"}


@dataclass(frozen=True)
class Condition:
    prop: str
    operator: str
    values: tuple[Any, ...]


@dataclass
class Query:
    entity: str
    columns: list[str] = field(default_factory=list)  # none means all
    counts: bool = False
    where: list[Condition] = field(default_factory=list)
    order: list[tuple[str, bool]] = field(default_factory=list)  # property, downwards?
    start: int = 1
    limit: int = DEFAULT_PAGE


def parse(statement: str) -> Query:
    return _Parser(statement).query()


def run(query: Query, docs: Iterable[Doc]) -> tuple[list[Doc], int]:
    """The rows of the page that was asked for, and how many there are in all."""
    tests = [_test(condition) for condition in query.where]
    # List entities show only what is active unless the statement speaks of Active.
    if "Active" in FILTERABLE[query.entity] and not any(c.prop == "Active" for c in query.where):
        tests.append(lambda doc: bool(doc.get("Active", True)))
    rows = [doc for doc in docs if all(test(doc) for test in tests)]
    for prop, downwards in reversed(query.order or [("Id", False)]):
        rows.sort(key=_sort_key(prop), reverse=downwards)
    return rows[query.start - 1 : query.start - 1 + query.limit], len(rows)


class _Parser:
    def __init__(self, statement: str) -> None:
        self.tokens = list(_tokens(statement))
        self.at = 0

    def query(self) -> Query:
        self._expect("select")
        columns = self._columns()
        self._expect("from")
        query = Query(self._entity())
        query.counts = columns == ["count"]
        query.columns = [] if query.counts or "*" in columns else columns
        if self._taken("where"):
            query.where.append(self._condition(query.entity))
            while self._taken("and"):
                query.where.append(self._condition(query.entity))
        if self._taken("orderby") or (self._taken("order") and self._expect("by")):
            query.order.append(self._order(query.entity))
            while self._taken(","):
                query.order.append(self._order(query.entity))
        if self._taken("startposition"):
            query.start = self._number("startposition", 1, None)
        if self._taken("maxresults"):
            query.limit = self._number("maxresults", 0, LARGEST_PAGE)
        if self.at < len(self.tokens):
            raise _unreadable(self._peek())
        return query

    def _columns(self) -> list[str]:
        columns = [self._next()]
        if columns[0].lower() == "count":
            for sign in ("(", "*", ")"):
                self._expect(sign)
            return ["count"]
        while self._taken(","):
            columns.append(self._next())
        return columns

    def _entity(self) -> str:
        word = self._next()
        for entity in FILTERABLE:
            if entity.lower() == word.lower():
                return entity
        raise _invalid(f"Context {word} is not queryable")

    def _condition(self, entity: str) -> Condition:
        prop = self._property(entity)
        operator = self._next().lower()
        if operator not in {"=", "in", "<", ">", "<=", ">=", "like"}:
            raise _unreadable(operator)
        if prop == "Id" and operator not in {"=", "in"}:
            raise _invalid(f"operator {operator} is not allowed for property Id")
        if operator != "in":
            return Condition(prop, operator, (self._value(prop),))
        self._expect("(")
        values = [self._value(prop)]
        while self._taken(","):
            values.append(self._value(prop))
        self._expect(")")
        return Condition(prop, "in", tuple(values))

    def _property(self, entity: str) -> str:
        word = self._next()
        for prop in FILTERABLE[entity]:
            if prop.lower() == word.lower():
                return prop
        raise _invalid(f"Property {word} not found for Entity {entity}")

    def _value(self, prop: str) -> Any:
        token = self._next()
        if token.lower() in {"true", "false"}:
            return token.lower() == "true"
        if not token.startswith("'"):
            raise _unreadable(token)
        return _read(prop, re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.S))

    def _order(self, entity: str) -> tuple[str, bool]:
        prop = self._property(entity)
        if self._taken("desc"):
            return prop, True
        self._taken("asc")
        return prop, False

    def _number(self, name: str, least: int, most: int | None) -> int:
        token = self._next()
        if not token.isdigit():
            raise _unreadable(token)
        if int(token) < least:
            raise _invalid(f"value {token} is too small. Min allowed value is {least}")
        if most is not None and int(token) > most:
            raise _invalid(f"{name} value {token} is too large. Max allowed value is {most}")
        return int(token)

    def _peek(self) -> str:
        return self.tokens[self.at] if self.at < len(self.tokens) else ""

    def _next(self) -> str:
        token = self._peek()
        if not token:
            raise _unreadable("<EOF>")
        self.at += 1
        return token

    def _taken(self, word: str) -> bool:
        if self._peek().lower() != word:
            return False
        self.at += 1
        return True

    def _expect(self, word: str) -> bool:
        if not self._taken(word):
            raise _unreadable(self._peek() or "<EOF>")
        return True


def _tokens(statement: str) -> Iterable[str]:
    at, statement = 0, statement.strip()
    while at < len(statement):
        found = _TOKEN.match(statement, at)
        if found is None:
            raise _unreadable(statement[at : at + 20])
        at = found.end()
        yield found[0].strip() if not found["text"] else found["text"]


def _read(prop: str, text: str) -> Any:
    try:
        if prop in AMOUNTS:
            return Decimal(text)
        if prop in MOMENTS:
            return _moment(text)
    except (ValueError, InvalidOperation):
        raise _invalid(f"value {text} is not valid for property {prop}") from None
    return text if prop == "Id" else text.casefold()


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("a moment needs its offset")
    return moment


def _held(doc: Doc, prop: str) -> Any:
    """What a row holds, in the form in which it is compared."""
    value: Any = doc
    for part in prop.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value = value.get("value")  # references are compared by their id
    if prop == "Active":
        return value is not False
    if value is None:
        return None
    if prop in MOMENTS:
        return _moment(value)
    if prop in AMOUNTS:
        return Decimal(value)
    return str(value) if prop == "Id" else str(value).casefold()


def _test(condition: Condition) -> Callable[[Doc], bool]:
    prop, values = condition.prop, condition.values
    wanted = values[0]
    compare: dict[str, Callable[[Any], bool]] = {
        "=": lambda held: bool(held == wanted),
        "in": lambda held: held in values,
        "<": lambda held: held is not None and held < wanted,
        ">": lambda held: held is not None and held > wanted,
        "<=": lambda held: held is not None and held <= wanted,
        ">=": lambda held: held is not None and held >= wanted,
        "like": lambda held: held is not None and _like(str(wanted), str(held)),
    }
    test = compare[condition.operator]
    return lambda doc: test(_held(doc, prop))


def _like(pattern: str, held: str) -> bool:
    expression = ".*".join(re.escape(part) for part in pattern.split("%"))
    return re.fullmatch(expression, held, re.S) is not None


def _sort_key(prop: str) -> Callable[[Doc], tuple[bool, Any]]:
    def key(doc: Doc) -> tuple[bool, Any]:
        held = _held(doc, prop)
        if prop == "Id":
            held = int(held)
        return held is not None, held if held is not None else ""

    return key


def _unreadable(token: str) -> Refusal:
    return Refusal(
        4000, "Error parsing query", f'QueryParserError: Encountered " {token} " in the statement'
    )


def _invalid(reason: str) -> Refusal:
    return Refusal(4001, "Invalid query", f"QueryValidationError: {reason}")
