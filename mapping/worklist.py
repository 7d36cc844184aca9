"""What the review table and the hub show: records with what was decided on them, counted."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
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
from django.urls import reverse

from common.choices import Side
from common.seen import number
from common.templatetags.format import confidence_percent
from companies.models import Company
from connectors.models import Record
from mapping import comparing, successors, waiting
from mapping.matching.suggesting import CLOSE
from mapping.models import UNDECIDED, Kind, Mapping, PublicationLine, kinds_in_use
from mapping.querysets import MappingQuerySet
from mapping.successors import Proposal
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


@dataclass
class Row:
    """One source record as the table shows it."""

    source: Record
    mapping: Mapping | None
    thresholds: Thresholds
    waits: Waits = field(default_factory=Waits)
    problem: str = ""  # why what somebody just tried was not saved
    like: int = 0  # how many more look the same, after an override
    url: str = ""  # its own page; the forms post below it
    bills_url: str = ""  # the bills that wait
    is_fresh: bool = False  # decided just now, in this answer
    proposal: Proposal | None = None  # what to do about a stale one

    @property
    def dom(self) -> str:
        """What the ids of its elements begin with."""
        return f"mapping-{self.source.pk}"

    @property
    def detail(self) -> str:
        return comparing.detail_of(self.source)

    @property
    def target_detail(self) -> str:
        return (
            comparing.detail_of(self.mapping.target) if self.mapping and self.mapping.target else ""
        )

    @property
    def state(self) -> str:
        """The word of `{% status %}`."""
        if self.mapping is None:
            return Mapping.State.NO_DRAFT.value
        if self.mapping.stale:
            return "stale"
        if self.mapping.state == Mapping.State.ACCEPTED and self.mapping.is_override:
            return "overridden"
        return str(self.mapping.state)

    @property
    def is_undecided(self) -> bool:
        return self.mapping is None or self.mapping.is_undecided

    @property
    def has_draft(self) -> bool:
        return self.mapping is not None and self.mapping.state == Mapping.State.DRAFT

    @property
    def can_be_undone(self) -> bool:
        """What was in force once goes back to "left for later", and no further."""
        if self.is_undecided or self.state in ("published", "stale"):
            return False
        return self.state != Mapping.State.LEFT or not getattr(self.mapping, "was_published", False)

    @property
    def can_be_decided(self) -> bool:
        return self.mapping is None or self.mapping.state != Mapping.State.PUBLISHED

    @property
    def published_words(self) -> str:
        publication = self.mapping.publication if self.mapping else None
        return f"Published, no. {publication.number}" if publication else "Published"

    @property
    def stale_words(self) -> str:
        return f"Published, but it {self.trouble}"

    @property
    def can_be_confirmed(self) -> bool:
        return self.mapping is not None and successors.can_be_confirmed(self.mapping)

    @property
    def successor(self) -> Record | None:
        """Another record, proposed in the place of the one that changed."""
        record = self.proposal.record if self.proposal else None
        return None if self.mapping and record == self.mapping.target else record

    @property
    def take_words(self) -> str:
        return f"Take {self.successor.name}" if self.successor else ""

    @property
    def take_and_publish_words(self) -> str:
        return f"{self.take_words}: publish"

    @property
    def take_values(self) -> dict[str, object]:
        """What the button that takes the proposed record sends."""
        return {"target": self.successor.pk, "publish": "1"} if self.successor else {}

    @property
    def can_be_replaced(self) -> bool:
        """By an admin, in one step: unpublished, another record chosen, published."""
        return self.state == "stale"

    @property
    def version(self) -> int:
        return self.mapping.version if self.mapping else 0

    @property
    def band(self) -> str:
        return self.thresholds.band(self.mapping.confidence if self.mapping else None)

    @property
    def reason(self) -> str:
        suggestion = self.mapping.suggestion if self.mapping else None
        return suggestion.reason if suggestion and self.has_draft else ""

    @cached_property
    def close_second(self) -> dict[str, Any] | None:
        """The candidate that the draft barely beat: {"name", "percent"}."""
        if not (self.has_draft and self.mapping and self.mapping.suggestion):
            return None
        runner_up, confidence = self.mapping.runner_up, self.mapping.confidence
        if runner_up is None or confidence is None or runner_up < confidence - CLOSE:
            return None
        name = next((each["name"] for each in self.mapping.suggestion.candidates[1:2]), "")
        return {"name": name or "another record", "percent": confidence_percent(runner_up)}

    @cached_property
    def trouble(self) -> str:
        """Why the target cannot be taken any more, or what happened to a published one."""
        mapping = self.mapping
        if mapping is None or mapping.target is None:
            return ""
        if mapping.stale:
            return Mapping.Stale(mapping.stale).label
        if mapping.target.gone_at:
            return "is no longer in the list"
        if not mapping.target.is_active:
            return "is inactive"
        return "" if mapping.target.is_selectable else "cannot be used on a bill"


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
    return Record.objects.filter(
        company_id=end.company_id,
        connection_id=end.pk,
        kind__in=[kind.value for kind in kinds],
        gone_at=None,
    )


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

    def page(self, after: str = "") -> tuple[list[Row], str]:
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
        return rows(self.company, page, self.thresholds), cursor

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


def rows(company: Company, records: Sequence[Record], thresholds: Thresholds) -> list[Row]:
    """The records with their mappings and what waits for them."""
    ids = [record.pk for record in records]
    mappings = {
        mapping.source_id: mapping
        for mapping in company.mappings.with_records()
        .annotate(was_published=Exists(PublicationLine.objects.filter(mapping=OuterRef("pk"))))
        .filter(source_id__in=ids)
    }
    waits = waiting.bills().by_record(company, ids) if ids else {}
    proposed = successors.proposals(company, list(mappings.values()))
    return [
        Row(
            record,
            mappings.get(record.pk),
            thresholds,
            waits.get(record.pk, Waits()),
            url=reverse("mapping:detail", args=[company.slug, Kind(record.kind).slug, record.pk]),
            bills_url=waiting.bills().listed_at(company, record.pk) if record.pk in waits else "",
            proposal=proposed.get(mappings[record.pk].pk) if record.pk in mappings else None,
        )
        for record in records
    ]


def row(company: Company, kind: Kind, pk: int) -> Row | None:
    """One row as it is now; None when the company has no such record.

    Found also when the source lists the record no more: a bill that names it needs it still.
    """
    return next(iter(rows_of(company, kind, [pk])), None)


def rows_of(company: Company, kind: Kind, pks: Sequence[int]) -> list[Row]:
    """These rows as they are now, found as `row` finds one."""
    records = Record.objects.filter(company=company, kind=kind, connection__side=Side.SOURCE)
    found = list(records.defer("payload", "search_text").filter(pk__in=pks).order_by("pk"))
    return rows(company, found, Thresholds.of(kind, company.settings))


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
    return [
        KindSummary(
            kind,
            {tab: found.get(kind.value, {}).get(f"tab_{tab}", 0) for tab in TABS},
            waits.get(kind.value, Waits()),
        )
        for kind in kinds
    ]
