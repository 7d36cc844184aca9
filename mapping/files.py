"""Mappings as a spreadsheet: written so that nothing in it runs, read back row by row.

The columns are the same both ways. A controller may change the ledger's columns, the state and the
note; the others tell who is meant, and in which version it was when the file was written.
"""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.etree.ElementTree import ParseError

from django.db.models import Exists, OuterRef
from openpyxl import Workbook, load_workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.utils.exceptions import InvalidFileException

from common.csv_out import STARTS_A_FORMULA
from common.errors import AppError
from companies.models import Company
from connectors.models import Record
from mapping import worklist
from mapping.models import Kind, Mapping
from mapping.targets import Systems

HEADS: Final = (
    "Source id", "Source code", "Source name", "State", "Ledger id", "Ledger code",
    "Ledger name", "Confidence", "Note", "Decided by", "Decided at", "Publication", "Version",
)  # fmt: skip
MOST_BYTES: Final = 5 * 1024 * 1024
MOST_UNPACKED: Final = 50 * 1024 * 1024
MOST_ROWS: Final = 20_000
LAST_ROW: Final = 1_048_576  # of any spreadsheet; a row said to be further down is a trap
MOST_TAGS_A_ROW: Final = 20_000
NO_MATCH: Final = "no match"
# What a broken archive, its XML or its cells make the libraries raise.
BROKEN: Final = (
    zipfile.BadZipFile, zlib.error, InvalidFileException, ParseError,
    LookupError, ValueError, TypeError, AttributeError, ArithmeticError, EOFError, OSError,
)  # fmt: skip


class FileUnreadable(AppError):
    """What was uploaded is no list of mappings. The sentence says what it needs."""


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a file, as somebody wrote it. Blank is blank, never None."""

    number: int  # in the file, the heads being 1
    source_id: str
    source_code: str
    source_name: str
    state: str
    ledger_id: str
    ledger_code: str
    ledger_name: str
    note: str
    version: str

    @property
    def says_no_match(self) -> bool:
        return not self.names_a_target and self.state.casefold() == NO_MATCH

    @property
    def names_a_target(self) -> bool:
        return bool(self.ledger_id or self.ledger_code or self.ledger_name)


# --- Out ------------------------------------------------------------------------------------------


def rows(company: Company, kind: Kind) -> Iterator[tuple[Any, ...]]:
    """One row for each source record of the kind, in the order of `HEADS`."""
    sources = worklist.sources(Systems.of(company), kind).order_by("code", "name", "pk")
    mapped: dict[int, Mapping] = {
        mapping.source_id: mapping
        for mapping in company.mappings.filter(kind=kind)
        .filter(Exists(sources.filter(pk=OuterRef("source_id")).order_by()))
        .with_records()
    }
    for source in sources.defer("payload", "search_text").iterator(chunk_size=2000):
        yield _row(source, mapped.get(source.pk))


def _row(source: Record, mapping: Mapping | None) -> tuple[Any, ...]:
    known = (source.external_id, source.code, source.name)
    if mapping is None:
        return (*known, Mapping.State.NO_DRAFT.label, *[""] * 8, 0)
    target = mapping.target
    return (
        *known,
        mapping.get_state_display(),
        target.external_id if target else "",
        target.code if target else "",
        (target.path or target.name) if target else "",
        mapping.confidence,
        mapping.note,
        str(mapping.decided_by) if mapping.decided_by else "",
        mapping.decided_at.isoformat(timespec="seconds") if mapping.decided_at else "",
        mapping.publication.number if mapping.publication else "",
        mapping.version,
    )


def workbook(company: Company, kind: Kind) -> bytes:
    """The same rows as an XLSX file. Text is written as text, so that no cell is a formula."""
    book = Workbook(write_only=True)
    sheet = book.create_sheet(kind.label)
    sheet.freeze_panes = "A2"
    for column, width in (("C", 40), ("G", 40), ("I", 30)):
        sheet.column_dimensions[column].width = width
    sheet.append(list(HEADS))
    for row in rows(company, kind):
        sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _cell(sheet: Any, value: Any) -> Any:
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, _printable(value))
    cell.data_type = "s"  # "=1+1" too: said, not worked out
    return cell


def _printable(value: str) -> str:
    """A hard space and a line's end part words: as a blank they still do."""
    blanked = "".join(" " if sign.isspace() else sign for sign in value)
    return "".join(sign for sign in blanked if sign.isprintable())


# --- In -------------------------------------------------------------------------------------------


def read(name: str, content: bytes) -> list[Line]:
    """The rows of an uploaded CSV or XLSX file that say something.

    Raises:
        FileUnreadable: it is neither, lacks a column, or is too large.
    """
    if len(content) > MOST_BYTES:
        raise FileUnreadable("The file is larger than 5 MB. Split it by kind or into parts.")
    table = _sheet(content) if name.lower().endswith(".xlsx") else _csv(content)
    heads = {str(head).strip().casefold(): at for at, head in enumerate(table[0])} if table else {}
    missing = {"source id", "source name"} - heads.keys()
    if len(missing) == 2 or not {"ledger id", "ledger code", "ledger name"} & heads.keys():
        raise FileUnreadable(
            "The file's first row must name its columns: Source id or Source name, and Ledger id,"
            " Ledger code or Ledger name. Download the list to get a file that has them."
        )
    if len(table) - 1 > MOST_ROWS:
        raise FileUnreadable(f"The file has more than {MOST_ROWS:,} rows. Split it into parts.")
    found = [_line(number, heads, row) for number, row in enumerate(table[1:], start=2)]
    return [line for line in found if line.source_id or line.source_code or line.source_name]


def _line(number: int, heads: dict[str, int], row: Sequence[Any]) -> Line:
    def cell(head: str) -> str:
        at = heads.get(head)
        return _text(row[at]) if at is not None and at < len(row) else ""

    return Line(
        number,
        source_id=cell("source id"),
        source_code=cell("source code"),
        source_name=cell("source name"),
        state=cell("state"),
        ledger_id=cell("ledger id"),
        ledger_code=cell("ledger code"),
        ledger_name=cell("ledger name"),
        note=cell("note")[:2000],
        version=cell("version"),
    )


def _text(value: Any) -> str:
    """As we wrote it: without the apostrophe that kept a spreadsheet from running it."""
    if value is None:
        return ""
    text = str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    text = text.strip()[:2200]
    return text[1:] if text.startswith("'") and text[1:].startswith(STARTS_A_FORMULA) else text


def _csv(content: bytes) -> list[list[str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    if "\0" in text:
        raise FileUnreadable("This is neither a CSV nor an XLSX file. Save it as one of them.")
    first = text.partition("\n")[0]
    # A spreadsheet in a country with decimal commas writes semicolons.
    delimiter = max(",;\t", key=first.count)
    try:
        return [
            row
            for row in csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
            if any(row)
        ]
    except csv.Error as failure:
        raise FileUnreadable(f"The CSV file cannot be read: {failure}. Save it anew.") from None


def _is_too_wide(sheet: bytes) -> bool:
    """The library holds a row at a time, and one row may be all of the file."""
    end = 0
    for row in re.finditer(rb"</(?:\w+:)?row\s*>", sheet):
        if sheet.count(b"<", end, row.start()) > MOST_TAGS_A_ROW:
            return True
        end = row.end()
    return sheet.count(b"<", end) > MOST_TAGS_A_ROW


def _sheet(content: bytes) -> list[list[Any]]:
    """The first sheet's values. A formula is what it showed when the file was saved."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_UNPACKED:
                raise FileUnreadable("The workbook is too large once unpacked. Split it.")
            for part in packed.namelist():
                if part.startswith("xl/worksheets/") and _is_too_wide(packed.read(part)):
                    raise FileUnreadable("A row of the workbook has too many cells. Save it anew.")
        book = load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        sheet = book.worksheets[0]
        found = []
        sheet.reset_dimensions()  # many programs write a wrong one, and rows outside it are lost
        for row in sheet.iter_rows(max_row=LAST_ROW, max_col=40, values_only=True):
            if any(value is not None for value in row):
                found.append(list(row))
            if len(found) > MOST_ROWS + 1:
                break
        return found
    except FileUnreadable:
        raise
    except BROKEN:
        raise FileUnreadable(
            "The workbook cannot be read. Save it anew as XLSX, or as CSV."
        ) from None
