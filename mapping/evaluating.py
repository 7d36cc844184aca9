"""How good drafts are on files with known answers: the code that drafts, with nothing learned.

A file is CSV with a header. Columns are known by their usual names, in any case and order; a file
needs a name column and nothing more. Needs no database.
"""

import csv
import io
import resource
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from common.errors import AppError
from companies.models import CompanySettings
from mapping.matching.candidates import SHORTLIST, CandidateIndex
from mapping.matching.charts import Chart, role
from mapping.matching.line_items import rank_line_item
from mapping.matching.names import Candidate
from mapping.matching.numbering import Numbering
from mapping.matching.opinions import Opinion
from mapping.matching.suggesting import LINE_ITEM_KINDS, Suggestion, suggest
from mapping.models import Kind
from mapping.thresholds import Thresholds

# What a column may be called, the usual name first; blanks and hyphens count as underscores.
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "id": ("id", "key", "vendor_id", "external_id", "list_id", "full_code"),
    "name": ("name", "fully_qualified_name", "account_name", "title", "description", "vendor_name"),
    "code": ("code", "number", "account_number", "acct_no", "full_code", "cost_code", "job_number"),
    "path": ("path", "full_name", "fully_qualified_name"),
    "other_names": ("dba", "trade_name", "alias", "print_on_check_name", "company_name"),
    "address": ("address", "street", "address_1", "street_address"),
    "city": ("city", "town"),
    "state": ("state", "province", "region"),
    "postcode": ("zip", "postcode", "postal_code", "zip_code"),
    "email": ("email", "e_mail", "email_address"),
    "phone": ("phone", "phone_number", "telephone"),
    "tax_id": ("tax_id", "ein", "tax_number"),
    "type": ("cost_type", "account_type", "type", "section"),
}
SEVERAL: Final = "/"
DOUBTFUL: Final = "?"
NO_ANSWER: Final = frozenset({"", "none"})
VERDICTS: Final = ("right", "wrong", "ignored", "missed", "absent")
BINS: Final = (0.0, 0.5, 0.6, 0.7, 0.8, 0.85, 0.9, 0.95, 0.975, 0.99, 1.0)


class FileUnusable(AppError):
    """A file cannot be read as a list. The sentence says which and what it needs."""


@dataclass(frozen=True)
class Labelled:
    """Sources, targets, and what is right.

    `right` has for each source's key the keys of its right targets, empty where abstaining is
    right. Pairs in `ignored` are defensible and count neither way. Without truth both are None.
    """

    kind: Kind
    sources: Sequence[Candidate]
    targets: Sequence[Candidate]
    right: Mapping[int, frozenset[int]] | None = None
    ignored: frozenset[tuple[int, int]] = frozenset()
    ids: Mapping[int, str] = field(default_factory=dict)  # a source's own id, by key


@dataclass(frozen=True)
class Judged:
    """What became of one source."""

    source: Candidate
    drafted: Candidate | None
    confidence: float
    best: Candidate | None  # the first candidate, drafted or not
    reason: str
    verdict: str  # right, wrong, ignored, missed (an answer and no draft), absent (rightly none)
    place: int | None  # of the first right target among the candidates, from 1


# --- Reading --------------------------------------------------------------------------------------


def read_rows(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file, columns in lower case with underscores."""
    try:
        content = path.read_bytes()
    except OSError as failure:
        raise FileUnusable(f"{path} cannot be read: {failure.strerror}. Check its name.") from None
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError:
        text = content.decode("cp1252", errors="replace")
    first = text.partition("\n")[0]
    delimiter = max(",;\t", key=first.count)
    try:
        rows = list(csv.DictReader(io.StringIO(text), delimiter=delimiter, strict=True))
    except csv.Error as failure:
        raise FileUnusable(f"{path} is no CSV file: {failure}. Save it anew.") from None
    found = [
        {
            (column or "").strip().lower().replace(" ", "_").replace("-", "_"): (
                value or ""
            ).strip()
            for column, value in row.items()
            if not isinstance(value, list)
        }
        for row in rows
    ]
    if not found:
        raise FileUnusable(f"{path} has no rows. It needs a line of column names and rows below.")
    return found


def _value(row: Mapping[str, str], field_name: str) -> str:
    return next((row[column] for column in COLUMNS[field_name] if row.get(column)), "")


def candidates(path: Path) -> tuple[list[Candidate], dict[int, str]]:
    """A file's rows as drafting sees them, and the id of each key: two rows may share one."""
    rows = read_rows(path)
    if not any(_value(row, "name") for row in rows):
        raise FileUnusable(f"{path} has no column of names. It needs one called name.")
    found = [_candidate(key, row) for key, row in enumerate(rows)]
    has_ids = any(_value(row, "id") for row in rows)
    return found, {key: _value(row, "id") if has_ids else str(key) for key, row in enumerate(rows)}


def _candidate(key: int, row: Mapping[str, str]) -> Candidate:
    name = _value(row, "name")
    return Candidate(
        key,
        name,
        code=_value(row, "code"),
        path=_value(row, "path") or (name if ":" in name else ""),
        other_names=tuple(filter(None, [_value(row, "other_names")])),
        address=_value(row, "address"),
        city=_value(row, "city"),
        state=_value(row, "state"),
        postcode=_value(row, "postcode"),
        email=_value(row, "email"),
        phone=_value(row, "phone"),
        tax_id=_value(row, "tax_id"),
        type=_value(row, "type"),
    )


def load(
    kind: Kind, source: Path, target: Path, *, truth: Path | None = None, gold: str | None = None
) -> Labelled:
    """Two lists, and what is right about them.

    `truth` is a file with `a_id` and `b_id`, empty for no answer and several right ones joined
    with "/". `gold` is a column of the source file: a target's id, several joined with "/", none
    for no answer, and "?x/y" where x and y are defensible and count neither way.

    Raises:
        FileUnusable: a file or the column is not there.
    """
    sources, ids = candidates(source)
    targets, target_ids = candidates(target)
    target_keys: dict[str, set[int]] = {}
    for key, own in target_ids.items():
        target_keys.setdefault(own, set()).add(key)
    if kind in LINE_ITEM_KINDS:
        targets = [each for each in targets if role(each.type) != "never"]
    offered = {each.key for each in targets}
    if truth is None and gold is None:
        return Labelled(kind, sources, targets, ids=ids)
    cells = _cells(source, truth, gold, ids)
    right: dict[int, frozenset[int]] = {}
    ignored: set[tuple[int, int]] = set()
    for key in ids:
        cell = cells.get(key, "")
        bare = cell.removeprefix(DOUBTFUL)
        names = [bare] if bare in target_keys else bare.split(SEVERAL)
        keys = frozenset(key for each in names for key in target_keys.get(each, ())) & offered
        if cell.startswith(DOUBTFUL):
            ignored |= {(key, each) for each in keys}
        right[key] = frozenset() if cell.startswith(DOUBTFUL) or cell in NO_ANSWER else keys
    return Labelled(kind, sources, targets, right, frozenset(ignored), ids)


def _cells(
    source: Path, truth: Path | None, gold: str | None, ids: Mapping[int, str]
) -> dict[int, str]:
    """Each source's answer as it is written."""
    if truth is None:
        rows = read_rows(source)
        if gold not in rows[0]:
            raise FileUnusable(f"{source} has no column {gold}. It has {', '.join(rows[0])}.")
        return {key: row[gold] for key, row in enumerate(rows)}
    rows = read_rows(truth)
    if not {"a_id", "b_id"} <= rows[0].keys():
        raise FileUnusable(f"{truth} needs the columns a_id and b_id. It has {', '.join(rows[0])}.")
    answers = {row["a_id"]: row["b_id"] for row in rows}
    if not answers.keys() & set(ids.values()):
        raise FileUnusable(
            f"{truth} names no row of {source} in a_id. Call the column of ids there id."
        )
    return {key: answers.get(own, "") for key, own in ids.items()}


# --- Judging --------------------------------------------------------------------------------------


def judge(labelled: Labelled, *, opinion: Opinion | None = None) -> list[Judged]:
    """Draft for every source, at the thresholds a new company starts with, and mark it."""
    medium = Thresholds.of(labelled.kind, CompanySettings()).medium
    found = suggest(labelled.kind.value, labelled.sources, labelled.targets, opinion=opinion)
    return [_judged(labelled, suggestion, medium) for suggestion in found]


def _judged(labelled: Labelled, suggestion: Suggestion, medium: Decimal) -> Judged:
    key = suggestion.source.key
    right = (labelled.right or {}).get(key, frozenset())
    drafted = suggestion.draft(medium)
    if drafted is None:
        verdict = "missed" if right else "absent"
    elif (key, drafted.key) in labelled.ignored:
        verdict = "ignored"
    else:
        verdict = "right" if drafted.key in right else "wrong"
    order = [scored.candidate.key for scored in suggestion.candidates]
    place = next((at for at, each in enumerate(order, start=1) if each in right), None)
    best = suggestion.candidates[0].candidate if suggestion.candidates else None
    return Judged(
        suggestion.source, drafted, suggestion.confidence, best, suggestion.reason, verdict, place
    )


def ten_found(labelled: Labelled) -> Callable[[Candidate], list[int]]:
    """Keys of the ten candidates that drafting chooses among, by source."""
    if labelled.kind in LINE_ITEM_KINDS:
        chart, numbering = Chart(labelled.targets), Numbering.of(labelled.sources)
        return lambda source: [
            scored.candidate.key
            for scored in rank_line_item(
                source, chart, numbering=numbering, shown=SHORTLIST
            ).candidates
        ]
    index = CandidateIndex(labelled.targets, labelled.kind.value)
    return lambda source: [found.candidate.key for found in index.find(source)]


def recalls(labelled: Labelled, judged: Sequence[Judged]) -> dict[str, float | None]:
    """Share of the sources with an answer whose answer is first, among the five shown, found."""
    right = labelled.right or {}
    found = ten_found(labelled)
    places = [
        each.place
        or (SHORTLIST if right[each.source.key] & set(found(each.source)) else SHORTLIST + 1)
        for each in judged
        if right.get(each.source.key)
    ]
    return {
        f"recall_at_{depth}": _share(sum(place <= depth for place in places), len(places))
        for depth in (1, 5, 10)
    }


def calibration(judged: Iterable[Judged], labelled: Labelled) -> list[dict[str, Any]]:
    """What the confidence said of the best candidate, and how often that was the right one.

    Rows where several are defensible are left out: nobody can say whether they are right.
    """
    doubtful = {key for key, _ in labelled.ignored}
    seen = [
        (each.confidence, each.best.key in (labelled.right or {}).get(each.source.key, ()))
        for each in judged
        if each.best is not None and each.source.key not in doubtful
    ]
    bins = []
    for low, high in pairwise(BINS):
        inside = [pair for pair in seen if low <= pair[0] < high or pair[0] == high == 1.0]
        if inside:
            said = sum(confidence for confidence, _ in inside) / len(inside)
            right = sum(is_right for _, is_right in inside) / len(inside)
            bins.append(
                {"from": low, "to": high, "rows": len(inside),
                 "said": round(said, 4), "right": round(right, 4)}
            )  # fmt: skip
    return bins


def evaluate(
    labelled: Labelled, *, opinion: Opinion | None = None
) -> tuple[dict[str, Any], list[Judged]]:
    """The figures of one set as `manage.py evaluate_suggestions` prints them, and each source's.

    `seconds`, `peak_mib` and `extra_mib` are of drafting: the clock, the process at its largest,
    and by how much drafting made it larger.
    """
    before = _peak_mib()
    started = time.perf_counter()
    judged = judge(labelled, opinion=opinion)
    seconds = time.perf_counter() - started
    peak = _peak_mib()
    drafted = [each for each in judged if each.drafted is not None]
    result: dict[str, Any] = {
        "kind": labelled.kind.value,
        "sources": len(labelled.sources),
        "targets": len(labelled.targets),
        "drafted": len(drafted),
        "seconds": round(seconds, 3),
        "peak_mib": round(peak, 1),
        "extra_mib": round(peak - before, 1),
    }
    if labelled.right is None:
        return result, judged
    counts = {verdict: sum(each.verdict == verdict for each in judged) for verdict in VERDICTS}
    answerable = sum(bool(keys) for keys in labelled.right.values())
    counted = counts["right"] + counts["wrong"]
    doubtful = {key for key, _ in labelled.ignored}
    without = {key for key, keys in labelled.right.items() if not keys} - doubtful
    accepted = sum(each.verdict == "wrong" and each.source.key in without for each in judged)
    figures = {
        **result,
        "answerable": answerable,
        "right": counts["right"],
        "wrong": counts["wrong"],
        "ignored": counts["ignored"],
        "precision": _share(counts["right"], counted),
        "recall": _share(counts["right"], answerable),
        "wrong_without_answer": accepted,
        "wrong_without_answer_share": _share(accepted, len(without)),
        **recalls(labelled, judged),
        "calibration": calibration(judged, labelled),
    }
    return figures, judged


def _peak_mib() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def _share(part: int, whole: int) -> float | None:
    return round(part / whole, 5) if whole else None
