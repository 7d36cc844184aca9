"""Judges bills anew after a company decided otherwise about them: by which mappings they go, and
whether they are sound.

The change of a setting commits at once; this is the work that it leaves, with one row a company.
Until it is through, lists may show what held before. Nothing goes by them: the gate works all of
it out of the bill's own lines, under lock.
"""

import time
from datetime import timedelta
from typing import NamedTuple

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.models.functions import Now
from django.utils import timezone

from common.choices import Side
from companies.models import Company
from mapping import combining, drifting, publishing
from sync import after_pull, documents, needing, readiness
from sync.models import Bill, CommitmentLine, Judging, Push
from sync.querysets import BillQuerySet

TASK = "sync.tasks.judge"
BATCH = 250  # a second or two, for which a pull or a publication waits
LEASE = timedelta(seconds=180)
# A task ends within 90 s: after this long it hands the rest to the next bell.
WORKS_FOR_SECONDS = 45.0
MOST_STARTS = 5
RESTS_FOR = timedelta(hours=1)


@transaction.atomic
def start(company: Company) -> Judging:
    """From the first bill on, also where somebody is at it: that one goes by what held before.

    The caller holds the company's lock.
    """
    row, _is_new = Judging.objects.get_or_create(company=company)
    Judging.objects.filter(pk=row.pk).update(
        fence=F("fence") + 1,
        starts=0,
        reached=0,
        judged=0,
        to_judge=_open(company).count(),
        asked_at=Now(),
        finished_at=None,
        notice="",
        due_at=Now(),
        lease_until=None,
        rung_at=None,
    )
    Judging.objects.ring(TASK, [row.pk])
    row.refresh_from_db()
    return row


def judge(row: Judging, *, for_seconds: float = WORKS_FOR_SECONDS) -> None:
    """Work on it for a while. Safe to run twice, and by two workers at once."""
    fence = _claim(row)
    if fence is None:
        return
    if row.starts > MOST_STARTS:
        _rest(row, fence)
        return
    until = time.monotonic() + for_seconds
    drifting.look_again(row.company)  # which lists a mapping may point into may be others now
    while _judge_batch(row, fence):
        if time.monotonic() > until:
            _pause(row, fence)
            return
    _end(row, fence)


class Progress(NamedTuple):
    """How far it is, for those who look at bills or settings meanwhile."""

    judged: int | None
    to_judge: int | None
    notice: str
    is_slow: bool  # a minute has passed, so it is asked less often

    @property
    def text(self) -> str:
        return "" if self.judged is None else f"{self.judged:,} of {self.to_judge:,}"

    def without_counts(self) -> "Progress":
        """For who sees bills of own projects only: how many there are in all is not theirs."""
        return self._replace(judged=None, to_judge=None)


def progress(company: Company) -> Progress | None:
    """None when every bill is judged by what holds now."""
    under_way = Judging.objects.filter(company=company, finished_at=None, to_judge__gt=0)
    found = under_way.first()
    if found is None:
        return None
    is_slow = found.asked_at is None or timezone.now() - found.asked_at > timedelta(minutes=1)
    return Progress(found.judged, max(found.judged, found.to_judge), found.notice, is_slow)


# --- Its row --------------------------------------------------------------------------------------


def _claim(row: Judging) -> int | None:
    """Take it for a while; its fence, or None when it is not due or somebody has it."""
    claimed = (
        Judging.objects.filter(pk=row.pk)
        .due()
        .update(lease_until=Now() + LEASE, fence=F("fence") + 1, starts=F("starts") + 1)
    )
    if not claimed:
        return None
    row.refresh_from_db(fields=["fence", "starts"])
    return row.fence


def _ours(row: Judging, fence: int) -> QuerySet[Judging]:
    return Judging.objects.filter(pk=row.pk, fence=fence)


@transaction.atomic
def _pause(row: Judging, fence: int) -> None:
    """An orderly stop half way: due again at once."""
    if _ours(row, fence).update(lease_until=None, starts=0, due_at=Now(), rung_at=None):
        Judging.objects.ring(TASK, [row.pk])


def _rest(row: Judging, fence: int) -> None:
    """It kills its workers. It is not given up: lists would say what is not so for ever."""
    _ours(row, fence).update(
        lease_until=None,
        starts=0,
        due_at=Now() + RESTS_FOR,
        notice="It broke off five times in a row, and is tried again in an hour. Tell an operator.",
    )


@transaction.atomic
def _end(row: Judging, fence: int) -> None:
    """Once every bill is judged: pairs that only commitments bring, and drafts for what is new."""
    company = row.company
    publishing.lock_company(company)
    readiness.lock(company)
    ours = _ours(row, fence).update(
        finished_at=Now(), due_at=None, lease_until=None, starts=0, notice=""
    )
    if not ours:
        return
    for connection in company.connections.filter(side=Side.SOURCE):
        connection.company = company
        if company.settings.has_default:
            combining.default_of(connection)
        coded = CommitmentLine.objects.filter(commitment__connection=connection)
        needing.pair_up(connection, coded.select_related("cost_code", "cost_type"))
    after_pull.draft_what_is_open(company)


# --- The bills ------------------------------------------------------------------------------------


def _open(company: Company) -> BillQuerySet:
    """All but those in the ledger: what went there says by itself what it rested on."""
    posted = Push.objects.filter(bill=OuterRef("pk"), state=Push.State.POSTED)
    return company.bills.exclude(Exists(posted))


@transaction.atomic
def _judge_batch(row: Judging, fence: int) -> bool:
    """The next bills; False when there is none left, or the work is no longer ours.

    A change of the settings waits for this batch, and then begins anew with the first bill. A
    pull that read the old ones holds the same lock until its bills can be seen here.
    """
    company = row.company
    readiness.lock(company)
    ours = _ours(row, fence)
    found = ours.select_for_update(no_key=True).values_list("reached", flat=True).first()
    if found is None:
        return False
    company.settings.refresh_from_db()
    following = _open(company).filter(pk__gt=found).order_by("pk")
    bills = list(following.prefetch_related("lines").defer("payload")[:BATCH])
    if not bills:
        return False
    _say_faults(company, bills)
    ids = [bill.pk for bill in bills]
    needing.write(company, ids)
    readiness.refresh(company, bills=ids)
    ours.update(reached=ids[-1], judged=F("judged") + len(ids), lease_until=Now() + LEASE)
    return True


def _say_faults(company: Company, bills: list[Bill]) -> None:
    changed = []
    for bill in bills:
        fault = documents.fault(bill, list(bill.lines.all()), company.settings)
        if fault != bill.fault:
            bill.fault = fault
            changed.append(bill)
    Bill.objects.bulk_update(changed, ["fault"])
