"""Opens one XLS or XLSX file and prints its first sheet row by row: a program of its own.

It holds all of a workbook, and a bad one may break it, so it has little memory and little time and
nobody else's data. `spreadsheets` starts it and reads what it prints: one JSON line a row, then a
word on how it ended.
"""

import io
import json
import resource
import sys
import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, PasswordError

MOST_BYTES = 1024**3
MOST_SECONDS = 60
MOST_CELLS = 8_000_000  # the library sets aside room for every cell between the outermost ones


class TooWideError(Exception):
    pass


class TooLongError(Exception):
    pass


class _Extent:
    """How far a sheet reaches, told by its XML while it is being unpacked."""

    def __init__(self, most_rows: int, most_columns: int) -> None:
        self.most_rows, self.most_columns = most_rows, most_columns
        self.row = self.column = self.last_row = self.last_column = 0

    def measure(self, sheet: Any) -> None:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._begins
        # A sheet has neither; a trap has.
        parser.StartDoctypeDeclHandler = parser.EntityDeclHandler = self._is_a_trap
        parser.ParseFile(sheet)

    def _is_a_trap(self, *_said: Any) -> None:
        raise ValueError("a sheet that declares entities")

    def _begins(self, name: str, said: dict[str, str]) -> None:
        kind = name.rpartition(" ")[2]
        if kind == "row":
            self.row, self.column = int(said.get("r") or self.row + 1), 0
            if self.row > self.most_rows * 2:
                raise TooLongError
        elif kind == "c":
            self._cell(said.get("r", ""))

    def _cell(self, place: str) -> None:
        letters = place.rstrip("0123456789")
        self.column = _column(letters) if letters else self.column + 1
        self.last_column = max(self.last_column, self.column)
        self.last_row = max(self.last_row, self.row)
        if self.column > self.most_columns:
            raise TooWideError
        if self.last_row * self.last_column > MOST_CELLS:
            raise TooLongError


def _column(letters: str) -> int:
    """1 for A, 27 for AA."""
    at = 0
    for letter in letters[:4].upper():
        at = at * 26 + ord(letter) - 64
    return at


def _is_modest(content: bytes, most_rows: int, most_columns: int) -> None:
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        for part in packed.namelist():
            if part.startswith("xl/worksheets/") and part.endswith(".xml"):
                with packed.open(part) as sheet:
                    _Extent(most_rows, most_columns).measure(sheet)


def _rows(sheet: CalamineSheet) -> Iterator[tuple[int, list[Any]]]:
    """Numbered as the sheet numbers them; the library leaves out columns before the first."""
    before = [""] * (sheet.start[1] if sheet.start else 0)
    for number, cells in enumerate(sheet.iter_rows(), 1):
        if any(cell != "" for cell in cells):
            yield number, before + [_plain(cell) for cell in cells]


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime):
        return {"moment": cell.isoformat()}
    if isinstance(cell, date):
        return {"day": cell.isoformat()}
    return cell if isinstance(cell, str | int | float) else str(cell)


def _print(said: Any) -> None:
    sys.stdout.write(json.dumps(said, allow_nan=False, separators=(",", ":")) + "\n")


def main(most_rows: int, most_columns: int) -> str:
    content = sys.stdin.buffer.read()
    if content.startswith(b"PK"):
        _is_modest(content, most_rows, most_columns)
    book = CalamineWorkbook.from_filelike(io.BytesIO(content))
    for at in range(len(book.sheet_names)):
        found = False
        for row in _rows(book.get_sheet_by_index(at)):
            found = True
            if len(row[1]) > most_columns:
                raise TooWideError
            _print(row)
        if found:  # the first sheet that says something is the list
            break
    return "whole"


if __name__ == "__main__":
    resource.setrlimit(resource.RLIMIT_AS, (MOST_BYTES, MOST_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    try:
        word = main(int(sys.argv[1]), int(sys.argv[2]))
    except PasswordError:
        word = "locked"
    except TooWideError:
        word = "wide"
    except TooLongError:
        word = "long"
    except (CalamineError, zipfile.BadZipFile, expat.ExpatError, LookupError, ValueError, OSError,
            EOFError, MemoryError, NotImplementedError):  # fmt: skip
        word = "broken"
    _print(word)
