"""CSV that a spreadsheet opens without running anything, sent while it is being read."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from django.http import StreamingHttpResponse

# A spreadsheet takes a cell that begins with one of these for a formula.
# Source: OWASP, "CSV injection".
STARTS_A_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class _Echo:
    """A file that hands back what is written to it."""

    def write(self, text: str) -> str:
        return text


def safe(cell: Any) -> Any:
    """Text that would be a formula gets an apostrophe; numbers and dates stay as they are."""
    if isinstance(cell, str) and cell.startswith(STARTS_A_FORMULA):
        return "'" + cell
    return "" if cell is None else cell


def lines(heads: Sequence[str], rows: Iterable[Sequence[Any]]) -> Iterator[str]:
    writer = csv.writer(_Echo())
    yield "\ufeff"  # tells Excel that this is UTF-8
    yield writer.writerow([safe(head) for head in heads])
    for row in rows:
        yield writer.writerow([safe(cell) for cell in row])


def attachment(
    filename: str, heads: Sequence[str], rows: Iterable[Sequence[Any]], *, count: int | None = None
) -> StreamingHttpResponse:
    """A file to save. `filename` is ours, never typed by somebody; `count` tells its rows."""
    response = StreamingHttpResponse(lines(heads, rows), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{filename}"'
    if count is not None:
        response["X-Rows"] = str(count)
    return response
