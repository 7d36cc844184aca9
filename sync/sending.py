"""What people ask for: send bills, and settle what no machine can."""

from collections.abc import Collection, Mapping

from django.db import IntegrityError, transaction
from django.utils.text import capfirst

from audit import trail
from audit.models import Verb
from common.choices import Side
from common.dates import database_now
from common.errors import AppError, Conflict
from companies.models import Company, User
from connectors import registry
from connectors.models import Connection
from connectors.records import PostedBill
from mapping.lookup import Lookup
from sync import claiming, gate, settling, transitions
from sync.models import Approval, Bill, Push, Run
from sync.querysets import BillQuerySet
from sync.steps import Step, reached

TASK = claiming.TASK


def question(bill: Bill, *, sender: User | None = None) -> gate.Question:
    """Everything the gate needs to know about a bill, as things stand now and without locks."""
    company = bill.company
    ledger = registry.connection_of(company, Side.LEDGER)
    return gate.Question(bill, Lookup(company), company.settings, ledger, sender)


@transaction.atomic
def send(bill: Bill, *, by: User) -> Push:
    """Queue one bill. The gate is asked again, under lock, by the worker that sends it.

    Raises:
        BillHeld: something holds it; the error carries every reason.
        Conflict: it is on its way or there already.
    """
    bill = _locked(bill.company, [bill.pk]).get()
    if holds := gate.holds(question(bill, sender=by)):
        raise gate.BillHeld(bill, holds)
    push = _queue(bill, registry.live_connection(bill.company, Side.LEDGER), by=by, run=None)
    Push.objects.ring(TASK, [push.pk])
    reached(Step.QUEUED)
    return push


@transaction.atomic
def send_all(company: Company, bills: Mapping[int, int], *, by: User) -> Run:
    """Queue these bills as one run to watch.

    `bills` are the versions that the person looked at, by id. Each has a push of its own and is
    judged by the gate by itself.

    Raises:
        Conflict: there is none, or one of them changed or can no longer be sent; none is queued.
    """
    ready = list(_locked(company, bills).sendable(company))
    changed = len(bills) - sum(bill.version == bills[bill.pk] for bill in ready)
    if changed or not ready:
        raise Conflict(f"{changed} of these bills changed meanwhile. Nothing was sent. Look again.")
    connection = registry.live_connection(company, Side.LEDGER)
    run = Run.objects.create(
        company=company, kind=Run.Kind.SEND, connection=connection, started_by=by
    )
    pushes = [_queue(bill, connection, by=by, run=run) for bill in ready]
    Push.objects.ring(TASK, [push.pk for push in pushes])
    reached(Step.QUEUED)
    return run


def link(push: Push, external_id: str, *, by: User) -> Push:
    """A person says: the bill in the ledger with this id is the one that was sent.

    Raises:
        AppError: there is no such bill, or it is another vendor's.
        Conflict: that bill belongs to another push, or this one was settled meanwhile.
    """
    posted = registry.open_ledger(push.connection).bill(external_id)
    if posted is None:
        raise AppError(f"The ledger has no bill {external_id}. Check the number and try again.")
    if posted.vendor_id != push.sought["vendor_id"]:
        raise AppError("That bill belongs to another vendor, so it cannot be the same one.")
    if push.connection.pushes.filter(key=posted.key).exclude(pk=push.pk).exists():
        raise Conflict("That bill in the ledger was sent for another bill, so it is not this one.")
    try:
        return _link(push, posted, by=by)
    except IntegrityError as error:
        raise Conflict("That bill in the ledger is linked to another bill already.") from error


@transaction.atomic
def _link(push: Push, posted: PostedBill, *, by: User) -> Push:
    locked = _set_aside_one(push)
    settling.accept_as_posted(locked, posted, by=by)
    return locked


@transaction.atomic
def send_again(push: Push, *, by: User, reason: str) -> Push:
    """A person says: it is not in the ledger (or the one there is another bill). Send it.

    The key stays: should the person be wrong, a ledger that remembers keys makes no second one.
    Where the source changed the bill since, this version is given up and the newer one may go.

    Raises:
        Conflict: it was settled meanwhile.
        BillHeld: the gate is shut for it now.
    """
    if not reason.strip():
        raise AppError("Say why it is safe to send it again.")
    push = _set_aside_one(push)
    push.number_cleared = push.number_cleared or push.cause == Push.Cause.POSSIBLE_DUPLICATE
    push.state = Push.State.QUEUED
    push.cause = push.sentence = ""
    push.mapping_versions = {}  # written anew when it is claimed; until then, this was sent
    push.was_unknown = push.was_unknown and push.version == push.bill.version
    push.sends = push.not_found = 0
    push.first_sent_at = push.last_sent_at = push.looked_at = None
    push.chain += 1
    push.asked_by = by
    push.asked_at = push.due_at = database_now()
    push.save()
    if holds := gate.holds(question(push.bill, sender=by)):
        raise gate.BillHeld(push.bill, holds)
    trail.record(Verb.RESOLVED, push, by=by, reason=reason, after={"choice": "not there"})
    Push.objects.ring(TASK, [push.pk])
    return push


@transaction.atomic
def decide(bill: Bill, decision: Approval.Decision, *, by: User, note: str = "") -> Approval:
    """Approve or reject the present version of a bill.

    Raises:
        AppError: a rejection without a reason.
    """
    if decision == Approval.Decision.REJECTED and not note.strip():
        raise AppError("Say why you reject it.")
    bill = _locked(bill.company, [bill.pk]).get()
    approval = Approval.objects.create(
        company=bill.company, bill=bill, version=bill.version, decision=decision, by=by, note=note
    )
    verb = Verb.APPROVED if decision == Approval.Decision.APPROVED else Verb.REJECTED
    trail.record(verb, bill, by=by, reason=note, after={"version": bill.version})
    return approval


def _queue(bill: Bill, connection: Connection, *, by: User, run: Run | None) -> Push:
    now = database_now()
    # Locked: the answer to an earlier try may be on its way into this very row.
    pushes = bill.pushes.select_for_update(of=("self",), no_key=True)
    push = pushes.filter(connection=connection, version=bill.version).first()
    if push is None:
        push = Push(company=bill.company, connection=connection, bill=bill, version=bill.version)
    elif push.state == Push.State.FAILED:
        # It was clearly refused: what was repaired may go, as a new chain under a new key.
        push.chain += 1
        push.payload, push.payload_sha256, push.mapping_versions = None, "", {}
        push.sends = 0
        push.first_sent_at = push.last_sent_at = None
    else:
        state = Push.State(push.state).label.lower()
        raise Conflict(f"{capfirst(str(bill))} is {state} already, so nothing was changed.")
    push.state = Push.State.QUEUED
    push.key = transitions.new_key()
    push.cause = push.sentence = ""
    push.asked_by, push.asked_at, push.due_at, push.run = by, now, now, run
    push.save()
    trail.record(Verb.SENT, push, by=by, after={"bill": bill.pk, "version": bill.version})
    return push


def _locked(company: Company, bills: Collection[int]) -> BillQuerySet:
    return (
        company.bills.select_for_update(of=("self",), no_key=True)
        .select_related("company__settings", "vendor", "project", "commitment")
        .filter(pk__in=bills)
        .order_by("pk")
    )


def _set_aside_one(push: Push) -> Push:
    Bill.objects.select_for_update(of=("self",), no_key=True).get(pk=push.bill_id)
    locked = (
        Push.objects.select_for_update(of=("self",), no_key=True)
        .select_related("company", "connection", "bill__company__settings")
        .get(pk=push.pk)
    )
    if locked.state != Push.State.SET_ASIDE:
        state = Push.State(locked.state).label.lower()
        raise Conflict(f"Somebody was first: this bill is {state} now.")
    return locked
