"""Which documents of exports are not to be believed as they stand, and why.

Source: Buildertrend fact sheet, 9.2.3 and 9.2.4. In files without ids a bill is known by what it
says, its amount too, so one that was corrected comes as another; and an export may leave out what
an earlier one had. Neither is guessed away: such a document is held until a person has looked.
"""

from collections.abc import Iterable, Sequence

from connectors.buildertrend import words
from connectors.buildertrend.files.families import List
from connectors.file_models import SourceRow
from connectors.models import Connection

OLDER = (
    "A newer export has this bill with another amount. If both are meant, export both in one file,"
    " and bring that in."
)
NEWER = (
    "An earlier export had this bill with another amount, and it has no number to tell whether it"
    " is the same. See whether that one was sent. If it was not, give this one a number in"
    " Buildertrend and export it again."
)
LINES_APART = (
    "Some of its lines came in one file and the others in another, so what it comes to is not sure."
    " Bring in one file that has all its lines, and say that it is a full export."
)


def bills(connection: Connection, job: str) -> dict[str, str]:
    """Key of a row to a sentence, of the bills of one job that came with two amounts."""
    rows = connection.source_rows.filter(kind=List.BILLS, job=job, missing_since=None)
    named = [f"content__{name}" for name in ("number", "vendor", "created", "title")]
    alike: dict[tuple[str, ...], list[tuple[int, str]]] = {}
    for key, seen_in, *said in rows.values_list("key", "seen_in", *named):
        if identity := _identity(*said):
            alike.setdefault(identity, []).append((seen_in, key))
    found = {}
    for identity, group in alike.items():
        newest = max(seen_in for seen_in, _key in group)
        if all(seen_in == newest for seen_in, _key in group):
            continue
        for seen_in, key in group:
            if seen_in < newest:
                found[key] = OLDER
            elif not identity[0]:
                found[key] = NEWER
    return found


def lines(rows: Sequence[SourceRow]) -> str:
    """A sentence when the lines of one document did not come together; else blank."""
    return LINES_APART if _several(row.seen_in_id for row in rows) else ""


def _identity(number: str, vendor: str, created: str, title: str) -> tuple[str, ...] | None:
    """What two rows share that are one bill with another amount; None where nothing tells."""
    if number:
        return (words.plain(number), words.plain(vendor))
    return ("", words.plain(vendor), created, words.plain(title)) if created and title else None


def _several(values: Iterable[int]) -> bool:
    return len(set(values)) > 1
