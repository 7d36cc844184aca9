"""Asks only for what changed, every few minutes; a sweep reads everything once a night.

    every 5 minutes   what changed since each list was last read, and 15 minutes before
    once an hour      the same and a day before, for what came late; lists without a filter, whole
    once a night      everything: only that finds what was deleted, and only a complete pass says so

A system that cannot say what changed is read whole, as often as its company wants.
"""

from datetime import datetime, timedelta
from typing import cast
from zoneinfo import ZoneInfo

from django.db.models import Q
from django.utils import timezone

from common.choices import RecordKind
from connectors import registry
from connectors.base import (
    Ledger,
    ListsChangedBills,
    ListsChangedCommitments,
    ListsChanges,
    ListsSomeWhole,
    Source,
)
from connectors.models import Connection
from sync import bringing, mirroring
from sync.models import PullStep, Run
from sync.taking import Mirrored

POLL_EVERY = timedelta(minutes=5)
# A poll of a large company takes its time: it is given four times as long to others.
REST = 4
NARROW = timedelta(minutes=15)
WIDE = timedelta(days=1)
WIDE_EVERY = timedelta(hours=1)
NIGHT = range(1, 5)  # hours, where the company is
SWEPT_LATELY = timedelta(hours=18)
SWEEP_AFTER = timedelta(hours=30)
KEEP = timedelta(days=2)
What = PullStep.What


def is_due(connection: Connection, now: datetime) -> bool:
    last = connection.runs.filter(kind=Run.Kind.PULL).first()
    if last is None:
        return True
    if not registry.can(connection, ListsChanges):
        every = timedelta(minutes=connection.company.settings.pull_every_minutes)
        return last.started_at <= now - every or _a_file_came(connection, last)
    took = (last.finished_at or now) - last.started_at if last.looks_back else timedelta(0)
    return last.started_at <= now - max(POLL_EVERY, took * REST)


def _a_file_came(connection: Connection, last: Run) -> bool:
    """While it was being pulled: that pull may have passed the rows of the file."""
    return connection.source_files.filter(finished_at__gt=last.started_at).exists()


def looks_back(connection: Connection, now: datetime) -> timedelta | None:
    """How far before its last reading the next pull asks each list; None: for everything."""
    if not registry.can(connection, ListsChanges):
        return None
    runs = connection.runs.filter(kind=Run.Kind.PULL)
    sweeps = runs.filter(looks_back=None, state__in=[Run.State.DONE, Run.State.PARTLY])
    swept = sweeps.first()
    if swept is None:
        return None
    age = now - swept.started_at
    hour = now.astimezone(ZoneInfo(connection.company.settings.time_zone)).hour
    if age > SWEEP_AFTER or (age > SWEPT_LATELY and hour in NIGHT):
        return None
    wide = runs.filter(Q(looks_back=None) | Q(looks_back__gte=WIDE)).first()
    is_wide = wide is None or now - wide.started_at > WIDE_EVERY
    return WIDE if is_wide else NARROW


def kinds(client: Source | Ledger, looks_back: timedelta | None) -> list[RecordKind]:
    """The lists that such a pull reads."""
    wanted = list(client.kinds)
    if looks_back is None or looks_back >= WIDE or not isinstance(client, ListsSomeWhole):
        return wanted
    whole = client.whole_lists()
    return [kind for kind in wanted if kind not in whole]


def bring_in(step: PullStep, connection: Connection) -> Mirrored | None:
    """Bring in what changed of one list; None where it has to be read whole."""
    since = _since(step)
    if since is None:
        return None
    client, asked_at = registry.open_client(connection), timezone.now()
    if step.what == What.RECORDS:
        kind = RecordKind(step.record_kind)
        if isinstance(client, ListsSomeWhole) and kind in client.whole_lists():
            return None
        changed = cast("ListsChanges", client).changes(kind, since)
        return mirroring.changed_records(connection, kind, changed, asked_at=asked_at)
    if step.project is None:
        return None
    if step.what == What.COMMITMENTS and isinstance(client, ListsChangedCommitments):
        commitments = client.changed_commitments(step.project.external_id, since)
        return bringing.changed_commitments(connection, step.project, commitments)
    if step.what == What.BILLS and isinstance(client, ListsChangedBills):
        bills = client.changed_bills(step.project.external_id, since)
        return bringing.changed_bills(connection, step.project, bills, asked_at=asked_at)
    return None


def _since(step: PullStep) -> datetime | None:
    """From when on this very list is asked; None where it was never read to its end."""
    if step.run.looks_back is None:
        return None
    last = (
        PullStep.objects.filter(
            run__connection=step.run.connection,
            what=step.what,
            record_kind=step.record_kind,
            project=step.project,
            state=PullStep.State.DONE,
        )
        .order_by("-run__started_at")
        .values_list("run__started_at", flat=True)
        .first()
    )
    return last - step.run.looks_back if last else None


def forget_old() -> int:
    """Polls that met no problem tell nobody anything after some days; sweeps stay."""
    old = Run.objects.filter(
        kind=Run.Kind.PULL, state=Run.State.DONE, looks_back__isnull=False,
        started_at__lt=timezone.now() - KEEP, steps__problems=None,
    )  # fmt: skip
    ids = list(old.values_list("pk", flat=True).distinct()[:2000])
    PullStep.objects.filter(run__in=ids).delete()
    return Run.objects.filter(pk__in=ids).delete()[0]
