"""What somebody typing into the override box may mean, best first; what a machine may draw on.

The list is searched where it lies, by the database's own index of its words: one in memory would
have to be kept in step with every pull in every process.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from django.db.models import Case, Count, IntegerField, Q, Value, When, Window
from django.db.models.functions import Length
from rapidfuzz import fuzz

from common.choices import RecordKind
from companies.models import Company
from connectors.models import Record
from connectors.querysets import RecordQuerySet
from mapping import targets
from mapping.matching.names import split_words
from mapping.models import Kind, target_kinds
from mapping.targets import Systems

LIMIT = 8
SHORTEST = 2  # letters
NEAR = 70  # of 100, how alike a row must be when nothing has every word
WEIGHED = 60  # as many as are put in order by how alike they are
# What an option shows, and what says whether it can be taken.
SHOWN = (
    "company", "connection", "kind", "external_id", "code", "name", "path", "type", "city", "state",
    "is_active", "is_selectable", "gone_at",
)  # fmt: skip
# As QuickBooks names the types of account that a job's cost may go to.
COST_ACCOUNTS = frozenset({"Cost of Goods Sold", "Expense", "Other Expense"})


@dataclass(frozen=True)
class Option:
    record: Record
    problem: str  # blank when it can be taken


@dataclass(frozen=True)
class Answer:
    options: tuple[Option, ...]
    matching: int
    total: int


def takeable(company: Company, kind: Kind, systems: Systems) -> RecordQuerySet:
    """The ledger's rows of the kinds that `kind` points to, inactive ones among them."""
    if systems.ledger_end is None:
        return Record.objects.none()
    return Record.objects.filter(
        company=company,
        connection_id=systems.ledger_end.pk,
        kind__in=target_kinds(kind, company.settings),
        gone_at=None,
    ).defer("payload")


def draftable(company: Company, kind: Kind, systems: Systems) -> RecordQuerySet:
    """What a machine may propose: of what can be taken, rows that a bill of today may use.

    A person may choose an asset or a header account; a machine draws only on where the cost of a
    job goes, and there on the accounts below a header.
    """
    rows = takeable(company, kind, systems).usable().defer("payload", "search_text")
    accounts = rows.filter(kind=RecordKind.ACCOUNT)
    headers = accounts.exclude(parent_external_id="").values("parent_external_id")
    return rows.exclude(
        Q(kind=RecordKind.ACCOUNT) & (~Q(type__in=COST_ACCOUNTS) | Q(external_id__in=headers))
    ).order_by("pk")


def search(company: Company, kind: Kind, text: str, limit: int = LIMIT) -> Answer:
    """At most `limit` rows, best first, and how many match in all."""
    systems = Systems.of(company)
    end = systems.ledger_end
    words = split_words(text)
    if end is None or len("".join(words)) < SHORTEST:
        return Answer((), 0, 0)
    rows = takeable(company, kind, systems)
    found = _nearest(rows.with_words(words), words)
    matching = found[0].matching if found else 0
    if not found:
        # Nothing has all of it: a letter may be wrong, so any beginning of a word will do.
        near = _nearest(rows.with_words({word[:3] for word in words}, all_of_them=False), words)
        found = [row for row in near if _likeness(words, row) >= NEAR]
    found.sort(key=lambda row: _order(words, row))
    for row in found[:limit]:
        row.connection = end
    options = tuple(
        Option(row, targets.problem(row, kind, company).removeprefix("is "))
        for row in found[:limit]
    )
    kinds = target_kinds(kind, company.settings)
    return Answer(options, matching, _total(company.pk, end.pk, kinds, end.last_pulled_at))


@lru_cache(maxsize=500)
def _total(
    company: int, connection: int, kinds: tuple[RecordKind, ...], _pulled_at: datetime | None
) -> int:
    """How long the list is. Counted once a pull: that is when it changes."""
    return Record.objects.filter(
        company_id=company, connection_id=connection, kind__in=kinds, gone_at=None
    ).count()


def _nearest(rows: RecordQuerySet, words: Sequence[str]) -> list[Any]:
    """The most promising rows, each with `matching`, the number of all that match."""
    # What is looked up begins with the name, in lower case.
    starts = Case(
        When(search_text__startswith=words[0], then=Value(0)),
        When(code__istartswith=words[0], then=Value(0)),
        default=Value(1),
        output_field=IntegerField(),
    )
    counted = rows.annotate(matching=Window(Count("pk")))
    best = counted.order_by("-is_active", starts, Length("name"), "pk")
    return list(best.only(*SHOWN, "search_text")[:WEIGHED])


def _likeness(words: Sequence[str], row: Record) -> float:
    return fuzz.WRatio(" ".join(words), row.search_text)


def _order(words: Sequence[str], row: Record) -> tuple[bool, bool, float, int, str]:
    wanted = " ".join(words)
    name = " ".join(split_words(row.name))
    starts = name.startswith(wanted) or row.code.lower().startswith(wanted)
    close = fuzz.token_set_ratio(wanted, f"{name} {row.code.lower()}")
    return (not row.is_usable, not starts, -round(close), len(name), name)
