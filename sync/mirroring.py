"""Writes pulled lists into the mirror. Only a complete pass may say that something is gone."""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from typing import cast

from django.db import transaction
from django.db.models import CharField, QuerySet
from django.utils import timezone

from common.choices import RecordKind, Side
from connectors.models import Connection, Record
from connectors.records import (
    PulledRecord,
    Removed,
    Unreadable,
)
from mapping import combining, drifting, publishing
from sync.taking import Mirrored, batches, hidden, plain, sha256_of, storable_copy


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
        changed |= _mark_gone(missing.exclude(hidden(result.unreadable)), asked_at=started_at)
    result.changed |= changed
    return result


def one_record(connection: Connection, pulled: PulledRecord) -> Record:
    """Bring one row in that was read, or made, by itself."""
    with _noticing_drift(connection) as changed:
        row, now = storable_copy(pulled), timezone.now()
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
        digest = sha256_of(asdict(pulled))
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
