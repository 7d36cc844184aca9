"""Brings records, commitments and bills in, list by list.

A pull is a row with steps; each step is one list and one task, so that a task stays short, a
broken list does not stop the others, and progress can be watched. Only a list that was read to
its end may say that something is gone.
"""

from datetime import timedelta
from typing import cast

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, F, Max, OuterRef, Q, QuerySet, Sum
from django.db.models.functions import Now
from django.utils import timezone

from audit import trail
from audit.models import Verb
from common.choices import RecordKind, Side
from common.errors import AppError, Conflict
from companies.models import User
from connectors import pacing, registry, routing
from connectors.base import TellsPayments
from connectors.errors import (
    AccessDenied,
    Asleep,
    ConnectorError,
    CredentialsExpired,
    RateLimited,
    UnexpectedPayload,
    Unreachable,
)
from connectors.models import Connection
from connectors.records import Unreadable
from sync import after_pull, bringing, mirroring, paying, polling, precedents
from sync.models import (
    Bill,
    BillLine,
    PullProblem,
    PullStep,
    Push,
    Run,
)
from sync.taking import Mirrored, plain, storable

log = structlog.get_logger()

TASK = "sync.tasks.pull_step"
LEASE = timedelta(minutes=5)
LOOKS_BACK_EVERY = timedelta(hours=20)
MOST_TRIES = 5
WAKES_LATEST = timedelta(hours=1)
What = PullStep.What


def start(connection: Connection, *, by: User | None, looks_back: timedelta | None = None) -> Run:
    """Begin a pull of everything, or of what changed; `by` is None when the clock asks.

    `looks_back` is told at `Run`. What was never read to its end is read whole all the same.

    Raises:
        Conflict: one is under way.
        NotConnected: nobody is signed in on this side.
    """
    registry.live_connection(connection.company, Side(connection.side))
    kinds = polling.kinds(registry.open_client(connection), looks_back)
    try:
        with transaction.atomic():
            run = Run.objects.create(
                company=connection.company,
                kind=Run.Kind.PULL,
                connection=connection,
                started_by=by,
                looks_back=looks_back,
            )
            lists = [(What.COMPANY, "")] + [(What.RECORDS, kind.value) for kind in kinds]
            if connection.side == Side.LEDGER and (by or not _looked_back_lately(connection)):
                lists.append((What.LEDGER_BILLS, ""))
            if registry.can(connection, TellsPayments):
                lists.append((What.PAYMENTS, ""))
            PullStep.objects.bulk_create(
                PullStep(
                    company=run.company, run=run, position=position, what=what, record_kind=kind
                )
                for position, (what, kind) in enumerate(lists, 1)
            )
            _ring_next(run)
    except IntegrityError as error:
        raise Conflict("A pull is under way already. It shows its progress below.") from error
    return run


def is_due(connection: Connection) -> bool:
    """A working connection is asked as often as sync/polling.py says."""
    if connection.state != Connection.State.CONNECTED:
        return False
    return polling.is_due(connection, timezone.now())


def start_if_due(connection: Connection) -> bool:
    """Begin a pull for the clock, unless it was pulled lately or cannot be pulled now."""
    if not is_due(connection):
        return False
    try:
        start(connection, by=None, looks_back=polling.looks_back(connection, timezone.now()))
    except AppError:
        return False  # one is under way, or the sign-in is gone: both show on the connection
    return True


def _looked_back_lately(connection: Connection) -> bool:
    """What was posted before us hardly changes: the clock has it read once a day."""
    return PullStep.objects.filter(
        run__connection=connection,
        what=What.LEDGER_BILLS,
        state=PullStep.State.DONE,
        run__started_at__gt=timezone.now() - LOOKS_BACK_EVERY,
    ).exists()


def stop(run: Run, *, by: User) -> None:
    """No further list is begun; what was brought in stays."""
    with transaction.atomic():
        Run.objects.filter(pk=run.pk, state=Run.State.RUNNING).update(
            state=Run.State.STOPPED, finished_at=Now()
        )
        run.steps.filter(state=PullStep.State.WAITING).update(due_at=None)
        trail.record(Verb.PULLED, run, by=by, after={"state": Run.State.STOPPED})


def pull_step(step_id: int) -> None:
    """Bring one list in. Safe to run twice; a second runner finds the lease taken."""
    taken = (
        PullStep.objects.filter(pk=step_id, run__state=Run.State.RUNNING)
        .exclude(state__in=[PullStep.State.DONE, PullStep.State.FAILED])
        .due()
        .update(
            lease_until=Now() + LEASE,
            fence=F("fence") + 1,
            tries=F("tries") + 1,
            state=PullStep.State.RUNNING,
        )
    )
    if not taken:
        return
    step = PullStep.objects.select_related(
        "company__settings", "run__connection__company__settings", "project"
    ).get(pk=step_id)
    if step.tries > MOST_TRIES:
        # Its tries came to no end, not even a bad one: each time the process was ended first.
        _give_up(
            step,
            Unreachable(
                "Reading this list keeps breaking off, so it is left out of this pull. Pull again;"
                " when it breaks off again, tell support which list it is."
            ),
        )
        return
    try:
        with pacing.taking_turns(_connection(step)):
            result = _bring_in(step)
    except (CredentialsExpired, AccessDenied, UnexpectedPayload) as error:
        if isinstance(error, AccessDenied) and step.what == What.BILLS:
            bringing.bills_are_hidden(step.company, [step.project_id])
        _give_up(step, error)
    except Asleep as error:
        _sleep(step, error)
    except ConnectorError as error:
        if step.tries >= MOST_TRIES:
            _give_up(step, error)
        else:
            _try_later(step, error)
    else:
        _done(step, result)


def _connection(step: PullStep) -> Connection:
    connection = step.run.connection
    assert connection is not None  # noqa: S101  # every pull has one
    return connection


def _bring_in(step: PullStep) -> Mirrored:
    connection = _connection(step)
    if step.what == What.COMPANY:
        _read_company(connection)
        return Mirrored(found=1)
    if (changed := polling.bring_in(step, connection)) is not None:
        return changed
    if step.what == What.RECORDS:
        kind = RecordKind(step.record_kind)
        client = registry.open_client(connection)
        return mirroring.records(connection, kind, client.records(kind))
    if step.what == What.LEDGER_BILLS:
        first_day = precedents.since(connection.company)
        ledger = registry.open_ledger(connection)
        return precedents.keep_bills(connection, first_day, ledger.bills(first_day))
    if step.what == What.PAYMENTS:
        payer = cast("TellsPayments", registry.open_ledger(connection))
        return paying.keep(connection, payer.payments(paying.since(connection)))
    assert step.project is not None  # noqa: S101  # commitments and bills are read by project
    source = registry.open_source(connection)
    if step.what == What.COMMITMENTS:
        pulled = source.commitments(step.project.external_id)
        return bringing.commitments(connection, step.project, pulled)
    return bringing.bills(connection, step.project, source.bills(step.project.external_id))


def _read_company(connection: Connection) -> None:
    company = registry.open_client(connection).company()
    Connection.objects.filter(pk=connection.pk).update(
        name=company.name,
        books_closed_through=company.closed_through,
        features=dict(company.features),
    )


def _done(step: PullStep, result: Mirrored) -> None:
    with transaction.atomic():
        if not _still_ours(step):
            return
        settled = _earlier_problems(step)
        if step.run.looks_back is not None:
            # A poll says nothing of the rows that it was not told of, only that the list is there.
            settled = settled.filter(step__state=PullStep.State.FAILED)
        # The list was read: what earlier pulls said of it is settled, or said anew.
        settled.update(cleared_at=Now())
        for mark in result.unreadable:
            _keep_problem(step, mark.sentence, mark.payload)
        PullStep.objects.filter(pk=step.pk).update(
            state=PullStep.State.DONE,
            found=result.found,
            changed=len(result.changed),
            due_at=None,
            lease_until=None,
            problem=storable(_problem_sentence(result.unreadable)),
        )
        if _last_list(step):
            _add_project_steps(step.run)
        _ring_next(step.run)


def _give_up(step: PullStep, error: ConnectorError) -> None:
    with transaction.atomic():
        if not _still_ours(step):
            return
        # What the last good read complained about is as it was.
        _earlier_problems(step).filter(step__state=PullStep.State.FAILED).update(cleared_at=Now())
        _keep_problem(step, str(error), getattr(error, "payload", None))
        PullStep.objects.filter(pk=step.pk).update(
            state=PullStep.State.FAILED, problem=str(error), due_at=None, lease_until=None
        )
        if isinstance(error, CredentialsExpired):
            # Every further list would say the same.
            step.run.steps.filter(state=PullStep.State.WAITING).update(
                state=PullStep.State.FAILED, problem=str(error)
            )
        elif _last_list(step):
            _add_project_steps(step.run)
        _ring_next(step.run)


def _try_later(step: PullStep, error: ConnectorError) -> None:
    wait = settings.SENDING["back_off"] * 2 ** (step.tries - 1)
    delay = timedelta(seconds=wait)
    if isinstance(error, RateLimited):
        delay = error.wait
        pacing.pause(_connection(step), delay)  # for everybody: they share the limit
    PullStep.objects.filter(pk=step.pk, fence=step.fence).update(
        state=PullStep.State.WAITING,
        problem=str(error),
        due_at=timezone.now() + delay,
        lease_until=None,
    )


def _sleep(step: PullStep, error: Asleep) -> None:
    """Nobody was there to be asked, so it was no try. Who calls first makes it due: on_line.py."""
    PullStep.objects.filter(pk=step.pk, fence=step.fence).update(
        state=PullStep.State.WAITING,
        tries=F("tries") - 1,
        problem=str(error),
        due_at=timezone.now() + WAKES_LATEST,
        lease_until=None,
    )


def _still_ours(step: PullStep) -> bool:
    """Locks the step; False when another runner took it after our lease ran out."""
    return (
        PullStep.objects.select_for_update(of=("self",), no_key=True)
        .filter(pk=step.pk, fence=step.fence)
        .exists()
    )


def _earlier_problems(step: PullStep) -> QuerySet[PullProblem]:
    """What earlier pulls of the same list said, and is not settled."""
    return PullProblem.objects.filter(
        connection=step.run.connection,
        step__what=step.what,
        step__record_kind=step.record_kind,
        step__project=step.project,
        cleared_at=None,
    )


def _keep_problem(step: PullStep, sentence: str, payload: object) -> None:
    """Nothing is dropped in silence."""
    connection = step.run.connection
    assert connection is not None  # noqa: S101  # every pull has one
    PullProblem.objects.create(
        company=step.company,
        connection=connection,
        step=step,
        sentence=storable(sentence),
        payload=plain(payload),
    )


def _problem_sentence(unreadable: list[Unreadable]) -> str:
    if not unreadable:
        return ""
    return f"{len(unreadable)} could not be read: {unreadable[0].sentence}"


def _last_list(step: PullStep) -> bool:
    """Was this the last of the lists, after which the projects are known?"""
    last = step.run.steps.filter(what=What.RECORDS).aggregate(last=Max("position"))["last"]
    return step.what == What.RECORDS and step.position == last


def _add_project_steps(run: Run) -> None:
    """Commitments before bills: a bill points to its commitment."""
    connection = run.connection
    assert connection is not None  # noqa: S101  # every pull has one
    if connection.side != Side.SOURCE:
        return
    projects = connection.records.filter(kind=RecordKind.PROJECT).order_by("name")
    ours = routing.ours(connection).values("pk")
    unseen = projects.filter(~Q(gone_at=None) | ~Q(pk__in=ours)).values_list("pk", flat=True)
    bringing.bills_are_hidden(run.company, list(unseen))
    present = projects.filter(gone_at=None, pk__in=ours)
    position = run.steps.aggregate(last=Max("position"))["last"] or 0
    steps: list[PullStep] = []
    for what in (What.COMMITMENTS, What.BILLS):
        for project in present.filter(Q(is_active=True) | _has_open_bills()):
            position += 1
            steps.append(
                PullStep(
                    company=run.company, run=run, position=position, what=what, project=project
                )
            )
    PullStep.objects.bulk_create(steps)


def _has_open_bills() -> Q:
    """Closed projects to look into all the same: a bill may still go, or retainage be billed."""
    posted = Push.objects.filter(bill=OuterRef("pk"), state=Push.State.POSTED)
    of_project = Bill.objects.filter(project=OuterRef("pk"), gone_at=None)
    held_back = (
        BillLine.objects.filter(bill__project=OuterRef("pk"), bill__gone_at=None)
        .values("bill__commitment")
        .annotate(held=Sum("retainage"))
        .filter(held__gt=0)
    )
    return Q(Exists(of_project.exclude(Exists(posted)))) | Q(Exists(held_back))


def _ring_next(run: Run) -> None:
    """Make the next list due, or close the pull when there is none."""
    following = run.steps.filter(state=PullStep.State.WAITING).order_by("position").first()
    if following is None:
        after_pull.finish(run)
        return
    PullStep.objects.filter(pk=following.pk).update(due_at=Now())
    PullStep.objects.ring(TASK, [following.pk])
