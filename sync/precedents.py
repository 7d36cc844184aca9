"""What the ledger's existing bills show: under which of its rows our source's records were posted.

A bookkeeper who entered a vendor's bills by hand has said which vendor it is, more surely than any
name. Read once a day, compared after each pull. Only what is unambiguous counts, and nothing that
we posted ourselves: it would prove its own mapping.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal

from django.db import transaction

from common import dates
from common.bill_numbers import plain_number
from common.choices import RecordKind, Side
from common.money import ZERO
from companies.models import Company
from connectors.models import Connection, Record
from connectors.records import PostedBill, Unreadable
from mapping import combining, learning
from mapping.learning import Found
from mapping.models import Kind
from sync.models import Bill, BillLine, LedgerBill, Push
from sync.taking import Mirrored, batches

LOOKS_BACK = timedelta(days=548)  # a year and a half
# Two dates of one bill: the vendor's, the day it was entered, the end of its period.
DAYS_APART = 45
NO_EVIDENCE = (Bill.Fault.COMES_TWICE, Bill.Fault.NO_BILL)


# --- The mirror -----------------------------------------------------------------------------------


def since(company: Company) -> date:
    return dates.today(company.settings.time_zone) - LOOKS_BACK


def keep_bills(
    connection: Connection, first_day: date, pulled: Iterable[PostedBill | Unreadable]
) -> Mirrored:
    """Bring the ledger's bills from `first_day` on in; what a complete list lacks is forgotten."""
    result, seen = Mirrored(), set[str]()
    for batch in batches(pulled, result):
        LedgerBill.objects.bulk_create(
            [_row(connection, bill) for bill in batch],
            update_conflicts=True,
            unique_fields=["connection", "external_id"],
            update_fields=[
                "plain_number", "vendor_external_id", "bill_date", "total", "is_ours", "lines",
            ],
        )  # fmt: skip
        seen |= {bill.external_id for bill in batch}
        result.found += len(batch)
    unread = {row.external_id for row in result.unreadable}
    kept = LedgerBill.objects.filter(connection=connection)
    with transaction.atomic():
        if "" not in unread:
            listed = kept.filter(bill_date__gte=first_day).values_list("external_id", flat=True)
            kept.filter(external_id__in=set(listed) - seen - unread).delete()
        kept.filter(bill_date__lt=first_day).delete()
    return result


def _row(connection: Connection, bill: PostedBill) -> LedgerBill:
    return LedgerBill(
        company_id=connection.company_id,
        connection=connection,
        external_id=bill.external_id[:120],
        plain_number=plain_number(bill.number)[:200],
        vendor_external_id=bill.vendor_id[:120],
        bill_date=bill.bill_date,
        total=bill.total,
        is_ours=bool(bill.key),
        lines=[
            {
                "amount": str(line.amount),
                "account": line.account_id,
                "item": line.item_id,
                "customer": line.customer_id,
            }
            for line in bill.lines
        ],
    )


# --- What they show -------------------------------------------------------------------------------


@dataclass
class Pair:
    """One source record and one row of the ledger, with the days of the bills that show it."""

    days: dict[int, date] = field(default_factory=dict)  # by ledger bill


@dataclass(frozen=True)
class OurBill:
    """A source's bill, as far as it is compared."""

    pk: int
    number: str
    bill_date: date
    totals: frozenset[Decimal]  # what is paid, and what it is before retainage is held
    records: dict[Kind, int]  # vendor and project
    lines: tuple[BillLine, ...]


Reference = tuple[RecordKind, str]  # a row of the ledger: its list, its id there
Combined = dict[tuple[int | None, int | None], int]  # a pair's record, by code and type
Pairs = dict[tuple[Kind, int, Reference], Pair]


def look_again(company: Company) -> bool:
    """Compare both sides' bills and keep what they show; was there anything new?"""
    return learning.keep_precedents(company, find(company))


def find(company: Company) -> list[Found]:
    """Every pair that the bills of both sides show, also those that contradict each other."""
    end = company.connections.filter(side=Side.LEDGER).exclude(state="disconnected").first()
    if end is None:
        return []
    theirs = _theirs(end)
    pairs: Pairs = defaultdict(Pair)
    combined = combining.pairs_of(company)
    for ours, bill in _matched(_ours(company, theirs), theirs):
        for kind, source, target in _said(ours, bill, combined):
            pairs[kind, source, target].days[bill.pk] = bill.bill_date
    known = _records(end, {target for _, _, target in pairs})
    return [
        Found(
            kind, source, known[target], len(pair.days),
            min(pair.days.values()), max(pair.days.values()),
        )
        for (kind, source, target), pair in pairs.items()
        if target in known
    ]  # fmt: skip


def _theirs(end: Connection) -> dict[str, list[LedgerBill]]:
    """The ledger's bills that others entered, by number."""
    posted = Push.objects.filter(connection=end).exclude(external_id="")
    found = defaultdict(list)
    rows = LedgerBill.objects.filter(connection=end, is_ours=False).exclude(plain_number="")
    for bill in rows.exclude(external_id__in=posted.values("external_id")):
        found[bill.plain_number].append(bill)
    return found


def _ours(company: Company, theirs: dict[str, list[LedgerBill]]) -> Iterator[OurBill]:
    """The source's bills whose number some bill of the ledger has."""
    rows = (
        company.bills.filter(gone_at=None, vendor__isnull=False)
        .exclude(not_ours__in=NO_EVIDENCE)
        .values_list("pk", "plain_number", "bill_date", "total", "vendor_id", "project_id")
    )
    alike = [row for row in rows.iterator(chunk_size=5000) if row[1] in theirs]
    lines = defaultdict(list)
    for line in BillLine.objects.filter(bill__in=[row[0] for row in alike]):
        lines[line.bill_id].append(line)
    for pk, number, bill_date, total, vendor, project in alike:
        if vendor is not None:
            gross = sum((line.amount for line in lines[pk]), ZERO)
            yield OurBill(
                pk,
                number,
                bill_date,
                frozenset({total, gross}),
                {Kind.VENDOR: vendor, Kind.PROJECT: project},
                tuple(lines[pk]),
            )


def _matched(
    ours: Iterable[OurBill], theirs: dict[str, list[LedgerBill]]
) -> list[tuple[OurBill, LedgerBill]]:
    """Bills that are one: same number and amount, near in time, and no second vendor in sight."""
    found: list[tuple[OurBill, LedgerBill]] = []
    vendors = defaultdict(set)  # of ours, by ledger bill
    for bill in ours:
        near = [
            other
            for other in theirs[bill.number]
            if other.total in bill.totals and _days_apart(bill, other) <= DAYS_APART
        ]
        for other in near:
            vendors[other.pk].add(bill.records[Kind.VENDOR])
        if len({other.vendor_external_id for other in near}) == 1:
            found.append((bill, min(near, key=lambda other: _days_apart(bill, other))))
    return [(bill, other) for bill, other in found if len(vendors[other.pk]) == 1]


def _days_apart(bill: OurBill, other: LedgerBill) -> int:
    return abs((bill.bill_date - other.bill_date).days)


def _said(
    ours: OurBill, theirs: LedgerBill, combined: Combined
) -> Iterator[tuple[Kind, int, Reference]]:
    """What two bills that are one show of vendor, project, codes, types and pairs of these."""
    yield (
        Kind.VENDOR,
        ours.records[Kind.VENDOR],
        (RecordKind.VENDOR, theirs.vendor_external_id),
    )
    customers = {line["customer"] for line in theirs.lines} - {""}
    if len(customers) == 1:
        (customer,) = customers
        # The list of customers has the projects too; which of them it is, _records finds.
        yield Kind.PROJECT, ours.records[Kind.PROJECT], (RecordKind.CUSTOMER, customer)
    posted = defaultdict(set)  # what an amount was posted to
    for line in theirs.lines:
        if line["item"]:
            posted[Decimal(line["amount"])].add((RecordKind.ITEM, line["item"]))
        elif line["account"]:
            posted[Decimal(line["amount"])].add((RecordKind.ACCOUNT, line["account"]))
    for kind, of in (
        (Kind.COST_CODE, lambda line: line.cost_code_id),
        (Kind.COST_TYPE, lambda line: line.cost_type_id),
        (Kind.PAIR, lambda line: combined.get((line.cost_code_id, line.cost_type_id))),
    ):
        for source, target in _by_amount(ours.lines, of, posted):
            yield kind, source, target


def _by_amount(
    lines: Iterable[BillLine],
    of: Callable[[BillLine], int | None],
    posted: dict[Decimal, set[Reference]],
) -> Iterator[tuple[int, Reference]]:
    """Codes and accounts whose amounts agree, before retainage or after it, and nobody else's."""
    coded = [line for line in lines if line.amount != 0]
    gross, net = defaultdict(set), defaultdict(set)
    for line in coded:
        gross[line.amount].add(of(line))
        net[line.amount - line.retainage].add(of(line))
    by_amount = gross if gross.keys() & posted.keys() else net
    agreed = {
        (code, target)
        for amount, codes in by_amount.items()
        if len(codes) == 1 == len(posted.get(amount, ()))
        for code in codes
        for target in posted[amount]
    }
    codes = {of(line) for line in coded}
    costs = {target for amount, those in posted.items() if amount > 0 for target in those}
    if not agreed and len(codes) == 1 == len(costs):
        # All of it under one code there, all of it to one account here.
        agreed = {(code, target) for code in codes for target in costs}
    yield from ((code, target) for code, target in agreed if code is not None)


def _records(end: Connection, wanted: set[Reference]) -> dict[Reference, int]:
    """Our rows for the ledger's ids; of one that is a project, the project."""
    rows = Record.objects.filter(
        company_id=end.company_id,
        connection=end,
        external_id__in={external_id for _, external_id in wanted},
    ).values_list("kind", "external_id", "pk")
    found: dict[Reference, int] = {}
    for kind, external_id, pk in rows:
        listed_as = RecordKind.CUSTOMER if kind == RecordKind.PROJECT else RecordKind(kind)
        found[listed_as, external_id] = pk
    return found
