"""The SQL-like language of `readByQuery`: raw codes, not labels. Source: the sheet, 5.2."""

import re
from collections.abc import Callable
from typing import Any

from connectors.sage_intacct.sandbox_query import Reader, like
from connectors.sage_intacct.sandbox_refusals import bad_question
from connectors.sage_intacct.sandbox_shapes import code
from connectors.sandboxing import Doc

Test = Callable[[Doc], bool]
_TOKEN = re.compile(r"\s*(?P<token>'(?:\\.|[^'\\])*'|<=|>=|[<>=(),]|[\w.\-]+)\s*", re.S)
_COMPARE: dict[str, Callable[[Any, Any], bool]] = {
    "=": lambda held, wanted: bool(held == wanted),
    "<": lambda held, wanted: held is not None and held < wanted,
    ">": lambda held, wanted: held is not None and held > wanted,
    "<=": lambda held, wanted: held is not None and held <= wanted,
    ">=": lambda held, wanted: held is not None and held >= wanted,
    "like": lambda held, wanted: like(held, str(wanted)),
}


def filtered(reader: Reader, statement: str, rows: list[Doc]) -> list[Doc]:
    """Raises Refusal (DL02000001): it cannot be understood."""
    if not statement:
        return rows
    test = _Parser(reader, statement).whole()
    return [row for row in rows if test(row)]


class _Parser:
    def __init__(self, reader: Reader, statement: str) -> None:
        self.reader = reader
        self.tokens = _tokens(statement)
        self.at = 0

    def whole(self) -> Test:
        test = self._either()
        if self.at < len(self.tokens):
            raise bad_question(f"Unexpected '{self.tokens[self.at]}'.")
        return test

    def _either(self) -> Test:
        tests = [self._both()]
        while self._taken("or"):
            tests.append(self._both())
        return lambda row: any(test(row) for test in tests)

    def _both(self) -> Test:
        tests = [self._one()]
        while self._taken("and"):
            tests.append(self._one())
        return lambda row: all(test(row) for test in tests)

    def _one(self) -> Test:
        if self._taken("not"):
            inner = self._one()
            return lambda row: not inner(row)
        if self._taken("("):
            test = self._either()
            self._expect(")")
            return test
        return self._condition()

    def _condition(self) -> Test:
        path = self._next()
        self.reader.column(path)
        if self._taken("is"):
            is_not = self._taken("not")
            self._expect("null")
            return lambda row: (self._held(row, path) is None) != is_not
        is_not = self._taken("not")
        operator = self._next().lower()
        if operator == "in":
            wanted = self._several(path)
            return lambda row: (self._held(row, path) in wanted) != is_not
        compare = _COMPARE.get(operator)
        if compare is None or (is_not and operator != "like"):
            raise bad_question(f"'{operator}' is no operator.")
        value = self._text() if operator == "like" else self._value(path)
        return lambda row: compare(self._held(row, path), value) != is_not

    def _several(self, path: str) -> list[Any]:
        self._expect("(")
        values = [self._value(path)]
        while self._taken(","):
            values.append(self._value(path))
        self._expect(")")
        return values

    def _held(self, row: Doc, path: str) -> Any:
        """The stored code, where the column has codes: T and F for yes and no."""
        value = self.reader.held(row, path)
        type_ = self.reader.column(path).type
        if type_ == "enum" and "." not in path:
            return code(self.reader.kind, row, path, value)
        if type_ == "boolean":
            return "T" if value == "true" else "F"
        return self.reader.comparable(path, value)

    def _value(self, path: str) -> Any:
        text = self._text()
        if self.reader.column(path).type in {"enum", "boolean"}:
            return text
        return self.reader.wanted(path, text)

    def _text(self) -> str:
        token = self._next()
        if token.startswith("'"):
            return re.sub(r"\\(.)", r"\1", token[1:-1], flags=re.S)
        return token

    def _next(self) -> str:
        if self.at >= len(self.tokens):
            raise bad_question("The query ends too early.")
        self.at += 1
        return self.tokens[self.at - 1]

    def _taken(self, word: str) -> bool:
        if self.at < len(self.tokens) and self.tokens[self.at].lower() == word:
            self.at += 1
            return True
        return False

    def _expect(self, word: str) -> None:
        if not self._taken(word):
            raise bad_question(f"'{word}' is missing.")


def _tokens(statement: str) -> list[str]:
    tokens, at = [], 0
    while at < len(statement):
        found = _TOKEN.match(statement, at)
        if found is None:
            raise bad_question(f"Cannot read '{statement[at : at + 20]}'.")
        tokens.append(found["token"])
        at = found.end()
    return tokens
