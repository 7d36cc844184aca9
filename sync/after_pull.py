"""What follows when the last list of a pull is through: its sums, and drafts of what is new."""

from collections.abc import Iterator

from django.db import connection as database
from django.db import transaction
from django.db.models import Q, Sum
from django.db.models.functions import Now

from audit import trail
from audit.models import Verb
from common.choices import Side
from companies.models import Company
from connectors.models import Connection, Record
from mapping import drafting, worklist
from mapping.models import Kind, drafted_kinds
from sync import precedents, telling
from sync.models import (
    Bill,
    BillLine,
    BillNeed,
    Commitment,
    CommitmentLine,
    PullStep,
    Run,
)

MANY = 2_000  # rows; after so many new ones the planner would guess by what was there before
What = PullStep.What


def finish(run: Run) -> None:
    failed = run.steps.filter(state=PullStep.State.FAILED).count()
    total = run.steps.count()
    partly = failed or run.steps.exclude(problem="").exists()
    state = Run.State.FAILED if failed == total else Run.State.PARTLY if partly else Run.State.DONE
    if not Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
        state=state, finished_at=Now()
    ):
        return
    is_first = run.connection is not None and run.connection.last_pulled_at is None
    if is_first and (not failed or run.started_by_id):
        transaction.on_commit(
            lambda: telling.of_first_pull(run, is_complete=not failed), robust=True
        )
    if not failed and run.connection_id:
        Connection.objects.filter(pk=run.connection_id).update(last_pulled_at=Now())
    counts = run.steps.aggregate(
        records=Sum("found", filter=Q(what=What.RECORDS)),
        commitments=Sum("found", filter=Q(what=What.COMMITMENTS)),
        bills=Sum("found", filter=Q(what=What.BILLS)),
    )
    changed = run.steps.aggregate(rows=Sum("changed"))["rows"] or 0
    if run.looks_back is not None and not changed and not failed:
        return  # a poll that found nothing is no news to anybody
    trail.record(
        Verb.PULLED,
        run.connection or run,
        by=run.started_by,
        machine="Schedule",
        after={"state": state, **counts, "lists_failed": failed},
    )
    if changed >= MANY:
        transaction.on_commit(_count_rows_anew, robust=True)
    precedents.look_again(run.company)
    draft_what_is_open(run.company)


def _count_rows_anew() -> None:
    """Now, for those who look at once: PostgreSQL does so by itself within some minutes."""
    models = (Record, Commitment, CommitmentLine, Bill, BillLine, BillNeed)
    with database.cursor() as cursor:
        cursor.execute(f"ANALYZE {', '.join(model._meta.db_table for model in models)}")


def draft_what_is_open(company: Company) -> None:
    """Once both sides were pulled, let the machine look at what nobody has decided."""
    pulled = company.runs.filter(kind=Run.Kind.PULL, state__in=[Run.State.DONE, Run.State.PARTLY])
    if set(pulled.values_list("connection__side", flat=True)) >= {Side.SOURCE, Side.LEDGER}:
        for kind in _kinds_with_open_records(company):
            drafting.start(company, kind, by=None)


def _kinds_with_open_records(company: Company) -> Iterator[Kind]:
    for kind in drafted_kinds(company.settings):
        undecided = (
            company.records.on(Side.SOURCE)
            .filter(kind=kind.value, is_active=True, gone_at=None)
            .filter(worklist.TO_REVIEW | worklist.NEEDS_ANOTHER)
        )
        if undecided.exists():
            yield kind
