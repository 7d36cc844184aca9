"""What waits for a mapping, asked by pages further right through mapping.waiting."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import (
    Count,
    DecimalField,
    Exists,
    Expression,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    Sum,
    Value,
)
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import capfirst

from companies.models import Company
from mapping.models import Kind, Mapping, Publication, kinds_in_use
from mapping.waiting import SentBill, WaitingBill, Waits
from sync import counting
from sync.models import Bill, BillNeed, LetGo, Push, Readiness
from sync.querysets import BillQuerySet

MONEY = DecimalField(max_digits=16, decimal_places=2)


class WaitingBills:
    """Satisfies mapping.waiting.WaitingBills."""

    def by_record(self, company: Company, records: Collection[int]) -> dict[int, Waits]:
        others = BillNeed.objects.filter(bill=OuterRef("bill")).exclude(record=OuterRef("record"))
        held = Q(bill__readiness=Readiness.READY) | Q(Exists(counting.unmet(others, company)))
        rows = (
            counting.once(_unsent_needs(company))
            .filter(record__in=records)
            .values("record")
            .annotate(
                bills=Count("bill"),
                amount=Sum("bill__total"),
                alone=Count("bill", filter=~held),
                amount_alone=Sum("bill__total", filter=~held),
            )
        )
        return {
            row["record"]: Waits(
                row["bills"], row["amount"], row["alone"], row["amount_alone"] or Decimal(0)
            )
            for row in rows
        }

    def listed_at(self, company: Company, record: int) -> str:
        query = f"tab=all&by=unsent&record={record}"
        return f"{reverse('sync:bills', args=[company.slug])}?{query}"

    def by_kind(self, company: Company) -> dict[str, Waits]:
        held = (
            counting.unmet(_unsent_needs(company), company)
            .exclude(bill__readiness=Readiness.READY)
            .values("kind", "bill", "bill__total")
            .distinct()
        )
        kinds = kinds_in_use(company.settings)
        # A bill counts once for each kind, however many of its cost codes hold it.
        numbers = held.aggregate(
            **{f"{kind}_bills": Count("bill", filter=Q(kind=kind)) for kind in kinds},
            **{f"{kind}_amount": Sum("bill__total", filter=Q(kind=kind)) for kind in kinds},
        )
        return {
            kind.value: Waits(numbers[f"{kind}_bills"], numbers[f"{kind}_amount"])
            for kind in kinds
            if numbers[f"{kind}_bills"]
        }

    def amount_of(self, source: str) -> Expression:
        waiting = (
            counting.once(BillNeed.objects.filter(record=OuterRef(source), bill__fault=""))
            .exclude(Exists(_sent_pushes()))
            .values("record")
            .annotate(amount=Sum("bill__total"))
            .values("amount")
        )
        return Coalesce(Subquery(waiting, output_field=MONEY), Value(Decimal(0)))

    def let_go_by(self, company: Company, mappings: Collection[int]) -> Waits:
        return _total(going(company, mappings))

    def going_with(
        self, company: Company, mappings: Collection[int], start: int, stop: int
    ) -> list[WaitingBill]:
        return _listed(going(company, mappings), start, stop)

    def let_go(self, publication: Publication, start: int, stop: int) -> list[WaitingBill]:
        kept = LetGo.objects.filter(company=publication.company_id, publication=publication)
        ids = kept.values_list("bills", flat=True).first() or []
        bills = Bill.objects.filter(company=publication.company_id, pk__in=ids)
        return _listed(bills, start, stop)

    def sent_with(
        self, company: Company, mappings: Collection[int], start: int, stop: int
    ) -> tuple[list[SentBill], int]:
        keys = [str(pk) for pk in mappings]
        sent = Push.objects.filter(company=company, mapping_versions__has_any_keys=keys)
        sent = sent.perhaps_in_the_ledger().select_related("bill__company")
        found = [
            SentBill(
                capfirst(str(push.bill)),
                push.bill.get_absolute_url(),
                push.bill.total,
                push.get_state_display(),
                push.posted_at,
                {int(k): push.mapping_versions[k] for k in keys if k in push.mapping_versions},
            )
            for push in sent.order_by("-posted_at", "-pk")[start:stop]
        ]
        return found, sent.count()

    def resting_on(self, company: Company, mappings: Collection[int]) -> tuple[Waits, Waits]:
        using = company.bills.filter(
            pk__in=BillNeed.objects.filter(
                record__in=_sources(company, mappings), rules=True
            ).values("bill")
        )
        # What is only queued asks the gate once more; what is set aside waits for a person anyway.
        gone_out = Push.objects.filter(bill=OuterRef("pk")).perhaps_in_the_ledger()
        held_again = using.filter(readiness=Readiness.READY, fault="").exclude(Exists(gone_out))
        sent = using.filter(Exists(gone_out.exclude(state=Push.State.SET_ASIDE)))
        return _total(held_again), _total(sent)

    def using(self, company: Company, record: int, limit: int) -> list[WaitingBill]:
        bills = company.bills.filter(pk__in=BillNeed.objects.filter(record=record).values("bill"))
        return _listed(bills, 0, limit)


def going(company: Company, mappings: Collection[int]) -> BillQuerySet:
    """Bills all of whose needs are in force already or among these mappings."""
    needs = counting.unmet(BillNeed.objects.filter(bill=OuterRef("pk")), company)
    still_held = needs.exclude(record__in=_sources(company, mappings))
    # What is not ready needs something that is not in force: one of these, or it stays held.
    return _unsent(company).exclude(readiness=Readiness.READY).exclude(Exists(still_held))


def _listed(bills: BillQuerySet, start: int, stop: int) -> list[WaitingBill]:
    """Newest first."""
    bills = bills.with_delivery().select_related("company").order_by("-bill_date", "-id")
    return [
        WaitingBill(capfirst(str(bill)), bill.get_absolute_url(), bill.total, bill.status_word)
        for bill in bills[start:stop]
    ]


@dataclass(frozen=True)
class Changed:
    """What the targets of one kind that changed in the ledger hold."""

    kind: Kind
    mappings: int
    held: Waits


def held_by_changes(company: Company) -> list[Changed]:
    """By kind, the unsent bills that stale mappings hold. One query."""
    stale = Mapping.objects.filter(company=company, stale__gt="").values("source")
    needs = counting.unmet(_unsent_needs(company), company).filter(record__in=stale)
    rows = needs.order_by().values_list("kind", "record", "bill", "bill__total")
    found: dict[str, tuple[set[int], dict[int, Decimal]]] = {}
    for kind, record, bill, total in rows:
        records, bills = found.setdefault(kind, (set(), {}))
        records.add(record)
        bills[bill] = total
    return [
        Changed(Kind(kind), len(records), Waits(len(bills), sum(bills.values(), Decimal(0))))
        for kind, (records, bills) in found.items()
    ]


def _unsent(company: Company) -> BillQuerySet:
    return company.bills.filter(fault="").exclude(Exists(_sent_pushes("pk")))


def _unsent_needs(company: Company) -> QuerySet[BillNeed]:
    return BillNeed.objects.filter(company=company, bill__fault="").exclude(Exists(_sent_pushes()))


def _sent_pushes(bill: str = "bill") -> QuerySet[Push]:
    return Push.objects.filter(bill=OuterRef(bill)).exclude(state=Push.State.FAILED)


def _sources(company: Company, mappings: Collection[int]) -> QuerySet[Mapping, Any]:
    return Mapping.objects.filter(company=company, pk__in=mappings).values("source")


def _total(bills: QuerySet[Bill]) -> Waits:
    row = bills.aggregate(bills=Count("pk"), amount=Sum("total"))
    return Waits(row["bills"], row["amount"] or Decimal(0))
