"""Where each bill stands, and how many of each there are: the tabs, the overview, the frame.

A bill is in exactly one place. What was sent says more than what is held, and what is wrong with
the document more than what is not mapped.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum
from typing import Any

from django.db.models import (
    Case,
    CharField,
    Count,
    Exists,
    Expression,
    F,
    Func,
    IntegerField,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
    When,
)
from django.db.models.functions import Coalesce
from django.db.models.lookups import Exact

from common.choices import Side
from companies.models import Company
from connectors.models import Connection
from mapping.models import Mapping, kinds_in_use
from sync.models import Approval, BillNeed, Push, Readiness
from sync.querysets import BillQuerySet

S = Push.State


class Place(StrEnum):
    """The tabs, in the order in which people see them."""

    READY = "ready"
    NEEDS_PUBLISHING = "needs_publishing"
    UNMAPPED = "unmapped"
    HELD = "held"
    ON_ITS_WAY = "on_its_way"
    SENT = "sent"
    FAILED = "failed"

    @property
    def label(self) -> str:
        return self.value.replace("_", " ").capitalize()


WAITING_FOR_MAPPINGS = (Place.UNMAPPED, Place.NEEDS_PUBLISHING)
MOVING = (S.QUEUED, S.SENDING, S.UNKNOWN)


@dataclass(frozen=True)
class Total:
    bills: int = 0
    amount: Decimal = Decimal(0)

    def __add__(self, other: "Total") -> "Total":
        return Total(self.bills + other.bills, self.amount + other.amount)

    def __bool__(self) -> bool:
        return self.bills > 0


def closed_through(company: Company, ledger: Connection | None) -> date | None:
    """The later of our own closing date and the ledger's."""
    days = [company.settings.closed_through, ledger and ledger.books_closed_through]
    return max((day for day in days if day), default=None)


def live_connections(company: Company) -> list[Connection]:
    """The source's and the ledger's, those that there are."""
    live = company.connections.exclude(state=Connection.State.DISCONNECTED)
    return sorted(live.select_related("connected_by"), key=lambda row: row.side, reverse=True)


def ledger_among(connections: list[Connection]) -> Connection | None:
    return next((row for row in connections if row.side == Side.LEDGER), None)


# --- Where a bill stands --------------------------------------------------------------------------


def placed(bills: BillQuerySet, company: Company, closed: date | None) -> BillQuerySet:
    """Adds `place`: the tab each bill is in."""
    return bills.annotate(place=_place(company, closed))


def waits_for_approval(company: Company) -> Q | None:
    """Bills that the company's rule holds until a second person agrees; None: there is no rule."""
    limit = company.settings.approval_amount
    if limit is None:
        return None
    last_word = (
        Approval.objects.filter(bill=OuterRef("pk"), version=OuterRef("version"))
        .order_by("-id")
        .values("decision")[:1]
    )
    said = Coalesce(Subquery(last_word), Value(""))
    return Q(total__gte=limit) & ~Q(Exact(said, Approval.Decision.APPROVED))


def at(bills: BillQuerySet, place: Place, company: Company, closed: date | None) -> BillQuerySet:
    """The bills of one tab, found through indexes: `placed()` would look at every bill."""
    pushes = Push.objects.filter(bill=OuterRef("pk"))
    posted = Exists(pushes.filter(state=S.POSTED))
    moving = Exists(pushes.filter(state__in=MOVING))
    if place is Place.SENT:
        return bills.filter(posted)
    if place is Place.ON_ITS_WAY:
        return bills.filter(moving).exclude(posted)
    if place is Place.FAILED:
        stuck = Q(Exists(pushes.filter(state=S.SET_ASIDE))) | Q(Exists(_refused()))
        return bills.filter(stuck).exclude(posted).exclude(moving)
    bills = bills.exclude(Exists(pushes.exclude(state=S.FAILED))).exclude(Exists(_refused()))
    held, approval = _held(closed), waits_for_approval(company)
    if place is Place.HELD:
        ready = Q(readiness=Readiness.READY)
        return bills.filter(held | (ready & approval) if approval is not None else held)
    bills = bills.exclude(held).filter(readiness=place.value)
    if place is Place.READY and approval is not None:
        bills = bills.exclude(approval)
    return bills


def to_approve(bills: BillQuerySet, company: Company, closed: date | None) -> BillQuerySet:
    """Those that only a second person's approval holds."""
    approval = waits_for_approval(company)
    if approval is None:
        return bills.none()
    ready = at(bills, Place.HELD, company, closed).filter(readiness=Readiness.READY)
    return ready.exclude(_held(closed)).filter(approval)


def waiting_for_mappings(bills: BillQuerySet, closed: date | None) -> BillQuerySet:
    """Both tabs at once whose bills wait for a mapping."""
    pushes = Push.objects.filter(bill=OuterRef("pk"))
    bills = bills.exclude(Exists(pushes.exclude(state=S.FAILED))).exclude(Exists(_refused()))
    places = [place.value for place in WAITING_FOR_MAPPINGS]
    return bills.exclude(_held(closed)).filter(readiness__in=places)


def unmet(needs: QuerySet[BillNeed], company: Company) -> QuerySet[BillNeed]:
    """What bills wait for: those among `needs` that rule, and whose mapping is not in force."""
    # A set that the database makes once, instead of a question for each need.
    in_force = Mapping.objects.filter(company=company).in_force().values("source")
    return needs.filter(rules=True).exclude(record__in=in_force)


def once(needs: QuerySet[BillNeed], **among: bool) -> QuerySet[BillNeed]:
    """Each bill counts once for a record, however many of its lines may go by it."""
    earlier = BillNeed.objects.filter(bill=OuterRef("bill"), record=OuterRef("record"), **among)
    earlier = earlier.filter(Q(about=F("record")) | Q(about__lt=OuterRef("about")))
    return needs.filter(Q(about=F("record")) | ~Q(Exists(earlier)))


def _held(closed: date | None) -> Q:
    """By something about the document itself."""
    held = ~Q(fault="")
    return held | Q(bill_date__lte=closed) if closed else held


def _refused() -> QuerySet[Push]:
    """The ledger clearly refused this version, so nothing of it is there."""
    return Push.objects.filter(bill=OuterRef("pk"), version=OuterRef("version"), state=S.FAILED)


def _refused_in(pushes: QuerySet[Push]) -> QuerySet[Push]:
    return pushes.filter(state=S.FAILED, version=F("bill__version"))


def _place(company: Company, closed: date | None) -> Expression:
    pushes = Push.objects.filter(company=company)
    whens = [
        # Uncorrelated, so that the database reads them once whatever the number of bills.
        When(pk__in=_bills(pushes.filter(state=S.POSTED)), then=Value(Place.SENT)),
        When(pk__in=_bills(pushes.filter(state__in=MOVING)), then=Value(Place.ON_ITS_WAY)),
        When(pk__in=_bills(pushes.filter(state=S.SET_ASIDE)), then=Value(Place.FAILED)),
        When(pk__in=_bills(_refused_in(pushes)), then=Value(Place.FAILED)),
        When(_held(closed), then=Value(Place.HELD)),
        When(readiness=Readiness.UNMAPPED, then=Value(Place.UNMAPPED)),
        When(readiness=Readiness.NEEDS_PUBLISHING, then=Value(Place.NEEDS_PUBLISHING)),
    ]
    approval = waits_for_approval(company)
    if approval is not None:
        whens.append(When(approval, then=Value(Place.HELD)))
    return Case(*whens, default=Value(Place.READY), output_field=CharField())


def _bills(pushes: QuerySet[Push]) -> QuerySet[Push, int]:
    return pushes.order_by().values_list("bill_id", flat=True)


def totals(bills: BillQuerySet) -> dict[str, Total]:
    """Count and money of each place, in one query; for rows that were `placed`."""
    found_places = bills.order_by().values("place")  # type: ignore[misc]  # an annotation
    rows = found_places.annotate(bills=Count("pk"), amount=Sum("total"))
    found = {place.value: Total() for place in Place}
    found |= {row["place"]: Total(row["bills"], row["amount"]) for row in rows}
    return found


# --- The frame around every page ------------------------------------------------------------------


@dataclass(frozen=True)
class Waiting:
    """Work that waits, for the numbers in the navigation."""

    mappings: int = 0  # drafts to decide, accepted ones to publish
    bills: int = 0  # neither ready nor sent, or failed


def for_company(company: Company) -> Waiting:
    """In one query."""
    pushes = Push.objects.filter(company=company)
    # Any but those of an earlier version that the ledger refused.
    said = pushes.filter(~Q(state=S.FAILED) | Q(version=OuterRef("version")), bill=OuterRef("pk"))
    held = company.bills.filter(
        fault="", readiness__in=[Readiness.UNMAPPED, Readiness.NEEDS_PUBLISHING]
    ).exclude(Exists(said))
    undecided = Mapping.objects.filter(
        company=company,
        kind__in=kinds_in_use(company.settings),
        state__in=[Mapping.State.DRAFT, Mapping.State.ACCEPTED],
    )
    numbers = Company.objects.filter(pk=company.pk).values_list(
        _count(undecided),
        _count(held),
        _count(_refused_in(pushes)),
        _count(pushes.filter(state=S.SET_ASIDE)),
    )
    mappings, *bills = numbers.get()
    return Waiting(mappings, sum(bills))


def _count(rows: QuerySet[Any]) -> Expression:
    number = Func(template="COUNT(*)", output_field=IntegerField())
    return Coalesce(Subquery(rows.order_by().annotate(how_many=number).values("how_many")), 0)
