"""An uploaded file row by row: what each row is, and where it stands among the rows like it.

A file is read twice. Rows whose key is no id may come several times, rightly: two like refunds of
one day. They are counted first, so that the second time each knows its place among them.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from common import spreadsheets
from common.spreadsheets import Cell, Limits
from connectors.buildertrend.files import cells, headers, rows
from connectors.buildertrend.files.headers import Opened, Saved, Unknown
from connectors.buildertrend.files.rows import Around, Found, Problem, RowError, RowSkipped

LIMITS: Final = Limits()
CELLS_KEPT: Final = 30  # of a row that has a problem


@dataclass(frozen=True, slots=True)
class Kept:
    """A row with its digests: what is compared with what we have."""

    number: int
    key: str
    document: str
    content_sha256: str
    found: Found


@dataclass
class Reading:
    """One pass over a file whose columns are known."""

    content: bytes
    opened: Opened
    around: Around
    totals: int = 0
    _place: dict[int, int] | None = None  # row number to its place, if not first
    _first: dict[bytes, int] = field(default_factory=dict)  # key to the row that had it first
    _broken: dict[tuple[str, ...], int] = field(default_factory=dict)  # document to such a row

    def look_through(self) -> None:
        """The first time: rows that are alike find their places, and every job is asked for."""
        self._broken = {}
        self._place = _places(self._noting_what_broke(self._read()))

    def kept(self) -> Iterator[Kept | Problem]:
        """Every row below the heads: what we keep of it, or why nothing."""
        if self._place is None:
            self.look_through()
        self.totals = 0
        self._first = {}
        for said in self._read():
            yield said if isinstance(said, Problem) else self._kept(said)

    def _noting_what_broke(self, read: Iterator[Found | Problem]) -> Iterator[Found | Problem]:
        """Documents of which a line cannot be taken: the others alone come to another sum."""
        keys: set[bytes] = set()
        for said in read:
            if isinstance(said, Problem):
                if said.document:
                    self._broken.setdefault(said.document, said.number)
            elif said.document and not said.order:
                short = bytes.fromhex(_digest(said.key)[:24])
                if short in keys:
                    self._broken.setdefault(said.document, said.number)
                keys.add(short)
            yield said

    def _kept(self, found: Found) -> Kept | Problem:
        key = found.key
        if found.order:
            key = (*key, str((self._place or {}).get(found.number, 1)))
        digest = _digest(key)
        first = self._first.setdefault(bytes.fromhex(digest[:24]), found.number)
        sentence = ""
        if first != found.number:
            sentence = f"It has the same id as row {first}. Keep one of the two."
        elif (broken := self._broken.get(found.document)) is not None:
            sentence = (
                f"Row {broken} of the same document cannot be taken, so none of it is brought in."
                " Correct that row first."
            )
        if sentence:
            return Problem(found.number, sentence, [str(each) for each in found.key])
        document = _digest(found.document) if found.document else digest
        return Kept(found.number, digest, document, _digest([found.job, found.content]), found)

    def _read(self) -> Iterator[Found | Problem]:
        again = headers.rows_again(self.opened, spreadsheets.rows(self.content, LIMITS))
        for number, row in again.rows:
            if self.opened.is_total(row):
                self.totals += 1
                continue
            yield self._one(number, row)

    def _one(self, number: int, row: list[Cell]) -> Found | Problem:
        try:
            return rows.read(number, self.opened.values(row), self.around)
        except (RowError, RowSkipped) as said:
            shown = [cells.text(cell)[:200] for cell in row[:CELLS_KEPT]]
            document = rows.document_of(self.opened.values(row), self.around)
            return Problem(number, str(said), shown, isinstance(said, RowError), document)


def open_file(content: bytes, saved: Mapping[str, Saved]) -> Opened | Unknown:
    """
    Raises:
        FileUnreadable: it is no list, is too large, or has no columns that we can tell apart.
    """
    return headers.find(spreadsheets.rows(content, LIMITS), saved)


def order_key(job: str, number: str) -> str:
    """The key under which a purchase order of families A and B is kept."""
    return _digest((job, rows.plain_number(number)))


def _places(read: Iterator[Found | Problem]) -> dict[int, int]:
    """Row numbers of rows that are not the first of their key, and which they are."""
    like: dict[bytes, list[tuple[str, int]]] = {}
    for said in read:
        if isinstance(said, Found) and said.order:
            short = hashlib.sha256(repr(said.key).encode()).digest()[:12]
            like.setdefault(short, []).append((said.order[:80], said.number))
    places = {}
    for group in like.values():
        for place, (_, number) in enumerate(sorted(group), 1):
            if place > 1:
                places[number] = place
    return places


def _digest(what: object) -> str:
    text = json.dumps(what, sort_keys=True, ensure_ascii=True)
    return hashlib.sha256(text.encode()).hexdigest()
