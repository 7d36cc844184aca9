"""Writes what was pulled into the mirror. Only a complete pass may say that something is gone."""

import hashlib
import json
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from datetime import datetime
from decimal import Decimal
from itertools import islice
from typing import Any, TypeVar, cast

from django.core.serializers.json import DjangoJSONEncoder
from django.db import DataError, transaction
from django.db.models import CharField, Q, QuerySet
from django.utils import timezone

from common.bill_numbers import plain_number
from common.choices import RecordKind, Side
from companies.models import Company
from connectors.models import Connection, Record
from connectors.records import (
    PulledBill,
    PulledBillLine,
    PulledCommitment,
    PulledCommitmentLine,
    PulledRecord,
    Removed,
    Unreadable,
)
from mapping import combining, drifting, publishing
from sync import documents, needing, readiness
from sync.models import Bill, BillLine, Commitment, CommitmentLine

BATCH = 200
T = TypeVar("T")


@dataclass
class Mirrored:
    """What a pass over one list came to."""

    found: int = 0
    changed: set[int] = field(default_factory=set)  # ids of rows that are new or differ
    unreadable: list[Unreadable] = field(default_factory=list)


# --- Lists ------------------------------------------------------------------------------------


def records(
    connection: Connection, kind: RecordKind, pulled: Iterable[PulledRecord | Unreadable]
) -> Mirrored:
    """Bring one whole list in. An error half way keeps what came, and marks nothing gone.

    What a change means for mappings in force is written with it: the next pull would find the row
    as it is and have nothing to tell.
    """
    result, started_at = Mirrored(), timezone.now()
    for batch in batches(pulled, result):
        with _noticing_drift(connection) as changed:
            changed |= _write_records(connection, kind, batch, asked_at=started_at)
        result.changed |= changed
        result.found += len(batch)
    with _noticing_drift(connection) as changed:
        missing = connection.records.filter(kind=kind)
        changed |= _mark_gone(missing.exclude(_hidden(result.unreadable)), asked_at=started_at)
    result.changed |= changed
    return result


def one_record(connection: Connection, pulled: PulledRecord) -> Record:
    """Bring one row in that was read, or made, by itself."""
    with _noticing_drift(connection) as changed:
        row, now = _storable(pulled), timezone.now()
        changed |= _write_records(connection, pulled.kind, [row], asked_at=now)
    return connection.records.get(kind=pulled.kind, external_id=pulled.external_id)


def changed_records(
    connection: Connection,
    kind: RecordKind,
    pulled: Iterable[PulledRecord | Removed | Unreadable],
    *,
    asked_at: datetime,
) -> Mirrored:
    """Bring in what changed in a list, or one row of it. What it does not speak of stays as it is.

    A row that turned out to be of another kind is written as that, and gone from this one.
    """
    result, removed = Mirrored(), set[str]()
    for batch in batches(pulled, result):
        rows = [row for row in batch if isinstance(row, PulledRecord)]
        removed |= {row.external_id for row in batch if isinstance(row, Removed)}
        removed |= {row.external_id for row in rows if row.kind != kind}
        with _noticing_drift(connection) as changed:
            for written in dict.fromkeys(row.kind for row in rows):
                of_kind = [row for row in rows if row.kind == written]
                changed |= _write_records(connection, written, of_kind, asked_at=asked_at)
        result.changed |= changed
        result.found += len(batch)
    if removed:
        with _noticing_drift(connection) as changed:
            lost = connection.records.filter(kind=kind, external_id__in=removed)
            changed |= _mark_gone(lost, asked_at=asked_at)
        result.changed |= changed
    return result


def _mark_gone(records: QuerySet[Record], *, asked_at: datetime) -> set[int]:
    """Those that nobody has seen who asked later."""
    lost = records.filter(last_seen_at__lt=asked_at, gone_at=None)
    locked = lost.select_for_update(of=("self",), no_key=True).order_by("pk")
    gone = list(locked.values_list("pk", flat=True))
    Record.objects.filter(pk__in=gone).update(gone_at=timezone.now(), last_seen_at=asked_at)
    return set(gone)


@contextmanager
def _noticing_drift(connection: Connection) -> Iterator[set[int]]:
    """A transaction; the ids it is given are looked at again where mappings may point to them."""
    changed = set[int]()
    with transaction.atomic():
        if connection.side == Side.LEDGER:
            publishing.lock_company(connection.company)  # first in the lock order
        yield changed
        if connection.side == Side.LEDGER:
            drifting.look_again(connection.company, changed)
        elif changed:
            combining.keep_up(connection, changed)


_TEXT_FIELDS = {
    name: cast("CharField[str, str]", Record._meta.get_field(name)).max_length or 0
    for name in (
        "code", "name", "path", "parent_external_id", "type", "address", "city", "state",
        "postcode", "email", "phone", "tax_id", "term_id",
    )
}  # fmt: skip
_MIRRORED = [
    *_TEXT_FIELDS, "other_names", "is_active", "is_selectable", "requires", "payload",
    "payload_sha256", "search_text", "renamed_from", "gone_at",
]  # fmt: skip


def _write_records(
    connection: Connection, kind: RecordKind, batch: Sequence[PulledRecord], *, asked_at: datetime
) -> set[int]:
    """Rows that were asked for at `asked_at`. Whoever asked later knows better, whoever is faster.

    So the moment of asking is what a row keeps as the last time it was seen.
    """
    now = timezone.now()
    wanted = {pulled.external_id: pulled for pulled in batch}
    known = {
        row.external_id: row
        # NO KEY: mappings that point to them may be written meanwhile.
        for row in Record.objects.select_for_update(of=("self",), no_key=True)
        .filter(connection=connection, kind=kind, external_id__in=wanted)
        .order_by("pk")
    }
    new, changed = [], []
    for external_id, pulled in wanted.items():
        digest = _digest(asdict(pulled))
        row = known.get(external_id)
        if row is None:
            row = Record(
                company_id=connection.company_id,
                connection=connection,
                kind=kind,
                external_id=external_id,
                first_seen_at=now,
                last_seen_at=asked_at,
            )
            new.append(row)
        elif row.last_seen_at > asked_at or (row.payload_sha256 == digest and row.gone_at is None):
            continue
        else:
            if row.name != pulled.name:
                row.renamed_from = row.name
            changed.append(row)
        _copy(pulled, row, digest)
    Record.objects.bulk_create(new)
    Record.objects.bulk_update(changed, _MIRRORED)
    seen = Record.objects.filter(pk__in=[row.pk for row in known.values()])
    seen.filter(last_seen_at__lt=asked_at).update(last_seen_at=asked_at)
    return {row.pk for row in [*new, *changed]}


def _copy(pulled: PulledRecord, row: Record, digest: str) -> None:
    for name, longest in _TEXT_FIELDS.items():
        setattr(row, name, getattr(pulled, name)[:longest])
    row.other_names = list(pulled.other_names)
    row.is_active = pulled.is_active
    row.is_selectable = pulled.is_selectable
    row.requires = list(pulled.requires)
    row.gone_at = None
    row.payload = plain(pulled.payload)
    row.payload_sha256 = digest
    row.search_text = " ".join(
        [row.code, row.name, *pulled.other_names, row.path, row.city]
    ).lower()


# --- Commitments --------------------------------------------------------------------------------


def commitments(
    connection: Connection, project: Record, pulled: Iterable[PulledCommitment | Unreadable]
) -> Mirrored:
    """Bring every commitment of one project in."""
    result = Mirrored()
    seen, _removed = _bring_commitments(connection, project, pulled, result)
    missing = Commitment.objects.filter(connection=connection, project=project, gone_at=None)
    missing = missing.exclude(pk__in=seen).exclude(_hidden(result.unreadable))
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
    gone = Commitment.objects.filter(_named(removed), connection=connection, project=project)
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
                result.unreadable.append(_unkept(commitment))
                continue
            seen.add(row.pk)
            if is_changed:
                result.changed.add(row.pk)
        result.found += len(batch)
    return seen, removed


def _write_commitment(
    connection: Connection, project: Record, pulled: PulledCommitment, finder: "_Finder"
) -> tuple[Commitment, bool]:
    digest = _digest(asdict(pulled))
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
    named = _named([*removed, *marks])
    missing = Bill.objects.filter(named, connection=connection, project=project)
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
                    result.unreadable.append(_unkept(bill))
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
    hidden = _hidden(unreadable)
    missing.exclude(hidden).update(
        gone_at=timezone.now(), last_seen_at=asked_at, fault=Bill.Fault.GONE
    )
    _hold_unread(missing.filter(hidden))


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
    digest = _digest(content)
    row = (
        Bill.objects.select_for_update(of=("self",))
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
    if row.content_sha256 not in {digest, _digest({**content, "status": row.status})}:
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


# --- What the three share -----------------------------------------------------------------------


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


def batches(pulled: Iterable[T | Unreadable], result: Mirrored) -> Iterator[list[T]]:
    """The readable ones, some hundred at a time; what could not be read is kept aside."""
    source = iter(pulled)
    while batch := list(islice(source, BATCH)):
        result.unreadable += [row for row in batch if isinstance(row, Unreadable)]
        if readable := [_storable(row) for row in batch if not isinstance(row, Unreadable)]:
            yield readable


def _unkept(pulled: PulledBill | PulledCommitment) -> Unreadable:
    """One that the database has no room for must not keep the others from coming."""
    what = pulled.kind.value.replace("_", " ")
    return Unreadable(
        sentence=f"The {what} {pulled.number or pulled.external_id} cannot be kept: a word or an"
        " amount in it is too long. Correct it in the source and pull again.",
        payload=pulled.payload,
        kind=pulled.kind,
        external_id=pulled.external_id,
    )


def _storable(pulled: T) -> T:
    """The same with texts that the database takes. Payloads are made plain where they are kept."""
    texts = {
        name: _storable_value(getattr(pulled, name))
        for name in (one.name for one in fields(cast("Any", pulled)))
        if name != "payload"
    }
    return cast("T", replace(cast("Any", pulled), **texts))


def _storable_value(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_storable_value(each) for each in value)
    if is_dataclass(value):
        return _storable(value)
    return storable(value) if type(value) is str else value


def storable(text: str) -> str:
    """Without what PostgreSQL refuses in a text: NUL, and one half of a surrogate pair."""
    return text.replace("\x00", "").encode("utf-8", "ignore").decode()


def _hidden(unreadable: Iterable[Unreadable]) -> Q:
    """The rows that these stand for: not shown, and yet perhaps still there."""
    ids: dict[str, set[str]] = {}
    for mark in unreadable:
        ids.setdefault(str(mark.kind), set()).add(mark.external_id)
    hidden = Q(pk__in=[])
    for kind, those in ids.items():
        hidden |= Q(kind=kind) if "" in those else Q(kind=kind, external_id__in=those)
    return hidden


def _named(rows: Iterable[Removed | Unreadable]) -> Q:
    named = Q(pk__in=[])
    for row in rows:
        named |= Q(kind=row.kind, external_id=row.external_id)
    return named


def _content(pulled: PulledBill) -> Mapping[str, Any]:
    """What makes a new version when it differs: what we would post, not when it was touched."""
    content = asdict(pulled)
    for name in ("payload", "changed_at", "not_ours"):
        del content[name]
    return content


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, cls=DjangoJSONEncoder, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def plain(payload: Any) -> Any:
    """A payload fit for a JSON column: exact numbers become strings of digits."""
    if isinstance(payload, Decimal):
        return str(payload)
    if isinstance(payload, dict):
        return {storable(str(key)): plain(value) for key, value in payload.items()}
    if isinstance(payload, list | tuple):
        return [plain(value) for value in payload]
    return storable(payload) if isinstance(payload, str) else payload
