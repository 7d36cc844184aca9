"""What somebody typing into the override box may mean: a scan of the mirrored list, best first.

The list is searched where it lies. A prepared index would have to be kept in step with every pull
in every process; a scan of 50,000 rows takes a few hundredths of a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from operator import or_

from django.db.models import Case, IntegerField, Q, QuerySet, Value, When
from django.db.models.functions import Length
from rapidfuzz import fuzz

from common.choices import Side
from companies.models import Company
from connectors.models import Connection, Record
from connectors.querysets import RecordQuerySet
from mapping import targets
from mapping.candidates import split_words
from mapping.models import Kind, target_kinds

LIMIT = 8
WEIGHED = 200  # as many as are put in order by how alike they are


@dataclass(frozen=True)
class Option:
    record: Record
    problem: str  # blank when it can be taken


@dataclass(frozen=True)
class Answer:
    options: tuple[Option, ...]
    matching: int
    total: int


def takeable(company: Company, kind: Kind) -> RecordQuerySet:
    """The ledger's rows of the kinds that `kind` points to, inactive ones among them."""
    return (
        Record.objects.filter(
            company=company,
            kind__in=target_kinds(kind, company.settings),
            connection__side=Side.LEDGER,
            gone_at=None,
        )
        .exclude(connection__state=Connection.State.DISCONNECTED)
        .select_related("connection")
        .defer("payload")
    )


def search(company: Company, kind: Kind, text: str, limit: int = LIMIT) -> Answer:
    """At most `limit` rows, best first, and how many match in all."""
    rows = takeable(company, kind)
    total = rows.count()
    words = split_words(text)
    if not words or len("".join(words)) < 2:
        return Answer((), 0, total)
    matching = rows.filter(*(Q(search_text__contains=word) for word in words))
    found = list(_nearest(matching, words))
    count = len(found) if len(found) < WEIGHED else matching.count()
    if not found:
        # Nothing has all of it: a letter may be wrong, so any beginning of a word will do.
        beginnings = reduce(or_, (Q(search_text__contains=word[:3]) for word in words))
        near = _nearest(rows.filter(beginnings), words)
        found = [row for row in near if _likeness(words, row) >= 70]
    found.sort(key=lambda row: _order(words, row))
    options = tuple(
        Option(row, targets.problem(row, kind, company).removeprefix("is "))
        for row in found[:limit]
    )
    return Answer(options, count, total)


def _nearest(rows: QuerySet[Record], words: Sequence[str]) -> QuerySet[Record]:
    starts = Case(
        When(name__istartswith=words[0], then=Value(0)),
        When(code__istartswith=words[0], then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    return rows.order_by("-is_active", starts, Length("name"), "pk")[:WEIGHED]


def _likeness(words: Sequence[str], row: Record) -> float:
    return fuzz.WRatio(" ".join(words), row.search_text)


def _order(words: Sequence[str], row: Record) -> tuple[bool, bool, float, int, str]:
    wanted = " ".join(words)
    name = " ".join(split_words(row.name))
    starts = name.startswith(wanted) or row.code.lower().startswith(wanted)
    close = fuzz.token_set_ratio(wanted, f"{name} {row.code.lower()}")
    return (not row.is_usable, not starts, -round(close), len(name), name)
