"""The list of bills: what was asked for, the rows of a page, and what holds each of them."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from typing import Any

from django import forms
from django.db.models import Count, Exists, OuterRef, Q, QuerySet, Subquery, Sum, Value
from django.urls import reverse
from django.utils.http import urlencode

from common.choices import RecordKind, Side
from companies.access import CompanyRequest
from companies.models import Company
from connectors.models import Connection, Record
from mapping.models import Kind, Mapping, kinds_in_use
from sync import counting
from sync.counting import Place, Total
from sync.models import Bill, BillNeed, Push
from sync.querysets import BillQuerySet

PAGE = 50
MOST_OPTIONS = 300  # in a box; the search finds every other
SORTS = {
    "-bill_date": "Newest first",
    "bill_date": "Oldest first",
    "-total": "Largest first",
    "total": "Smallest first",
    "vendor": "Vendor",
    "number": "Number",
}
ORDERS = {
    "-bill_date": ("-bill_date", "-id"),
    "bill_date": ("bill_date", "id"),
    "-total": ("-total", "-id"),
    "total": ("total", "id"),
    "vendor": ("vendor__name", "-bill_date", "-id"),
    "number": ("number", "id"),
}
COLUMNS = ("q", "project", "vendor", "kind", "record", "by", "sort")


class FilterForm(forms.Form):
    """Reads the address leniently: what it does not know counts as not asked for."""

    q = forms.CharField(
        label="Search",
        required=False,
        max_length=200,
        widget=forms.TextInput(attrs={"type": "search", "autocomplete": "off"}),
    )
    project = forms.IntegerField(required=False, min_value=1, widget=forms.Select)
    vendor = forms.IntegerField(required=False, min_value=1, widget=forms.Select)
    kind = forms.ChoiceField(
        label="Kind", required=False, choices=[("", "Any"), *Bill.Kind.choices]
    )
    sort = forms.ChoiceField(label="Sort", required=False, choices=list(SORTS.items()))
    # Set by links, not by people: one record's bills, those that wait for approval, the unsent.
    record = forms.IntegerField(required=False, min_value=1, widget=forms.HiddenInput)
    by = forms.ChoiceField(
        required=False,
        choices=[(by, by) for by in ("", "approval", "unsent")],
        widget=forms.HiddenInput,
    )


@dataclass(frozen=True)
class Filters:
    tab: str = Place.READY.value
    q: str = ""
    project: int | None = None
    vendor: int | None = None
    kind: str = ""
    record: int | None = None
    by: str = ""
    sort: str = "-bill_date"

    @classmethod
    def of(cls, query: Any) -> "Filters":
        form = FilterForm(query)
        form.is_valid()
        given = {name: form.cleaned_data.get(name) for name in COLUMNS}
        tab = query.get("tab", "")
        known = {place.value for place in Place} | {"all"}
        return cls(
            tab=tab if tab in known else Place.READY.value,
            **{name: value for name, value in given.items() if value},
        )

    def as_query(self, **changes: object) -> dict[str, str]:
        values = {
            "tab": self.tab,
            **{name: getattr(self, name) for name in COLUMNS},
            **changes,
        }
        if values["sort"] == "-bill_date":
            values["sort"] = ""
        return {name: str(value) for name, value in values.items() if value}

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.project or self.vendor or self.kind or self.record or self.by)


@dataclass(frozen=True)
class HeldBy:
    """The first thing that holds a bill, and how many more there are."""

    text: str
    url: str = ""
    more: int = 0


@dataclass
class Row:
    bill: Bill
    place: str
    state: str  # for {% status %}
    held_by: HeldBy | None = None


@dataclass
class Listing:
    """Bills of one company that one person may see, narrowed by what the address asks for."""

    request: CompanyRequest
    filters: Filters

    @property
    def company(self) -> Company:
        return self.request.company

    @cached_property
    def connections(self) -> list[Connection]:
        return counting.live_connections(self.company)

    @cached_property
    def closed(self) -> date | None:
        return counting.closed_through(self.company, counting.ledger_among(self.connections))

    @cached_property
    def narrowed(self) -> BillQuerySet:
        filters = self.filters
        bills = self.company.bills.all().visible_to(self.request.membership)
        for name in ("project", "vendor", "kind"):
            if value := getattr(filters, name):
                bills = bills.filter(**{name: value})
        if filters.record:
            needs = BillNeed.objects.filter(record=filters.record)
            bills = bills.filter(pk__in=needs.values("bill"))
        if filters.by == "approval":
            bills = counting.to_approve(bills, self.company, self.closed)
        elif filters.by == "unsent":
            bills = bills.filter(fault="").never_sent()
        if words := filters.q.strip():
            named = self.company.records.filter(
                kind__in=[RecordKind.VENDOR, RecordKind.PROJECT],
                connection__side=Side.SOURCE,
                search_text__contains=words.lower(),
            ).values("pk")
            bills = bills.filter(
                Q(number__icontains=words) | Q(vendor__in=named) | Q(project__in=named)
            )
        return bills

    @cached_property
    def totals(self) -> dict[str, Total]:
        placed = counting.placed(self.narrowed, self.company, self.closed)
        found = counting.totals(placed)
        found["all"] = sum(found.values(), Total())
        return found

    def open_where_bills_are(self) -> None:
        """Nobody asked for a tab: show the first that has bills, the ready ones before all."""
        if "tab" not in self.request.GET:
            first = next((place.value for place in Place if self.totals[place].bills), "ready")
            self.filters = replace(self.filters, tab=first)

    @property
    def shown(self) -> Total:
        return self.totals[self.filters.tab]

    @property
    def bills(self) -> BillQuerySet:
        """The bills of the tab, in the order asked for."""
        bills = self.narrowed
        if self.filters.tab != "all":
            bills = counting.at(bills, Place(self.filters.tab), self.company, self.closed)
        return bills.order_by(*ORDERS[self.filters.sort])

    def page(self, number: int) -> list[Row]:
        first = (number - 1) * PAGE
        # The ids first: an index alone tells them, however deep in the list the page lies.
        ids = self.bills.values("pk")[first : first + PAGE]
        return rows(self.company, self._read(self.company.bills.filter(pk__in=ids)), self.closed)

    def _read(self, bills: BillQuerySet) -> list[Bill]:
        if self.filters.tab == "all":
            placed = counting.placed(bills, self.company, self.closed)
        else:
            placed = bills.annotate(place=Value(self.filters.tab))
        placed = placed.with_delivery()
        stuck = Push.objects.needing_a_person().filter(bill=OuterRef("pk")).order_by("-version")
        placed = placed.annotate(cause=Subquery(stuck.values("cause")[:1]))
        ordered = placed.select_related("vendor", "project").order_by(*ORDERS[self.filters.sort])
        return list(lean(ordered))

    def ready(self, ids: Collection[int] = ()) -> BillQuerySet:
        """Those that can be sent: all the filter finds, or those among `ids`."""
        bills = self.narrowed
        if ids:
            bills = self.company.bills.filter(pk__in=list(ids)).visible_to(self.request.membership)
        return counting.at(bills, Place.READY, self.company, self.closed).order_by()

    # --- What stands around the rows --------------------------------------------------------

    def url(self, **changes: object) -> str:
        query = urlencode(self.filters.as_query(**changes))
        return reverse("sync:bills", args=[self.company.slug]) + (f"?{query}" if query else "")

    def tabs(self) -> list[dict[str, Any]]:
        labels = {place.value: place.label for place in Place} | {"all": "All"}
        return [
            {
                "label": label,
                "url": self.url(tab=tab, view=""),
                "count": self.totals[tab].bills,
                "amount": self.totals[tab].amount,
                "current": tab == self.filters.tab,
            }
            for tab, label in labels.items()
        ]

    def form(self) -> FilterForm:
        form = FilterForm(self.filters.as_query() | {"sort": self.filters.sort})
        first = self._used(RecordKind.VENDOR)[:MOST_OPTIONS]
        first = first.union(self._used(RecordKind.PROJECT)[:MOST_OPTIONS], all=True)
        options: dict[str, list[tuple[int | str, str]]] = {
            "vendor": [("", "Any")], "project": [("", "Any")],
        }  # fmt: skip
        for pk, kind, code, name in first:
            options[kind].append((pk, f"{code} {name}".strip()))
        for kind, choices in options.items():
            chosen = getattr(self.filters, kind)
            if chosen and all(pk != chosen for pk, _ in choices):
                further = self._used(RecordKind(kind)).filter(pk=chosen)
                choices += [(pk, f"{code} {name}".strip()) for pk, _, code, name in further]
            form.fields[kind].label = kind.capitalize()
            form.fields[kind].widget.choices = choices
        return form

    def _used(self, kind: RecordKind) -> QuerySet[Record, tuple[int, str, str, str]]:
        """Vendors or projects of the bills this person sees: id, kind, code, name; by name."""
        mine = self.company.bills.all().visible_to(self.request.membership).order_by()
        return (
            self.company.records.filter(kind=kind)
            .filter(connection__in=[row.pk for row in self.connections if row.side == Side.SOURCE])
            .filter(Exists(mine.filter(**{kind.value: OuterRef("pk")})))
            .order_by("name", "pk")
            .values_list("pk", "kind", "code", "name")
        )


def lean(bills: BillQuerySet) -> BillQuerySet:
    """Without the raw payloads, which are large."""
    return bills.defer(
        "payload",
        "description",
        *(
            f"{record}__{column}"
            for record in ("vendor", "project")
            for column in ("payload", "search_text")
        ),
    )


# --- What holds the bills of a page ---------------------------------------------------------------


def rows(company: Company, bills: Sequence[Bill], closed: date | None) -> list[Row]:
    """For bills that were `placed` and read `with_delivery`. One query for all of them."""
    waiting = [bill.pk for bill in bills if _place(bill) in counting.WAITING_FOR_MAPPINGS]
    needs = unmet_needs(company, waiting)
    return [
        Row(bill, _place(bill), state_of(bill), _held_by(company, bill, needs, closed))
        for bill in bills
    ]


def state_of(bill: Bill) -> str:
    """The state a row shows: delivery once there is one, then what is wrong, then readiness."""
    delivery: str | None = getattr(bill, "delivery", None)
    return delivery or (Place.HELD.value if _place(bill) == Place.HELD else bill.readiness)


def _place(bill: Bill) -> str:
    place: str = getattr(bill, "place")  # noqa: B009  # an annotation, unknown to the model
    return place


@dataclass(frozen=True)
class Need:
    """A record that a bill needs and that no mapping in force stands for."""

    kind: Kind
    record: int
    name: str
    state: str  # of its mapping, "stale", or "none"

    @property
    def word(self) -> str:
        return STATE_WORDS[self.state]


STATE_WORDS = {
    "none": "unmapped",
    "left": "left for later",
    "no_match": "marked as no match",
    "draft": "a draft",
    "accepted": "accepted",
    "stale": "changed in the ledger",
}


def unmet_needs(company: Company, bills: Sequence[int]) -> dict[int, list[Need]]:
    """By bill, in the order in which the gate asks."""
    if not bills:
        return {}
    kinds = kinds_in_use(company.settings)
    own = Mapping.objects.filter(source=OuterRef("record")).order_by()
    found = (
        counting.unmet(BillNeed.objects.filter(company=company, bill__in=bills), company)
        .annotate(its_state=Subquery(own.values("state")), its_stale=Subquery(own.values("stale")))
        .values_list(
            "bill", "kind", "record", "record__code", "record__name", "its_state", "its_stale"
        )
        .order_by("bill", "record__code", "record__name")
    )
    by_bill: dict[int, list[Need]] = {}
    for bill, kind, record, code, name, state, stale in found:
        need = Need(Kind(kind), record, _name(code, name), "stale" if stale else state or "none")
        if need not in by_bill.setdefault(bill, []):  # two lines may wait for one record
            by_bill[bill].append(need)
    for needs in by_bill.values():
        needs.sort(key=lambda need: kinds.index(need.kind))
    return by_bill


def _held_by(
    company: Company, bill: Bill, needs: dict[int, list[Need]], closed: date | None
) -> HeldBy | None:
    place = _place(bill)
    if place == Place.HELD:
        return HeldBy(_why_held(bill, closed))
    if place == Place.FAILED and (cause := getattr(bill, "cause", "")):
        return HeldBy(Push.Cause(cause).label)
    if held := needs.get(bill.pk):
        first = held[0]
        text = f"{first.kind.singular} {first.name}, {first.word}"
        url = reverse("mapping:detail", args=[company.slug, first.kind, first.record])
        return HeldBy(text, url, len(held) - 1)
    return None


def _why_held(bill: Bill, closed: date | None) -> str:
    if bill.fault:
        return Bill.Fault(bill.fault).label
    if closed and bill.bill_date <= closed:
        return "the period is closed"
    return "waits for approval"


def _name(code: str, name: str) -> str:
    return f"{code} {name}" if code and code != name else name


# --- By blocker -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Blocker:
    """A source record without a mapping in force, and the bills that wait for it."""

    need: Need
    bills: int
    amount: Decimal
    url: str  # its mapping's page
    bills_url: str


@dataclass(frozen=True)
class Blockers:
    rows: list[Blocker] = field(default_factory=list)
    total: int = 0

    @classmethod
    def of(cls, listing: Listing, number: int) -> "Blockers":
        """The records that hold most money first."""
        company = listing.company
        waiting = counting.waiting_for_mappings(listing.narrowed, listing.closed)
        needs = BillNeed.objects.filter(company=company, bill__in=waiting.order_by().values("pk"))
        held = (
            counting.once(counting.unmet(needs, company), rules=True)
            .values("record")
            .annotate(bills=Count("bill"), amount=Sum("bill__total"))
            .order_by("-amount", "-bills", "record")
            .values_list("record", "bills", "amount")
        )
        every = list(held)
        shown = every[(number - 1) * PAGE : number * PAGE]
        named = _named(company, [record for record, _, _ in shown])
        rows = [_blocker(listing, named[record], *held) for record, *held in shown]
        return cls(rows, len(every))


def _named(company: Company, records: Sequence[int]) -> dict[int, Need]:
    """The records of one page, whose mappings are not in force."""
    own = Mapping.objects.filter(source=OuterRef("pk")).order_by()
    found = company.records.filter(pk__in=records).values_list(
        "pk", "kind", "code", "name", Subquery(own.values("state")), Subquery(own.values("stale"))
    )
    return {
        pk: Need(Kind(kind), pk, _name(code, name), "stale" if stale else state or "none")
        for pk, kind, code, name, state, stale in found
    }


def _blocker(listing: Listing, need: Need, bills: int, amount: Decimal) -> Blocker:
    return Blocker(
        need,
        bills,
        amount,
        reverse("mapping:detail", args=[listing.company.slug, need.kind, need.record]),
        listing.url(tab="all", record=need.record, view=""),
    )


# --- As a file ------------------------------------------------------------------------------------

HEADS = (
    "Number", "Kind", "Vendor", "Project", "Bill date", "Due date", "Currency", "Amount",
    "Status", "Held by", "Version", "Ledger number", "Posted at", "Source id",
)  # fmt: skip


def export_rows(listing: Listing) -> Iterator[Sequence[Any]]:
    """One row a bill. Read in pages, so that a large list needs little memory."""
    bills = counting.placed(listing.bills, listing.company, listing.closed).with_delivery()
    bills = lean(bills.select_related("vendor", "project"))
    posted = listing.company.pushes.filter(bill=OuterRef("pk"), state="posted")
    bills = bills.annotate(
        ledger_number=Subquery(posted.values("external_id")[:1]),
        posted_at=Subquery(posted.values("posted_at")[:1]),
    )
    chunk: list[Bill] = []
    for bill in bills.iterator(chunk_size=1000):
        chunk.append(bill)
        if len(chunk) == 1000:
            yield from _export(listing, chunk)
            chunk = []
    yield from _export(listing, chunk)


def _export(listing: Listing, bills: list[Bill]) -> Iterator[Sequence[Any]]:
    for row in rows(listing.company, bills, listing.closed):
        bill, held = row.bill, row.held_by
        yield (
            bill.number,
            bill.get_kind_display(),
            str(bill.vendor or ""),
            str(bill.project),
            bill.bill_date,
            bill.due_date,
            bill.currency,
            bill.total,
            row.state.replace("_", " "),
            f"{held.text}{f' +{held.more} more' if held.more else ''}" if held else "",
            bill.version,
            bill.ledger_number or "",  # type: ignore[attr-defined]
            bill.posted_at,  # type: ignore[attr-defined]
            bill.external_id,
        )
