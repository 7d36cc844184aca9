"""What sync does when apps further right have news, and the marks that queue workers leave."""

# ruff: noqa: ARG001  # a receiver is given its sender whether it needs it or not

import os
import socket
from contextlib import suppress
from decimal import Decimal
from typing import Any

from django.db.models import Q
from django.db.models.functions import Now
from django_q.signals import post_execute_in_worker, pre_execute

from common.choices import Side
from common.errors import AppError
from companies.models import Company, User
from companies.signals import settings_changed, settings_settling, settings_weighed
from connectors.file_models import SourceFile
from connectors.models import Connection, Record
from connectors.signals import (
    brought_in,
    connector_asks,
    connector_opened,
    paused,
    projects_rerouted,
    reconnected,
)
from mapping import publishing
from mapping.models import Publication
from mapping.signals import mappings_changed, record_made
from sync import judging, needing, on_line, pulling, readiness, rerouting
from sync.models import LetGo, PaidNotice, Push, Readiness, Run, WorkerMark
from sync.waiting import going

# Settings that decide which records have a say.
LEVELLING = {"granularity", "has_default"}
# Settings by which what is noted beside each bill may be another: also which of the ledger's lists
# a mapping may point into. The rest leave every answer as it is.
DECISIVE = LEVELLING | {"currency", "posting_style", "project_target"}


def listen() -> None:
    mappings_changed.connect(_mappings_changed, dispatch_uid="sync.mappings")
    settings_weighed.connect(_settings_weighed, dispatch_uid="sync.weighing")
    settings_changed.connect(_settings_changed, dispatch_uid="sync.settings")
    settings_settling.connect(_settings_settling, dispatch_uid="sync.settling")
    record_made.connect(_record_made, dispatch_uid="sync.records")
    projects_rerouted.connect(_projects_rerouted, dispatch_uid="sync.rerouted")
    reconnected.connect(_reconnected, dispatch_uid="sync.reconnected")
    paused.connect(_paused, dispatch_uid="sync.paused")
    connector_opened.connect(_connector_opened, dispatch_uid="sync.connector_opened")
    connector_asks.connect(_connector_asks, dispatch_uid="sync.connector_asks")
    brought_in.connect(_brought_in, dispatch_uid="sync.files")
    pre_execute.connect(_task_started, dispatch_uid="sync.started")
    post_execute_in_worker.connect(_task_ended, dispatch_uid="sync.ended")


def _mappings_changed(
    sender: object,
    *,
    company: Company,
    sources: list[int],
    publication: Publication | None = None,
    **_rest: Any,
) -> None:
    readiness.lock(company)
    if publication is not None:
        # Asked as its preview asks, and before what it lets go counts as ready.
        published = list(publication.mappings.values_list("pk", flat=True))
        _keep_what_goes(company, publication, published)
    readiness.refresh(company, records=sources, same_rulings=publication is not None)


def _projects_rerouted(
    sender: object, *, account: str, company: Company, came: set[str], went: set[str], **_rest: Any
) -> None:
    rerouting.reroute(account=account, company=company, came=came, went=went)


def _keep_what_goes(company: Company, publication: Publication, published: list[int]) -> None:
    """Which bills become ready by this, for the page that shows them; counted and added up."""
    bills = dict(going(company, published).order_by().values_list("pk", "total"))
    LetGo.objects.create(company=company, publication=publication, bills=sorted(bills))
    publication.bills_unblocked = len(bills)
    publication.amount_unblocked = sum(bills.values(), Decimal(0))


def _brought_in(sender: object, *, file: SourceFile, **_rest: Any) -> None:
    """Rows of an exported file came: the ordinary pull reads them, as of any other source."""
    with suppress(AppError):  # one is under way, or the connection rests: the clock pulls again
        pulling.start(file.connection, by=file.brought_in_by)


def _record_made(sender: object, *, company: Company, record: Record, **_rest: Any) -> None:
    """A project differs: its bills with such a line may go by that from now on."""
    readiness.lock(company)
    company.settings.refresh_from_db()  # who changed them may have judged these bills before us
    bills = needing.bills_of_override(record)
    needing.write(company, bills)
    readiness.refresh(company, bills=bills)


def _settings_weighed(
    sender: object, *, company: Company, changed: set[str], **_rest: Any
) -> list[str]:
    """What a change of how lines are mapped does to the bills that wait."""
    said = []
    if changed & (LEVELLING | {"posting_style"}):
        unsent = company.bills.filter(fault="").never_sent()
        bills, ready = unsent.count(), unsent.filter(readiness=Readiness.READY).count()
        if bills:
            are, they = ("is", "It") if ready == 1 else ("are", "They")
            said.append(
                f"{bills:,} unsent bill{'' if bills == 1 else 's'} will be judged anew. {ready:,}"
                f" of them {are} ready now. {they} will wait if what decides then is not published."
            )
    if "granularity" in changed:
        said.append(
            "Mappings of the other kind stay as they are and come back when you change this back."
            " Drafts are made for what is new."
        )
    return said


def _settings_changed(sender: object, *, company: Company, changed: set[str], **_rest: Any) -> None:
    if changed & DECISIVE:
        publishing.lock_company(company)  # before mappings and bills
        judging.start(company)


def _settings_settling(
    sender: object, *, company: Company, **_rest: Any
) -> judging.Progress | None:
    return judging.progress(company)


def _reconnected(sender: object, *, connection: Any, **_rest: Any) -> None:
    """What waited for an admin to sign in again, or to resume, need not wait any longer."""
    waiting = [Push.State.QUEUED, Push.State.UNKNOWN]
    causes = [Push.Cause.CONSENT, Push.Cause.PAUSED]
    pushes = Push.objects.filter(connection=connection, state__in=waiting)
    pushes.filter(Q(state=Push.State.QUEUED) | Q(cause__in=causes)).update(due_at=Now())
    on_line.creations(connection).update(due_at=Now())
    if connection.side == Side.SOURCE:
        told = PaidNotice.objects.filter(company=connection.company_id)
        told.filter(state=PaidNotice.State.WAITING).update(due_at=Now())


def _paused(sender: object, *, connection: Any, by: User, **_rest: Any) -> None:
    """No further list is begun: a pull that is under way stops after the one that it reads."""
    for run in Run.objects.filter(
        connection=connection, kind=Run.Kind.PULL, state=Run.State.RUNNING
    ):
        pulling.stop(run, by=by)


def _connector_opened(sender: object, *, connection: Connection, **_rest: Any) -> None:
    on_line.let_go(connection)


def _connector_asks(sender: object, *, connection: Connection, is_open: bool, **_rest: Any) -> int:
    return on_line.waiting(connection, is_open=is_open)


def _task_started(sender: object, **_rest: Any) -> None:
    WorkerMark.objects.update_or_create(
        host=socket.gethostname(),
        pid=os.getpid(),
        defaults={"started_at": Now(), "ended_at": None},
    )


def _task_ended(sender: object, **_rest: Any) -> None:
    WorkerMark.objects.filter(host=socket.gethostname(), pid=os.getpid()).update(ended_at=Now())
