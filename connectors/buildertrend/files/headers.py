"""Finds the row that names a file's columns, and says which column is what. Pure.

Source: Buildertrend fact sheet, 9.2.1.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Final

from common.spreadsheets import Cell, FileUnreadable, Row
from connectors.buildertrend.files import cells
from connectors.buildertrend.files.families import BY_KIND, Field, Layout, List, known_by, plain

LOOKS_THROUGH: Final = 30  # rows
SHOWN: Final = 10
TOTALS: Final = {"total", "totals", "grandtotal", "subtotal"}


@dataclass(frozen=True)
class Saved:
    """What a person said of the columns of files with these heads."""

    kind: List
    columns: Mapping[str, int]


@dataclass(frozen=True)
class Unknown:
    """A file whose columns nobody has named yet: where its heads may stand, and its first rows."""

    heads: list[str]
    first_rows: list[list[str]]


@dataclass
class Opened:
    """A file whose columns are known, and its rows below them."""

    layout: Layout
    columns: Mapping[str, int]
    heads: list[str]
    above: list[str]  # what stands above the heads, such as a title
    rows: Iterator[Row]
    family: str = field(init=False)

    def __post_init__(self) -> None:
        names_job = self.layout.family == "A" and "job" in self.columns
        self.family = "B" if names_job else self.layout.family

    @property
    def names_no_job(self) -> bool:
        return self.family == "A"

    def values(self, row: Sequence[Cell]) -> dict[str, Cell]:
        """Its cells by field; "" for what the file has no column for."""
        return {
            each.name: row[at]
            if (at := self.columns.get(each.name)) is not None and at < len(row)
            else ""
            for each in self.layout.fields
        }

    def is_total(self, row: Sequence[Cell]) -> bool:
        """9.1: a total has an empty first cell, or says so, and names nothing.

        An empty first cell alone is no sign: many bills have no number.
        """
        first = next((cell for cell in row if cells.text(cell)), "")
        if plain(first) in TOTALS:
            return sum(bool(cells.text(cell)) for cell in row) <= len(row) // 2 + 1
        if row and cells.text(row[0]):
            return False
        values = self.values(row)
        return not any(cells.text(values[each.name]) for each in self.layout.fields if each.is_told)


def fingerprint(heads: Sequence[str]) -> str:
    """Of the heads, however they are spelled."""
    return hashlib.sha256(json.dumps([plain(head) for head in heads]).encode()).hexdigest()


def find(rows: Iterable[Row], saved: Mapping[str, Saved]) -> Opened | Unknown:
    """Look for the heads among the first rows, by what people saved and by the lists we know.

    Raises:
        FileUnreadable: it has no rows, or two columns of one name that we need.
    """
    rows = iter(rows)
    above: list[Row] = []
    for number, row in islice(rows, LOOKS_THROUGH):
        heads = _heads(row)
        if (known := saved.get(fingerprint(heads))) is not None:
            told = BY_KIND[known.kind]
            return Opened(told, known.columns, heads, _words(above), rows)
        if (layout := known_by([plain(head) for head in heads])) is not None:
            return Opened(layout, _columns(layout, heads), heads, _words(above), rows)
        above.append((number, row))
    if not above:
        raise FileUnreadable("The file has no rows. Export it again.")
    return Unknown(_likely_heads(above), [_heads(row) for _, row in above[:SHOWN]])


def _heads(row: Sequence[Cell]) -> list[str]:
    found = [cells.text(cell)[:200] for cell in row]
    while found and not found[-1]:
        found.pop()
    return found


def _words(above: Iterable[Row]) -> list[str]:
    return [text for _, row in above for text in _heads(row) if text]


def _likely_heads(rows: Sequence[Row]) -> list[str]:
    """The first of the rows with the most words in them."""
    return max((_heads(row) for _, row in rows), key=lambda row: sum(map(bool, row)))


def _columns(layout: Layout, heads: Sequence[str]) -> dict[str, int]:
    columns = {}
    for each in layout.fields:
        if (at := _column(each, heads)) is not None:
            columns[each.name] = at
    if lacking := [layout.field(name).label for name in sorted(layout.needed - columns.keys())]:
        raise FileUnreadable(
            f"This looks like the list “{layout.kind.label}”, but it has no column"
            f" {' and none '.join(f'“{name}”' for name in lacking)}. Export it with all columns."
        )
    return columns


def _column(wanted: Field, heads: Sequence[str]) -> int | None:
    for name in wanted.heads:
        at = [place for place, head in enumerate(heads) if plain(head) == plain(name)]
        if len(at) > 1:
            raise FileUnreadable(
                f"Two columns are called “{heads[at[0]]}”. Rename or delete one, and upload it"
                " again."
            )
        if at:
            return at[0]
    return None


def rows_again(opened: Opened, rows: Iterable[Row]) -> Opened:
    """The same file read once more from its start: the rows below the heads."""
    below = iter(rows)
    for _, row in below:
        if _heads(row) == opened.heads:
            break
    return Opened(opened.layout, opened.columns, opened.heads, opened.above, below)
