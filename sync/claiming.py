"""Takes a push for the length of a lease, if the gate lets it.

A short transaction: locks, asks the gate, freezes what will be sent, and is committed before
anything leaves. What may have been sent already is only looked up.
"""

import hashlib
import time
from dataclasses import dataclass
from datetime import timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import F, Q
from django.db.models.functions import Now

from audit import trail
from audit.models import Verb
from common.dates import database_now
from connectors import pacing, registry
from connectors.base import Ledger
from connectors.errors import Refused
from connectors.models import Connection
from mapping.lookup import Lookup, lock
from sync import documents, gate, needing, rerouting, transitions
from sync.models import Bill, Push
from sync.steps import Step, reached

TASK = "sync.tasks.push"
MOST_STARTS = 5  # claims without an orderly end: this document kills its worker
WAKES_LATEST = timedelta(hours=1)  # of a system that calls us: its first call is news, on_line.py
ITS_TURN = "Waits for its turn."
TURN_COMES = timedelta(minutes=10)  # if its bell was lost
LONGEST_WAIT_FOR_A_SLOT = timedelta(seconds=5)


@dataclass(frozen=True)
class Claim:
    """A push that is ours for the length of a lease, and what to do with it."""

    push: Push
    fence: int
    looks: bool  # True: find out what became of it. False: send it.
    taken: float  # time.monotonic() when the lease began
    not_before: float  # time.monotonic() of our place in the ledger's pace, some seconds ahead

    @property
    def lease_left(self) -> float:
        left: float = settings.SENDING["lease"] - (time.monotonic() - self.taken)
        return left


def claim(unlocked: Push, ledger: Ledger) -> Claim | None:
    """Make the next step with a push ours; None when there is none for us to take."""
    if unlocked.state == Push.State.QUEUED and not _is_its_turn(unlocked, ledger):
        # Learnt before any lock, so that a long queue costs little.
        waits = Push.objects.filter(pk=unlocked.pk, state=Push.State.QUEUED).due()
        waits.update(due_at=Now() + TURN_COMES, cause=Push.Cause.BUSY, sentence=ITS_TURN)
        return None
    with transaction.atomic():
        ours = _claim_locked(unlocked, ledger)
        if ours is not None:
            reached(Step.LOOK_CLAIMED if ours.looks else Step.CLAIMED)
    if ours is not None:
        reached(Step.LOOK_KEPT if ours.looks else Step.INTENT_KEPT)
    return ours


def _claim_locked(unlocked: Push, ledger: Ledger) -> Claim | None:
    """Locks in the one order: mappings by key, bill, push, connection."""
    bills = Bill.objects.select_related("company__settings", "vendor", "project", "commitment")
    needed = _needed(bills.get(pk=unlocked.bill_id))
    lookup = lock(unlocked.company, needed)
    bill = bills.select_for_update(of=("self",), no_key=True).get(pk=unlocked.bill_id)
    if _needed(bill) != needed or not lookup.is_complete:
        return None  # a project's own mapping, or a first one, came in between: asked again soon
    taken = time.monotonic()
    lease = timedelta(seconds=settings.SENDING["lease"])
    is_ours = (
        Push.objects.filter(
            pk=unlocked.pk, state__in=[Push.State.QUEUED, Push.State.SENDING, Push.State.UNKNOWN]
        )
        .due()
        .update(lease_until=Now() + lease, fence=F("fence") + 1, starts=F("starts") + 1)
    )
    if not is_ours:
        return None
    push = Push.objects.select_related("company", "connection").get(pk=unlocked.pk)
    push.bill = bill
    reached(Step.LOCKED)

    if push.starts > MOST_STARTS:
        transitions.set_aside(
            push,
            Push.Cause.KILLS_WORKERS,
            "Sending it broke off five times in a row. Look at the calls below and at the ledger,"
            " then say whether it is there.",
        )
        return None
    if push.state == Push.State.SENDING:
        # The worker that had it never came back: it may have been sent. Not an orderly end.
        transitions.become_unknown(
            push, "The process that sent it ended before the answer came.", starts=push.starts
        )
        return None
    if push.state == Push.State.UNKNOWN:
        return _claim_to_look(push, ledger, taken)
    return _claim_to_send(push, bill, lookup, ledger, taken)


def _claim_to_look(push: Push, ledger: Ledger, taken: float) -> Claim | None:
    if push.connection.state == Connection.State.PAUSED:
        _wait_for_an_admin(push)
        return None
    if registry.why_asleep(ledger):
        transitions.wait(push, database_now() + WAKES_LATEST, Push.Cause.NO_ANSWER, push.sentence)
        return None
    slot = pacing.next_slot(push.connection, ledger.traits, calls=ledger.traits.calls_to_find)
    ahead = slot - database_now()
    if ahead > LONGEST_WAIT_FOR_A_SLOT:
        transitions.wait(push, slot, Push.Cause.NO_ANSWER, push.sentence)
        return None
    return Claim(push, push.fence, looks=True, taken=taken, not_before=_in(ahead))


def _claim_to_send(
    push: Push, bill: Bill, lookup: Lookup, ledger: Ledger, taken: float
) -> Claim | None:
    if push.connection.state != Connection.State.CONNECTED:
        _wait_for_an_admin(push)
        return None
    if asleep := registry.why_asleep(ledger):
        transitions.wait(push, database_now() + WAKES_LATEST, Push.Cause.UNREACHABLE, asleep)
        return None
    # Locks the connection: from here on, claims of one connection run one after the other, so two
    # bills with the same number cannot both pass the gate.
    calls = ledger.traits.calls_to_find + 1  # is it there, and the bill
    slot = pacing.next_slot(push.connection, ledger.traits, calls=calls)
    now = database_now()
    suspended = push.connection.problem
    if slot - now > LONGEST_WAIT_FOR_A_SLOT:
        if suspended:
            transitions.wait(push, slot, Push.Cause.SUSPENDED, suspended)
        else:
            transitions.wait(
                push, slot, Push.Cause.BUSY, "Waits for its turn: the ledger limits our pace."
            )
        return None
    if _calls_under_way(push) >= (1 if suspended else ledger.traits.calls_at_once):
        transitions.wait(push, now + timedelta(seconds=1), Push.Cause.BUSY, ITS_TURN)
        return None
    if not _is_its_turn(push, ledger):  # an older one is due since we looked
        transitions.wait(push, now + TURN_COMES, Push.Cause.BUSY, ITS_TURN)
        return None
    asked = gate.Question(bill, lookup, bill.company.settings, push.connection, push.asked_by)
    if holds := _holds(push, asked):
        transitions.fail(push, Push.Cause.HELD, " ".join(hold.sentence for hold in holds))
        return None
    if not _freeze(push, asked.coding, ledger):
        return None
    push.state = Push.State.SENDING
    push.sends += 1
    push.cause = push.sentence = ""
    push.due_at = push.last_sent_at = now
    push.first_sent_at = push.first_sent_at or push.last_sent_at
    push.save()
    trail.record(
        Verb.CLAIMED,
        push,
        by=None,
        machine="Sender",
        after={
            "bill": bill.pk,
            "version": push.version,
            "mappings": push.mapping_versions,
            "payload_sha256": push.payload_sha256,
            "send": push.sends,
        },
    )
    return Claim(push, push.fence, looks=False, taken=taken, not_before=_in(slot - now))


def _wait_for_an_admin(push: Push) -> None:
    name = push.connection.get_system_display()
    if push.connection.state == Connection.State.PAUSED:
        cause, sentence = Push.Cause.PAUSED, f"{name} is paused. It goes on when an admin resumes."
    else:
        cause = Push.Cause.CONSENT
        sentence = f"{name} needs an admin to sign in again. Sending goes on by itself afterwards."
    transitions.wait(push, database_now() + transitions.CONSENT_CHECK, cause, sentence)


def _in(wait: timedelta) -> float:
    return time.monotonic() + wait.total_seconds()


def _calls_under_way(push: Push) -> int:
    return Push.objects.filter(
        connection=push.connection_id, state=Push.State.SENDING, lease_until__gt=Now()
    ).count()


def _is_its_turn(push: Push, ledger: Ledger) -> bool:
    """What is taken one by one goes in its order. The end of each rings the next: pushing.py."""
    if ledger.traits.calls_at_once > 1:
        return True
    waits = Push.objects.filter(connection=push.connection_id, state=Push.State.QUEUED)
    before = waits.filter(Q(asked_at__lt=push.asked_at) | Q(asked_at=push.asked_at, pk__lt=push.pk))
    return not before.filter(Q(due_at__lte=Now()) | Q(cause=Push.Cause.BUSY)).exists()


def _needed(bill: Bill) -> set[int]:
    """Every record that has a say, whether or not the lists know it already."""
    lines = list(bill.lines.select_related("cost_code", "cost_type"))
    ways = needing.ways_of(bill, lines, bill.company.settings)
    return documents.records_of(bill, lines, ways)


def _holds(push: Push, asked: gate.Question) -> list[gate.Hold]:
    if asked.bill.version != push.version:
        return [
            gate.Hold(
                "version",
                "It was changed in the source after it was queued. Check it and send it again.",
                gate.Fix.WAIT,
            )
        ]
    return [*gate.holds(asked), *rerouting.holds(asked.bill)]


def _freeze(push: Push, coding: documents.Coding, ledger: Ledger) -> bool:
    """Fix what this chain sends. False: it cannot be sent, and says so."""
    bill = push.bill
    document = documents.outgoing(bill, coding, key=push.key)
    # Settings have a say as well: the account for retainage is no mapping's.
    if (
        push.payload is not None
        and push.mapping_versions == document.versions
        and ledger.write_bill(document.bill) == bytes(push.payload)
    ):
        return True
    if push.mapping_versions:
        if push.was_unknown:
            transitions.set_aside(
                push,
                Push.Cause.NOT_FOUND,
                "An answer was lost, and the mappings have changed since. Look in the ledger, then"
                " say whether the bill is there.",
            )
            return False
        # It was clearly refused before, so it may be made anew, and then under a new key.
        push.key = transitions.new_key()
        push.chain += 1
        document = documents.outgoing(bill, coding, key=push.key)
    outgoing = document.bill
    try:
        payload = ledger.write_bill(outgoing)
    except Refused as error:
        transitions.fail(push, Push.Cause.REFUSED, str(error))
        return False
    if sum(line.amount for line in outgoing.lines) != bill.total:
        transitions.fail(
            push,
            Push.Cause.HELD,
            "What would be sent does not come to the bill's total, so nothing was sent.",
        )
        return False
    push.sought = {
        "vendor_id": outgoing.vendor_id,
        "number": ledger.stored_number(outgoing.number),
        "date": outgoing.bill_date.isoformat(),
        "total": str(outgoing.total),
        "currency": outgoing.currency,
    }
    push.payload = payload
    push.payload_sha256 = hashlib.sha256(payload).hexdigest()
    push.mapping_versions = document.versions
    push.rests_on = document.rests_on
    return True
