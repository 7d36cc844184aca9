"""Two companies of known size: 1,000 mappings with 5,000 bills, and 10,000 with 50,000.

Written past the operations, in batches, with the database's own fences and constraints on; only
readiness comes from the product. Everything follows from one seed, so that two runs build alike.
"""

import random
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from decimal import Decimal
from itertools import accumulate, count, islice
from typing import Any, TypeVar

from django.db import connection, models
from django.utils import timezone

from audit.models import Entry, Verb
from common.choices import RecordKind, Side, System
from companies.models import Company, CompanySettings, Membership, Role, User
from connectors.models import Connection, Record
from mapping.models import (
    Kind,
    Level,
    Mapping,
    Publication,
    PublicationLine,
    Suggestion,
    SuggestionRun,
)
from sync import readiness
from sync.models import Bill, BillLine, BillNeed, Push

BATCH = 2_000
S = Mapping.State
P = Push.State


@dataclass(frozen=True)
class Size:
    slug: str
    mappings: int
    bills: int
    # One cost code each, accepted and not published: the only thing so many bills wait for.
    dependants: tuple[int, ...]

    def count(self, kind: Kind) -> int:
        """Of source records; one in twenty-one has no mapping."""
        share = {Kind.VENDOR: 70, Kind.PROJECT: 10, Kind.COST_CODE: 20}[kind]
        return self.mappings * share // 100 * 21 // 20


SMALL = Size("small", 1_000, 5_000, (100, 1_000))
LARGE = Size("large", 10_000, 50_000, (100, 1_000, 10_000))

# Of a hundred mappings.
STATES = [
    *[(S.PUBLISHED, "")] * 45,
    *[(S.PUBLISHED, Mapping.Stale.RENAMED.value)] * 3,
    *[(S.ACCEPTED, "")] * 7,
    *[(S.DRAFT, "")] * 36,
    *[(S.LEFT, "")] * 4,
    *[(S.NO_MATCH, "")] * 5,
]
# What a bill is, of a thousand: which mappings it needs, and how far it got.
FATES = {
    "posted": 580,
    "moving": 10,
    "failed": 6,
    "set_aside": 4,
    "ready": 140,
    "needs_publishing": 140,
    "unmapped": 80,
    "faulty": 40,
}
FIRST = "Keystone Alder Harbor Summit Cascade Granite Pioneer Valley Northwest Ironwood Bayside"
TRADE = "Concrete Drywall Electric Plumbing Roofing Masonry Steel Glazing Paving Painting Millwork"
FORM = ("LLC", "Inc", "Co", "& Sons", "Corp")
CITIES = ("Salem", "Portland", "Eugene", "Bend", "Medford", "Tacoma", "Boise")
STREETS = ("Alder Street", "Birch Court", "Cedar Lane", "Dock Road", "Elm Plaza", "Fir Terrace")


def build() -> None:
    _execute("SET synchronous_commit = off")
    people = [
        User.objects.create_user(f"{name.split()[0].lower()}@bench.test", None, name=name)
        for name in ("Dana Ruiz", "Priya Shah")
    ]
    for size in (SMALL, LARGE):
        built = _Builder(size, *people)
        for part in (built.people, built.lists, built.decisions, built.bills, built.trail):
            part()
            # As autovacuum does between the steps of a pull: the fences' plans follow the sizes.
            _execute("ANALYZE")
        readiness.refresh(built.company)
    _execute("VACUUM ANALYZE")
    _execute("SET synchronous_commit = on")


def dependants(size: Size) -> dict[int, Mapping]:
    """By number of dependants, the accepted mapping that so many bills wait for."""
    return {
        number: Mapping.objects.get(
            company__slug=size.slug, source__external_id=f"waited-for-{number}"
        )
        for number in size.dependants
    }


@dataclass
class _Pool:
    """Records in one state, the first ones used far more often than the last."""

    records: list[Record] = field(default_factory=list)
    weights: list[float] = field(default_factory=list)

    def close(self) -> None:
        self.weights = list(accumulate(1 / (10 + place) for place in range(len(self.records))))

    def pick(self, rng: random.Random, number: int = 1) -> list[Record]:
        return rng.choices(self.records, cum_weights=self.weights, k=number)


class _Builder:
    def __init__(self, size: Size, controller: User, admin: User) -> None:
        self.size, self.controller, self.admin = size, controller, admin
        self.rng = random.Random(size.mappings)
        self.now = timezone.now()
        self.company = Company.objects.create(name=f"{size.slug.title()} Builders", slug=size.slug)
        CompanySettings.objects.create(company=self.company)
        self.sources: dict[Kind, list[Record]] = {}
        self.targets: dict[Kind, list[Record]] = {}
        self.pools: dict[tuple[Kind, str], _Pool] = {}
        self.waited_for: dict[int, Record] = {}

    # --- Who, and what both systems list ----------------------------------------------------

    def people(self) -> None:
        for user, role in ((self.controller, Role.CONTROLLER), (self.admin, Role.ADMIN)):
            Membership.objects.create(
                company=self.company, user=user, role=role, last_seen_at=self.now
            )
        self.source, self.ledger = (
            Connection.objects.create(
                company=self.company,
                side=side,
                system=system,
                external_company_id=f"{self.size.slug}-{side}",
                name=self.company.name,
                connected_by=self.admin,
                connected_at=self.now,
                last_pulled_at=self.now,
            )
            for side, system in (
                (Side.SOURCE, System.PROCORE),
                (Side.LEDGER, System.QUICKBOOKS_ONLINE),
            )
        )

    def lists(self) -> None:
        """As many records in the ledger as there are mappings, and the sources beside them."""
        for kind, target_kind in (
            (Kind.VENDOR, RecordKind.VENDOR),
            (Kind.PROJECT, RecordKind.PROJECT),
            (Kind.COST_CODE, RecordKind.ACCOUNT),
        ):
            number = self.size.count(kind)
            self.sources[kind] = _saved(
                self._record(self.source, RecordKind(kind.value), n) for n in range(number)
            )
            self.targets[kind] = _saved(
                self._record(self.ledger, target_kind, n) for n in range(number * 20 // 21)
            )
        for number in self.size.dependants:
            record = self._record(self.source, RecordKind.COST_CODE, 90_000 + number)
            record.external_id = f"waited-for-{number}"
            record.save()
            self.waited_for[number] = record

    def _record(self, side: Connection, kind: RecordKind, number: int) -> Record:
        rng = self.rng
        city, code = rng.choice(CITIES), ""
        if kind == RecordKind.VENDOR:
            first, trade = rng.choice(FIRST.split()), rng.choice(TRADE.split())
            name = f"{first} {trade} {rng.choice(FORM)} {number}"
        elif kind == RecordKind.PROJECT:
            code, name = f"26-{number:04}", f"{rng.choice(STREETS)} {rng.choice(FIRST.split())}"
        else:
            code = f"{number % 50:02}-{number:05}"
            name = f"{rng.choice(TRADE.split())} {rng.choice(('Labor', 'Material', 'Subs'))}"
        address = f"{rng.randint(1, 9999)} {rng.choice(STREETS)}"
        return Record(
            company=self.company,
            connection=side,
            kind=kind,
            external_id=str(number),
            code=code,
            name=name,
            path=name,
            city=city,
            state="OR",
            address=address,
            first_seen_at=self.now,
            last_seen_at=self.now,
            payload={
                "id": number,
                "name": name,
                "address": address,
                "city": city,
                "custom_fields": {f"custom_field_{n}": rng.randint(0, 10**9) for n in range(15)},
            },
            payload_sha256="0" * 64,
            search_text=f"{code} {name} {name} {city}".lower(),
        )

    # --- What people and the machine decided --------------------------------------------------

    def decisions(self) -> None:
        self.publications = [
            Publication.objects.create(company=self.company, number=n + 1, by=self.controller)
            for n in range(20)
        ]
        for kind, sources in self.sources.items():
            run = SuggestionRun.objects.create(
                company=self.company, kind=kind, state=SuggestionRun.State.DONE
            )
            pairs = [
                (source, self.targets[kind][place * 20 // 21], self.rng.choice(STATES))
                for place, source in enumerate(sources)
                if place % 21
            ]
            found = _saved(self._suggestion(run, kind, *pair) for pair in pairs)
            _saved(
                self._mapping(kind, *pair, suggestion)
                for pair, suggestion in zip(pairs, found, strict=True)
            )
            self._pool(kind, sources, pairs)
        for number, source in self.waited_for.items():
            target = self.targets[Kind.COST_CODE][number % 100]
            self._mapping(Kind.COST_CODE, source, target, (S.ACCEPTED, ""), None).save()
        published = Mapping.objects.filter(company=self.company, state=S.PUBLISHED)
        _saved(
            PublicationLine(
                company=self.company,
                publication=row.publication,
                mapping=row,
                mapping_version=row.version,
                target=row.target,
                source_label=row.source.label,
                target_label=row.published_label,
            )
            for row in published.select_related("source", "target", "publication")
        )

    def _suggestion(
        self, run: SuggestionRun, kind: Kind, source: Record, target: Record, _state: Any
    ) -> Suggestion:
        score = Decimal(self.rng.randint(700, 1000)) / 1000
        others = self.rng.sample(self.targets[kind], 4)
        return Suggestion(
            company=self.company,
            run=run,
            source=source,
            target=target,
            confidence=score,
            reason="same name but for the legal form",
            candidates=[
                {
                    "record": each.pk,
                    "name": each.name,
                    "score": round(float(score) * share, 3),
                    "reasons": ["same name but for the legal form", f"both in {each.city}"],
                }
                for each, share in zip([target, *others], (1, 0.97, 0.8, 0.7, 0.6), strict=True)
            ],
        )

    def _mapping(
        self,
        kind: Kind,
        source: Record,
        target: Record,
        state: tuple[str, str],
        suggestion: Suggestion | None,
    ) -> Mapping:
        name, stale = state
        published, draft = name == S.PUBLISHED, name == S.DRAFT
        return Mapping(
            company=self.company,
            kind=kind,
            source=source,
            target=None if name in (S.LEFT, S.NO_MATCH) else target,
            state=name,
            stale=stale,
            confidence=suggestion.confidence if suggestion else None,
            suggestion=suggestion,
            decided_by=None if draft else self.controller,
            decided_at=None if draft else self.now,
            publication=self.rng.choice(self.publications) if published else None,
            published_label=target.label if published else "",
        )

    def _pool(
        self,
        kind: Kind,
        sources: Sequence[Record],
        pairs: Sequence[tuple[Record, Record, tuple[str, str]]],
    ) -> None:
        """Published ones, those with a mapping not in force, and those with none."""
        pools = [self.pools.setdefault((kind, n), _Pool()) for n in ("force", "waits", "none")]
        force, waits, none = pools
        none.records += sources[::21]
        for source, _target, (state, stale) in pairs:
            if state in (S.LEFT, S.NO_MATCH):
                none.records.append(source)
            elif state == S.PUBLISHED and not stale:
                force.records.append(source)
            else:
                waits.records.append(source)
        for pool in pools:
            pool.close()

    # --- Bills ----------------------------------------------------------------------------------

    def bills(self) -> None:
        numbers = count(1)
        plan = [("ready", code) for n, code in self.waited_for.items() for _ in range(n)]
        rest = self.size.bills - len(plan)
        fates = self.rng.choices(list(FATES), weights=list(FATES.values()), k=rest)
        everything: list[tuple[str, Record | None]] = [*plan, *((fate, None) for fate in fates)]
        self.rng.shuffle(everything)
        for batch in _batches(everything, BATCH):
            self._bills(batch, numbers)

    def _bills(self, batch: Sequence[tuple[str, Record | None]], numbers: Iterator[int]) -> None:
        made = [self._bill(next(numbers), fate, code) for fate, code in batch]
        bills = Bill.objects.bulk_create([bill for bill, _lines in made], batch_size=BATCH)
        lines, needs, pushes = [], [], []
        for (bill, own), (fate, _code) in zip(made, batch, strict=True):
            for line in own:
                line.bill = bill
            lines += own
            needs += self._needs(bill, own)
            if push := self._push(bill, fate):
                pushes.append(push)
        assert len(bills) == len(made)
        _saved(lines)
        _saved(needs)
        _saved(pushes)

    def _bill(self, number: int, fate: str, code: Record | None) -> tuple[Bill, list[BillLine]]:
        rng = self.rng
        wanted = {"needs_publishing": "waits", "unmapped": "none"}.get(fate, "force")
        # One of the three holds it; the others are in force, as they mostly are.
        held = rng.choice(list(self.sources))
        vendor, project = (
            self._picked(kind, wanted if kind == held else "force")[0]
            for kind in (Kind.VENDOR, Kind.PROJECT)
        )
        codes = self._picked(Kind.COST_CODE, "force", rng.randint(2, 4))
        if code is not None:
            codes[0] = code
        elif held == Kind.COST_CODE:
            codes[0] = self._picked(held, wanted)[0]
        lines = [
            BillLine(
                company=self.company,
                position=place,
                external_id=f"{number}-{place}",
                description="Work in place",
                cost_code=each,
                amount=Decimal(rng.randint(1_000, 2_000_000)) / 100,
            )
            for place, each in enumerate(codes, start=1)
        ]
        total = sum((line.amount for line in lines), Decimal(0))
        day = date(2026, 9, 30) - timedelta(days=rng.randint(0, 900))
        bill = Bill(
            company=self.company,
            connection=self.source,
            kind=Bill.Kind.DIRECT_COST if number % 3 == 0 else Bill.Kind.SUBCONTRACTOR_INVOICE,
            external_id=str(number),
            number=f"INV-{number:06}",
            plain_number=str(number),
            vendor=vendor,
            project=project,
            bill_date=day,
            due_date=day + timedelta(days=30),
            description="Progress billing",
            status="approved",
            is_approved=fate != "faulty",
            fault=Bill.Fault.NOT_APPROVED if fate == "faulty" else "",
            currency="USD",
            total=total,
            content_sha256=f"{number:064}",
            payload={
                "id": number,
                "invoice_number": f"INV-{number:06}",
                "vendor": {"id": vendor.external_id, "name": vendor.name},
                "items": [
                    {"id": line.external_id, "amount": str(line.amount), "status": "approved"}
                    for line in lines
                ],
                "custom_fields": {f"custom_field_{n}": rng.randint(0, 10**9) for n in range(10)},
            },
            first_seen_at=self.now,
            last_seen_at=self.now,
        )
        return bill, lines

    def _picked(self, kind: Kind, pool: str, number: int = 1) -> list[Record]:
        return self.pools[kind, pool].pick(self.rng, number)

    def _needs(self, bill: Bill, lines: Iterable[BillLine]) -> list[BillNeed]:
        wanted = {bill.vendor_id: Kind.VENDOR, bill.project_id: Kind.PROJECT}
        wanted |= {line.cost_code_id: Kind.COST_CODE for line in lines}
        return [
            BillNeed(
                company=self.company,
                bill=bill,
                kind=kind,
                record_id=record,
                about_id=record,
                level=Level.COST_CODE if kind == Kind.COST_CODE else Level.WHOLE,
            )
            for record, kind in wanted.items()
            if record is not None
        ]

    def _push(self, bill: Bill, fate: str) -> Push | None:
        state = {
            "posted": P.POSTED,
            "moving": self.rng.choice([P.QUEUED, P.SENDING, P.UNKNOWN]),
            "failed": P.FAILED,
            "set_aside": P.SET_ASIDE,
        }.get(fate)
        if state is None:
            return None
        posted = state == P.POSTED
        return Push(
            company=self.company,
            connection=self.ledger,
            bill=bill,
            version=1,
            state=state,
            key=f"{self.size.slug}-{bill.pk}",
            asked_by=self.controller,
            asked_at=self.now,
            payload=b"{}" * 300,
            payload_sha256="0" * 64,
            external_id=str(bill.pk) if posted else "",
            posted_at=self.now if posted else None,
            answer={"Bill": {"Id": str(bill.pk), "SyncToken": "0"}} if posted else None,
            cause=Push.Cause.REFUSED if state == P.FAILED else "",
            sentence="QuickBooks refused it." if state == P.FAILED else "",
        )

    # --- What was written down meanwhile --------------------------------------------------------

    def trail(self) -> None:
        mappings = Mapping.objects.filter(company=self.company).select_related("source")
        pushes = Push.objects.filter(company=self.company).select_related("bill")
        _saved(
            self._entry(verb, row)
            for row in mappings.iterator()
            for verb in (
                (Verb.DRAFTED,)
                if row.state == S.DRAFT
                else (Verb.DRAFTED, Verb.ACCEPTED, Verb.PUBLISHED)
            )
        )
        _saved(
            self._entry(verb, row)
            for row in pushes.defer("payload", "bill__payload").iterator()
            for verb in (Verb.SENT, Verb.POSTED)
        )

    def _entry(self, verb: Verb, row: Mapping | Push) -> Entry:
        by = None if verb in (Verb.DRAFTED, Verb.POSTED) else self.controller
        return Entry(
            company=self.company,
            user=by,
            who=str(by) if by else "Tieout",
            verb=verb,
            object_type=row._meta.label_lower,
            object_id=row.pk,
            object_name=str(row)[:600],
            after={"state": row.state, "version": row.version},
        )


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)


Row = TypeVar("Row", bound=models.Model)
T = TypeVar("T")


def _saved(rows: Iterable[Row]) -> list[Row]:
    saved: list[Row] = []
    for batch in _batches(rows, BATCH):
        model: Any = type(batch[0])
        saved += model._default_manager.bulk_create(batch)
    return saved


def _batches(rows: Iterable[T], size: int) -> Iterator[list[T]]:
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch
