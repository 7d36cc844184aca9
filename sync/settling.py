"""Writes what came back: what each kind of answer makes of a push.

A short transaction, and only while the push is still ours. docs/sending.md has the table.
"""

from collections.abc import Callable, Sequence
from datetime import timedelta
from decimal import Decimal

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from audit import trail
from audit.models import Verb
from common.dates import database_now
from common.templatetags.format import money
from companies.models import User
from connectors import pacing
from connectors.base import Ledger
from connectors.errors import (
    AccessDenied,
    CompanySuspended,
    ConnectorError,
    CredentialsExpired,
    NumberTaken,
    PeriodClosed,
    RateLimited,
    Refused,
    TargetInactive,
    UnexpectedPayload,
)
from connectors.models import Connection
from connectors.records import PostedBill
from sync import paying, transitions
from sync.claiming import Claim
from sync.models import Push
from sync.steps import Step, reached

log = structlog.get_logger()

MOST_SENDS = 6
SUSPENSION_CHECK = timedelta(minutes=15)
LOOKS_TO_BE_SURE = 2


def settle(
    claim: Claim, write: Callable[[Push], None], *, even_late: bool = False, looked: bool = False
) -> None:
    """Write what came back, if the push is still ours.

    `even_late`: an answer that says the bill was posted is true whoever holds the lease now.
    """
    with transaction.atomic():
        locked = (
            Push.objects.select_for_update(of=("self",), no_key=True)
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
    push.posted_at = database_now()
    sent = Decimal(push.sought["total"])
    # A ledger with one currency may not name it, and what was frozen earlier did not either.
    currency = push.sought.get("currency") or posted.currency
    shown = money(posted.total, posted.currency or currency)
    if posted.total != sent or (posted.currency or currency) != currency:
        cause, sentence = (
            Push.Cause.DIFFERS.value,
            f"The ledger shows {shown}, and {money(sent, currency)} was sent. Correct it.",
        )
    elif posted.vendor_id != push.sought["vendor_id"]:
        cause, sentence = (
            Push.Cause.DIFFERS.value,
            "The ledger holds it under another vendor than it was sent for. Correct it there.",
        )
    else:
        cause, sentence = "", ""
    transitions.end(push, Push.State.POSTED, cause, sentence)
    Connection.objects.filter(pk=push.connection_id).update(last_sent_at=Now())
    _is_let_in_again(push)
    trail.record(Verb.POSTED, push, by=by, machine="Sender", after=push.answer)
    if by is not None or push.was_unknown:
        # One that was there before may have been paid meanwhile.
        paying.notify(push.connection, [push.external_id])


def _suspend(push: Push, error: CompanySuspended) -> None:
    """Every bill would hear the same: all of the connection wait, and one of them asks again.

    Under a new key, because to the old one the ledger may repeat this answer.
    """
    pacing.pause(push.connection, SUSPENSION_CHECK)
    Connection.objects.filter(pk=push.connection_id).update(problem=str(error))
    if push.was_unknown:
        transitions.become_unknown(push, str(error))
        return
    push.key = transitions.new_key()
    push.chain += 1
    push.mapping_versions = {}  # written anew when it is claimed
    transitions.requeue(push, SUSPENSION_CHECK, Push.Cause.SUSPENDED, str(error))


def _is_let_in_again(push: Push) -> None:
    connected = Connection.objects.filter(pk=push.connection_id, state=Connection.State.CONNECTED)
    connected.exclude(problem="").update(problem="")


_CLEAR_REFUSALS: Sequence[tuple[type[ConnectorError], Push.Cause]] = (
    (PeriodClosed, Push.Cause.PERIOD_CLOSED),
    (TargetInactive, Push.Cause.TARGET_INACTIVE),
    (AccessDenied, Push.Cause.ACCESS),
    (Refused, Push.Cause.REFUSED),
)


def _cause(error: ConnectorError) -> Push.Cause:
    known = (cause for kind, cause in _CLEAR_REFUSALS if isinstance(error, kind))
    return next(known, Push.Cause.REFUSED)


def not_sent(push: Push, error: ConnectorError) -> None:
    """The question before sending failed, so nothing was sent."""
    if isinstance(error, RateLimited | CompanySuspended):
        refused_or_unknown(push, error)
    elif isinstance(error, CredentialsExpired):
        transitions.requeue(push, transitions.CONSENT_CHECK, Push.Cause.CONSENT, str(error))
    elif isinstance(error, AccessDenied | Refused | UnexpectedPayload):
        # Asking again would say the same, and a bill that waits in silence is nobody's.
        transitions.fail(push, _cause(error), str(error))
    else:
        transitions.requeue(push, transitions.back_off(push), Push.Cause.UNREACHABLE, str(error))


def refused_or_unknown(push: Push, error: ConnectorError) -> None:
    """What an error means for the bill: docs/sending.md, "What an answer becomes"."""
    if isinstance(error, NumberTaken):
        transitions.become_unknown(push, str(error))
    elif not error.surely_not_done:
        transitions.become_unknown(
            push, f"{error} The bill may have arrived; it is being looked up."
        )
    elif isinstance(error, RateLimited):
        pacing.pause(push.connection, error.wait)
        transitions.requeue(push, error.wait, Push.Cause.BUSY, str(error))
    elif isinstance(error, CredentialsExpired):
        transitions.requeue(push, transitions.CONSENT_CHECK, Push.Cause.CONSENT, str(error))
    elif isinstance(error, CompanySuspended):
        _suspend(push, error)
    elif error.retryable:
        transitions.requeue(push, transitions.back_off(push), Push.Cause.UNREACHABLE, str(error))
    else:
        if isinstance(error, Refused):
            push.was_unknown = False  # the ledger's own word on this key: nothing came of it
            _is_let_in_again(push)
        transitions.fail(push, _cause(error), str(error))


def saw(push: Push, found: list[PostedBill]) -> None:
    """The ledger has bills that may be this one."""
    ours = [bill for bill in found if bill.key == push.key]
    if len(ours) == 1:
        accept_as_posted(push, ours[0])
    elif ours:
        push.answer = {"found": [bill.external_id for bill in ours]}
        transitions.set_aside(
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
        transitions.set_aside(
            push,
            Push.Cause.POSSIBLE_DUPLICATE,
            f"The ledger already has a bill of this vendor with the number {found[0].number}"
            " that we did not send. Say whether it is the same bill.",
        )


def saw_nothing(push: Push, ledger: Ledger) -> None:
    """Not there this time. Sure only when enough time has passed and two looks agree."""
    now = database_now()
    between = timedelta(seconds=settings.SENDING["between_looks"])
    if push.looked_at is None or now - push.looked_at >= between:
        push.not_found += 1
        push.looked_at = now
    sent_at = push.last_sent_at or now
    sure_from = sent_at + timedelta(seconds=settings.SENDING["settled_after"])
    if now < sure_from or push.not_found < LOOKS_TO_BE_SURE:
        next_look = max(push.looked_at + between, sure_from if push.not_found else now)
        transitions.wait(push, next_look, Push.Cause.NO_ANSWER, push.sentence)
        return
    traits = ledger.traits
    key_lives = push.first_sent_at and now - push.first_sent_at < traits.key_lifetime
    if traits.remembers_keys and key_lives and push.sends < MOST_SENDS:
        push.not_found, push.looked_at = 0, None
        transitions.requeue(
            push,
            timedelta(0),
            Push.Cause.NO_ANSWER,
            "It is surely not in the ledger. It is sent again under the same key.",
        )
    else:
        transitions.set_aside(
            push,
            Push.Cause.NOT_FOUND,
            "It was not found in the ledger, and it is too late to send it again by itself."
            " Look there, then say whether it is there.",
        )


def look_failed(push: Push, error: ConnectorError) -> None:
    """A look-up that failed says nothing: only the moment of the next one changes."""
    wait = transitions.back_off(push)
    if isinstance(error, RateLimited):
        wait = error.wait
        pacing.pause(push.connection, wait)
    elif isinstance(error, CredentialsExpired):
        wait = transitions.CONSENT_CHECK
    transitions.wait(push, database_now() + wait, Push.Cause.NO_ANSWER, push.sentence)
