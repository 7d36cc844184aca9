"""Reads the rows of an uploaded CSV, XLS or XLSX file, told apart by what they hold.

Nothing in a file is run: a formula is the text or number it showed when the file was saved, and a
macro is not looked at. Archives are measured before they are unpacked, and a workbook is opened by
`workbooks.py` in a process of its own, because libraries that open one hold all of it and a bad
one may end them.
"""

import csv
import io
import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path
from typing import Any, Final, cast

from common.errors import AppError

Cell = str | int | Decimal | bool | date | datetime
Row = tuple[int, list[Cell]]  # its number, the first being 1, and its cells; "" for an empty one

READER: Final = Path(__file__).parent / "workbooks.py"
COMPOUND: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # old binary Excel, and anything encrypted
ZIP: Final = b"PK"
ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
DELIMITERS: Final = ",;\t|"
LONGEST_CELL: Final = 131_072


class Form(StrEnum):
    CSV = "CSV"
    XLS = "XLS"
    XLSX = "XLSX"


@dataclass(frozen=True, kw_only=True)
class Limits:
    """How much of a file is read. Source of the figures: the reliability brief, section 10."""

    megabytes: int = 10
    unpacked_megabytes: int = 100
    parts: int = 100  # of an archive
    rows: int = 200_000
    columns: int = 200
    forms: tuple[Form, ...] = tuple(Form)


class FileUnreadable(AppError):
    """What was uploaded is no list that we can read. The sentence says what it needs."""


def rows(content: bytes, limits: Limits) -> Iterator[Row]:
    """Each row that says something, in the file's order, while it is being read.

    Raises:
        FileUnreadable: also half way, when the file goes on for longer than its limits or breaks.
    """
    form = form_of(content, limits)
    found = _of_csv(content, limits) if form is Form.CSV else _of_workbook(content, limits)
    for count, row in enumerate(found, 1):
        if count > limits.rows + 1:  # the heads are no row
            raise FileUnreadable(f"The file has more than {limits.rows:,} rows. Split it.")
        yield row


def form_of(content: bytes, limits: Limits) -> Form:
    """By what it holds: an XLS named .xlsx is common, and a web page named .xls is no workbook.

    Raises:
        FileUnreadable: it is none of the forms that are asked for, or larger than its limits.
    """
    if len(content) > limits.megabytes * 1024 * 1024:
        raise FileUnreadable(f"The file is larger than {limits.megabytes} MB. Split it.")
    if not content.strip():
        raise FileUnreadable("The file is empty. Export it again.")
    form = _guessed(content, limits)
    if form not in limits.forms:
        raise _none_of(limits)
    return form


def _guessed(content: bytes, limits: Limits) -> Form:
    if content.startswith(COMPOUND):
        if ENCRYPTED in content:
            raise _is_locked()
        return Form.XLS
    if content.startswith(ZIP):
        _measure(content, limits)
        return Form.XLSX
    start = content[:1024].lstrip().lower()
    if start.startswith((b"<!doctype html", b"<html", b"<table", b"<?xml", b"%pdf")):
        raise FileUnreadable(
            "This is a page that only looks like a spreadsheet. Open it, and save it as XLSX or"
            " CSV."
        )
    if "\0" in _text(content[:4096]):
        raise _none_of(limits)
    return Form.CSV


def _none_of(limits: Limits) -> FileUnreadable:
    first, *more = limits.forms
    return FileUnreadable(
        f"This is neither a {first} nor an {' nor an '.join(more)} file. Save it as one of them."
    )


def _is_locked() -> FileUnreadable:
    return FileUnreadable("The workbook has a password. Save it without one.")


# --- CSV ------------------------------------------------------------------------------------------


def _text(content: bytes) -> str:
    """By its mark, as UTF-8, or as the code page that spreadsheets of the West write."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    for encoding in _without_mark(content):
        with suppress(UnicodeDecodeError):
            return content.decode(encoding)
    return content.decode("latin-1")


def _without_mark(content: bytes) -> tuple[str, ...]:
    """UTF-16 of Western words has a NUL in every other place."""
    start = content[:512]
    if start[1::2].count(0) > len(start) // 3:
        return ("utf-16-le",)
    if start[::2].count(0) > len(start) // 3:
        return ("utf-16-be",)
    return ("utf-8-sig", "cp1252")


def _of_csv(content: bytes, limits: Limits) -> Iterator[Row]:
    text = _text(content)
    if "\0" in text:
        raise _none_of(limits)
    # A spreadsheet in a country with decimal commas writes semicolons.
    head = "\n".join(text.splitlines()[:30])
    delimiter = max(DELIMITERS, key=head.count)
    read = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for number, cells in enumerate(read, 1):
            if len(cells) > limits.columns:
                raise FileUnreadable(f"Row {number} has too many cells. Save the file anew.")
            if any(cell.strip() for cell in cells):
                yield number, list(cells)
    except csv.Error as failure:
        raise FileUnreadable(f"The CSV file cannot be read: {failure}. Save it anew.") from None


# --- Workbooks ------------------------------------------------------------------------------------


def _measure(content: bytes, limits: Limits) -> None:
    """By the archive's own list, before a byte of it is unpacked."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            parts = packed.infolist()
    except (zipfile.BadZipFile, ValueError, LookupError, OSError, EOFError):
        raise _none_of(limits) from None
    if len(parts) > limits.parts:
        raise FileUnreadable("The workbook has too many parts. Save its first sheet by itself.")
    if sum(part.file_size for part in parts) > limits.unpacked_megabytes * 1024 * 1024:
        raise FileUnreadable("The workbook is too large once unpacked. Split it.")
    if any(part.flag_bits & 1 for part in parts):
        raise _is_locked()
    if "xl/workbook.xml" not in {part.filename for part in parts}:
        raise _none_of(limits)


def _of_workbook(content: bytes, limits: Limits) -> Iterator[Row]:
    asked = [sys.executable, "-I", str(READER), str(limits.rows + 1), str(limits.columns)]
    with subprocess.Popen(  # noqa: S603  # our own program, and two numbers
        asked, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    ) as reader:
        try:
            yield from _said_by(reader, content)
        finally:
            reader.kill()


def _said_by(reader: "subprocess.Popen[bytes]", content: bytes) -> Iterator[Row]:
    """Its lines are JSON: rows, then one word on how it ended. No word means that it broke down."""
    if reader.stdin is None or reader.stdout is None:
        raise ValueError("the reader was started without pipes")
    with suppress(BrokenPipeError):
        reader.stdin.write(content)
        reader.stdin.close()
    ended = ""
    for line in reader.stdout:
        said = json.loads(line, parse_float=Decimal)
        if isinstance(said, str):
            ended = said
        else:
            number, cells = said
            yield number, [_cell(cell) for cell in cells]
    if ended != "whole":
        raise _broken(ended)


def _broken(ended: str) -> FileUnreadable:
    if ended == "locked":
        return _is_locked()
    if ended == "wide":
        return FileUnreadable("A row of the workbook has too many cells. Save it anew.")
    if ended == "long":
        return FileUnreadable("The workbook has too many rows. Split it.")
    return FileUnreadable(
        "The workbook cannot be read: it is damaged, or may have a password. Save it anew as XLSX"
        " without one, or as CSV."
    )


def _cell(said: Any) -> Cell:
    if isinstance(said, dict):
        name, text = next(iter(said.items()))
        return date.fromisoformat(text) if name == "day" else datetime.fromisoformat(text)
    return cast("Cell", said)
