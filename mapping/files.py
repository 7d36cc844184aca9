"""Mappings as a spreadsheet: written so that nothing in it runs, read back row by row.

The columns are the same both ways. A controller may change the ledger's columns, the state and the
note; the others tell who is meant, and in which version it was when the file was written.
"""

import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Final

from django.db.models import Exists, OuterRef
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell

from common import spreadsheets
from common.csv_out import STARTS_A_FORMULA
from common.spreadsheets import FileUnreadable, Form, Limits
from companies.models import Company
from connectors.models import Record
from mapping import worklist
from mapping.models import Kind, Mapping
from mapping.targets import Systems

HEADS: Final = (
    "Source id", "Source code", "Source name", "State", "Ledger id", "Ledger code",
    "Ledger name", "Confidence", "Note", "Decided by", "Decided at", "Publication", "Version",
)  # fmt: skip
LIMITS: Final = Limits(megabytes=5, unpacked_megabytes=50, rows=20_000, forms=(Form.CSV, Form.XLSX))
NO_MATCH: Final = "no match"


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


def read(content: bytes) -> list[Line]:
    """The rows of an uploaded CSV or XLSX file that say something.

    Raises:
        FileUnreadable: it is neither, lacks a column, is too large, or is broken.
    """
    table = list(spreadsheets.rows(content, LIMITS))
    heads = {str(head).strip().casefold(): at for at, head in enumerate(table[0][1])}
    missing = {"source id", "source name"} - heads.keys()
    if len(missing) == 2 or not {"ledger id", "ledger code", "ledger name"} & heads.keys():
        raise FileUnreadable(
            "The file's first row must name its columns: Source id or Source name, and Ledger id,"
            " Ledger code or Ledger name. Download the list to get a file that has them."
        )
    found = [_line(number, heads, row) for number, row in table[1:]]
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
    is_whole = isinstance(value, Decimal) and value == value.to_integral_value()
    text = str(int(value)) if is_whole else str(value)
    text = text.strip()[:2200]
    return text[1:] if text.startswith("'") and text[1:].startswith(STARTS_A_FORMULA) else text
