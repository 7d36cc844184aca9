"""Which records the review table shows, in which order, and how many there are of each sort."""

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from django.db.models import (
    CharField,
    Count,
    DecimalField,
    Exists,
    Expression,
    F,
    OuterRef,
    Q,
    QuerySet,
    Value,
)
from django.db.models.functions import Cast, Coalesce

from common.seen import number
from companies.models import Company
from connectors.models import Record
from mapping import rows, waiting
from mapping.matching.suggesting import CLOSE
from mapping.models import UNDECIDED, Kind, Mapping, kinds_in_use
from mapping.querysets import MappingQuerySet
from mapping.targets import Systems
from mapping.thresholds import Thresholds
from mapping.waiting import Waits

PAGE = 50
NO_SCORE = Decimal(-1)
# A score or an amount, as a page's cursor prints it.
PRINTED = re.compile(r"-?[0-9]{1,14}(\.[0-9]{1,4})?")

# Conditions on a source record, by tab. A record without a mapping has no state at all.
TO_REVIEW = Q(mappings__state=None) | Q(mappings__state__in=UNDECIDED)
TABS = {
    "review": ("To review", TO_REVIEW),
    "accepted": ("Accepted", Q(mappings__state=Mapping.State.ACCEPTED)),
    "published": ("Published", Q(mappings__state=Mapping.State.PUBLISHED)),
    "changed": ("Changed in the ledger", Q(mappings__stale__gt="")),
    "left": ("Left", Q(mappings__state=Mapping.State.LEFT)),
    "no_match": ("No match", Q(mappings__state=Mapping.State.NO_MATCH)),
    "all": ("All", Q()),
}
SAME = (Mapping.Stale.RENAMED, Mapping.Stale.MOVED)
# Published, and what it pointed to is no use any more: the machine looks for another.
NEEDS_ANOTHER = Q(mappings__stale__gt="") & ~Q(mappings__stale__in=SAME)
# Decided, and still without a record: what the machine finds stands there as a note.
WITHOUT_A_RECORD = Q(mappings__state__in=[Mapping.State.LEFT, Mapping.State.NO_MATCH])
UNUSABLE_TARGET = (
    Q(mappings__target__is_active=False)
    | Q(mappings__target__is_selectable=False)
    | Q(mappings__target__gone_at__isnull=False)
)
SORTS = {
    "-confidence": "Confidence, high first",
    "confidence": "Confidence, low first",
    "-money": "Waiting money",
    "name": "Name",
}


@dataclass(frozen=True)
class Filters:
    """What somebody asked to see, as it stands in the address."""

    tab: str = "review"
    q: str = ""
    band: str = ""
    waiting: str = ""  # "some" or "none"
    sort: str = "-confidence"

    def as_query(self, **changes: str) -> dict[str, str]:
        """For the address: only what differs from the usual."""
        usual = Filters()
        now = {name: getattr(self, name) for name in ("tab", "q", "band", "waiting", "sort")}
        now.update(changes)
        return {name: value for name, value in now.items() if value != getattr(usual, name, "")}

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.band or self.waiting)


@dataclass(frozen=True)
class Counts:
    tabs: dict[str, int]
    bands: dict[str, int]
    high_held_back: int  # a close second match
    high_unusable: int  # the target cannot be taken any more
    shown: int  # rows that match the filters in the current tab

    @property
    def total(self) -> int:
        return self.tabs["all"]

    @property
    def decided(self) -> int:
        return self.tabs["all"] - self.tabs["review"]

    @property
    def high_acceptable(self) -> int:
        return self.bands["high"] - self.high_held_back - self.high_unusable


def sources(systems: Systems, *kinds: Kind) -> QuerySet[Record]:
    """Records that bills come with and that are still there, each with its one mapping or none."""
    end = systems.source_end
    if end is None:
        return Record.objects.none()
    # By the connection's key: the list is found by its index and not among both sides' rows.
    found = Record.objects.filter(
        company_id=end.company_id,
        connection_id=end.pk,
        kind__in=[kind.value for kind in kinds],
        gone_at=None,
    )
    if Kind.OVERRIDE in kinds:
        # One that was undone is as if nobody had asked: its project goes by what holds for all.
        meant = Mapping.objects.filter(source=OuterRef("pk")).exclude(state=Mapping.State.NO_DRAFT)
        found = found.filter(~Q(kind=Kind.OVERRIDE) | Exists(meant))
    return found


class Worklist:
    """The source records of one kind under one set of filters."""

    def __init__(self, company: Company, kind: Kind, filters: Filters) -> None:
        self.company = company
        self.kind = kind
        self.filters = filters
        self.thresholds = Thresholds.of(kind, company.settings)
        self.systems = Systems.of(company)

    @cached_property
    def counts(self) -> Counts:
        """Everything the tabs, bands and pager print, in one query, or two."""
        high = Q(mappings__state=Mapping.State.DRAFT) & self.thresholds.condition("high")
        close = Q(mappings__runner_up__gte=F("mappings__confidence") - CLOSE)
        tabs: dict[str, Any] = {
            f"tab_{tab}": Count("pk", filter=condition) for tab, (_, condition) in TABS.items()
        }
        in_tab = Q(TABS[self.filters.tab][1])
        here = Q() if self.filters.waiting else in_tab & self._narrowed()
        numbers: dict[str, Any] = {
            f"band_{band}": Count("pk", filter=here & self.thresholds.condition(band))
            for band in ("high", "medium", "low", "none")
        }
        numbers["held_back"] = Count("pk", filter=here & high & ~UNUSABLE_TARGET & close)
        numbers["unusable"] = Count("pk", filter=here & high & UNUSABLE_TARGET)
        numbers["shown"] = Count("pk", filter=here)
        if self.filters.waiting:
            # What waits is worked out row by row: for the rows of this tab only.
            found = sources(self.systems, self.kind).aggregate(**tabs)
            found |= self._base().filter(in_tab & self._narrowed()).aggregate(**numbers)
        else:
            found = sources(self.systems, self.kind).aggregate(**tabs, **numbers)
        return Counts(
            tabs={tab: found[f"tab_{tab}"] for tab in TABS},
            bands={band: found[f"band_{band}"] for band in ("high", "medium", "low", "none")},
            high_held_back=found["held_back"],
            high_unusable=found["unusable"],
            shown=found["shown"],
        )

    def page(self, after: str = "") -> tuple[list[rows.Row], str]:
        """Fifty rows and the cursor behind the last of them; no cursor at the end.

        The cursor says where the page ended and not how many rows came before: rows that were
        decided since do not make the next page skip as many.
        """
        key, descending = self._order()
        order = (F("key").desc() if descending else F("key").asc(), "name", "pk")
        listed = self._base().filter(TABS[self.filters.tab][1]).filter(self._narrowed())
        listed = listed.annotate(key=key).order_by(*order)
        if after:
            listed = listed.filter(self._behind(after, descending=descending))
        # The ids first: an index alone sorts them, and only these rows are read.
        ids = listed.values("pk")[: PAGE + 1]
        records = self._with_waiting(Record.objects.filter(pk__in=ids)).annotate(key=key)
        found = list(records.order_by(*order).defer("payload", "search_text"))
        page, more = found[:PAGE], len(found) > PAGE
        cursor = f"{page[-1].key}~{page[-1].pk}" if more else ""
        return rows.of_records(self.company, page, self.thresholds), cursor

    def remaining(self, cursor: str) -> int:
        """How many rows come behind the cursor."""
        key, descending = self._order()
        records = self._base().filter(TABS[self.filters.tab][1]).filter(self._narrowed())
        return records.annotate(key=key).filter(self._behind(cursor, descending=descending)).count()

    def acceptable(self) -> MappingQuerySet:
        """Drafts that may be accepted together: high, and no second candidate close behind."""
        return self._high().exclude(pk__in=self.held_back().values("pk"))

    def held_back(self) -> MappingQuerySet:
        return self._high().filter(
            Q(runner_up__gte=F("confidence") - CLOSE)
            | Q(target__is_active=False)
            | Q(target__is_selectable=False)
            | Q(target__gone_at__isnull=False)
        )

    def _high(self) -> MappingQuerySet:
        records = self._base().filter(self._narrowed()).values("pk")
        return (
            self.company.mappings.drafts()
            .filter(kind=self.kind, source__in=records, confidence__gte=self.thresholds.high)
            .order_by("-confidence", "pk")
        )

    def _base(self) -> QuerySet[Record]:
        return self._with_waiting(sources(self.systems, self.kind))

    def _with_waiting(self, records: QuerySet[Record]) -> QuerySet[Record]:
        if self.filters.waiting or self.filters.sort == "-money":
            records = records.annotate(waiting=waiting.bills().amount_of("pk"))
        return records

    def _narrowed(self) -> Q:
        condition = Q()
        for word in self.filters.q.lower().split():
            condition &= Q(search_text__contains=word) | Q(
                mappings__target__search_text__contains=word
            )
        if self.filters.band:
            condition &= self.thresholds.condition(self.filters.band)
        if self.filters.waiting == "some":
            condition &= Q(waiting__gt=0)
        elif self.filters.waiting == "none":
            condition &= Q(waiting=0)
        return condition

    def _order(self) -> tuple[Expression | F, bool]:
        """What to sort by first, and whether downwards."""
        if self.filters.sort == "-money":
            return F("waiting"), True
        if self.filters.sort == "name":
            return Cast(Value(""), CharField()), False
        # Without a score comes last, whichever way round.
        last = NO_SCORE if self.filters.sort == "-confidence" else Decimal(2)
        score = Coalesce(
            "mappings__confidence",
            Value(last),
            output_field=DecimalField(max_digits=4, decimal_places=3),
        )
        return score, self.filters.sort == "-confidence"

    def _behind(self, cursor: str, *, descending: bool) -> Q:
        value, _, last_pk = cursor.rpartition("~")
        if (pk := number(last_pk)) is None:
            return Q()
        name = Record.objects.filter(company=self.company, pk=pk).values_list("name", flat=True)
        last = name.first() or ""
        same = Q(name__gt=last) | Q(name=last, pk__gt=pk)
        if self.filters.sort == "name":
            return same
        key = as_score(value)
        if key is None:
            return Q()
        further = Q(key__lt=key) if descending else Q(key__gt=key)
        return further | (Q(key=key) & same)


def as_score(text: str) -> Decimal | None:
    """A number from the address; None when it is none."""
    return Decimal(text) if PRINTED.fullmatch(text) else None


@dataclass(frozen=True)
class KindSummary:
    """One kind's line on the hub."""

    kind: Kind
    tabs: dict[str, int]
    waits: Waits

    @property
    def total(self) -> int:
        return self.tabs["all"]

    @property
    def decided(self) -> int:
        return self.total - self.tabs["review"]


def summaries(company: Company, systems: Systems) -> list[KindSummary]:
    kinds = kinds_in_use(company.settings)
    found: dict[str, Any] = {
        row["kind"]: row
        for row in sources(systems, *kinds)
        .values("kind")
        .annotate(
            **{
                f"tab_{tab}": Count("pk", filter=condition) if condition else Count("pk")
                for tab, (_, condition) in TABS.items()
            }
        )
        .order_by()
    }
    waits = waiting.bills().by_kind(company)
    # Until one project differs there is nothing to say about projects that do.
    kinds = tuple(kind for kind in kinds if kind is not Kind.OVERRIDE or kind.value in found)
    return [
        KindSummary(
            kind,
            {tab: found.get(kind.value, {}).get(f"tab_{tab}", 0) for tab in TABS},
            waits.get(kind.value, Waits()),
        )
        for kind in kinds
    ]
