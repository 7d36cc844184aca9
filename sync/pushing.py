"""Posts one bill, once: claim, call, settle.

Claim, in a short transaction, asks the gate under lock, freezes what will be sent and takes a
lease. Call, with no transaction open, asks the ledger whether it has the bill and posts it if not.
Settle, in a second short transaction, writes what came back. A worker may die anywhere between:
the lease runs out, and what may have been sent is looked up before anything else happens.

The state machine, and what each kind of answer becomes: docs/sending.md.
"""

import hashlib
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Now
from django.utils import timezone

from audit import trail
from audit.models import Verb
from companies.models import User
from connectors import calls, pacing, registry
from connectors.base import Ledger
from connectors.errors import (
    AccessDenied,
    ConnectorError,
    CredentialsExpired,
    NumberTaken,
    PeriodClosed,
    RateLimited,
    Refused,
    TargetInactive,
)
from connectors.models import Connection
from connectors.records import PostedBill, SoughtBill
from mapping.lookup import Lookup, lock
from sync import documents, gate, sends
from sync.models import Bill, BillNeed, Push
from sync.steps import Step, reached

log = structlog.get_logger()

MOST_STARTS = 5  # claims without an orderly end: this document kills its worker
MOST_SENDS = 6
LOOKS_TO_BE_SURE = 2
LONGEST_WAIT_FOR_A_SLOT = timedelta(seconds=5)
CALLS_A_SEND = 2  # the question whether it is there, and the bill
CONSENT_CHECK = timedelta(minutes=5)


def new_key() -> str:
    """Random, and short enough for every ledger (at most 24 characters)."""
    return secrets.token_hex(10)


@dataclass(frozen=True)
class Claim:
    """A push that is ours for the length of a lease, and what to do with it."""

    push: Push
    fence: int
    looks: bool  # True: find out what became of it. False: send it.
    taken: float  # time.monotonic() when the lease began
    not_before: datetime  # our place in the ledger's pace, at most some seconds ahead

    @property
    def lease_left(self) -> float:
        left: float = settings.SENDING["lease"] - (time.monotonic() - self.taken)
        return left


def push(push_id: int) -> None:
    """Take the next step with one push. Safe to run twice, and at the same time."""
    reached(Step.STARTED)
    unlocked = Push.objects.select_related("company", "connection").get(pk=push_id)
    ledger = registry.open_ledger(unlocked.connection)
    claim = _claim(unlocked, ledger)
    if claim is not None:
        with calls.serving("sync.push", push_id):
            if claim.looks:
                _look(claim, ledger)
            else:
                _send(claim, ledger)
    if unlocked.run_id:
        sends.close_finished(unlocked.run_id)


# --- Claim --------------------------------------------------------------------------------------


def _claim(unlocked: Push, ledger: Ledger) -> Claim | None:
    with transaction.atomic():
        claim = _claim_locked(unlocked, ledger)
        if claim is not None:
            reached(Step.LOOK_CLAIMED if claim.looks else Step.CLAIMED)
    if claim is not None:
        reached(Step.LOOK_KEPT if claim.looks else Step.INTENT_KEPT)
    return claim


def _claim_locked(unlocked: Push, ledger: Ledger) -> Claim | None:
    """Locks in the one order: mappings by key, bill, push, connection."""
    needed = BillNeed.objects.filter(bill=unlocked.bill_id).values_list("record_id", flat=True)
    lookup = lock(unlocked.company, list(needed))
    bill = (
        Bill.objects.select_for_update(of=("self",))
        .select_related("company__settings", "vendor", "project", "commitment")
        .get(pk=unlocked.bill_id)
    )
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
        _set_aside(
            push,
            Push.Cause.KILLS_WORKERS,
            "Sending it broke off five times in a row. Look at the calls below and at the ledger,"
            " then say whether it is there.",
        )
        return None
    if push.state == Push.State.SENDING:
        # The worker that had it never came back: it may have been sent. Not an orderly end.
        _become_unknown(
            push, "The process that sent it ended before the answer came.", starts=push.starts
        )
        return None
    if push.state == Push.State.UNKNOWN:
        return Claim(push, push.fence, looks=True, taken=taken, not_before=timezone.now())
    return _claim_to_send(push, bill, lookup, ledger, taken)


def _claim_to_send(
    push: Push, bill: Bill, lookup: Lookup, ledger: Ledger, taken: float
) -> Claim | None:
    if push.connection.state != Connection.State.CONNECTED:
        _wait(
            push,
            timezone.now() + CONSENT_CHECK,
            Push.Cause.CONSENT,
            f"{push.connection.get_system_display()} needs an admin to sign in again."
            " Sending goes on by itself afterwards.",
        )
        return None
    # Locks the connection: from here on, claims of one connection run one after the other, so two
    # bills with the same number cannot both pass the gate.
    slot = pacing.next_slot(push.connection, ledger.traits, calls=CALLS_A_SEND)
    if slot - timezone.now() > LONGEST_WAIT_FOR_A_SLOT:
        _wait(push, slot, Push.Cause.BUSY, "Waits for its turn: the ledger limits our pace.")
        return None
    if _calls_under_way(push) >= ledger.traits.calls_at_once:
        _wait(push, timezone.now() + timedelta(seconds=1), Push.Cause.BUSY, "Waits for its turn.")
        return None
    if holds := _holds(push, bill, lookup):
        _held(push, holds)
        return None
    if not _freeze(push, bill, lookup, ledger):
        return None
    push.state = Push.State.SENDING
    push.sends += 1
    push.cause = push.sentence = ""
    push.due_at = push.last_sent_at = timezone.now()
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
    return Claim(push, push.fence, looks=False, taken=taken, not_before=slot)


def _calls_under_way(push: Push) -> int:
    return Push.objects.filter(
        connection=push.connection_id, state=Push.State.SENDING, lease_until__gt=Now()
    ).count()


def _holds(push: Push, bill: Bill, lookup: Lookup) -> list[gate.Hold]:
    if bill.version != push.version:
        return [
            gate.Hold(
                "version",
                "It was changed in the source after it was queued. Check it and send it again.",
                gate.Fix.WAIT,
            )
        ]
    return gate.holds(
        gate.Question(bill, lookup, bill.company.settings, push.connection, push.asked_by)
    )


def _freeze(push: Push, bill: Bill, lookup: Lookup, ledger: Ledger) -> bool:
    """Fix what this chain sends. False: it cannot be sent, and says so."""
    versions = _versions_in_use(bill, lookup)
    if push.payload is not None and push.mapping_versions == versions:
        return True
    if push.payload is not None:
        if push.was_unknown:
            _set_aside(
                push,
                Push.Cause.NOT_FOUND,
                "An answer was lost, and the mappings have changed since. Look in the ledger, then"
                " say whether the bill is there.",
            )
            return False
        # It was clearly refused before, so it may be made anew, and then under a new key.
        push.key = new_key()
        push.chain += 1
    try:
        outgoing = documents.outgoing(bill, lookup, key=push.key)
        payload = ledger.write_bill(outgoing)
    except Refused as error:
        _fail(push, Push.Cause.REFUSED, str(error))
        return False
    if sum(line.amount for line in outgoing.lines) != bill.total:
        _fail(
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
    }
    push.payload = payload
    push.payload_sha256 = hashlib.sha256(payload).hexdigest()
    push.mapping_versions = versions
    return True


def _versions_in_use(bill: Bill, lookup: Lookup) -> dict[str, int]:
    """The mappings this bill rests on, at the versions they have now."""
    coding = documents.Coding.of(bill.company.settings)
    records = {bill.vendor_id, bill.project_id}
    records |= {
        record.pk
        for line in bill.lines.select_related("cost_code", "cost_type")
        if line.amount != 0 and (record := coding.record_of(line))
    }
    mappings = [lookup.mapping_for(record) for record in records if record]
    return {str(mapping.pk): mapping.version for mapping in mappings if mapping}


# --- Call ---------------------------------------------------------------------------------------


def _send(claim: Claim, ledger: Ledger) -> None:
    push = claim.push
    time.sleep(max(0.0, (claim.not_before - timezone.now()).total_seconds()))
    if claim.lease_left < settings.SENDING["enough_lease"]:
        return  # too late to be sure of our lease; it is looked up when it has run out
    try:
        # Nothing of this key has left yet on a first send, so what is found here is not ours to
        # make again: a bill that was there before us, or our own after a lost answer.
        found = ledger.find_bills(_sought(push))
    except ConnectorError as error:
        _settle(claim, partial(_not_sent, error=error))
        return
    if found and (not push.number_cleared or any(bill.key == push.key for bill in found)):
        _settle(claim, partial(_saw, found=found))
        return
    reached(Step.ASKED_FIRST)
    if claim.lease_left < settings.SENDING["enough_lease"]:
        return
    try:
        posted = ledger.post_bill(bytes(push.payload or b""), key=push.key)
    except ConnectorError as error:
        reached(Step.ANSWERED)
        _settle(claim, partial(_refused_or_unknown, error=error))
        return
    reached(Step.ANSWERED)
    _settle(claim, partial(accept_as_posted, posted=posted), even_late=True)


def _look(claim: Claim, ledger: Ledger) -> None:
    push = claim.push
    try:
        found = ledger.find_bills(_sought(push))
    except ConnectorError as error:
        reached(Step.LOOKED)
        _settle(claim, partial(_look_failed, error=error), looked=True)
        return
    reached(Step.LOOKED)
    if found:
        _settle(claim, partial(_saw, found=found), looked=True)
    else:
        _settle(claim, partial(_saw_nothing, ledger=ledger), looked=True)


def _sought(push: Push) -> SoughtBill:
    """What to look for: as it was frozen, whatever the bill or the mappings say by now."""
    return SoughtBill(
        key=push.key,
        vendor_id=push.sought["vendor_id"],
        number=push.sought["number"],
        bill_date=date.fromisoformat(push.sought["date"]),
        total=Decimal(push.sought["total"]),
    )


# --- Settle -------------------------------------------------------------------------------------


def _settle(
    claim: Claim, write: Callable[[Push], None], *, even_late: bool = False, looked: bool = False
) -> None:
    """Write what came back, if the push is still ours.

    `even_late`: an answer that says the bill was posted is true whoever holds the lease now.
    """
    with transaction.atomic():
        locked = (
            Push.objects.select_for_update(of=("self",))
            .select_related("company", "connection", "bill")
            .get(pk=claim.push.pk)
        )
        if locked.state == Push.State.POSTED or (
            locked.fence != claim.fence and not (even_late and locked.key == claim.push.key)
        ):
            log.info("answer came too late", push=locked.pk, state=locked.state)
            return
        write(locked)
        reached(Step.LOOK_SETTLED if looked else Step.SETTLED)
    reached(Step.LOOK_SETTLE_KEPT if looked else Step.SETTLE_KEPT)


def accept_as_posted(push: Push, posted: PostedBill, *, by: User | None = None) -> None:
    """The ledger has it: as its answer, by our key in a look-up, or because a person says so."""
    push.external_id = posted.external_id
    push.answer = {
        "id": posted.external_id,
        "number": posted.number,
        "vendor_id": posted.vendor_id,
        "date": posted.bill_date.isoformat(),
        "total": str(posted.total),
        "currency": posted.currency,
        "version": posted.version,
        "url": posted.url,
    }
    push.posted_at = timezone.now()
    if posted.total != Decimal(push.sought["total"]):
        cause, sentence = (
            Push.Cause.DIFFERS.value,
            f"The ledger shows {posted.total}, and {push.sought['total']} was sent. Correct it.",
        )
    elif posted.vendor_id != push.sought["vendor_id"]:
        cause, sentence = (
            Push.Cause.DIFFERS.value,
            "The ledger holds it under another vendor than it was sent for. Correct it there.",
        )
    else:
        cause, sentence = "", ""
    _end(push, Push.State.POSTED, cause, sentence)
    Connection.objects.filter(pk=push.connection_id).update(last_sent_at=Now())
    trail.record(Verb.POSTED, push, by=by, machine="Sender", after=push.answer)


def _not_sent(push: Push, error: ConnectorError) -> None:
    """The question before sending failed, so nothing was sent."""
    if isinstance(error, RateLimited):
        _refused_or_unknown(push, error)
    elif isinstance(error, CredentialsExpired):
        _requeue(push, CONSENT_CHECK, Push.Cause.CONSENT, str(error))
    elif isinstance(error, AccessDenied):
        _fail(push, Push.Cause.ACCESS, str(error))
    else:
        _requeue(push, _back_off(push), Push.Cause.UNREACHABLE, str(error))


_CLEAR_REFUSALS: Sequence[tuple[type[ConnectorError], Push.Cause]] = (
    (PeriodClosed, Push.Cause.PERIOD_CLOSED),
    (TargetInactive, Push.Cause.TARGET_INACTIVE),
    (AccessDenied, Push.Cause.ACCESS),
    (Refused, Push.Cause.REFUSED),
)


def _refused_or_unknown(push: Push, error: ConnectorError) -> None:
    """What an error means for the bill: docs/sending.md, "What an answer becomes"."""
    if isinstance(error, NumberTaken):
        _become_unknown(push, str(error))
    elif not error.surely_not_done:
        _become_unknown(push, f"{error} The bill may have arrived; it is being looked up.")
    elif isinstance(error, RateLimited):
        pacing.pause(push.connection, error.wait)
        _requeue(push, error.wait, Push.Cause.BUSY, str(error))
    elif isinstance(error, CredentialsExpired):
        _requeue(push, CONSENT_CHECK, Push.Cause.CONSENT, str(error))
    elif error.retryable:
        _requeue(push, _back_off(push), Push.Cause.UNREACHABLE, str(error))
    else:
        cause = next(cause for kind, cause in _CLEAR_REFUSALS if isinstance(error, kind))
        _fail(push, cause, str(error))


def _saw(push: Push, found: list[PostedBill]) -> None:
    """The ledger has bills that may be this one."""
    ours = [bill for bill in found if bill.key == push.key]
    if len(ours) == 1:
        accept_as_posted(push, ours[0])
    elif ours:
        push.answer = {"found": [bill.external_id for bill in ours]}
        _set_aside(
            push,
            Push.Cause.SEVERAL_FOUND,
            f"The ledger has {len(ours)} bills with our key. Delete all but one there, then link"
            " the one that stays.",
        )
    else:
        push.answer = {
            "found": [
                {
                    "id": bill.external_id,
                    "number": bill.number,
                    "date": bill.bill_date.isoformat(),
                    "total": str(bill.total),
                    "url": bill.url,
                }
                for bill in found
            ]
        }
        _set_aside(
            push,
            Push.Cause.POSSIBLE_DUPLICATE,
            f"The ledger already has a bill of this vendor with the number {push.bill.number}"
            " that we did not send. Say whether it is the same bill.",
        )


def _saw_nothing(push: Push, ledger: Ledger) -> None:
    """Not there this time. Sure only when enough time has passed and two looks agree."""
    now = timezone.now()
    between = timedelta(seconds=settings.SENDING["between_looks"])
    if push.looked_at is None or now - push.looked_at >= between:
        push.not_found += 1
        push.looked_at = now
    sent_at = push.last_sent_at or now
    sure_from = sent_at + timedelta(seconds=settings.SENDING["settled_after"])
    if now < sure_from or push.not_found < LOOKS_TO_BE_SURE:
        next_look = max(push.looked_at + between, sure_from if push.not_found else now)
        _wait(push, next_look, Push.Cause.NO_ANSWER, push.sentence)
        return
    traits = ledger.traits
    key_lives = push.first_sent_at and now - push.first_sent_at < traits.key_lifetime
    if traits.remembers_keys and key_lives and push.sends < MOST_SENDS:
        push.not_found, push.looked_at = 0, None
        _requeue(
            push,
            timedelta(0),
            Push.Cause.NO_ANSWER,
            "It is surely not in the ledger. It is sent again under the same key.",
        )
    else:
        _set_aside(
            push,
            Push.Cause.NOT_FOUND,
            "It was not found in the ledger, and it is too late to send it again by itself."
            " Look there, then say whether it is there.",
        )


def _look_failed(push: Push, error: ConnectorError) -> None:
    """A look-up that failed says nothing: only the moment of the next one changes."""
    wait = error.wait if isinstance(error, RateLimited) else _back_off(push)
    if isinstance(error, CredentialsExpired):
        wait = CONSENT_CHECK
    _wait(push, timezone.now() + wait, Push.Cause.NO_ANSWER, push.sentence)


# --- What a push becomes ------------------------------------------------------------------------


def _become_unknown(push: Push, sentence: str, *, starts: int = 0) -> None:
    push.was_unknown = True
    push.state = Push.State.UNKNOWN
    push.cause, push.sentence = Push.Cause.NO_ANSWER, sentence
    push.not_found, push.looked_at = 0, None
    first_look = timedelta(seconds=settings.SENDING["first_look"])
    _release(push, due_at=timezone.now() + first_look, starts=starts)
    trail.record(Verb.UNKNOWN, push, by=None, machine="Sender", reason=sentence)


def _requeue(push: Push, wait: timedelta, cause: Push.Cause, sentence: str) -> None:
    push.state = Push.State.QUEUED
    push.cause, push.sentence = cause, sentence
    _release(push, due_at=timezone.now() + wait)
    trail.record(Verb.REQUEUED, push, by=None, machine="Sender", reason=sentence)


def _wait(push: Push, until: datetime, cause: Push.Cause, sentence: str) -> None:
    """The state stays; only the next moment to act moves. Not worth a line in the trail."""
    push.cause, push.sentence = cause, sentence
    _release(push, due_at=until)


def _held(push: Push, holds: list[gate.Hold]) -> None:
    _fail(push, Push.Cause.HELD, " ".join(hold.sentence for hold in holds))


def _fail(push: Push, cause: Push.Cause, sentence: str) -> None:
    _end(push, Push.State.FAILED, cause, sentence)
    trail.record(Verb.FAILED, push, by=None, machine="Sender", reason=sentence)


def _set_aside(push: Push, cause: Push.Cause, sentence: str) -> None:
    _end(push, Push.State.SET_ASIDE, cause, sentence)
    trail.record(Verb.SET_ASIDE, push, by=None, machine="Sender", reason=sentence)


def _end(push: Push, state: Push.State, cause: str, sentence: str) -> None:
    push.state = state
    push.cause, push.sentence = cause, sentence
    _release(push, due_at=None)


def _release(push: Push, *, due_at: datetime | None, starts: int = 0) -> None:
    """The end of this claim: the lease is given back, and the count of starts with it."""
    push.due_at = due_at
    push.lease_until = None
    push.starts = starts
    push.save()


def _back_off(push: Push) -> timedelta:
    """15 s, 30 s, 1 min … up to an hour, by how often it was tried."""
    seconds = settings.SENDING["back_off"] * 2 ** min(push.sends, 8)
    return timedelta(seconds=min(seconds, 3600))
