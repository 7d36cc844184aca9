"""Brings commitments and bills in. Only a complete pass may say that one is gone."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any

from django.db import DataError, transaction
from django.db.models import QuerySet
from django.utils import timezone

from common.bill_numbers import plain_number
from common.choices import RecordKind
from companies.models import Company
from connectors.models import Connection, Record
from connectors.records import (
    PulledBill,
    PulledBillLine,
    PulledCommitment,
    PulledCommitmentLine,
    Removed,
    Unreadable,
)
from sync import documents, needing, readiness
from sync.models import Bill, BillLine, Commitment, CommitmentLine
from sync.taking import Mirrored, batches, hidden, named, plain, sha256_of, unkept

# --- Commitments --------------------------------------------------------------------------------


def commitments(
    connection: Connection, project: Record, pulled: Iterable[PulledCommitment | Unreadable]
) -> Mirrored:
    """Bring every commitment of one project in."""
    result = Mirrored()
    seen, _removed = _bring_commitments(connection, project, pulled, result)
    missing = Commitment.objects.filter(connection=connection, project=project, gone_at=None)
    missing = missing.exclude(pk__in=seen).exclude(hidden(result.unreadable))
    missing.update(gone_at=timezone.now())
    return result


def changed_commitments(
    connection: Connection,
    project: Record,
    pulled: Iterable[PulledCommitment | Removed | Unreadable],
) -> Mirrored:
    """Bring in what changed of one project's commitments."""
    result = Mirrored()
    _seen, removed = _bring_commitments(connection, project, pulled, result)
    gone = Commitment.objects.filter(named(removed), connection=connection, project=project)
    gone.filter(gone_at=None).update(gone_at=timezone.now())
    return result


def _bring_commitments(
    connection: Connection,
    project: Record,
    pulled: Iterable[PulledCommitment | Removed | Unreadable],
    result: Mirrored,
) -> tuple[set[int], list[Removed]]:
    seen, removed = set[int](), list[Removed]()
    mixed: Iterator[list[PulledCommitment | Removed]] = batches(pulled, result)
    for batch in mixed:
        finder = _Finder(connection)
        for commitment in batch:
            if isinstance(commitment, Removed):
                removed.append(commitment)
                continue
            try:
                with transaction.atomic():
                    row, is_changed = _write_commitment(connection, project, commitment, finder)
            except DataError:
                result.unreadable.append(unkept(commitment))
                continue
            seen.add(row.pk)
            if is_changed:
                result.changed.add(row.pk)
        result.found += len(batch)
    return seen, removed


def _write_commitment(
    connection: Connection, project: Record, pulled: PulledCommitment, finder: "_Finder"
) -> tuple[Commitment, bool]:
    digest = sha256_of(asdict(pulled))
    row = Commitment.objects.filter(
        connection=connection, kind=pulled.kind.value, external_id=pulled.external_id
    ).first() or Commitment(
        company_id=connection.company_id,
        connection=connection,
        kind=pulled.kind.value,
        external_id=pulled.external_id,
    )
    before = [row.vendor_id, *_coded(row.lines.all())] if row.pk else None
    row.vendor = finder.find(RecordKind.VENDOR, pulled.vendor_id)
    lines = [
        CommitmentLine(**_line_values(line, position, finder))
        for position, line in enumerate(pulled.lines, 1)
    ]
    is_same = row.content_sha256 == digest and row.gone_at is None
    if is_same and before == [row.vendor_id, *_coded(lines)]:
        return row, False
    row.number = pulled.number[:120]
    row.title = pulled.title[:600]
    row.project = project
    row.status = pulled.status[:40]
    row.is_approved = pulled.is_approved
    row.commitment_date = pulled.commitment_date
    row.original_amount = pulled.original_amount
    row.revised_amount = pulled.revised_amount
    row.currency = pulled.currency
    row.content_sha256 = digest
    row.payload = plain(pulled.payload)
    row.gone_at = None
    row.save()
    row.lines.all().delete()
    for stored in lines:
        stored.commitment = row
    CommitmentLine.objects.bulk_create(lines)
    needing.pair_up(connection, lines)
    return row, True


# --- Bills --------------------------------------------------------------------------------------


def bills(
    connection: Connection, project: Record, pulled: Iterable[PulledBill | Unreadable]
) -> Mirrored:
    """Bring every bill of one project in, and say anew which of them are ready."""
    result, asked_at = Mirrored(), timezone.now()
    _bring_bills(connection, project, pulled, result, asked_at)
    missing = Bill.objects.filter(connection=connection, project=project)
    _miss_bills(connection.company, missing, result.unreadable, asked_at)
    return result


def changed_bills(
    connection: Connection,
    project: Record,
    pulled: Iterable[PulledBill | Removed | Unreadable],
    *,
    asked_at: datetime,
) -> Mirrored:
    """Bring in what changed of one project's bills, or one bill. Of the others it says nothing."""
    result = Mirrored()
    removed = _bring_bills(connection, project, pulled, result, asked_at)
    marks = [mark for mark in result.unreadable if mark.external_id]
    missing = Bill.objects.filter(named([*removed, *marks]), connection=connection, project=project)
    _miss_bills(connection.company, missing, marks, asked_at)
    return result


def _bring_bills(
    connection: Connection,
    project: Record,
    pulled: Iterable[PulledBill | Removed | Unreadable],
    result: Mirrored,
    asked_at: datetime,
) -> list[Removed]:
    company = connection.company
    removed: list[Removed] = []
    mixed: Iterator[list[PulledBill | Removed]] = batches(pulled, result)
    for batch in mixed:
        removed += [bill for bill in batch if isinstance(bill, Removed)]
        finder = _Finder(connection)
        with transaction.atomic():
            # Before any bill is locked: readiness.refresh() takes it before bills as well.
            readiness.lock(company)
            company.settings.refresh_from_db()  # whoever changed them has judged the others again
            changed = set()
            for bill in batch:
                if isinstance(bill, Removed):
                    continue
                try:
                    with transaction.atomic():
                        row, is_changed = _write_bill(
                            connection, project, bill, finder, asked_at=asked_at
                        )
                except DataError:
                    result.unreadable.append(unkept(bill))
                    continue
                if is_changed:
                    changed.add(row.pk)
            needing.write(company, changed)
            readiness.refresh(company, bills=changed)
        result.found += len(batch)
        result.changed |= changed
    return removed


@transaction.atomic
def _miss_bills(
    company: Company, bills: QuerySet[Bill], unreadable: list[Unreadable], asked_at: datetime
) -> None:
    """Those that nobody has seen who asked later are gone, or may not be looked at."""
    readiness.lock(company)
    missing = bills.filter(gone_at=None, last_seen_at__lt=asked_at)
    unread = hidden(unreadable)
    missing.exclude(unread).update(
        gone_at=timezone.now(), last_seen_at=asked_at, fault=Bill.Fault.GONE
    )
    _hold_unread(missing.filter(unread))


@transaction.atomic
def bills_are_hidden(company: Company, projects: Collection[int | None]) -> None:
    """We may not look into these projects now: what we have of their bills may be out of date."""
    readiness.lock(company)
    _hold_unread(company.bills.filter(project__in=projects, gone_at=None))


def _hold_unread(bills: QuerySet[Bill]) -> None:
    bills.filter(unreadable_at=None).update(
        unreadable_at=timezone.now(), fault=Bill.Fault.UNREADABLE
    )


def _write_bill(
    connection: Connection,
    project: Record,
    pulled: PulledBill,
    finder: "_Finder",
    *,
    asked_at: datetime,
) -> tuple[Bill, bool]:
    """A bill that was asked for at `asked_at`; see `_write_records` for what that decides."""
    content = _content(pulled)
    digest = sha256_of(content)
    row = (
        Bill.objects.select_for_update(of=("self",), no_key=True)
        .filter(connection=connection, kind=pulled.kind.value, external_id=pulled.external_id)
        .first()
    )
    if row is None:
        row = Bill(
            company_id=connection.company_id,
            connection=connection,
            kind=pulled.kind.value,
            external_id=pulled.external_id,
            version=0,
            first_seen_at=timezone.now(),
            last_seen_at=asked_at,
        )
    if row.last_seen_at > asked_at:
        return row, False
    before = _points_to(row, row.lines.all()) if row.pk else None
    row.vendor = finder.find(RecordKind.VENDOR, pulled.vendor_id)
    row.project = project
    row.commitment = finder.commitment(pulled.commitment_id)
    lines = [
        BillLine(**_line_values(line, position, finder), retainage=line.retainage)
        for position, line in enumerate(pulled.lines, 1)
    ]
    is_same = (
        row.content_sha256 == digest
        and row.gone_at is None
        and row.unreadable_at is None
        and row.not_ours == (pulled.not_ours or "")
    )
    # The source's ids stay the same while ours are found: a bill may have come before its vendor.
    if is_same and before == _points_to(row, lines):
        Bill.objects.filter(pk=row.pk).update(last_seen_at=asked_at)
        return row, False
    # One that came back, or can be read again, unchanged is still the version it was; so is one
    # that went on from approved to paid, as long as it may be paid before and after.
    if row.content_sha256 not in {digest, sha256_of({**content, "status": row.status})}:
        row.version += 1
    row.number = pulled.number[:200]
    row.plain_number = plain_number(row.number)[:200]
    row.bill_date = pulled.bill_date
    row.due_date = pulled.due_date
    row.period_start = pulled.period_start
    row.period_end = pulled.period_end
    row.description = pulled.description
    row.status = pulled.status[:40]
    row.is_approved = pulled.is_approved
    row.not_ours = pulled.not_ours or ""
    row.currency = pulled.currency
    row.total = pulled.total
    row.content_sha256 = digest
    row.payload = plain(pulled.payload)
    row.last_seen_at = asked_at
    row.gone_at = row.unreadable_at = None
    row.fault = documents.fault(row, lines, connection.company.settings)
    row.save()
    row.lines.all().delete()
    for stored in lines:
        stored.bill = row
    BillLine.objects.bulk_create(lines)
    return row, True


def _line_values(
    line: PulledBillLine | PulledCommitmentLine, position: int, finder: "_Finder"
) -> dict[str, Any]:
    """What a bill's line and a commitment's have in common."""
    return {
        "company_id": finder.connection.company_id,
        "position": position,
        "external_id": line.external_id,
        "description": line.description,
        "cost_code": finder.find(RecordKind.COST_CODE, line.cost_code_id),
        "cost_type": finder.find(RecordKind.COST_TYPE, line.cost_type_id),
        "amount": line.amount,
    }


def _points_to(bill: Bill, lines: Iterable[BillLine]) -> list[object]:
    """Our own rows that a bill names, as far as we know them."""
    return [bill.vendor_id, bill.project_id, bill.commitment_id, *_coded(lines)]


def _coded(lines: Iterable[BillLine | CommitmentLine]) -> list[object]:
    return [(line.cost_code_id, line.cost_type_id) for line in lines]


def _content(pulled: PulledBill) -> Mapping[str, Any]:
    """What makes a new version when it differs: what we would post, not when it was touched."""
    content = asdict(pulled)
    for name in ("payload", "changed_at", "not_ours"):
        del content[name]
    return content


# --- What they point to -----------------------------------------------------------------------


class _Finder:
    """Our rows for the source's ids, each looked up once a batch."""

    def __init__(self, connection: Connection) -> None:
        self.connection = connection
        self._records: dict[tuple[RecordKind, str], Record | None] = {}
        self._commitments: dict[str, Commitment | None] = {}

    def find(self, kind: RecordKind, external_id: str) -> Record | None:
        if not external_id:
            return None
        key = (kind, external_id)
        if key not in self._records:
            self._records[key] = self.connection.records.filter(
                kind=kind, external_id=external_id
            ).first()
        return self._records[key]

    def commitment(self, external_id: str) -> Commitment | None:
        if not external_id:
            return None
        if external_id not in self._commitments:
            self._commitments[external_id] = Commitment.objects.filter(
                connection=self.connection, external_id=external_id
            ).first()
        return self._commitments[external_id]
