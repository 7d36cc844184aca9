"""What becomes of news: the record it speaks of is read again, and written as any pull would.

    received ──heard──▶ done
        └─ cannot be understood, too old, or refused when read ──▶ set aside (a pull will bring it)

News is never data, so its order does not matter and a repeat does no harm. What is told several
times before it is heard is read once.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

import structlog
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from common.choices import RecordKind, Side
from connectors import pacing, receiving, registry, routing
from connectors.base import (
    Ledger,
    ListsChangedCommitments,
    Rereads,
    RereadsBills,
    Source,
    TellsPayments,
)
from connectors.errors import ConnectorError, RateLimited
from connectors.models import Connection, InboxEvent, Record
from connectors.records import News, PulledBill, PulledCommitment, Removed
from sync import bringing, mirroring, paying

log = structlog.get_logger()

TASK = receiving.TASK
LEASE = timedelta(minutes=3)
MOST_AT_ONCE = 100
MOST_TRIES = 8
BACK_OFF = timedelta(seconds=15)
# News may be older than the change it speaks of, by clocks that differ.
OVERLAP = timedelta(minutes=10)
PAYMENT = "payment"


@dataclass(frozen=True)
class Told:
    """What is to be read again; the same for news that says the same."""

    kind: str
    external_id: str
    project_id: str


def hear(event_id: int) -> None:
    """Follow up this news and whatever else its connection was told meanwhile. Safe twice."""
    connection, rows = _take(event_id)
    if connection is None or not rows:
        return
    webhooks = registry.package_of(connection).webhooks
    wanted: dict[Told, list[InboxEvent]] = {}
    for row in rows:
        news = webhooks.read(row.headers, bytes(row.body)) if webhooks else []
        for each in news:
            if each.kind and receiving.is_timely(each.happened_at, row.received_at):
                wanted.setdefault(_told(each), []).append(row)
    Connection.objects.filter(pk=connection.pk).update(last_heard_at=Now())
    with pacing.taking_turns(connection):
        failed = _read_again(connection, wanted)
    for row in rows:
        _settle(row, failed.get(row.pk))


def _take(event_id: int) -> tuple[Connection | None, list[InboxEvent]]:
    """Lease this row and the others of its connection that wait; none where another worker has."""
    waiting = InboxEvent.objects.filter(state=InboxEvent.State.RECEIVED)
    first = waiting.filter(pk=event_id).due().select_related("connection").first()
    if first is None or first.connection.state != Connection.State.CONNECTED:
        return None, []
    # Never heard to an end, not even a bad one: each time the process was ended first.
    waiting.filter(connection=first.connection_id, starts__gte=MOST_TRIES).due().update(
        state=InboxEvent.State.SET_ASIDE, due_at=None, note="Following this up keeps breaking off."
    )
    with transaction.atomic():
        rows = list(
            waiting.filter(connection=first.connection_id)
            .due()
            .select_for_update(of=("self",), skip_locked=True, no_key=True)
            .order_by("pk")[:MOST_AT_ONCE]
        )
        InboxEvent.objects.filter(pk__in=[row.pk for row in rows]).update(
            lease_until=Now() + LEASE, fence=F("fence") + 1, starts=F("starts") + 1
        )
    for row in rows:
        row.fence += 1
        row.starts += 1
    return Connection.objects.select_related("company__settings").get(pk=first.connection_id), rows


def _told(news: News) -> Told:
    if news.kind == PAYMENT:
        return Told(PAYMENT, "", "")  # they are asked for by the time of their change
    return Told(news.kind, news.external_id, news.project_id)


def _read_again(
    connection: Connection, wanted: dict[Told, list[InboxEvent]]
) -> dict[int, ConnectorError]:
    """What could not be read, by the rows that told of it."""
    failed: dict[int, ConnectorError] = {}
    client = registry.open_client(connection)
    for told in sorted(wanted, key=lambda each: _place(each.kind, client.kinds)):
        rows = wanted[told]
        try:
            _read_one(connection, client, told, since=min(row.received_at for row in rows))
        except ConnectorError as error:
            for row in rows:
                failed[row.pk] = error
            if isinstance(error, RateLimited):
                return failed | {row.pk: error for rows in wanted.values() for row in rows}
    return failed


def _place(kind: str, kinds: Iterable[RecordKind]) -> int:
    """Lists as they are pulled, then commitments, bills and payments, which refer to them."""
    order = [*kinds, *PulledCommitment.Kind, *PulledBill.Kind, PAYMENT]
    return order.index(kind) if kind in order else len(order)


def _read_one(
    connection: Connection, client: Source | Ledger, told: Told, *, since: datetime
) -> None:
    if told.kind == PAYMENT:
        if isinstance(client, TellsPayments):
            paying.keep(connection, client.payments(since - OVERLAP))
        return
    if told.kind in RecordKind.values:
        if isinstance(client, Rereads):
            _read_record(connection, client, RecordKind(told.kind), told.external_id)
        return
    if connection.side != Side.SOURCE:
        return
    project = _project(connection, client, told.project_id)
    if project is None:
        return
    if not told.external_id:
        _read_project(connection, client, project, told)
    elif told.kind in set(PulledBill.Kind) and isinstance(client, RereadsBills):
        _read_bill(connection, client, project, told)
    elif told.kind in set(PulledCommitment.Kind) and isinstance(client, ListsChangedCommitments):
        commitments = client.changed_commitments(told.project_id, since - OVERLAP)
        bringing.changed_commitments(connection, project, commitments)


def _read_bill(connection: Connection, client: RereadsBills, project: Record, told: Told) -> None:
    asked_at, kind = timezone.now(), PulledBill.Kind(told.kind)
    bill = client.reread_bill(kind, told.external_id, told.project_id)
    said = bill or Removed(kind=kind, external_id=told.external_id)
    if isinstance(bill, PulledBill) and bill.project_id != project.external_id:
        # Moved since this was told: what it costs belongs to the project that it is in now.
        moved_to = _project(connection, cast("Source", client), bill.project_id)
        if moved_to is None:
            return
        project = moved_to
    bringing.changed_bills(connection, project, [said], asked_at=asked_at)


def _read_project(
    connection: Connection, client: Source | Ledger, project: Record, told: Told
) -> None:
    """The news is of a part, and its document is not named: everything of this kind is read."""
    source = cast("Source", client)
    if told.kind in set(PulledCommitment.Kind):
        bringing.commitments(connection, project, source.commitments(told.project_id))
    else:
        bringing.bills(connection, project, source.bills(told.project_id))


def _read_record(
    connection: Connection, client: Rereads, kind: RecordKind, external_id: str
) -> None:
    asked_at = timezone.now()
    said = client.record(kind, external_id) or Removed(kind=kind, external_id=external_id)
    mirroring.changed_records(connection, kind, [said], asked_at=asked_at)


def _project(connection: Connection, client: Source | Ledger, external_id: str) -> Record | None:
    """Ours for the source's id; read now where it is so new that no pull has brought it.

    None too where the project comes to the books of another company that shares the account.
    """
    known = connection.records.filter(kind=RecordKind.PROJECT, external_id=external_id)
    if not known.exists() and isinstance(client, Rereads):
        _read_record(connection, client, RecordKind.PROJECT, external_id)
    return known.filter(pk__in=routing.ours(connection).values("pk")).first()


def _settle(row: InboxEvent, error: ConnectorError | None) -> None:
    ours = InboxEvent.objects.filter(pk=row.pk, fence=row.fence)
    if error is None:
        ours.update(
            state=InboxEvent.State.DONE, heard_at=Now(), due_at=None, lease_until=None, note=""
        )
    elif error.retryable and row.starts < MOST_TRIES:
        wait = error.wait if isinstance(error, RateLimited) else BACK_OFF * 2 ** (row.starts - 1)
        ours.update(due_at=timezone.now() + wait, lease_until=None, note=str(error))
    else:
        log.warning("news set aside", connection=row.connection_id, reason=type(error).__name__)
        ours.update(
            state=InboxEvent.State.SET_ASIDE, due_at=None, lease_until=None, note=str(error)
        )
